"""Tables for people, made from long rows: Scotland by year, councils in the latest year, groups in the latest year."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from quality.page import MADE_UP, VALUE, Sheet
from services.measures.areas import SCOTLAND
from services.measures.breakdowns import ALL, ALL_NAME, COUNTED, Breakdown
from services.measures.expression import OK
from services.measures.measure import Measure, Unit
from services.measures.reading import Row, Told

MOST_CATEGORIES = 5
NONE = "None counted"
MADE_UP_RATES = (
    "A made-up population of children known to services over the real population: "
    "such a rate means nothing and only shows the form."
)
NOT_FOR_PUBLICATION = "No disclosure control has been applied: suppress small counts before publishing."


def sheets(told: Told, synthetic: bool, years: int | None = None) -> list[Sheet]:
    """Every table of a measure, of so many years; none where it was told of no year."""
    made = [by_year(told, synthetic, None, years), *by_group(told), by_council(told)] if told.rows else []
    return [sheet for sheet in made if sheet.rows]


def by_year(told: Told, synthetic: bool, most: int | None = None, years: int | None = None) -> Sheet:
    """Scotland: at most so many categories or groups by the last so many years, those with most first."""
    measure, rows = told.measure, _of(told.rows, area_code=SCOTLAND)
    shown = _of(rows, group_code=ALL) if measure.categories.what else rows
    shown = _in_order(shown, measure.categories) if measure.categories.in_order else shown
    lines = _lines(shown, "category" if measure.categories.what else "group")
    periods = sorted({row["period"] for row in told.rows})[-(years or 0) :]
    ranked = (
        list(lines.items()) if measure.categories.in_order else sorted(lines.items(), key=partial(_place, periods[-1]))
    )
    ranked = [line for line in ranked if _is_anything(line[1].values())][:most] or [(NONE, ranked[0][1])]
    return Sheet(
        f"{measure.title}: {_reach(rows)}",
        [measure.categories.what or measure.groups.what or "", *periods, "of"],
        [(name, *(value(by.get(period)) for period in periods), of(by.get(periods[-1]))) for name, by in ranked],
        caption(measure, synthetic),
        _shares([by.get(periods[-1]) for _, by in ranked]),
        charted=len(periods),
    )


def by_council(told: Told) -> Sheet:
    """Every council in the latest year, in the order of their codes."""
    rows = _of(latest(told.rows), category_code=_headline(told))
    if told.measure.groups.adds_up or not told.measure.groups.what:
        rows = _of(rows, group_code=ALL)
    rows = sorted(rows, key=lambda row: (row["area_code"] != SCOTLAND, row["area_code"], row["group_code"]))
    named = [row["group_name"] for row in rows] if not _of(rows, group_code=ALL) else None
    told_of = rows[0]["category_name"] if told.measure.categories.what else told.measure.unit.value
    return Sheet(
        f"{told.measure.title}, {rows[0]['period']}, by council: {told_of}",
        ["council", "GSS code", *([told.measure.groups.what] if named else []), VALUE, "of"],
        [
            (row["area_name"], row["area_code"], *([named[place]] if named else []), value(row), of(row))
            for place, row in enumerate(rows)
        ],
        shares=_shares([None if _is_sum(row) else row for row in rows]),
        charted=3 if named else 2,
    )


def by_group(told: Told) -> Iterator[Sheet]:
    """Where a measure has groups and categories: Scotland's groups by its commonest categories, in the latest year."""
    measure = told.measure
    if not (measure.groups.what and measure.categories.what):
        return
    rows = _of(latest(told.rows), area_code=SCOTLAND)
    common = sorted(_of(rows, group_code=ALL), key=lambda row: (-_rank(row), row["category_name"]))[:MOST_CATEGORIES]
    names = [row["category_name"] for row in common if row["numerator"]]
    lines = _lines(rows, "group", "category_name")
    yield Sheet(
        f"{measure.title}, {rows[0]['period']}, by {measure.groups.what}",
        [measure.groups.what, *names, "all"],
        [(line, *(value(by.get(name)) for name in names), _whole(by)) for line, by in lines.items()],
    )


