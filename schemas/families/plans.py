"""plans: one child's plan with its partners, needs, actions and reviews."""

from typing import Annotated

from pydantic import Field

from schemas.fields import (
    Agency,
    AssessmentRef,
    CareEpisodeRef,
    ChildRef,
    Code,
    Contact,
    FieldClass,
    OnDate,
    OtherText,
    PlanRef,
    ReferralRef,
    Release,
    RequiredText,
    Role,
    Text,
    Worker,
)
from schemas.record import MOST_ITEMS, Family, Item, Record

PlanType = Annotated[str, Code("plan_types")]


class LeadProfessional(Item):
    """Who coordinates the plan."""

    worker: Worker | None = None
    """The source's opaque id of the worker."""
    role: Role | None = None
    """The worker's role."""
    agency: Agency | None = None
    """The worker's agency."""
    contact: Contact | None = None
    """How to reach them."""
    from_on: OnDate | None = None
    """Since when."""


class NamedPerson(Item):
    """The universal service's point of contact, offered to the family, never imposed."""

    role: Role | None = None
    """Their role."""
    agency: Agency | None = None
    """Their agency."""
    contact: Contact | None = None
    """How to reach them."""


class Partner(Item):
    """An agency that takes part in the plan."""

    agency: Agency
    """The agency."""
    role: Role | None = None
    """The role of its worker."""
    worker: Worker | None = None
    """The source's opaque id of the worker."""
    was_lead: bool | None = None
    """Whether this partner was lead professional in that time."""
    from_on: OnDate | None = None
    """Since when."""
    to_on: OnDate | None = None
    """Until when."""
    contact: Contact | None = None
    """How to reach them."""


class PlanNeed(Item):
    """A wellbeing need that the plan answers."""

    indicator: Annotated[str, Code("wellbeing_indicators")]
    """The wellbeing indicator (SHANARRI)."""
    description: Text = None
    """The need in words."""


class Action(Item):
    """Something somebody is to do."""

    action: RequiredText
    """What is to be done."""
    outcome_wanted: Text = None
    """What it should change for the child."""
    owner_agency: Agency | None = None
    """The agency that is to do it."""
    owner_role: Role | None = None
    """The role that is to do it."""
    due_on: OnDate | None = None
    """By when."""
    status: Annotated[str, Code("action_statuses")] | None = None
    """How it stands."""
    done_on: OnDate | None = None
    """When it was done."""


class PlanReview(Item):
    """A review of the plan, due or held."""

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
    outcome: Annotated[str, Code("review_outcomes")] | None = None
    """What the review decided."""


class Transition(Item):
    """The move to adult services."""

    adult_service: Annotated[str, Field(max_length=200), Release.DROP, FieldClass.PLACE] | None = None
    """The adult service."""
    referred_on: OnDate | None = None
    """When the young person was referred to it."""
    accepted_on: OnDate | None = None
    """When it accepted."""
    started_on: OnDate | None = None
    """When it started."""


class Plan(Record):
    """One child's plan with its partners, needs, actions and reviews."""

    child: ChildRef
    """The child whose plan it is."""
    plan_type: PlanType
    """The main duty that the plan answers."""
    also_serves: Annotated[list[PlanType], Field(max_length=MOST_ITEMS)] = []
    """Other duties that the same plan answers."""
    started_on: OnDate
    """When work on the plan started."""
    agreed_on: OnDate | None = None
    """When it was agreed."""
    reason: RequiredText
    """Why the plan was made."""
    referral: ReferralRef | None = None
    """The referral that led to it."""
    assessment: AssessmentRef | None = None
    """The assessment that it rests on."""
    care_episode: CareEpisodeRef | None = None
    """The care episode that it belongs to."""
    lead_professional: LeadProfessional | None = None
    """Who coordinates the plan."""
    named_person: NamedPerson | None = None
    """The named person, where the family has taken up the offer."""
    partners: Annotated[list[Partner], Field(max_length=MOST_ITEMS)] = []
    """The agencies that take part."""
    needs: Annotated[list[PlanNeed], Field(max_length=MOST_ITEMS)] = []
    """The needs that the plan answers."""
    actions: Annotated[list[Action], Field(max_length=MOST_ITEMS)] = []
    """What is to be done, by whom, by when."""
    review_every_months: Annotated[int, Field(ge=1, le=60)] | None = None
    """How often the plan is reviewed, in months, as agreed."""
    reviews: Annotated[list[PlanReview], Field(max_length=MOST_ITEMS)] = []
    """The plan's reviews."""
    consent: Annotated[str, Code("plan_consents")] | None = None
    """The family's acceptance of the plan; never a basis for sharing."""
    child_view: Text = None
    """What the child thinks and wants."""
    child_view_method: Annotated[str, Code("child_view_methods")] | None = None
    """How the child's view was given."""
    family_view: Text = None
    """What the family thinks and wants."""
    advocacy: Annotated[str, Code("advocacy_uses")] | None = None
    """Whether an advocacy worker was offered and used."""
    transition: Transition | None = None
    """The move to adult services, where it has begun."""
    supersedes: PlanRef | None = None
    """The plan that this one takes the place of."""
    ended_on: OnDate | None = None
    """When the plan ended."""
    end_reason: Annotated[str, Code("plan_end_reasons")] | None = None
    """Why it ended."""
    end_reason_text: OtherText = None
    """That reason in words, where the code is "other"."""


FAMILY = Family("plans", Plan, "one child's plan with its partners, needs, actions and reviews")
