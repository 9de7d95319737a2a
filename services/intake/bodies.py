"""Bodies that are no record: what people say of findings and sign-offs."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from schemas.record import Item
from services.errors import Invalid, Remark
from services.intake import remarks
from services.intake.lines import malformed
from services.intake.strict_json import NotJson, canonical, parse, without_blanks

Said = TypeVar("Said", bound=Item)
LARGEST_BODY = 64 * 1024
JSON = "application/json"


def read_body(contract: type[Said], body: bytes) -> Said:
    """What a body says; raises Invalid."""
    try:
        parsed = parse(body)
        given = without_blanks(parsed, canonical(parsed))
    except NotJson as error:
        raise refused(malformed(str(error))) from None
    if not isinstance(given, dict):
        raise refused(remarks.of_rule("SH01", "", "malformed", "the body is one JSON object"))
    return said(contract, given)


def said(contract: type[Said], given: Mapping[str, Any]) -> Said:
    """What these members say; raises Invalid."""
    try:
        return contract.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise refused(*remarks.of_shape(None, error)) from None


def refused(*errors: Remark) -> Invalid:
    """The problem that a body is answered with."""
    count = len(errors)
    return Invalid(f"{count} {'problem' if count == 1 else 'problems'} in this body", errors=errors)