def latest(rows: Sequence[Row]) -> list[Row]:
    """Those of the latest year."""
    last = max(row["period"] for row in rows)
    return _of(rows, period=last)


def value(row: Row | None) -> str:
    """A value as it is shown, or why there is none."""
    if row is None:
        return ""
    if row["value"] is None or row["status"] != OK:
        return str(row["status"])
    if row["unit"] == Unit.CHILDREN:
        return f"{row['value']:,.0f}"
    return f"{row['value']:.{_decimals(row)}f}"


def _decimals(row: Row) -> int:
    """One, as published; more for a rate so small that it would look like 0."""
    small = row["unit"] == Unit.PER_THOUSAND and 0 < row["value"] < 1
    return (3 if row["value"] < 0.1 else 2) if small else 1


def of(row: Row | None) -> str:
    """Numerator and denominator."""
    if row is None or row["denominator"] is None:
        return ""
    whole = f"{row['denominator']:,}"
    return whole if row["numerator"] is None else f"{row['numerator']:,} / {whole}"


def caption(measure: Measure, synthetic: bool) -> str:
    """The definition, under a table."""
    parts = [
        f"{measure.sentence} {measure.unit.value.capitalize()}.",
        f"Numerator: {measure.numerator}.",
        f"Denominator: {measure.denominator}{f' ({measure.population})' if measure.population else ''}.",
        f"Not counted: {'; '.join(measure.exclusions)}." if measure.exclusions else "",
        f"Definition {measure.name}, version {measure.version}.",
        f"{MADE_UP} {MADE_UP_RATES if measure.population else ''}" if synthetic else "",
    ]
    return " ".join(part.strip() for part in parts if part)


def _headline(told: Told) -> str:
    if told.measure.headline or not told.measure.categories.what:
        return told.measure.headline or COUNTED
    return str(max(_of(latest(told.rows), area_code=SCOTLAND, group_code=ALL), key=_rank)["category_code"])


def _reach(rows: Sequence[Row]) -> str:
    """Scotland, and of how many councils that is."""
    submitted = max(row["councils"] for row in rows)
    return "Scotland" if submitted == 32 else f"Scotland ({submitted} of 32 councils submitted)"


def _in_order(rows: Sequence[Row], breakdown: Breakdown) -> list[Row]:
    order = list(breakdown.own)
    return sorted(rows, key=lambda row: order.index(row["category_code"]))


def _place(period: str, line: tuple[str, Mapping[str, Row]]) -> tuple[bool, float, str]:
    """All together first, then those with most in a period."""
    return line[0] != ALL_NAME, -_rank(line[1].get(period)), line[0]


def _is_anything(rows: Iterable[Row]) -> bool:
    """Whether there is a number other than 0, or a council that should have sent one."""
    return any(row["status"] == OK and row["numerator"] != 0 for row in rows)


def _of(rows: Sequence[Row], **wanted: Any) -> list[Row]:
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def _lines(rows: Sequence[Row], what: str, by: str = "period") -> dict[str, dict[str, Row]]:
    """Rows by the name of what they are of, then by another column."""
    lines: dict[str, dict[str, Row]] = {}
    for row in rows:
        lines.setdefault(row[f"{what}_name"], {})[row[by]] = row
    return lines


def _whole(by: Mapping[str, Row]) -> str:
    return f"{next(iter(by.values()))['denominator'] or 0:,}"


def _rank(row: Row | None) -> float:
    return -1 if row is None or row["value"] is None else float(row["value"])


def _is_sum(row: Row) -> bool:
    """Whether a row's bar would dwarf every other."""
    return bool(row["area_code"] == SCOTLAND and row["unit"] == Unit.CHILDREN)


def _shares(rows: Sequence[Row | None]) -> list[float]:
    """Each value against the largest."""
    ranks = [max(_rank(row), 0.0) for row in rows]
    most = max(ranks, default=0.0)
    return [rank / most for rank in ranks] if most else []
