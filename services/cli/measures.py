"""kith measures: the headline measures of a release, as tables and charts."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from quality.page import MADE_UP, Sheet
from services.cli.screen import FINE, CouldNotRun, out, print_json, progress, say
from services.settings import Settings

if TYPE_CHECKING:
    from services.extracts.release import Release
    from services.measures.measure import Measure
    from services.measures.reading import Told

ENGINES = ("duckdb", "spark")
PAGE = "measures.html"
BAR, NARROWEST, YEARS = 10, 16, 3
"""On a terminal: the longest bar and the narrowest first column, in characters, and how many years."""
TO_THE_LEFT: Mapping[str, Any] = {"title_justify": "left", "caption_justify": "left"}
SHOWN_IN_DEMO = 8
HEADLINES = (
    "referral_rate",
    "below_protection_threshold",
    "repeat_referrals",
    "care_reasons",
    "change_reasons",
    "planned_changes",
    "three_or_more_placements",
    "days_to_plan",
    "planning_meetings_in_time",
    "reasons_complete",
)


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    measures = commands.add_parser("measures", help="the headline measures of a release, as tables and charts")
    measures.add_argument("names", nargs="*", metavar="NAME", help="default: all of them, for Scotland only")
    measures.add_argument("--release", type=Path, metavar="DIR", help="default: the newest under KITH_HOME")
    measures.add_argument("--engine", choices=ENGINES, default=ENGINES[0])
    measures.add_argument("--out", type=Path, metavar="DIR", help=f"write {PAGE} there: every table, with charts")
    measures.add_argument("--json", action="store_true", help="every row instead of tables")
    measures.set_defaults(run=run_measures)


def run_measures(options: argparse.Namespace) -> int:
    release = _release(options.release)
    told = tell(release, _chosen(options.names), options.engine)
    if options.out:
        _write(options.out, release, told)
    if options.json:
        _print_json(release, told)
    elif not options.out:
        _print(release, told, councils_too=bool(options.names))
    return FINE


def headline(release_folder: Path) -> list[Sheet]:
    """Scotland's tables of the headline measures, each with its definition, the longest cut short: for the demo."""
    from services.extracts.release import Release
    from services.measures.sheets import by_year

    release = Release(release_folder)
    told = tell(release, _chosen(HEADLINES), ENGINES[0])
    return [by_year(one, release.manifest["synthetic"], SHOWN_IN_DEMO, YEARS) for one in told]


def tell(release: "Release", chosen: "Sequence[Measure]", engine: str) -> "list[Told]":
    """Count measures, with progress; raises CouldNotRun where the engine is missing."""
    from services.measures.reading import EngineMissing, opened

    try:
        with opened(release.folder, engine) as reading, progress("Counting", len(chosen)) as advance:
            told = []
            for measure in chosen:
                told.append(reading.tell(measure))
                advance(1)
            return told
    except EngineMissing as error:
        raise CouldNotRun(str(error)) from error


def _release(folder: Path | None) -> "Release":
    from services.extracts.release import MANIFEST, Release, list_releases

    if folder is not None:
        if not (folder / MANIFEST).is_file():
            raise CouldNotRun(f"{folder} is not a release: it has no {MANIFEST}.")
        return Release(folder)
    found = list_releases(Settings().releases)
    if not found:
        raise CouldNotRun(f"There is no release in {Settings().releases}: make one with kith extract build.")
    return found[-1]


def _chosen(names: Sequence[str]) -> "list[Measure]":
    from services.measures.registry import BY_NAME

    unknown = [name for name in names if name not in BY_NAME]
    if unknown:
        raise CouldNotRun(f"There is no measure {', '.join(unknown)}. There are: {', '.join(BY_NAME)}.")
    return [BY_NAME[name] for name in names or BY_NAME]


def _print_json(release: "Release", told: "Sequence[Told]") -> None:
    """Every measure with its definition and its rows."""
    print_json(
        {
            "release_id": release.release_id,
            "as_at": release.manifest["as_at"],
            "synthetic": release.manifest["synthetic"],
            "notice": release.manifest["notice"],
            "items": [_described(one.measure) | {"rows": one.rows} for one in told],
            "next": None,
        }
    )


def _described(measure: "Measure") -> dict[str, object]:
    said = ("name", "title", "sentence", "numerator", "denominator", "exclusions", "version", "disaggregations")
    population = measure.population
    return {name: getattr(measure, name) for name in said} | {
        "unit": measure.unit.value,
        "population": {"band": population.band, "vintage": population.vintage} if population else None,
    }


def _print(release: "Release", told: "Sequence[Told]", councils_too: bool) -> None:
    from services.measures.sheets import NOT_FOR_PUBLICATION, by_year, sheets

    synthetic: bool = release.manifest["synthetic"]
    if synthetic:
        out.rule(MADE_UP)
    for one in told:
        shown = sheets(one, synthetic, YEARS) if councils_too else [by_year(one, synthetic, None, YEARS)]
        for sheet in shown:
            print_sheet(sheet, MADE_UP if synthetic else "")
        _warn(one)
    say(f"Release {release.release_id}. {NOT_FOR_PUBLICATION}")


def print_sheet(sheet: Sheet, notice: str = "") -> None:
    """A table with a bar to each row, where bars help; only the first column wraps, so that numbers stay whole."""
    table = Table(title=sheet.title, caption=sheet.caption or notice, box=SIMPLE_HEAD, **TO_THE_LEFT)
    table.add_column(sheet.columns[0], overflow="fold", min_width=NARROWEST)
    for name in (*sheet.columns[1:], *(("",) if sheet.shares else ())):
        table.add_column(name, no_wrap=True)
    bars = [("█" * round(share * BAR),) for share in sheet.shares] or [("",)] * len(sheet.rows)
    for row, bar in zip(sheet.rows, bars, strict=True):
        table.add_row(*(str(cell) for cell in row), *(bar if sheet.shares else ()))
    out.print(table)


def _warn(told: "Told") -> None:
    """Say where a year's stock is not what its flows make of it; revisions alone do a little of that."""
    from services.measures import flows

    if told.measure not in flows.MEASURES:
        return
    for period, check in flows.stock_and_flow(told.rows):
        if not check.is_within_tolerance:
            say(
                f"{period}: {check.residual:+,} children ({check.residual_percent:.1f}%) whom the flows do not explain."
            )


def _write(folder: Path, release: "Release", told: "Sequence[Told]") -> None:
    from services.measures.page import page

    folder.mkdir(parents=True, exist_ok=True)
    made = page(told, release.release_id, release.as_at, release.manifest["synthetic"])
    (folder / PAGE).write_text(made, encoding="utf-8")
    say(f"The page is {folder / PAGE}.")
