"""care_episodes: one whole period of being looked after, with its placements and legal reasons.

A move is a new placement within the episode, never a new episode; several
legal reasons may run at once, so they are a timeline of their own. At home with
parents is a placement. What England calls an episode is nearer to a placement.
"""

from typing import Annotated

from pydantic import Field

from schemas.fields import (
    Carer,
    ChildRef,
    Code,
    ColumnName,
    DataZone,
    FieldClass,
    ItemId,
    OnDate,
    OtherText,
    Release,
    Role,
    SourceId,
    Text,
)
from schemas.looked_after_events import LookedAfterEvent, looked_after_events
from schemas.record import MOST_ITEMS, Derived, Family, Item, Record

Reason = Annotated[str, Code("care_reasons")]
Authority = Annotated[str, Code("local_authorities")]


class Placement(Item):
    """Where the child lived for a time, at home with parents included."""

    id: ItemId
    """The source's own id of the placement."""
    type: Annotated[str, Code("placement_types")]
    """The kind of placement."""
    foster_type: Annotated[str, Code("foster_types")] | None = None
    """The kind of foster placement."""
    kinship_relation: Annotated[str, Code("kinship_relations")] | None = None
    """What a kinship carer is to the child."""
    carer: Carer | None = None
    """The source's opaque id of the carer or home."""
    started_on: OnDate
    """When the child moved in."""
    ended_on: OnDate | None = None
    """When the child moved out."""
    change_reason: Annotated[str, Code("change_reasons")] | None = None
    """Why where the child is cared for changed; recorded on the placement that ended."""
    change_reason_text: OtherText = None
    """That reason in words, where the code is "other"."""
    is_planned: bool | None = None
    """Whether the move was planned, only where the reason does not settle it; looked_after_events has it for all."""
    decided_by_role: Role | None = None
    """The role of who decided on the move."""
    child_view: Text = None
    """What the child thinks of the move."""
    child_view_method: Annotated[str, Code("child_view_methods")] | None = None
    """How the child's view was given."""
    with_siblings: Annotated[str, Code("with_siblings")] | None = None
    """Whether the child lived with their brothers and sisters who are in care."""
    with_siblings_reason: Annotated[str, Code("siblings_apart_reasons")] | None = None
    """Why not with all of them."""
    with_siblings_reason_text: OtherText = None
    """That reason in words, where the code is "other"."""


class LegalReason(Item):
    """A power under which the child is looked after; several may be in force at once."""

    id: ItemId
    """The source's own id of the legal reason."""
    legal_reason: Annotated[str, Code("legal_reasons")]
    """The power."""
    started_on: OnDate
    """From when it was in force."""
    ended_on: OnDate | None = None
    """Until when it was in force."""
    change_reason: Annotated[str, Code("legal_change_reasons")] | None = None
    """Why it ended or gave way to another."""
    change_reason_text: OtherText = None
    """That reason in words, where the code is "other"."""
    measures: Annotated[list[Annotated[str, Code("cso_measures")]], Field(max_length=MOST_ITEMS)] = []
    """The measures of a compulsory supervision order."""
    named_placement: Annotated[SourceId, Release.PSEUDONYM, FieldClass.PLACE] | None = None
    """The id of the placement that the order names."""
    reviewed_on: Annotated[list[OnDate], Field(max_length=MOST_ITEMS)] = []
    """When the order was reviewed."""
    s25_basis: Annotated[str, Code("s25_bases")] | None = None
    """The basis of accommodation under section 25."""


class PermanenceStep(Item):
    """A step towards permanence."""

    step: Annotated[str, Code("permanence_steps")]
    """The step."""
    on: Annotated[OnDate, ColumnName("step_on")]
    """When it was taken."""


class CareReview(Item):
    """A looked-after review, only where the source holds no plan."""

    due_on: OnDate | None = None
    """When it was due."""
    held_on: OnDate | None = None
    """When it was held."""
    late_reason: Annotated[str, Code("late_reasons")] | None = None
    """Why it was late."""
    late_reason_text: OtherText = None
    """That reason in words, where the code is "other"."""
    child_took_part: Annotated[str, Code("participation")] | None = None
    """How the child took part."""


class CareEpisode(Record):
    """One whole period of being looked after, with its placements and legal reasons, each with why it changed."""

    child: ChildRef
    """The child looked after."""
    responsible_authority: Authority
    """The council responsible, wherever the child lives."""
    started_on: OnDate
    """When the child began to be looked after."""
    primary_reason: Reason
    """The main reason the child came into care; a code for "not yet known" is allowed."""
    primary_reason_text: OtherText = None
    """That reason in words, where the code is "other"."""
    contributory_reasons: Annotated[list[Reason], Field(max_length=5)] = []
    """Up to five further reasons."""
    contributory_reasons_text: OtherText = None
    """The further reason in words, where a code is "other"."""
    route: Annotated[str, Code("care_routes")]
    """How the decision was made."""
    decided_by_role: Role | None = None
    """The role of who decided."""
    child_view: Text = None
    """What the child thinks and wants."""
    child_view_method: Annotated[str, Code("child_view_methods")] | None = None
    """How the child's view was given."""
    home_data_zone: DataZone | None = None
    """2011 data zone of home when the episode started, never of a placement."""
    short_breaks: bool | None = None
    """Whether this is a planned series of short breaks, counted apart."""
    transferred_from: Authority | None = None
    """The authority that responsibility came from."""
    transferred_to: Authority | None = None
    """The authority that responsibility went to."""
    ended_on: OnDate | None = None
    """When the child ceased to be looked after."""
    end_reason: Annotated[str, Code("end_reasons")] | None = None
    """Why the episode ended."""
    end_reason_text: OtherText = None
    """That reason in words, where the code is "other"."""
    destination: Annotated[str, Code("destinations")] | None = None
    """Where the child went to live."""
    permanence: Annotated[list[PermanenceStep], Field(max_length=MOST_ITEMS)] = []
    """Steps towards permanence."""
    placements: Annotated[list[Placement], Field(min_length=1, max_length=MOST_ITEMS)]
    """Where the child lived, in order."""
    legal_reasons: Annotated[list[LegalReason], Field(min_length=1, max_length=MOST_ITEMS)]
    """The powers under which the child was looked after."""
    reviews: Annotated[list[CareReview], Field(max_length=MOST_ITEMS)] = []
    """Looked-after reviews, only where the source holds no plan."""


FAMILY = Family(
    "care_episodes",
    CareEpisode,
    "one whole period of being looked after, with its placements and legal reasons",
    derived=(Derived("looked_after_events", LookedAfterEvent, looked_after_events),),
)
