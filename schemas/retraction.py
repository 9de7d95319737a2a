"""A retraction: that a source takes a record back, and why."""

from typing import Annotated

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from schemas.codelists import code_list
from schemas.fields import Code, Instant, SourceId, Text
from schemas.record import Item


class RetractionBody(Item):
    """A retraction as it is posted."""

    reason: Annotated[str, Code("retraction_reasons")]
    """Why the record is taken back."""
    note: Text = None
    """What happened, in words; kept as evidence, never published."""
    recorded_at: Instant | None = None
    """When the source recorded it; when it is received, where absent."""
    replaced_by: SourceId | None = None
    """For a merge, the source_id that took this one's place; what refers to this one follows it."""

    @model_validator(mode="after")
    def a_merge_names_what_it_merged_into(self) -> "RetractionBody":
        merges = self.reason in code_list("retraction_reasons").flagged("needs_replacement")
        if merges != (self.replaced_by is not None):
            raise PydanticCustomError("replacement", "a merge, and nothing else, names replaced_by")
        return self
