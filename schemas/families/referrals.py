"""referrals: one child in one request for assistance or concern."""

from typing import Annotated

from pydantic import Field

from schemas.fields import (
    Agency,
    ChildRef,
    Code,
    Instant,
    OnDate,
    OtherText,
    ReferralRef,
    Release,
    Role,
    SourceId,
    Text,
)
from schemas.record import MOST_ITEMS, Family, Record

Reason = Annotated[str, Code("referral_reasons")]


class Referral(Record):
    """One child in one request for assistance or concern; a sibling group is a record for each child."""

    child: ChildRef
    """The child referred."""
    received_at: Instant
    """When the request reached the service it was made to."""
    contact_at: Instant | None = None
    """When somebody first made contact about the child."""
    screened_at: Instant | None = None
    """When the request was screened."""
    clock_start: Annotated[str, Code("clock_starts")]
    """Which of the three instants this service starts its clock at."""
    received_via: Annotated[str, Code("received_via")] | None = None
    """How the request came."""
    referral_source: Annotated[str, Code("referral_sources")]
    """Who asked."""
    asked_by_agency: Agency | None = None
    """The agency that asked, where it is one; while the referral is open, it takes part in helping the child."""
    source_reference: Annotated[str, Field(max_length=128), Release.DROP] | None = None
    """The asker's own reference, such as the number of a police concern report."""
    referred_to: Annotated[str, Code("referred_to")]
    """The service asked."""
    referred_to_agency: Agency | None = None
    """The agency asked; while the referral is open, it takes part in helping the child."""
    referral_group: Annotated[SourceId, Release.PSEUDONYM] | None = None
    """Shared by the records of brothers and sisters referred together."""
    primary_reason: Reason
    """The main reason for the request; a code for "not yet known" is allowed."""
    primary_reason_text: OtherText = None
    """The reason in words, where the code is "other"."""
    reasons: Annotated[list[Reason], Field(max_length=MOST_ITEMS)] = []
    """Further reasons."""
    reasons_text: OtherText = None
    """The further reason in words, where a code is "other"."""
    wellbeing_concerns: Annotated[list[Annotated[str, Code("wellbeing_indicators")]], Field(max_length=MOST_ITEMS)] = []
    """Wellbeing indicators of concern (SHANARRI)."""
    summary: Text = None
    """The request in a few sentences."""
    family_informed: bool | None = None
    """Whether the family was told of the request."""
    family_not_informed_reason: Annotated[str, Code("family_not_informed_reasons")] | None = None
    """Why the family was not told."""
    family_not_informed_reason_text: OtherText = None
    """That reason in words, where the code is "other"."""
    child_view: Text = None
    """What the child thinks and wants."""
    child_view_method: Annotated[str, Code("child_view_methods")] | None = None
    """How the child's view was given."""
    decision: Annotated[str, Code("referral_decisions")] | None = None
    """What was decided."""
    decided_at: Instant | None = None
    """When it was decided."""
    decided_by_role: Role | None = None
    """The role of who decided."""
    no_further_action_reason: Annotated[str, Code("no_further_action_reasons")] | None = None
    """Why nothing further was done."""
    no_further_action_reason_text: OtherText = None
    """That reason in words, where the code is "other"."""
    protection_threshold: Annotated[str, Code("protection_thresholds")] | None = None
    """Whether the threshold of child protection was met."""
    joined_to: ReferralRef | None = None
    """The open referral that this one was added to."""
    closed_on: OnDate | None = None
    """When the referral was closed."""


FAMILY = Family("referrals", Referral, "one child in one request for assistance or concern")
