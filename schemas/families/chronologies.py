"""chronologies: one entry: a fact, what was done about it, what it means for the child."""

from typing import Annotated

from pydantic import Field, model_validator

from schemas.codelists import code_list
from schemas.fields import (
    ChildRef,
    ChronologyRef,
    Code,
    OfOthers,
    OnDate,
    OtherText,
    Release,
    RequiredText,
    Role,
    SourceId,
    Text,
)
from schemas.record import MOST_ITEMS, Family, Item, Record

Person = Annotated[str, Code("people"), OfOthers.SAYS]


class DrawsOn(Item):
    """An entry of a single agency's chronology that this entry draws on."""

    source: Annotated[str, Field(max_length=64)]
    """The source that holds it."""
    source_id: Annotated[SourceId, Release.DROP]
    """That source's own id of it."""


class Entry(Record):
    """One chronology entry: a fact, what was done about it (or why nothing), what it means for the child."""

    child: ChildRef
    """The child whose chronology it is."""
    recorded_by_role: Role
    """The role of the person who recorded it."""
    happened_on: OnDate
    """When it happened, or began."""
    precision: Annotated[str, Code("precisions")] = "day"
    """How exactly the date is known."""
    ended_on: OnDate | None = None
    """When it ended."""
    event_type: Annotated[str, Code("event_types")]
    """What kind of event it was."""
    event_type_text: OtherText = None
    """The kind in words, where the code is "other"."""
    description: RequiredText
    """The fact, briefly: no opinion, no analysis."""
    people: Annotated[list[Person], Field(max_length=MOST_ITEMS)] = []
    """Whom it concerns."""
    significance: Annotated[str, Code("significances")] | None = None
    """What it means for the child."""
    impact: Text = None
    """How it affected the child."""
    action_taken: Text = None
    """What was done about it."""
    no_action_reason: Text = None
    """Why nothing was done."""
    outcome: Text = None
    """What came of it."""
    child_view: Text = None
    """What the child says of it."""
    child_view_method: Annotated[str, Code("child_view_methods")] | None = None
    """How the child's view was given."""
    family_view: Text = None
    """What the family says of it."""
    third_party: bool | None = None
    """Whether it speaks of others; true by default where `people` holds anyone but the child."""
    disputed: bool | None = None
    """Whether the child or the family disputes it."""
    corrects: ChronologyRef | None = None
    """The entry that this one corrects; that one stays as it was."""
    draws_on: Annotated[list[DrawsOn], Field(max_length=MOST_ITEMS)] = []
    """The single-agency entries that a multi-agency entry rests on."""
    contributed_at_meeting_on: OnDate | None = None
    """The meeting at which it was contributed."""

    @model_validator(mode="after")
    def others_make_it_third_party(self) -> "Entry":
        if self.third_party is None:
            self.third_party = not code_list("people").flagged("is_third_party").isdisjoint(self.people)
        return self


FAMILY = Family("chronologies", Entry, "one entry: a fact, what was done about it, what it means for the child")
