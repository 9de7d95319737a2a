"""What is posted about the safeguards of a child's records: glass broken, officers' reviews, decisions on sharing."""

from typing import Annotated

from pydantic import StringConstraints

from schemas.fields import Agency, Code, Release, RequiredText, Role, Text
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


class SharingDecisionBody(Item):
    """What was shared about a child, or was decided not to be; GIRFEC practice wants both on record."""

    is_shared: bool
    """Whether it was shared."""
    shared_with: Agency
    """The agency it was shared with, or kept from."""
    shared_with_role: Role | None = None
    """The role of who received it there."""
    what: RequiredText
    """What it is, in words."""
    reason: RequiredText
    """Why it was shared, or why not."""
    lawful_basis: Annotated[str, Code("lawful_bases")] | None = None
    """The lawful basis of sharing it; needed where it was shared."""
    consent: Annotated[str, Code("sharing_consents")]
    """Whether the family was asked to agree; they are not where another basis will be used anyway."""
