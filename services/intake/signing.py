"""Signing off: two different people vouch for an agency's families and period, or one opens them again."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from quality.functions import local_date
from schemas.sign_off import ReopeningBody, SignatureBody, SignOffBody
from services.errors import NotFound, NotSigned
from services.intake import remarks
from services.intake.bodies import refused
from services.store import runs, sign_offs
from services.store.engine import Store
from services.store.runs import CRASHED, Kept
from services.store.sign_offs import Signed
from services.store.tables import SignOff

UNEXPLAINED = "Errors that nobody has explained stand in the way: "


def prepare(store: Store, agency: str, body: SignOffBody) -> int:
    """Freeze what an agency held at the last run, for somebody else to sign; raises Invalid or NotSigned."""
    families = sorted(set(body.families))

    def work(connection: Connection) -> int:
        sign_offs.hold(connection)
        run = _last_run(connection)
        _check_period(body, run)
        _refuse_blocked(connection, agency, families)
        period = body.covers_from, body.covers_to
        snapshot = sign_offs.freeze(connection, agency, families, period, run)
        if not snapshot.holdings:
            raise NotSigned("The agency has no source, and so nothing to sign off")
        return sign_offs.prepare(connection, snapshot, body.worker)

    return store.write(work)


def sign(store: Store, agency: str, number: int, body: SignatureBody) -> None:
    """Sign what another person prepared; raises NotFound or NotSigned."""

    def work(connection: Connection) -> None:
        signed = _standing(connection, agency, number)
        if signed.sign_off.signed_at:
            raise NotSigned("It was signed already")
        if signed.sign_off.prepared_by == body.worker:
            raise NotSigned("Two different people sign: who prepared it cannot sign it too")
        _refuse_blocked(connection, agency, signed.snapshot.families)
        sign_offs.sign(connection, number, body.worker)

    store.write(work)


def reopen(store: Store, agency: str, number: int, body: ReopeningBody) -> None:
    """Open again what was signed or prepared; raises NotFound or NotSigned."""

    def work(connection: Connection) -> None:
        _standing(connection, agency, number)
        sign_offs.reopen(connection, number, body.worker, body.reason, body.note)

    store.write(work)


def state_of(sign_off: SignOff) -> str:
    """Prepared, signed or reopened."""
    if sign_off.reopened_at:
        return "reopened"
    return "signed" if sign_off.signed_at else "prepared"


def _last_run(connection: Connection) -> Kept:
    found = runs.runs(connection, 0, 1)
    if not found:
        raise NotSigned("There was no quality run yet: nothing is signed off unchecked")
    if found[0].statuses.get(CRASHED):
        raise NotSigned("Rules crashed in the last quality run: nothing is signed off until a run is whole")
    return found[0]


def _check_period(body: SignOffBody, run: Kept) -> None:
    if not body.covers_from <= body.covers_to <= local_date(run.started_at):
        detail = "a period ends on a day that was over, or there, at the last quality run, and not before it begins"
        raise refused(remarks.of_rule("SH06", "/covers_to", "out-of-bounds", detail, "name days that have been"))


def _refuse_blocked(connection: Connection, agency: str, families: Sequence[str]) -> None:
    found: Mapping[str, int] = sign_offs.blocking(connection, agency, families)
    if found:
        told = ", ".join(f"{count} in {family}" for family, count in sorted(found.items()))
        raise NotSigned(
            UNEXPLAINED + told, detail="Correct them at the source, or explain them, and run the rules again"
        )


def _standing(connection: Connection, agency: str, number: int) -> Signed:
    """A sign-off that nobody has reopened, held until the transaction ends."""
    sign_offs.hold(connection)
    found = sign_offs.sign_off(connection, number, agency)
    if found is None:
        raise NotFound
    if found.sign_off.reopened_at:
        raise NotSigned("It was reopened: prepare another")
    return found
