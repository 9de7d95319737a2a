"""Who sees what of a child: for now an agency's own items, where it holds a record of the child."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Table, select

from schemas.codelists import code_list
from services.access.asker import Asker
from services.errors import NotFound
from services.store.family_tables import table
from services.store.tables import Link

LINK: Table = Link.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Sight:
    """What may be shown of a child: whose items, under which restriction, and on what grounds."""

    child: str
    agencies: frozenset[str]
    restriction: str
    grounds: str


def sight_of(connection: Connection, asker: Asker, child: str, at: datetime) -> Sight:
    """What an asker may see of a child at an instant; raises NotFound for a stranger and an unknown id alike."""
    held = _held(connection, child)
    if asker.owner.agency not in {agency for agency, _, _ in held}:
        raise NotFound
    ranks = {code: row["rank"] for code, row in code_list("restrictions").rows.items()}
    strictest = max((restriction for _, restriction, _ in held), key=lambda code: ranks[code])
    return Sight(child, frozenset((asker.owner.agency,)), strictest, "own_records")


def is_hidden(connection: Connection, child: str, at: datetime) -> bool:
    """Whether no search may find the child: it is shielded, or its identity changed."""
    hides = code_list("restrictions").flagged("hides_from_search")
    return any(restriction in hides or changed for _, restriction, changed in _held(connection, child))


def _held(connection: Connection, child: str) -> list[tuple[str, str, str | None]]:
    known = table("children")
    linked = (
        select(LINK.c.source_agency, known.c.restricted, known.c.identity_change)
        .join(known, (known.c.source == LINK.c.source) & (known.c.source_id == LINK.c.source_id))
        .where(LINK.c.child == child, LINK.c.superseded_at.is_(None), known.c.superseded_at.is_(None))
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(linked)]
