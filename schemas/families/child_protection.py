"""child_protection: one child's protection process, from the concern to its end."""

from typing import Annotated

from pydantic import Field

from schemas.fields import Agency, ChildRef, Code, Instant, ItemId, OnDate, OtherText, ReferralRef, Text
from schemas.record import MOST_ITEMS, Family, Item, Record


class InterAgencyReferralDiscussion(Item):
    """An inter-agency referral discussion (IRD)."""

    id: ItemId
    """The source's own id of the discussion."""
    started_at: Instant
    """When it started."""
    ended_at: Instant | None = None
    """When it was completed."""
    agencies: Annotated[list[Agency], Field(max_length=MOST_ITEMS)] = []
    """The agencies that took part."""
    decision: Annotated[str, Code("ird_decisions")] | None = None
    """What was decided."""


class Meeting(Item):
    """A child protection planning meeting or core group, due or held."""

    id: ItemId
    """The source's own id of the meeting."""
    type: Annotated[str, Code("meeting_types")]
    """The kind of meeting."""
    due_on: OnDate | None = None
    """When it was due."""
    held_on: OnDate | None = None
    """When it was held."""
    quorate: bool | None = None
    """Whether enough agencies were there."""
    outcome: Annotated[str, Code("meeting_outcomes")] | None = None
    """What was decided."""
    record_sent_on: OnDate | None = None
    """When the record went to the participants."""
    late_reason: Annotated[str, Code("late_reasons")] | None = None
    """Why it was late."""
    late_reason_text: OtherText = None
    """That reason in words, where the code is "other"."""
    child_took_part: Annotated[str, Code("participation")] | None = None
    """How the child took part."""


class ChildProtection(Record):
    """One child's protection process, from the concern to the end of registration or of enquiry."""

    child: ChildRef
    """The child, born or unborn."""
    authority: Annotated[str, Code("local_authorities")]
    """The council responsible for the process."""
    concern_on: OnDate
    """When the concern was notified."""
    referral: ReferralRef | None = None
    """The referral that raised it."""
    irds: Annotated[list[InterAgencyReferralDiscussion], Field(max_length=MOST_ITEMS)] = []
    """The inter-agency referral discussions."""
    investigation_started_on: OnDate | None = None
    """When the investigation started."""
    investigation_ended_on: OnDate | None = None
    """When the investigation ended."""
    meetings: Annotated[list[Meeting], Field(max_length=MOST_ITEMS)] = []
    """The planning meetings and core groups."""
    registered_on: OnDate | None = None
    """When the child's name was put on the child protection register."""
    concerns: Annotated[list[Annotated[str, Code("protection_concerns")]], Field(max_length=MOST_ITEMS)] = []
    """The concerns, several to a child."""
    deregistered_on: OnDate | None = None
    """When the child's name was taken off the register."""
    deregistration_reason: Annotated[str, Code("deregistration_reasons")] | None = None
    """Why it was taken off."""
    deregistration_reason_text: OtherText = None
    """That reason in words, where the code is "other"."""
    child_view: Text = None
    """What the child thinks and wants."""
    child_view_method: Annotated[str, Code("child_view_methods")] | None = None
    """How the child's view was given."""
    family_view: Text = None
    """What the family thinks and wants."""
    ended_on: OnDate | None = None
    """When the process ended: deregistration, or the end of enquiry without registration."""


FAMILY = Family(
    "child_protection",
    ChildProtection,
    "one child's protection process, from the concern to the end of registration or of enquiry",
)
