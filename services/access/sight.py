"""What an asker may see of a child now: the facts of the store, weighed by the policy."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from services.access.asker import Asker
from services.access.policy import decide, is_findable
from services.errors import NotFound
from services.store.relationships import Who, facts


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose items about a child may be shown, the asker's own included, under what restriction, and why."""

    child: str
    agencies: frozenset[str]
    restriction: str
    grounds: str


def sight_of(connection: Connection, asker: Asker, child: str, at: datetime) -> Sight:
    """What an asker may see of a child; raises NotFound for a stranger and for an unknown id alike."""
    who = Who(asker.owner.agency, asker.worker)
    allowed = decide(who.agency, facts(connection, child, at, who))
    if allowed is None:
        raise NotFound
    return Sight(child, allowed.agencies, allowed.restriction, allowed.grounds)


def is_hidden(connection: Connection, child: str, at: datetime) -> bool:
    """Whether no search may find the child: it is shielded, or its identity changed."""
    return not is_findable(facts(connection, child, at))
