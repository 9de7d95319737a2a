"""The calibration report as one page of HTML: a table with a bar for each figure, and nothing loaded from outside."""

from collections.abc import Sequence
from html import escape

from seed.figures import Item
from seed.generate import NOTICE

BAR_WIDTH, BAR_HEIGHT, MOST = 160, 9, 2.0
"""A published figure is half the width; one twice as large, or more, fills it."""


def page(items: Sequence[Item]) -> str:
    """The report as a page that can be opened from a file."""
    near = sum(item.is_near for item in items)
    verified = [item for item in items if item.is_verified]
    others = [item for item in items if not item.is_verified]
    return HEAD + "\n".join(
        [
            f"<p class='notice'>{escape(NOTICE)}</p>",
            "<h1>A made-up Scotland beside the published figures</h1>",
            f"<p>{near} of {len(items)} figures are within 5% of what was published. {HOW_TO_READ}</p>",
            _table("Published figures", verified),
            _table("Figures from memory or suggested, not verified", others),
            "</main></html>\n",
        ]
    )


def _table(caption: str, items: Sequence[Item]) -> str:
    heads = "".join(f"<th scope='col'>{name}</th>" for name in COLUMNS)
    rows = "\n".join(_row(item) for item in items)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead>\n<tbody>{rows}</tbody></table>"


COLUMNS = ("Figure", "Made up", "Published", "Off by", "Made up against published", "Note", "Source")


def _row(item: Item) -> str:
    off = "not known" if item.off is None else f"{item.off:+.1%}"
    label = f"{escape(item.label)}<br><small>{escape(item.unit)}</small>"
    source = escape(f"{item.source}{f' ({item.as_of})' if item.as_of else ''}")
    cells = (_number(item.made_up), _number(item.published), off)
    figures = "".join(f"<td class='number'>{cell}</td>" for cell in cells)
    state = "near" if item.is_near else "off"
    return (
        f"<tr class='{state}'><th scope='row'>{label}</th>{figures}"
        f"<td>{_bar(item)}</td><td>{escape(item.note)}</td><td><small>{source}</small></td></tr>"
    )


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"


def _bar(item: Item) -> str:
    """The made-up figure as a bar; the line in the middle is the published one."""
    share = 0.0 if item.made_up is None else min(item.made_up / item.published, MOST) / MOST
    middle, height = BAR_WIDTH // 2, BAR_HEIGHT + 4
    told = escape(f"made up {_number(item.made_up)}, published {_number(item.published)}", quote=True)
    return (
        f"<svg role='img' aria-label='{told}' width='{BAR_WIDTH}' height='{height}'>"
        f"<rect x='0' y='2' width='{share * BAR_WIDTH:.1f}' height='{BAR_HEIGHT}'/>"
        f"<line x1='{middle}' x2='{middle}' y1='0' y2='{height}'/></svg>"
    )


HOW_TO_READ = (
    "The line in the middle of each bar is the published figure. Stock is counted on 31 July 2025, what happens"
    " in a year from 1 August 2024; published figures keep their own dates. A note says why a figure is off."
)
HEAD = """<!doctype html>
<html lang="en-GB">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>MADE-UP DATA: calibration</title>
<style>
body { margin: 0; color: #1b1b1b; background: #fff; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 75rem; margin: 0 auto; padding: 1rem; }
.notice { padding: .5rem 1rem; color: #fff; background: #7a1f1f; font-weight: bold; }
table { width: 100%; margin: 2rem 0; border-collapse: collapse; }
caption { padding: .5rem 0; font-weight: bold; font-size: 1.2rem; text-align: left; }
th, td { padding: .35rem .5rem; border-bottom: 1px solid #ccc; text-align: left; font-weight: normal; }
thead th { font-weight: bold; }
.number { text-align: right; white-space: nowrap; }
small { color: #555; }
rect { fill: #1d5f8a; }
.off rect { fill: #a8530f; }
line { stroke: #1b1b1b; stroke-width: 2; }
</style>
<main>
"""
