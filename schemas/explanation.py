"""What people say of a finding: why it stands as it is, for a time."""

from typing import Annotated

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from schemas.codelists import code_list
from schemas.fields import Code, OnDate, SourceId, Text
from schemas.record import Item


class Reasoned(Item):
    """A reason of a list, with words where the list asks for them."""

    note: Text = None
    """More about it, in words; never published, never in a log."""

    @model_validator(mode="after")
    def a_reason_that_says_little_has_words(self) -> "Reasoned":
        for name, field in type(self).model_fields.items():
            lists = (said.codelist for said in field.metadata if isinstance(said, Code))
            wants = any(getattr(self, name) in code_list(found).flagged("needs_text") for found in lists)
            if wants and self.note is None:
                raise PydanticCustomError("note-missing", "this reason wants a note")
        return self


class ExplanationBody(Reasoned):
    """Why a finding stands as it is."""

    reason: Annotated[str, Code("explanation_reasons")]
    """Why, as a code."""
    expires_on: OnDate | None = None
    """The last day that the explanation holds; a year from now where absent."""
    worker: SourceId | None = None
    """Who says so: an opaque id, never a name."""
