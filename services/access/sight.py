"""What an asker may see of a child now: the facts of the store, weighed by the policy."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from services.access.asker import Asker
from services.access.policy import Facts, Naming, decide, is_findable
from services.errors import NotFound
from services.store import relationships
from services.store.relationships import Relations, Who


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose items about a child may be shown, the asker's own included, under what restriction, and why."""

    child: str
    agencies: frozenset[str]
    restriction: str
    grounds: str


def sight_of(connection: Connection, asker: Asker, child: str, at: datetime) -> Sight:
    """What an asker may see of a child; raises NotFound for a stranger and for an unknown id alike."""
    facts = facts_at(connection, child, at, Who(asker.owner.agency, asker.worker))
    allowed = decide(asker.owner.agency, facts)
    if allowed is None:
        raise NotFound
    return Sight(child, allowed.agencies, allowed.restriction, allowed.grounds)


def is_hidden(connection: Connection, child: str, at: datetime) -> bool:
    """Whether no search may find the child: it is shielded, or its identity changed."""
    return not is_findable(facts_at(connection, child, at))


def facts_at(connection: Connection, child: str, at: datetime, who: Who | None = None) -> Facts:
    """What is true of a child, and of who asks, at an instant."""
    return facts_of(relationships.relations(connection, child, at, who))


def facts_of(relations: Relations) -> Facts:
    """What is held of a child, as the policy takes it."""
    return Facts(
        holders=relations.holders,
        namings=frozenset(Naming(by, named) for by, named in relations.namings),
        restrictions=relations.restrictions,
        is_sealed=relations.is_sealed,
        is_officer=relations.is_officer,
        broke_glass=relations.broke_glass,
    )
