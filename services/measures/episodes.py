"""Care episodes as the measures count them: those of the responsible council, a series of short breaks apart."""

from ibis.expr.types import Table

from services.measures.released import Released, child_of, held_by_responsible

RESPONSIBLE = "episodes held by another council than the one responsible, which alone returns the child"
NO_SHORT_BREAKS = (RESPONSIBLE, "planned series of short breaks, counted apart")
FAMILIES = ("care_episodes",)


def every_episode(released: Released) -> Table:
    """Care episodes held by the council responsible, with `child` and whether it is a series of `breaks`."""
    held = held_by_responsible(released.table("care_episodes"), "responsible_authority")
    by_route = held.route.isin(released.flagged("care_routes", "is_short_break"))
    return held.mutate(child=child_of(held), breaks=held.short_breaks.fill_null(False) | by_route)


def episodes(released: Released) -> Table:
    """Without series of short breaks."""
    every = every_episode(released)
    return every.filter(~every.breaks)


def in_years(released: Released) -> Table:
    """Episodes by the years that they touch, with the year's starts_on and period_ends_on."""
    calendar = released.calendar().rename(year_starts_on="starts_on")
    each = episodes(released).cross_join(calendar)
    return each.filter(
        each.started_on <= each.period_ends_on, each.ended_on.isnull() | (each.ended_on >= each.year_starts_on)
    )


def on_last_day(released: Released) -> Table:
    """Episodes by the years on whose 31 July they were open; one that ended that day was not."""
    each = in_years(released)
    return each.filter(each.ended_on.isnull() | (each.ended_on > each.period_ends_on))
