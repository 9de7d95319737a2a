"""Measures as one page of HTML that stands alone: tables, and charts drawn in it; nothing is loaded from outside."""

from collections.abc import Sequence
from datetime import datetime
from html import escape

from quality import page as pages
from quality.page import MADE_UP
from services.measures.reading import Told
from services.measures.sheets import MADE_UP_RATES, NOT_FOR_PUBLICATION, sheets


def page(told: Sequence[Told], release_id: str, as_at: datetime, synthetic: bool) -> str:
    """The whole page."""
    sections = "\n".join(_section(one, synthetic) for one in told)
    body = f"""\
<p>Release {escape(release_id)}, as at {as_at:%d %B %Y %H:%M} UTC. Years run from 1 August to 31 July.
A council that did not submit is never a 0. {escape(NOT_FOR_PUBLICATION)}</p>
<ul>{"".join(f'<li><a href="#{one.measure.name}">{escape(one.measure.title)}</a></li>' for one in told)}</ul>
{sections}"""
    return pages.page("Headline measures", body, f"{MADE_UP} {MADE_UP_RATES}" if synthetic else "")


def _section(told: Told, synthetic: bool) -> str:
    measure = told.measure
    mark = " (made-up data)" if synthetic else ""
    shown = "\n".join(pages.shown(sheet, mark) for sheet in sheets(told, synthetic))
    return f'<section id="{measure.name}"><h2>{escape(measure.title)}</h2>\n{shown}\n</section>'
