"""Decisions on sharing, as they were taken: added, never changed."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Table, select

from services.store.tables import SharingDecision

SHARING_DECISION: Table = SharingDecision.__table__  # type: ignore[attr-defined]


def keep(connection: Connection, decision: SharingDecision) -> int:
    """Keep a decision; its number."""
    values = decision.model_dump(exclude={"decision"})
    (number,) = connection.execute(SHARING_DECISION.insert().values(values)).inserted_primary_key or (0,)
    return int(number)


def of_child(
    connection: Connection, child: str, agencies: Iterable[str], after: int, limit: int
) -> Sequence[SharingDecision]:
    """What these agencies decided about a child, after that number, in their order."""
    known = SHARING_DECISION.c
    query = select(SHARING_DECISION).where(known.child == child, known.agency.in_(sorted(agencies)))
    rows = connection.execute(query.where(known.decision > after).order_by(known.decision).limit(limit))
    return [SharingDecision(**row._mapping) for row in rows]
