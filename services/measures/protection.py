"""Child protection: planning meetings held in time, what became of them, and registrations."""

import csv
from datetime import date

import ibis
from ibis.expr.types import Table

from services.measures.areas import CHILDREN_MID_2022, REFERENCE
from services.measures.breakdowns import IN_ALL, Breakdown
from services.measures.facts import counted_if, facts
from services.measures.measure import Measure, Unit
from services.measures.released import Released, child_of, held_by_responsible
from services.measures.years import year_of

FAMILIES = ("child_protection",)
TIMESCALES = "timescales.csv"
RESPONSIBLE = "processes held by another council than the one responsible"
FIRST_MEETINGS = Breakdown("kind of meeting", "meeting_types", IN_ALL)


def processes(released: Released) -> Table:
    """Protection processes held by the council responsible, with `child`."""
    held = held_by_responsible(released.table("child_protection"), "authority")
    return held.mutate(child=child_of(held))


def _meetings(released: Released) -> Table:
    """Initial and pre-birth planning meetings that were held, with their process."""
    meetings = released.table("child_protection_meetings")
    kinds = [released.flagged("meeting_types", flag) for flag in ("is_initial", "is_pre_birth")]
    first = meetings.filter(meetings.held_on.notnull(), meetings.type.isin(kinds[0]) | meetings.type.isin(kinds[1]))
    return first.select("record_id", "position", "type", "held_on", "outcome").join(processes(released), "record_id")


def _in_time(released: Released) -> Table:
    """The first meeting of its kind in each process; counted where no later than the limit after the concern."""
    meetings = _meetings(released)
    first = meetings.group_by("record_id", "source_agency", "type", "concern_on").agg(held_on=meetings.held_on.min())
    days = first.held_on.delta(first.concern_on, unit="day")
    in_time = counted_if(days <= days_in_force("planning_meeting", first.concern_on))
    return facts(
        first, year=year_of(first.held_on), key=first.record_id + "/" + first.type, group=first.type, category=in_time
    )


def days_in_force(timescale: str, on: ibis.Value) -> ibis.Value:
    """How many days the guidance in force on a day allowed (reference/timescales.csv); empty before any."""
    with (REFERENCE / TIMESCALES).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["timescale"] == timescale]
    newest = sorted(rows, key=lambda row: row["starts_on"], reverse=True)
    return ibis.cases(*((on >= date.fromisoformat(row["starts_on"]), int(row["days"])) for row in newest))


def _converted(released: Released) -> Table:
    meetings = _meetings(released)
    adjourned = meetings.outcome.isin(released.flagged("meeting_outcomes", "is_reconvened"))
    met = meetings.filter(~adjourned.fill_null(False))
    registered = counted_if(met.outcome.isin(released.flagged("meeting_outcomes", "registers")))
    key = met.record_id + "/" + met.position.cast("string")
    return facts(met, year=year_of(met.held_on), key=key, group=met.type, category=registered)


def _registered(released: Released) -> Table:
    held = processes(released)
    put_on = held.filter(held.registered_on.notnull())
    return facts(put_on, year=year_of(put_on.registered_on), key=put_on.record_id)


MEASURES = (
    Measure(
        name="planning_meetings_in_time",
        title="Child protection planning meetings held in time",
        sentence="Of 100 first planning meetings held, how many were within the timescale in force.",
        numerator="those held within 28 calendar days of the concern; 21 for a concern before 1 September 2021",
        denominator="first initial and first pre-birth meeting of each protection process, by the year held",
        exclusions=(
            RESPONSIBLE,
            "review and transfer meetings and core groups",
            "meetings not held: a limit missed shows when the meeting is held",
            "the limit of 28 weeks' gestation for a pre-birth meeting, which a release cannot tell",
        ),
        unit=Unit.PER_CENT,
        families=FAMILIES,
        facts=_in_time,
        groups=FIRST_MEETINGS,
    ),
    Measure(
        name="conversion",
        title="Planning meetings that led to registration",
        sentence="Of 100 initial and pre-birth planning meetings, how many put the child's name on the register.",
        numerator="those whose outcome is registration",
        denominator="initial and pre-birth planning meetings held in the year, a child at a meeting counted once",
        exclusions=(RESPONSIBLE, "meetings adjourned to be held again", "review and transfer meetings"),
        unit=Unit.PER_CENT,
        families=FAMILIES,
        facts=_converted,
        groups=FIRST_MEETINGS,
    ),
    Measure(
        name="registrations",
        title="Registrations on the child protection register",
        sentence="Children put on the child protection register in the year, for every 1,000 children.",
        numerator="registrations in the year, unborn children among them; a child registered twice counts twice",
        denominator="children aged 0-17 who live in the council area (before 2022-23 published rates were of 0-15)",
        exclusions=(RESPONSIBLE,),
        unit=Unit.PER_THOUSAND,
        families=FAMILIES,
        facts=_registered,
        population=CHILDREN_MID_2022,
    ),
)
