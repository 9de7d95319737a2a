"""What people say when they vouch for what was sent, and when they no longer do."""

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.explanation import Reasoned
from schemas.fields import Code, OnDate, SourceId
from schemas.record import Item
from schemas.registry import BY_NAME

FamilyName = Annotated[str, StringConstraints(pattern=f"^({'|'.join(BY_NAME)})$")]


class SignOffBody(Item):
    """That an agency vouches for what it has sent: prepared by one person, for another to sign."""

    families: Annotated[list[FamilyName], Field(min_length=1, max_length=len(BY_NAME))]
    """The record families, by name."""
    covers_from: OnDate
    """The first day of the period that it covers."""
    covers_to: OnDate
    """The last day of the period that it covers; none that is still to come."""
    worker: SourceId
    """Who prepared it: an opaque id, never a name."""


class SignatureBody(Item):
    """That a second person signs."""

    worker: SourceId
    """Who signs: an opaque id, never a name, and not that of who prepared it."""


class ReopeningBody(Reasoned):
    """Why what was signed is open again."""

    reason: Annotated[str, Code("reopening_reasons")]
    """Why, as a code."""
    worker: SourceId
    """Who reopens it: an opaque id, never a name."""
