"""Findings: what the last quality run found in the caller's own agency's records."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from quality.catalogue import by_code
from services.access.tokens import Caller
from services.api.answers import page
from services.api.described import Page
from services.api.requests import PAGING, StoreOf, paging, requires
from services.store import findings
from services.store.tables import Finding

router = APIRouter(tags=["quality"])
MayRead = Annotated[Caller, Depends(requires("quality.read", "after", "limit", checks=(paging,)))]


@router.get("/v1/quality/findings", responses=Page.answers(), openapi_extra=PAGING)
def list_findings(request: Request, store: StoreOf, caller: MayRead) -> Response:
    """Open findings on the records of the caller's agency, oldest first."""
    after, limit = paging(request)
    with store.reading() as connection:
        found = findings.findings(connection, caller.owner.agency, after, limit)
    return page([_as_json(one) for one in found], found[-1].finding if len(found) == limit else None)


def _as_json(finding: Finding) -> dict[str, Any]:
    rule = by_code().get(finding.rule)
    return {
        "id": finding.finding,
        "rule": finding.rule,
        "severity": finding.severity,
        "source": finding.source,
        "family": finding.family,
        "source_id": finding.source_id,
        "pointer": finding.pointer,
        "fields": rule.fields if rule else [],
        "detail": f"Not so here: {rule.says}" if rule else "",
        "hint": rule.hint if rule else "",
        "state": finding.state,
        "first_seen": finding.first_seen.isoformat(),
        "last_seen": finding.last_seen.isoformat(),
    }
