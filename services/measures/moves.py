"""Why where children are cared for changed, whether it was planned, and who moved often."""

import ibis
from ibis.expr.types import Table

from services.measures.breakdowns import IF_NOT_SAID, IN_ALL, NOT_SAID, Breakdown
from services.measures.episodes import FAMILIES, NO_SHORT_BREAKS, episodes, in_years
from services.measures.facts import counted_if, facts
from services.measures.measure import Measure, Unit
from services.measures.released import OF_COUNCIL, Released
from services.measures.years import year_of

SAME_CARER = "changes with the same carer, such as of status, provider or address only"
OFTEN = 3
PLANNED, UNPLANNED = "planned", "not_planned"
LEFT = Breakdown("placement type left", "placement_types", IN_ALL)


def _moves(released: Released) -> Table:
    """Changes of carer, with their episode's columns; the event's own day is moved_on."""
    events = released.table("looked_after_events")
    moved = events.filter(events.kind.isin(released.flagged("looked_after_event_kinds", "carer_changed")))
    moved = moved.select(
        "record_id",
        "position",
        "change_reason",
        "is_planned",
        "previous_placement_type",
        moved_on=moved.happened_on,
    )
    return moved.join(episodes(released), "record_id")


def _move_key(moves: Table) -> ibis.Value:
    return moves.record_id + "/" + moves.position.cast("string")


def _by_reason(released: Released) -> Table:
    moves = _moves(released)
    return facts(
        moves,
        year=year_of(moves.moved_on),
        key=_move_key(moves),
        group=moves.previous_placement_type,
        category=ibis.coalesce(moves.change_reason, NOT_SAID),
    )


def _by_plan(released: Released) -> Table:
    moves = _moves(released)
    said = ibis.cases((moves.is_planned, PLANNED), (~moves.is_planned, UNPLANNED), else_=NOT_SAID)
    return facts(
        moves,
        year=year_of(moves.moved_on),
        key=_move_key(moves),
        group=moves.previous_placement_type,
        category=said,
    )


def _often(released: Released) -> Table:
    """Children looked after in a year; counted with three placements: one for each episode, one for each change."""
    place = ("child", OF_COUNCIL, "year")
    held = in_years(released).group_by(*place).agg(held=ibis._.record_id.nunique())
    moves = _moves(released).mutate(year=year_of(ibis._.moved_on).cast("int64"))
    unsteady = moves.change_reason.isin(released.flagged("change_reasons", "counts_for_stability", "false"))
    counted = moves.filter(~unsteady.fill_null(False)).group_by(*place).agg(moves=ibis._.count())
    both = held.mutate(year=held.year.cast("int64")).left_join(counted, place)
    often = both.held + both.moves.fill_null(0) >= OFTEN
    return facts(both, year=both.year, key=both.child, category=counted_if(often))


MEASURES = (
    Measure(
        name="change_reasons",
        title="Why where children are cared for changed",
        sentence="Of 100 changes of who cares for a looked-after child, how many happened for this reason.",
        numerator="those with this reason, recorded on the placement left",
        denominator="changes of carer in the year, by the type of placement left",
        exclusions=(*NO_SHORT_BREAKS, SAME_CARER, "the end of the episode itself"),
        unit=Unit.PER_CENT,
        families=FAMILIES,
        facts=_by_reason,
        groups=LEFT,
        categories=Breakdown("reason", "change_reasons", IF_NOT_SAID),
    ),
    Measure(
        name="planned_changes",
        title="Whether changes of where children are cared for were planned",
        sentence="Of 100 changes of who cares for a looked-after child, how many were planned. Some moves are good.",
        numerator="those planned, not planned, or of which nobody said; the reason settles it wherever it can",
        denominator="changes of carer in the year, by the type of placement left",
        exclusions=(*NO_SHORT_BREAKS, SAME_CARER, "the end of the episode itself"),
        unit=Unit.PER_CENT,
        families=FAMILIES,
        facts=_by_plan,
        groups=LEFT,
        categories=Breakdown("planned or not", own={PLANNED: "Planned", UNPLANNED: "Not planned"} | dict(IF_NOT_SAID)),
    ),
    Measure(
        name="three_or_more_placements",
        title="Children with three or more placements in a year",
        sentence="Of 100 children looked after in the year, how many lived in three or more placements in it.",
        numerator="those with three or more: one for each care episode in the year, one for each change of carer in it",
        denominator="children looked after by the council at any time in the year",
        exclusions=(*NO_SHORT_BREAKS, SAME_CARER, "planned ends of short stays and other reasons that do not count"),
        unit=Unit.PER_CENT,
        families=FAMILIES,
        facts=_often,
    ),
)
