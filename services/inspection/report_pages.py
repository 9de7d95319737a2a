"""The report's pages: one for an agency, which starts with what to put right, and one for all agencies together."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from quality.page import Link, Sheet, page, shown
from quality.rule import Severity
from services.inspection.reasons import GIVEN, MISSING
from services.inspection.report import Agency, Line, Report
from services.inspection.report_files import CSV, EXCEL, JSON
from services.measures.areas import SCOTLAND_NAME, councils
from services.measures.years import SHOWN
from services.store.scorecards import ALL, score

PAGE, RULES = "index.html", "rules"
NOTHING = "no records"
NOT_SUBMITTED = "not submitted"
NOT_PUBLIC = "For use within the agencies: small counts are not suppressed."
DEFINITION = (
    "A score is the share of records that break no error or query of that side of quality; experimental rules, and "
    "records older than their source's going live, are outside it. A year is 1 August to 31 July, by the first day "
    "that a record requires. Similar: the other councils of the benchmarking group, or other agencies of the kind, "
    "together. A change is marked where it is more than 3 median absolute deviations from the median change of the "
    "agencies of its kind, of 20 records or more in both years."
)
REASONS: Mapping[str, str] = {
    "entry": "why care began",
    "placement_change": "why the placement changed",
    "legal_change": "why the legal reason changed",
    "end": "why care ended",
}
NOT_OWED = "not_applicable"
ANSWERS: Mapping[str, str] = {
    GIVEN: "given",
    "not_yet_known": "not yet known",
    "refused": "refused",
    "not_asked": "not asked",
    "not_recorded": "not recorded",
    MISSING: "plainly missing",
}


def agency_page(report: Report, agency: Agency, over_time: Sequence[Any], has_index: bool) -> str:
    """What to put right first, then the scorecards, then the reasons that a council owes."""
    files = ", ".join(f'<a href="{name}">{name}</a>' for name in (EXCEL, CSV, JSON))
    up = f'<p><a href="../{PAGE}">All agencies</a></p>' if has_index else ""
    sheets = [
        _to_put_right(agency),
        *_worth_knowing(agency),
        _by_family(report, agency),
        _by_side(report, agency),
        _by_year(report, agency),
        _by_run(over_time),
        *_own_reasons(report, agency),
    ]
    body = f"""\
{up}
<p>{_when(report)} Children with something to put right: {agency.children:,}. Every finding, a row each: {files}.</p>
{_shown(report, sheets)}"""
    return page(agency.headline, body, report.made_up)


def index(report: Report) -> str:
    """The headline figure by council, then every agency."""
    body = f"""\
<p>{_when(report)}</p>
{_shown(report, [_reasons_by_council(report), _agencies(report)])}"""
    return page("Quality of what agencies post", body, report.made_up)


def _when(report: Report) -> str:
    when = f"Run {report.run.run}, of what was held at {report.run.started_at:%d %B %Y %H:%M} UTC."
    return escape(f"{when} {NOT_PUBLIC}")


def _shown(report: Report, sheets: Sequence[Sheet]) -> str:
    mark = " (made-up data)" if report.synthetic else ""
    return "\n".join(f"<section>{shown(sheet, mark)}</section>" for sheet in sheets)


def percent(share: float | None) -> str:
    return NOTHING if share is None else f"{share * 100:.1f}%"


def _to_put_right(agency: Agency) -> Sheet:
    lines = [line for line in agency.lines if line.severity != Severity.INFO]
    return Sheet(
        "What to put right, the most children first",
        ("rule", "what is wrong", "how to fix it", "in which system", "costs", "findings", "children", "score"),
        [_line(agency, line) for line in lines] or [("none", *[""] * 7)],
        "Score: that of the record family, and what it would be if nothing broke the rule. A record that breaks "
        "another rule too gains nothing by this one alone.",
    )


def _line(agency: Agency, line: Line) -> tuple[Any, ...]:
    told = (*_what(line), line.rule.hint, _systems(line), line.severity)
    return (*told, f"{line.findings:,}", f"{line.children:,}", _gain(agency, line))


def _what(line: Line) -> tuple[Link, str]:
    return Link(line.rule.code, f"../{RULES}/{line.rule.code}.html"), f"Not so: {line.rule.says}"


def _systems(line: Line) -> str:
    return ", ".join(f"{name} ({count:,})" for name, count in line.by_source.most_common())


def _gain(agency: Agency, line: Line) -> str:
    if line.rule.is_experimental:
        return "experimental: not in the score"
    now, then = agency.if_kept(line)
    return f"{percent(now)}, if kept {percent(then)}"


def _worth_knowing(agency: Agency) -> Iterator[Sheet]:
    """What costs nothing: of little weight, or from before the source went live."""
    lines = [line for line in agency.lines if line.severity == Severity.INFO]
    if lines:
        columns = ("rule", "what is so", "in which system", "findings")
        rows = [(*_what(line), _systems(line), f"{line.findings:,}") for line in lines]
        yield Sheet("Worth knowing; outside the score", columns, rows)


def _by_family(report: Report, agency: Agency) -> Sheet:
    cards = [card for card in agency.cards if card.year == report.year and card.dimension == ALL]
    return Sheet(
        f"Score by record family, {report.year}",
        ("family", "score", "records", "last year", "change", "similar", "to look at"),
        [(_words(card.family), *_card(card)) for card in cards] or [(NOTHING, *[""] * 6)],
        DEFINITION,
        [score(card.tested, card.failed) or 0 for card in cards],
        charted=1,
    )


def _by_side(report: Report, agency: Agency) -> Sheet:
    cards = [card for card in agency.cards if card.year == report.year and card.dimension != ALL]
    return Sheet(
        f"Score by side of quality, {report.year}",
        ("family", "side", "score", "records", "last year", "change", "similar", "to look at"),
        [(_words(card.family), card.dimension, *_card(card)) for card in cards] or [(NOTHING, *[""] * 7)],
    )


def _card(card: Any) -> tuple[str, ...]:
    """Score, records, last year's, the change, similar agencies', and what is larger than usual."""
    now, last = score(card.tested, card.failed), score(card.last_tested, card.last_failed)
    change = f"{(now - last) * 100:+.1f} points" if now is not None and last is not None else ""
    similar = score(card.similar_tested, card.similar_failed)
    of_count = card.count_is_unusual and card.dimension == ALL
    flags = ((card.score_is_unusual, "score"), (of_count, "number of records"))
    unusual = " and ".join(what for is_unusual, what in flags if is_unusual)
    told = f"{unusual} changed more than usual (ST02)" if unusual else ""
    return percent(now), f"{card.tested:,}", percent(last), change, percent(similar), told


def _by_year(report: Report, agency: Agency) -> Sheet:
    years = report.years[-(SHOWN + 1) :]
    families = sorted({card.family for card in agency.cards})
    return Sheet(
        "Score over the years",
        ("family", *(year if year <= report.year else f"{year} so far" for year in years)),
        [
            (_words(family), *(percent(score(*agency.totals(family=family, year=year))) for year in years))
            for family in families
        ]
        or [(NOTHING, *[""] * len(years))],
    )


def _by_run(over_time: Sequence[Any]) -> Sheet:
    return Sheet(
        "Score over the latest runs, all records together",
        ("run", "at (UTC)", "records", "score"),
        [
            (one.run, f"{one.started_at:%d %B %Y %H:%M}", f"{one.tested:,}", percent(score(one.tested, one.failed)))
            for one in over_time
        ],
    )


def _own_reasons(report: Report, agency: Agency) -> Iterator[Sheet]:
    """How a council's reasons were answered, in the year."""
    owed = _owed(row for row in report.reasons if row.source_agency == agency.code and row.year == report.year)
    if owed:
        yield Sheet(
            f"Whether reasons are there, {report.year}",
            ("reason", "there", "owed", *ANSWERS.values()),
            [(REASONS[reason], *_answered(owed[reason])) for reason in REASONS],
            "Only the council responsible owes a reason. A refusal, a question not asked and a reason not known yet "
            "are answers, kept apart from a reason that is plainly missing; none of them is a reason that is there.",
        )


