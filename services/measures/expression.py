"""From a measure's facts to its long rows: areas by years by groups by categories, each with a value and a status."""

from typing import Any

import ibis
from ibis.expr.types import Table

from services.measures.areas import SCOTLAND, SCOTLAND_NAME, Population, councils, populations
from services.measures.arithmetic import per_thousand, percent
from services.measures.breakdowns import ALL
from services.measures.measure import Measure, Unit
from services.measures.released import Released, literal_table

OK, NOT_SUBMITTED, NOT_APPLICABLE = "ok", "not submitted", "not applicable"
AREA_AND_YEAR = ("area_code", "year")
PLACE = (*AREA_AND_YEAR, "group_code")
COLUMNS = (
    "measure",
    "version",
    "period",
    "period_ends_on",
    "area_code",
    "area_name",
    "councils",
    "group_code",
    "group_name",
    "category_code",
    "category_name",
    "numerator",
    "denominator",
    "value",
    "unit",
    "status",
    "denominator_band",
    "denominator_vintage",
)
ORDER = ("area_code", "period", "group_code", "category_code")


def rows(measure: Measure, released: Released) -> Table:
    """A measure's rows, in the order of ORDER, with the columns COLUMNS."""
    told = _valued(measure, _joined(measure, released))
    if measure.groups.adds_up:
        told = told.filter((told.group_code == ALL) | (told.status == OK))
    return _described(measure, told).select(*COLUMNS).order_by(*ORDER)


def _joined(measure: Measure, released: Released) -> Table:
    """Every place of the grid with what was counted there."""
    counted = _everywhere(measure, released)
    totals = counted.group_by(*PLACE).agg(total=counted.key.nunique(), median=counted.days.median())
    told = counted.filter(counted.category_code.notnull())
    parts = told.group_by(*PLACE, "category_code").agg(part=told.key.nunique())
    grid = _grid(measure, released)
    return grid.left_join(totals, PLACE).drop(*_right(PLACE)).left_join(parts, (*PLACE, "category_code"))


def _right(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{name}_right" for name in names)


def _everywhere(measure: Measure, released: Released) -> Table:
    """The facts of the councils that submitted, again for Scotland, and all again for all groups together."""
    facts = measure.facts(released)
    known = facts.select(*facts.columns).semi_join(_submitted(measure, released), AREA_AND_YEAR)
    both = known.union(known.mutate(area_code=ibis.literal(SCOTLAND, type="string")))
    return both.union(both.mutate(group_code=ibis.literal(ALL, type="string"))) if measure.groups.adds_up else both


def _grid(measure: Measure, released: Released) -> Table:
    """Areas by years by groups by categories."""
    groups = measure.groups.table(released).rename(group_code="code", group_name="label")
    categories = measure.categories.table(released).rename(category_code="code", category_name="label")
    return _areas(measure, released).cross_join(groups).cross_join(categories)


def _areas(measure: Measure, released: Released) -> Table:
    """Councils and Scotland by years, with how many councils submitted what the measure needs, and their people."""
    calendar = released.calendar()
    every = literal_table(_council_rows(measure.population)).cross_join(calendar)
    submitted = _submitted(measure, released).mutate(councils=ibis.literal(1, type="int64"))
    each = every.left_join(submitted, AREA_AND_YEAR).drop(*_right(AREA_AND_YEAR))
    each = each.mutate(councils=each.councils.fill_null(0))
    reached = each.mutate(people=each.people * each.councils).group_by(*calendar.columns)
    whole = reached.agg(people=ibis._.people.sum().cast("int64"), councils=ibis._.councils.sum().cast("int64"))
    whole = whole.mutate(area_code=ibis.literal(SCOTLAND), area_name=ibis.literal(SCOTLAND_NAME))
    columns = ("area_code", "area_name", "people", "councils", *calendar.columns)
    return each.select(*columns).union(whole.select(*columns))


def _submitted(measure: Measure, released: Released) -> Table:
    """Rows of area_code and year: the councils that signed off every family that the measure needs, for that year."""
    coverage = released.table("coverage")
    needed = coverage.filter(coverage.is_submitted, coverage.family.isin(measure.families))
    placed = needed.select("family", area_code=needed.local_authority, year=needed.year_starts_on.year().cast("int64"))
    counted = placed.group_by(*AREA_AND_YEAR).agg(families=placed.family.nunique())
    return counted.filter(counted.families == len(measure.families)).select(*AREA_AND_YEAR)


def _council_rows(population: Population | None) -> list[dict[str, Any]]:
    people = populations(population) if population else {}
    return [
        {"area_code": code, "area_name": name, "people": ibis.literal(people.get(code, 0), type="int64")}
        for code, name in councils().items()
    ]


def _valued(measure: Measure, joined: Table) -> Table:
    """Numerator, denominator, value and status; all but the status empty where nothing was submitted."""
    is_submitted = joined.councils > 0
    nothing = ibis.null("int64")
    part, total = joined.part.fill_null(0), joined.total.fill_null(0)
    denominator = {Unit.PER_THOUSAND: joined.people, Unit.CHILDREN: nothing}.get(measure.unit, total)
    counted = joined.mutate(
        numerator=nothing if measure.unit is Unit.DAYS else ibis.ifelse(is_submitted, part, nothing),
        denominator=ibis.ifelse(is_submitted, denominator, nothing),
    )
    status = ibis.cases((~is_submitted, NOT_SUBMITTED), (counted.denominator == 0, NOT_APPLICABLE), else_=OK)
    return counted.mutate(status=status, value=_value(measure.unit, counted))


def _value(unit: Unit, counted: Table) -> Any:
    """The value as a number with decimals, unrounded."""
    whole = counted.denominator.nullif(0)
    if unit is Unit.DAYS:
        return counted.median.cast("float64")
    if unit is Unit.CHILDREN:
        return counted.numerator.cast("float64")
    return per_thousand(counted.numerator, whole) if unit is Unit.PER_THOUSAND else percent(counted.numerator, whole)


def _described(measure: Measure, told: Table) -> Table:
    """The same for every row: which measure it is, and of what population."""
    population = measure.population
    return told.mutate(
        measure=ibis.literal(measure.name),
        version=ibis.literal(measure.version),
        unit=ibis.literal(measure.unit.value),
        denominator_band=ibis.literal(population.band if population else None, type="string"),
        denominator_vintage=ibis.literal(population.vintage if population else None, type="string"),
    )
