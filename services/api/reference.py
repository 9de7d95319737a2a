"""What every integrator may read without a login: code lists, schemas, rules, problems."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from quality.catalogue import by_code, rules
from quality.page import POLICY
from quality.rule import Rule
from quality.rule_page import rule_page
from schemas.codelists import code_list, names
from schemas.registry import BY_NAME, BY_SEGMENT, FAMILIES
from services.api.answers import answer, page
from services.api.described import OPEN_PROBLEMS, Page, schema_of
from services.errors import ALL, NotFound

router = APIRouter(tags=["reference"], responses=OPEN_PROBLEMS)
_PAGE: dict[int | str, dict[str, Any]] = {200: {"model": Page}}
STYLED = f"{POLICY}; frame-ancestors 'none'"
_FLAGS = {"true": True, "false": False, "": None}


@router.get("/v1/codelists", responses=_PAGE)
def codelists() -> Response:
    """Every code list."""
    lists = (code_list(name) for name in names())
    return page([{"name": one.name, "codes": len(one.rows), "columns": one.columns} for one in lists], None)


@router.get("/v1/codelists/{name}")
def codelist(name: str) -> Response:
    """One code list, whole."""
    if name not in names():
        raise NotFound(f"There is no code list called {name[:64]}; see /v1/codelists")
    items = [_code(row) for row in code_list(name).rows.values()]
    return answer({"name": name, "items": items, "next": None})


@router.get("/v1/schemas", responses=_PAGE)
def schemas() -> Response:
    """Every record family."""
    families = ({"family": one.name, "segment": one.segment, "one_record_is": one.one_record_is} for one in FAMILIES)
    return page(list(families), None)


@router.get("/v1/schemas/{family}")
def schema(family: str) -> Response:
    """The JSON Schema of a family's records."""
    found = BY_NAME.get(family) or BY_SEGMENT.get(family)
    if found is None:
        raise NotFound(f"There is no family called that; there are {', '.join(BY_NAME)}")
    return answer(schema_of(found))


@router.get("/v1/rules", responses=_PAGE)
def catalogue() -> Response:
    """Every rule that a record is tested against."""
    return page([rule_as_json(rule) for rule in rules()], None)


@router.get("/v1/rules/{code}")
def rule(code: str) -> Response:
    """One rule."""
    if code not in by_code():
        raise NotFound("There is no such rule; see /v1/rules")
    return answer(rule_as_json(by_code()[code]))


@router.get("/rules/{code}", include_in_schema=False)
def rule_for_people(code: str) -> HTMLResponse:
    """One rule as a page."""
    if code not in by_code():
        raise NotFound("There is no such rule; see /v1/rules")
    return HTMLResponse(rule_page(by_code()[code]), headers={"Content-Security-Policy": STYLED})


@router.get("/problems/{name}", include_in_schema=False)
def problem(name: str) -> HTMLResponse:
    """What a problem's type means."""
    for kind in ALL:
        if kind.name == name:
            title, said = f"{kind.status} {kind.name}", kind.title
            return HTMLResponse(
                f'<!doctype html><html lang="en-GB"><title>{title}</title><h1>{title}</h1>'
                f"<p>{kind.__doc__}</p><p>{said}.</p></html>"
            )
    raise NotFound


def rule_as_json(rule: Rule) -> dict[str, Any]:
    """A rule as it is published."""
    return {
        "code": rule.code,
        "family": rule.family,
        "severity": rule.severity,
        "says": rule.says,
        "hint": rule.hint,
        "dimension": rule.dimension,
        "source": rule.source,
        "kind": type(rule.logic).__name__.lower(),
        "logic": asdict(rule.logic),
        "table": rule.table_name,
        "fields": rule.fields,
        "at_the_door": rule.at_the_door,
        "is_experimental": rule.is_experimental,
        "since": rule.since,
        "until": rule.until,
        "passing": rule.passing,
        "failing": rule.failing,
    }


def _code(row: Mapping[str, str]) -> dict[str, Any]:
    return {name: _FLAGS.get(value, value) for name, value in row.items()}