def _answered(counts: Counter[str]) -> tuple[str, ...]:
    return _share(counts), f"{counts.total():,}", *(f"{counts[answer]:,}" for answer in ANSWERS)


def _share(counts: Counter[str]) -> str:
    return f"{counts[GIVEN] / counts.total() * 100:.1f}%" if counts.total() else "none owed"


def _owed(rows: Any) -> dict[str, Counter[str]]:
    """Answers by reason, without those that do not apply."""
    owed: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row.answer != NOT_OWED:
            owed[row.reason][row.answer] += row.answers
    return owed


def _reasons_by_council(report: Report) -> Sheet:
    """All 32: a council that has posted no care episode is never a 0."""
    submitted = {row.source_agency for row in report.reasons} & set(councils())
    rows = [row for row in report.reasons if row.year == report.year]
    scotland = f"{SCOTLAND_NAME} ({len(submitted)} of {len(councils())} councils submitted)"
    held = {code: _owed(row for row in rows if row.source_agency == code) for code in councils()}
    lines = [_council(name, held[code], code in submitted) for code, name in councils().items()]
    return Sheet(
        f"Whether the reasons for entering care and for each change are there, {report.year}",
        ("council", "all", *REASONS.values(), "owed", *list(ANSWERS.values())[1:]),
        [_council(scotland, _owed(rows), True), *lines],
        "The share of reasons owed that are there. Only the council responsible owes a reason.",
        [_length(owed) for owed in (_owed(rows), *held.values())],
        charted=1,
    )


def _council(name: str, owed: Mapping[str, Counter[str]], has_submitted: bool) -> tuple[str, ...]:
    if not has_submitted:
        return (name, NOT_SUBMITTED, *[""] * (len(REASONS) + len(ANSWERS)))
    every = sum(owed.values(), Counter[str]())
    _, total, _, *others = _answered(every)
    return name, _share(every), *(_share(owed.get(reason, Counter())) for reason in REASONS), total, *others


def _length(owed: Mapping[str, Counter[str]]) -> float:
    every = sum(owed.values(), Counter[str]())
    return every[GIVEN] / every.total() if every.total() else 0


def _agencies(report: Report) -> Sheet:
    return Sheet(
        "Agencies, the most children with something to put right first",
        ("agency", "errors", "queries", "children", f"records {report.year}", f"score {report.year}", "all years"),
        [_agency(report, one) for one in sorted(report.agencies.values(), key=lambda one: (-one.children, one.code))],
        DEFINITION,
    )


def _agency(report: Report, agency: Agency) -> tuple[Any, ...]:
    year, ever = agency.totals(year=report.year), agency.totals()
    counts = (f"{count:,}" for count in (agency.errors, agency.queries, agency.children, year[0]))
    return Link(agency.name, f"{agency.code}/{PAGE}"), *counts, percent(score(*year)), percent(score(*ever))


def _words(name: str) -> str:
    return name.replace("_", " ")
