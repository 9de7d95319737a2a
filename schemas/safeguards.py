"""What is posted about the safeguards of a child's records: why glass was broken, and what officers make of it."""

from typing import Annotated

from pydantic import StringConstraints

from schemas.fields import Code, Release, Text
from schemas.record import Item

SHORTEST_REASON = 8


class BreakGlassBody(Item):
    """Why a worker must see a child's records at once, though nothing else allows it."""

    reason: Annotated[str, StringConstraints(min_length=SHORTEST_REASON, max_length=4000, pattern=r"\S"), Release.DROP]
    """The reason, in words; the officers of the agencies concerned read it."""


class ReviewBody(Item):
    """What an officer makes of a notice."""

    state: Annotated[str, Code("notice_states")]
    """How the review stands."""
    note: Text = None
    """What was found, in words."""
