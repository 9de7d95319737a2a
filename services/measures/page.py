"""Measures as one page of HTML that stands alone: tables, and charts drawn in it; nothing is loaded from outside."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape

from services.measures.reading import Told
from services.measures.sheets import MADE_UP, MADE_UP_RATES, NOT_FOR_PUBLICATION, Sheet, sheets

WIDTH, BAR, LABEL, NUMBER = 760, 22, 300, 70
"""Of a chart, in pixels: its whole width, a bar's height with its gap, and the space for labels and numbers."""
LONGEST_LABEL = 44
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1b1b; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums }
caption { text-align: left; font-weight: 600; padding: 1rem 0 .5rem }
th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid #d0d0d0 }
.made-up { background: #8f1414; color: #fff; padding: .5rem 1rem; font-weight: 600 }
.definition { color: #444; font-size: .875rem }
svg { max-width: 100%; height: auto } svg rect { fill: #1d5f8a } svg text { font: 13px system-ui, sans-serif }
details summary { cursor: pointer; padding: .5rem 0 }
"""


def page(told: Sequence[Told], release_id: str, as_at: datetime, synthetic: bool) -> str:
    """The whole page."""
    banner = f'<p class="made-up">{escape(MADE_UP)} {escape(MADE_UP_RATES)}</p>' if synthetic else ""
    sections = "\n".join(_section(one, synthetic) for one in told)
    return f"""<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{"MADE-UP DATA: " if synthetic else ""}Headline measures</title>
<style>{STYLE}</style>
</head>
<body>
{banner}
<h1>Headline measures</h1>
<p>Release {escape(release_id)}, as at {as_at:%d %B %Y %H:%M} UTC. Years run from 1 August to 31 July.
A council that did not submit is never a 0. {escape(NOT_FOR_PUBLICATION)}</p>
<ul>{"".join(f'<li><a href="#{one.measure.name}">{escape(one.measure.title)}</a></li>' for one in told)}</ul>
{sections}
{banner}
</body>
</html>
"""


def _section(told: Told, synthetic: bool) -> str:
    measure = told.measure
    shown = "\n".join(_shown(sheet, synthetic) for sheet in sheets(told, synthetic))
    return f'<section id="{measure.name}"><h2>{escape(measure.title)}</h2>\n{shown}\n</section>'


def _shown(sheet: Sheet, synthetic: bool) -> str:
    """A table with its chart above and its definition below."""
    mark = " (made-up data)" if synthetic else ""
    drawn = chart(sheet, mark) if sheet.shares else ""
    definition = f'<p class="definition">{escape(sheet.caption)}</p>' if sheet.caption else ""
    table = f"<table><caption>{escape(sheet.title + mark)}</caption>{''.join(_rows(sheet))}</table>"
    return f"{drawn}\n{table}\n{definition}"


def _rows(sheet: Sheet) -> Iterator[str]:
    yield "<tr>" + "".join(f'<th scope="col">{escape(str(column))}</th>' for column in sheet.columns) + "</tr>\n"
    for row in sheet.rows:
        yield "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>\n"


def chart(sheet: Sheet, mark: str = "") -> str:
    """A bar chart of a sheet's latest values; the same numbers are in its table."""
    height = BAR * (len(sheet.rows) + 1)
    bars = "".join(
        _bar(place, str(row[0]), str(row[sheet.charted]), share)
        for place, (row, share) in enumerate(zip(sheet.rows, sheet.shares, strict=True), 1)
    )
    title = escape(sheet.drawn + mark)
    heading = f'<text x="0" y="15" font-weight="600">{title}</text>'
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}">{heading}{bars}</svg>'


def _bar(place: int, label: str, number: str, share: float) -> str:
    top, length = place * BAR, share * (WIDTH - LABEL - NUMBER)
    name = label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"
    return (
        f'<text x="0" y="{top + 15}">{escape(name)}</text>'
        f'<rect x="{LABEL}" y="{top + 3}" width="{length:.1f}" height="{BAR - 6}"/>'
        f'<text x="{LABEL + length + 6:.1f}" y="{top + 15}">{escape(number)}</text>'
    )
