"""Small JSON bodies, checked against their contract: everything wrong is said at once, and nothing repeated."""

from collections.abc import Iterator
from typing import Any, TypeVar

from fastapi import Request
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.codelists import URL
from schemas.record import Item
from services.api.requests import body_up_to
from services.errors import Invalid, Remark
from services.intake.remarks import pointer_of
from services.intake.strict_json import NotJson, canonical, parse, without_blanks

Body = TypeVar("Body", bound=Item)
LARGEST_BODY = 16_384


async def sent(contract: type[Body], request: Request) -> Body:
    """What a request's body says; raises what is wrong with it."""
    return read_body(contract, await body_up_to(LARGEST_BODY, "application/json")(request))


def read_body(contract: type[Body], body: bytes) -> Body:
    """What a body says, null being absent; raises Invalid."""
    try:
        value = parse(body)
        form = canonical(value)
    except NotJson as error:
        raise Invalid("The body is not JSON", errors=[Remark("", "malformed", None, str(error))]) from None
    if not isinstance(value, dict):
        raise Invalid("The body is not an object", errors=[Remark("", "malformed", None, "it is one JSON object")])
    try:
        return contract.model_validate(without_blanks(value, form))
    except ValidationError as error:
        raise Invalid("The body is not as its contract says", errors=list(_remarks(error))) from None


def _remarks(error: ValidationError) -> Iterator[Remark]:
    for each in error.errors(include_url=False):
        yield _remark(each)


def _remark(error: ErrorDetails) -> Remark:
    context: dict[str, Any] = error.get("ctx", {})
    codes = URL + context["codelist"] if "codelist" in context else None
    return Remark(pointer_of(error["loc"]), error["type"].replace("_", "-"), None, error["msg"], allowed=codes)
