"""Who may see what about a child: the decision, from facts alone; whatever nothing allows is denied.

Agencies say things about a child in records of their own: that another agency is
a partner in its plan, say. What an agency says lets that other one in; nothing
that it says lets itself in (decision 17).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from schemas.codelists import code_list
from schemas.fields import FieldClass
from services.store.relationships import Facts, Naming


class Grounds(StrEnum):
    """Why somebody may see."""

    OWN_RECORDS = "own_records"
    TEAM = "team"
    BREAK_GLASS = "break_glass"
    NAMED_OFFICER = "named_officer"


@dataclass(frozen=True, slots=True)
class Allowed:
    """Whose items may be shown, under what restriction, and why."""

    agencies: frozenset[str]
    restriction: str
    grounds: Grounds


def decide(agency: str, facts: Facts) -> Allowed | None:
    """What an agency may see of a child; None where it may not even know of the child."""
    seen, is_related = seen_by(agency, facts), is_related_to(agency, facts)
    if facts.is_sealed:
        return _allowed(seen, facts, Grounds.NAMED_OFFICER) if is_related and facts.is_officer else None
    if facts.broke_glass and facts.holders:
        return _allowed(seen | set(facts.holders), facts, Grounds.BREAK_GLASS)
    if not is_related:
        return None
    return _allowed(seen, facts, Grounds.TEAM if seen - {agency} else Grounds.OWN_RECORDS)


def is_related_to(agency: str, facts: Facts) -> bool:
    """Whether an agency has a relationship to the child now: it holds a record, or another names it."""
    return agency in facts.holders or any(one.named == agency and one.by != agency for one in facts.namings)


def seen_by(agency: str, facts: Facts) -> frozenset[str]:
    """Whose items an agency sees: its own, of those that let it in, and of the circle where it belongs to that.

    What it says itself counts for nothing here, so that the founder sees the
    others by what they say alone.
    """
    others = frozenset(one for one in facts.namings if one.by != agency)
    let_in = reached(agency, {(one.named, one.by) for one in others})
    members = circle(facts.holders[:1], others)
    return let_in | members if agency in members else let_in


def circle(founder: Iterable[str], namings: Iterable[Naming]) -> frozenset[str]:
    """The agency that has held the child for longest, and everyone named by one of the circle."""
    ways = {(one.by, one.named) for one in namings}
    return frozenset().union(*(reached(one, ways) for one in founder))


def reached(start: str, ways: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Wherever ways lead to from a start, in one step or several, the start included."""
    found, fresh, ways = {start}, {start}, frozenset(ways)
    while fresh:
        fresh = {end for begin, end in ways if begin in fresh} - found
        found |= fresh
    return frozenset(found)


def strictest(restrictions: Iterable[str]) -> str:
    """The strictest of these restrictions, which governs every view; the loosest there is where there are none."""
    ranked = code_list("restrictions").rows
    return max((*restrictions, next(iter(ranked))), key=lambda code: int(ranked[code]["rank"]))


def hides(restriction: str, field_class: FieldClass | None) -> bool:
    """Whether fields of a class stay behind under a restriction."""
    return field_class is FieldClass.PLACE and restriction in code_list("restrictions").flagged("hides_places")


def left_out(restriction: str) -> list[str]:
    """The classes of fields that stay behind under a restriction, as the audit names them."""
    return [one.name.lower() for one in FieldClass if hides(restriction, one)]


def is_findable(facts: Facts) -> bool:
    """Whether a search may find the child."""
    hidden = code_list("restrictions").flagged("hides_from_search")
    return not facts.is_sealed and strictest(facts.restrictions) not in hidden


def _allowed(agencies: frozenset[str], facts: Facts, grounds: Grounds) -> Allowed:
    return Allowed(agencies, strictest(facts.restrictions), grounds)
