"""Sign-offs: an agency vouches for what it has sent, by two people; without that nothing counts as submitted."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from schemas.sign_off import ReopeningBody, SignatureBody, SignOffBody
from services.access.national import seen_by
from services.access.tokens import Caller
from services.api.answers import answer, page
from services.api.described import REOPENING, SIGN_OFF, SIGNATURE, WANTED_SIGN_OFFS, Page, SignOffAnswer
from services.api.requests import StoreOf, body_up_to, paging, requires
from services.errors import NotFound
from services.intake import signing
from services.intake.bodies import LARGEST_BODY, read_body
from services.store import sign_offs
from services.store.engine import Store
from services.store.sign_offs import Signed
from services.store.tables import SignOff

router = APIRouter(tags=["quality"])
URL = "/v1/quality/sign-offs"
MayList = Annotated[Caller, Depends(requires("quality.read", "agency", "after", "limit", checks=(paging,)))]
MayRead = Annotated[Caller, Depends(requires("quality.read"))]
MayWrite = Annotated[Caller, Depends(requires("quality.write"))]
SignOffId = Annotated[int, Path(ge=1, le=2**53)]


async def _body(request: Request, caller: MayWrite) -> bytes:
    return await body_up_to(LARGEST_BODY, "application/json")(request)


async def _body_about(request: Request, sign_off: SignOffId, store: StoreOf, caller: MayWrite) -> bytes:
    """What is said of a sign-off of the caller's own agency; of others it does not learn that they exist."""
    await run_in_threadpool(_found, store, sign_off, caller.owner.agency)
    return await body_up_to(LARGEST_BODY, "application/json")(request)


@router.get(URL, responses=Page.answers(), openapi_extra=WANTED_SIGN_OFFS)
def list_sign_offs(request: Request, store: StoreOf, caller: MayList) -> Response:
    """Sign-offs, oldest first."""
    after, limit = paging(request)
    own = seen_by(caller.owner.agency)
    wanted = request.query_params.get("agency", own)
    if own and wanted != own:
        raise NotFound
    with store.reading() as connection:
        found = sign_offs.sign_offs(connection, wanted, after, limit)
    return page([_as_json(one, caller) for one in found], found[-1].sign_off.sign_off if len(found) == limit else None)


@router.post(URL, status_code=201, responses=SignOffAnswer.written(201), openapi_extra=SIGN_OFF)
def prepare(store: StoreOf, caller: MayWrite, body: Annotated[bytes, Depends(_body)]) -> Response:
    """Freeze what the agency's sources held at the last quality run, for a second person to sign."""
    number = signing.prepare(store, caller.owner.agency, read_body(SignOffBody, body))
    return _told(store, number, caller, 201)


@router.get(f"{URL}/{{sign_off}}", responses=SignOffAnswer.answers())
def get_sign_off(sign_off: SignOffId, store: StoreOf, caller: MayRead) -> Response:
    """One sign-off with its snapshot, and what was received since."""
    return _told(store, sign_off, caller)


@router.post(f"{URL}/{{sign_off}}/signature", responses=SignOffAnswer.written(), openapi_extra=SIGNATURE)
def sign(
    sign_off: SignOffId, store: StoreOf, caller: MayWrite, body: Annotated[bytes, Depends(_body_about)]
) -> Response:
    """Sign, as another person than who prepared it."""
    signing.sign(store, caller.owner.agency, sign_off, read_body(SignatureBody, body))
    return _told(store, sign_off, caller)


@router.post(f"{URL}/{{sign_off}}/reopening", responses=SignOffAnswer.written(), openapi_extra=REOPENING)
def reopen(
    sign_off: SignOffId, store: StoreOf, caller: MayWrite, body: Annotated[bytes, Depends(_body_about)]
) -> Response:
    """Open again, saying why: the period counts as not submitted until it is signed anew."""
    signing.reopen(store, caller.owner.agency, sign_off, read_body(ReopeningBody, body))
    return _told(store, sign_off, caller)


def _found(store: Store, number: int, agency: str | None) -> Signed:
    with store.reading() as connection:
        found = sign_offs.sign_off(connection, number, agency)
    if found is None:
        raise NotFound
    return found


def _told(store: Store, number: int, caller: Caller, status: int = 200) -> Response:
    found = _found(store, number, seen_by(caller.owner.agency))
    with store.reading() as connection:
        changes = sign_offs.changes(connection, found.snapshot)
    body = _as_json(found, caller) | {"changes": changes, "snapshot": found.snapshot.as_json()}
    return answer(body, status)


def _as_json(found: Signed, caller: Caller) -> dict[str, Any]:
    one, shows = found.sign_off, partial(_only_own, found.sign_off, caller)
    why = {"reason": one.reopening_reason, "note": shows(one.reopening_note)}
    return {
        "id": one.sign_off,
        "agency": one.source_agency,
        "state": signing.state_of(one),
        "families": found.snapshot.families,
        "covers_from": one.covers_from,
        "covers_to": one.covers_to,
        "as_at": one.as_at.isoformat(),
        "digest": one.digest,
        "prepared": _by(one.prepared_at, shows(one.prepared_by)),
        "signed": _by(one.signed_at, shows(one.signed_by)),
        "reopened": _by(one.reopened_at, shows(one.reopened_by), **why),
        "changed_since": found.has_changed,
    }


def _only_own(one: SignOff, caller: Caller, said: str | None) -> str | None:
    """What people wrote, and who they are, is told to their own agency alone."""
    return said if one.source_agency == caller.owner.agency else None


def _by(at: datetime | None, worker: str | None, **more: str | None) -> dict[str, Any] | None:
    """When, and by whom; None where it has not been."""
    return {"at": at.isoformat(), "worker": worker, **more} if at else None
