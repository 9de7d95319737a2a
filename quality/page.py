"""Pages of HTML that stand alone, with tables and bars: they load nothing, so they can be mailed, printed and kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

MADE_UP = "MADE-UP DATA: no person in it exists."
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
WIDTH, BAR, LABEL, NUMBER = 760, 22, 300, 70
"""Of a chart, in pixels: its whole width, a bar's height with its gap, and the space for labels and numbers."""
LONGEST_LABEL = 44
VALUE = "value"
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1b1b; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums }
caption { text-align: left; font-weight: 600; padding: 1rem 0 .5rem }
th, td { text-align: left; vertical-align: top; padding: .25rem .5rem; border-bottom: 1px solid #d0d0d0 }
tbody th { font-weight: normal }
a:focus-visible, summary:focus-visible { outline: 3px solid #1d5f8a; outline-offset: 2px }
pre { white-space: pre-wrap; background: #f3f3f3; padding: .5rem 1rem }
.made-up { background: #8f1414; color: #fff; padding: .5rem 1rem; font-weight: 600 }
.definition { color: #444; font-size: .875rem }
svg { max-width: 100%; height: auto } svg rect { fill: #1d5f8a } svg text { font: 13px system-ui, sans-serif }
details summary { cursor: pointer; padding: .5rem 0 }
@media print {
  body { max-width: none; margin: 0; font-size: 11pt }
  thead { display: table-header-group } tr, svg { break-inside: avoid } h2 { break-after: avoid }
  .made-up, svg rect { print-color-adjust: exact }
}
"""


@dataclass(frozen=True)
class Link:
    """A cell that leads to another page."""

    text: str
    address: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Sheet:
    """One table: `shares` says how long each row's bar is, 0 to 1, or is empty where bars would not help."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    caption: str = ""
    shares: Sequence[float] = ()
    charted: int = 0
    """The place of the column that the bars are of."""

    @property
    def drawn(self) -> str:
        """What a chart of it shows: the table's title, with the year where the table has several."""
        year = self.columns[self.charted]
        return self.title if year == VALUE else f"{self.title}, {year}"


def page(title: str, body: str, made_up: str = "") -> str:
    """A whole page: its title, and `body` in HTML; `made_up` is what it says at its head and foot of made-up data."""
    banner = f'<p class="made-up">{escape(made_up)}</p>' if made_up else ""
    return f"""<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>{"MADE-UP DATA: " if made_up else ""}{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
{banner}
<main>
<h1>{escape(title)}</h1>
{body}
</main>
{banner}
</body>
</html>
"""


def shown(sheet: Sheet, mark: str = "") -> str:
    """A table with its chart above and its definition below; `mark` is added to what both are called."""
    drawn = chart(sheet, mark) if sheet.shares else ""
    definition = f'<p class="definition">{escape(sheet.caption)}</p>' if sheet.caption else ""
    caption = f"<caption>{escape(sheet.title + mark)}</caption>"
    head = "".join(f'<th scope="col">{escape(str(column))}</th>' for column in sheet.columns)
    body = "\n".join(_rows(sheet))
    return f"{drawn}\n<table>{caption}<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>\n{definition}"


def _rows(sheet: Sheet) -> Iterator[str]:
    """Each row, its first cell as its heading."""
    for first, *others in sheet.rows:
        cells = "".join(f"<td>{_cell(cell)}</td>" for cell in others)
        yield f'<tr><th scope="row">{_cell(first)}</th>{cells}</tr>'


def _cell(cell: Any) -> str:
    if isinstance(cell, Link):
        return f'<a href="{escape(cell.address)}">{escape(cell.text)}</a>'
    return escape(str(cell))


def chart(sheet: Sheet, mark: str = "") -> str:
    """A bar chart of a sheet's charted column; the same numbers are in its table."""
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
