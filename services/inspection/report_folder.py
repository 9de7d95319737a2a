"""The report as a folder: a page and files for every agency, a page a rule, and a page for all agencies together."""

from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import Connection

from quality.catalogue import by_code, rules
from quality.page import MADE_UP
from quality.rule_page import rule_page
from services.inspection.report import Agency, NothingToReport, Report, gathered
from services.inspection.report_files import MADE_UP_COLUMN, Cells, write_files
from services.inspection.report_pages import PAGE, RULES, agency_page, index
from services.store import scorecards
from services.store.engine import Store

RUNS_SHOWN = 10


def write_report(
    store: Store, out: Path, only: str | None = None, each: Callable[[], None] = lambda: None
) -> list[Agency]:
    """Write the latest run's report, of one agency or of all; the agencies told of. Raises NothingToReport."""
    with store.reading() as connection:
        report = gathered(connection)
        told = _chosen(report, only)
        for agency in told:
            _write_agency(connection, report, agency, out, has_index=only is None)
            each()
    _write_rules(out)
    if only is None:
        (out / PAGE).write_text(index(report), encoding="utf-8")
    return told


def _chosen(report: Report, only: str | None) -> list[Agency]:
    if only is None:
        return list(report.agencies.values())
    if only not in report.agencies:
        known = ", ".join(report.agencies) or "none"
        raise NothingToReport(f"The latest run knew no record of {only}; it knew those of: {known}.")
    return [report.agencies[only]]


def _write_agency(connection: Connection, report: Report, agency: Agency, out: Path, has_index: bool) -> None:
    folder = out / agency.code
    folder.mkdir(parents=True, exist_ok=True)
    over_time = scorecards.over_time(connection, agency.code, RUNS_SHOWN)
    page = agency_page(report, agency, over_time, has_index)
    (folder / PAGE).write_text(page, encoding="utf-8")
    cards = [scorecards.told(card) for card in agency.cards]
    write_files(folder, _findings(connection, agency.code), _about(report, agency), cards)


def _about(report: Report, agency: Agency) -> Cells:
    marked = {MADE_UP_COLUMN: MADE_UP} if report.synthetic else {}
    run = {"run": report.run.run, "run_at": report.run.started_at.isoformat()}
    counts = {"errors": agency.errors, "queries": agency.queries, "children": agency.children}
    return {**marked, "agency": agency.code, "name": agency.name, **run, **counts}


def _findings(connection: Connection, agency: str) -> Iterator[Cells]:
    """An agency's open findings, in the words of their rules; where and by which rule, never what is held there."""
    for found in scorecards.open_findings(connection, agency):
        rule = by_code().get(found.rule)
        yield {
            "severity": found.severity,
            "rule": found.rule,
            "what_is_wrong": f"Not so here: {rule.says}" if rule else "",
            "how_to_fix_it": rule.hint if rule else "",
            "source": found.source,
            "family": found.family,
            "source_id": found.source_id,
            "pointer": found.pointer,
            "first_seen": found.first_seen.isoformat(),
            "last_seen": found.last_seen.isoformat(),
            "finding": found.finding,
        }


def _write_rules(out: Path) -> None:
    """A page a rule, so that the report's links lead somewhere without a network."""
    (out / RULES).mkdir(parents=True, exist_ok=True)
    for rule in rules():
        (out / RULES / f"{rule.code}.html").write_text(rule_page(rule), encoding="utf-8")
