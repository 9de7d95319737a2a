"""Deciding to share, or not to: what goes together, and the decision on record."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection

from schemas.codelists import code_list
from schemas.safeguards import SharingDecisionBody
from services.access.asker import Asker
from services.access.logbook import act_of
from services.access.purposes import bases_of
from services.access.refusals import refusals_logged
from services.access.sight import sight_of
from services.errors import Invalid, Remark
from services.store import audit, sharing
from services.store.engine import Store
from services.store.tables import SharingDecision

WHAT = "sharing_decisions"


def decide_sharing(store: Store, asker: Asker, child: str, body: SharingDecisionBody) -> SharingDecision:
    """Keep a decision of an agency that may see the child; raises NotFound, or Invalid."""
    errors = list(contradictions(body, asker))
    if errors:
        raise Invalid("This decision does not hold together", errors=errors)
    return store.write(lambda connection: _kept(connection, asker, child, body))


def decisions(store: Store, asker: Asker, child: str, after: int, limit: int) -> Sequence[SharingDecision]:
    """What the agencies decided whose items the asker may see, and that it was read; raises NotFound."""

    def work(connection: Connection) -> Sequence[SharingDecision]:
        sight = sight_of(connection, asker, child, datetime.now(UTC))
        found = sharing.of_child(connection, child, sight.agencies, after, limit)
        detail = {"grounds": sight.grounds, "count": len(found)}
        audit.record(connection, [act_of(asker, "read", WHAT, child, detail)])
        return found

    with refusals_logged(store, asker, WHAT, child):
        return store.write(work)


def may_be_told(store: Store, asker: Asker, child: str) -> None:
    """Raises NotFound where the asker may not know of the child."""
    with refusals_logged(store, asker, WHAT, child), store.reading() as connection:
        sight_of(connection, asker, child, datetime.now(UTC))


def contradictions(body: SharingDecisionBody, asker: Asker) -> Iterator[Remark]:
    """Where purpose, lawful basis, consent and the decision do not go together."""
    by_consent = body.lawful_basis in code_list("lawful_bases").flagged("is_consent")
    consents = code_list("sharing_consents")
    if body.is_shared and body.lawful_basis is None:
        yield Remark("/lawful_basis", "missing", None, "what is shared is shared on a lawful basis")
    if body.lawful_basis is not None and body.lawful_basis not in bases_of(asker.purpose, asker.owner.agency):
        yield Remark("/lawful_basis", "not-with-this-purpose", None, "the list purposes says which bases a purpose has")
    if body.consent in consents.flagged("is_sought") and not by_consent:
        said = "consent is not sought where another basis will be used anyway"
        yield Remark("/consent", "consent-not-to-be-sought", None, said)
    if body.is_shared and by_consent and body.consent not in consents.flagged("is_given"):
        yield Remark("/consent", "consent-not-given", None, "what is shared by consent is shared once it is given")


def _kept(connection: Connection, asker: Asker, child: str, body: SharingDecisionBody) -> SharingDecision:
    at = datetime.now(UTC)
    sight_of(connection, asker, child, at)
    made = SharingDecision(child=child, at=at, **asker.as_columns(), **body.model_dump())
    made.decision = sharing.keep(connection, made)
    detail = {"decision": made.decision, "is_shared": made.is_shared, "shared_with": made.shared_with}
    audit.record(connection, [act_of(asker, "decision", WHAT, child, detail)])
    return made
