"""Findings: what quality runs found in an agency's records, why one stands as it is, and the runs themselves.

An agency sees its own; a national agency sees all, without what people wrote or who they are, and explains none.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from quality.catalogue import by_code
from quality.rule import Severity
from schemas.explanation import ExplanationBody
from schemas.registry import BY_NAME
from services.access.national import seen_by
from services.access.tokens import Caller
from services.api.answers import answer, page
from services.api.described import EXPLANATION, WANTED_FINDINGS, FindingAnswer, Page
from services.api.requests import StoreOf, body_up_to, paging, requires
from services.errors import BadRequest, NotFound
from services.intake.bodies import LARGEST_BODY, read_body
from services.intake.explaining import explain
from services.store import findings
from services.store.engine import Store
from services.store.findings import Found
from services.store.runs import EXPLAINED, OPEN, STATES
from services.store.tables import Finding, FindingEvent

router = APIRouter(tags=["quality"])
ANY = "any"
"""The state that asks for findings in all states."""
FILTERS = ("state", "rule", "severity", "family", "source", "agency")


def _well_formed(request: Request) -> None:
    """Raises BadRequest for a filter that takes no such value."""
    asked = request.query_params
    known = {"state": (*STATES, ANY), "severity": tuple(Severity), "family": tuple(BY_NAME), "rule": tuple(by_code())}
    for name, values in known.items():
        if name in asked and asked[name] not in values:
            takes = "a code of /v1/rules" if name == "rule" else f"one of {', '.join(values)}"
            raise BadRequest(f"The parameter {name} takes {takes}")


MayList = Annotated[
    Caller, Depends(requires("quality.read", *FILTERS, "after", "limit", checks=(_well_formed, paging)))
]
MayRead = Annotated[Caller, Depends(requires("quality.read"))]
MayWrite = Annotated[Caller, Depends(requires("quality.write"))]
FindingId = Annotated[int, Path(ge=1, le=2**53)]


@router.get("/v1/quality/findings", responses=Page.answers(), openapi_extra=WANTED_FINDINGS)
def list_findings(request: Request, store: StoreOf, caller: MayList) -> Response:
    """Findings, oldest first: the open ones, where no state is asked for."""
    after, limit = paging(request)
    wanted = _wanted(request, caller)
    with store.reading() as connection:
        found = findings.findings(connection, after, limit, **wanted)
    last = found[-1].finding.finding if len(found) == limit else None
    return page([_as_json(one, caller) for one in found], last)


@router.get("/v1/quality/findings/{finding}", responses=FindingAnswer.answers())
def get_finding(finding: FindingId, store: StoreOf, caller: MayRead) -> Response:
    """One finding, and what happened to it, oldest first."""
    return _told(store, finding, caller)


async def _explained(request: Request, finding: FindingId, store: StoreOf, caller: MayWrite) -> bytes:
    """What is said of a finding that the caller's own agency has; of others it does not learn that they exist."""
    await run_in_threadpool(_own, store, finding, caller)
    return await body_up_to(LARGEST_BODY, "application/json")(request)


@router.put("/v1/quality/findings/{finding}/explanation", responses=FindingAnswer.written(), openapi_extra=EXPLANATION)
def put_explanation(
    finding: FindingId, store: StoreOf, caller: MayWrite, body: Annotated[bytes, Depends(_explained)]
) -> Response:
    """Say why a finding stands as it is: it is explained until the explanation ends, or what it is about changes."""
    explain(store, finding, caller.owner.source, read_body(ExplanationBody, body))
    return _told(store, finding, caller)


def _own(store: Store, number: int, caller: Caller) -> None:
    with store.reading() as connection:
        if findings.finding(connection, number, caller.owner.agency) is None:
            raise NotFound


def _told(store: Store, number: int, caller: Caller) -> Response:
    with store.reading() as connection:
        found = findings.finding(connection, number, seen_by(caller.owner.agency))
        events = findings.history(connection, number)
    if found is None:
        raise NotFound
    is_own = _is_own(found, caller)
    return answer(_as_json(found, caller) | {"history": [_event_as_json(one, is_own) for one in events]})


def _wanted(request: Request, caller: Caller) -> dict[str, str | None]:
    """The columns that the parameters ask for; raises NotFound for an agency that the caller may not see."""
    asked = request.query_params
    state = asked.get("state", OPEN)
    own = seen_by(caller.owner.agency)
    if own and asked.get("agency", own) != own:
        raise NotFound
    columns = {name: asked.get(name) for name in ("rule", "severity", "family", "source")}
    return columns | {"state": None if state == ANY else state, "source_agency": asked.get("agency", own)}


def _is_own(found: Found, caller: Caller) -> bool:
    return found.finding.source_agency == caller.owner.agency


def _as_json(found: Found, caller: Caller) -> dict[str, Any]:
    finding = found.finding
    rule = by_code().get(finding.rule)
    return {
        "id": finding.finding,
        "rule": finding.rule,
        "severity": finding.severity,
        "agency": finding.source_agency,
        "source": finding.source,
        "family": finding.family,
        "source_id": finding.source_id,
        "pointer": finding.pointer,
        "fields": list(rule.fields) if rule else [],
        "detail": f"Not so here: {rule.says}" if rule else "",
        "hint": rule.hint if rule else "",
        "state": finding.state,
        "explanation": _explanation(finding, _is_own(found, caller)) if finding.state == EXPLAINED else None,
        "first_seen": finding.first_seen.isoformat(),
        "last_seen": finding.last_seen.isoformat(),
        "changed_since_run": found.has_changed,
    }


def _explanation(said: Finding | FindingEvent, is_own: bool) -> dict[str, Any]:
    return {
        "reason": said.reason,
        "note": said.note if is_own else None,
        "source": said.by_source,
        "worker": said.by_worker if is_own else None,
        "expires_on": said.expires_on,
    }


def _event_as_json(event: FindingEvent, is_own: bool) -> dict[str, Any]:
    told = {"at": event.at.isoformat(), "what": event.what, "state": event.state}
    return told | (_explanation(event, is_own) if event.reason else {})
