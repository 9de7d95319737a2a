"""Rules of referrals: one child in one request for assistance or concern."""

from functools import partial

from quality.rule import Dimension, Query, Row, Rule, Severity, Shape
from quality.rules.recurring import (
    child_is_held,
    codes_of_lists,
    no_stand_in_dates,
    other_in_words,
    view_with_method,
)
from schemas.registry import BY_NAME

_rule = partial(Rule, family="referrals")
_UNDECIDED = {
    "decision": None,
    "decided_at": None,
    "decided_by_role": None,
    "closed_on": None,
}
_LATE_IN_YEAR = {
    "contact_at": "2025-12-29T09:05:00+00:00",
    "received_at": "2025-12-29T09:20:00+00:00",
    "screened_at": None,
    "recorded_at": "2025-12-29T10:00:00+00:00",
}
_REFUSED = {"decision": "no_further_action", "no_further_action_reason": "below_threshold"}
_JOINED = {"decision": "already_open", "joined_to": "referrals-1"}
_OPEN = {"closed_on": None}

RULES = (
    _rule(
        code="RF01",
        severity=Severity.REJECT,
        says="A request is received before it is posted: the day received is not after tomorrow.",
        hint="check the clock and the time zone of the posting system",
        source="Practice",
        dimension=Dimension.TIMELINESS,
        logic=Row("local_date(received_at) > days_after(today(), 1)"),
        fields=("received_at",),
        passing=({}, {"received_at": "2026-01-16T12:00:00+00:00"}),
        failing=({"received_at": "2026-01-17T12:00:00+00:00"},),
    ),
    _rule(
        code="RF02",
        severity=Severity.REJECT,
        says="Each child of a request is counted: a group of brothers and sisters is a record for each.",
        hint="send one record a child, with one referral_group",
        source="Scottish Government, child protection return since 2005/06",
        dimension=Dimension.COMPLETENESS,
        logic=Shape("a referral is of one child, and `child` is required"),
        passing=(),
    ),
    codes_of_lists("RF03", "referrals", "a referral, the source and the reason among them,"),
    _rule(
        code="RF04",
        severity=Severity.ERROR,
        says="A decision is not before the request was received.",
        hint="correct decided_at or received_at",
        source="Local practice",
        dimension=Dimension.CONSISTENCY,
        logic=Row("decided_at < received_at"),
        fields=("decided_at", "received_at"),
        passing=({}, _UNDECIDED),
        failing=({"decided_at": "2025-03-03T09:19:00+00:00"},),
    ),
    _rule(
        code="RF05",
        severity=Severity.ERROR,
        says="A closed referral says what was decided.",
        hint="give the decision, or reopen the referral",
        source="Practice",
        dimension=Dimension.COMPLETENESS,
        logic=Row("closed_on IS NOT NULL AND decision IS NULL"),
        fields=("decision", "closed_on"),
        passing=({}, _UNDECIDED),
        failing=(_UNDECIDED | {"closed_on": "2025-03-04"},),
    ),
    _rule(
        code="RF07",
        severity=Severity.QUERY,
        says="Whether a child was referred again within 12 months is worked out, never typed.",
        hint="nothing to do",
        source="England CIN census, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Shape("no field holds it: measures count earlier referrals of the linked child"),
        passing=(),
    ),
    _rule(
        code="RF08",
        severity=Severity.ERROR,
        says=(
            "One source posts a child's request once: same child, asker, service asked, day and"
            " reason is the same request."
        ),
        hint="retract the duplicate, with reason `duplicate`",
        source="Practice",
        dimension=Dimension.UNIQUENESS,
        logic=Query(
            "SELECT $key AS record_key FROM referrals QUALIFY count(*) OVER (PARTITION BY source, child,"
            " referral_source, referred_to, local_date(received_at), primary_reason) > 1"
        ),
        fields=("received_at", "child", "referral_source", "primary_reason"),
        passing=(
            {},
            [("referrals", {}), ("referrals", {"child": "child-0002"})],
            [("referrals", {}), ("referrals", {"held": {"source": "nhs-ggc"}})],
            [("referrals", {}), ("referrals", {"received_at": "2025-03-02T23:59:00+00:00"})],
        ),
        failing=([("referrals", {}), ("referrals", {"received_at": "2025-03-03T17:00:00+00:00"})],),
    ),
    _rule(
        code="RF09",
        severity=Severity.QUERY,
        says='A reason that is "not yet known" is known within 30 days of the request.',
        hint="ask the worker who decided, and send the reason in your system's next post",
        source="Kith code lists: not yet known lasts 30 days",
        dimension=Dimension.TIMELINESS,
        logic=Row(
            "flag('referral_reasons', primary_reason, 'is_not_yet_known')"
            " AND days_between(local_date(received_at), today()) > 30"
        ),
        fields=("primary_reason", "received_at"),
        passing=({}, _LATE_IN_YEAR | {"primary_reason": "RX-NYK"}),
        failing=({"primary_reason": "RX-NYK"},),
    ),
    _rule(
        code="RF11",
        severity=Severity.ERROR,
        says="A police concern report brings its reference.",
        hint="give the report's number, in any form, as source_reference",
        source="Practice: iVPD",
        dimension=Dimension.COMPLETENESS,
        logic=Row("flag('referral_sources', referral_source, 'needs_reference') AND source_reference IS NULL"),
        fields=("source_reference", "referral_source"),
        passing=({}, {"referral_source": "police_concern_report", "source_reference": "CR 0042"}),
        failing=({"referral_source": "police_concern_report"},),
    ),
    other_in_words(
        "RF12",
        "referrals",
        "referral_reasons",
        "primary_reason",
        passing=({}, {"primary_reason": "R-OTH", "primary_reason_text": "Kept from school to mind a baby"}),
        failing=({"primary_reason": "R-OTH"}, {"primary_reason": "R-OTH", "primary_reason_text": "other"}),
    ),
    _rule(
        code="RF13",
        severity=Severity.QUERY,
        says="Where the family was not told of the request, the reason is given.",
        hint="give family_not_informed_reason",
        source="Practice; Data Protection Act 2018",
        dimension=Dimension.COMPLETENESS,
        logic=Row("NOT family_informed AND family_not_informed_reason IS NULL"),
        fields=("family_not_informed_reason", "family_informed"),
        passing=({}, {"family_informed": False, "family_not_informed_reason": "no_time"}, {"family_informed": None}),
        failing=({"family_informed": False},),
    ),
    _rule(
        code="RF14",
        severity=Severity.ERROR,
        says="A request added to an open record names that referral, which was open on the day.",
        hint="give in joined_to the source_id of the referral that it was added to",
        source="Practice",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            "SELECT added.$key AS record_key FROM referrals AS added"
            " LEFT JOIN referrals AS open ON open.source = added.source AND open.source_id = added.joined_to"
            " AND open.source_id <> added.source_id"
            " AND (open.closed_on IS NULL OR open.closed_on >= local_date(added.received_at))"
            " WHERE flag('referral_decisions', added.decision, 'joins_open_record') AND open.$key IS NULL"
        ),
        fields=("joined_to", "decision"),
        passing=({}, [("referrals", _OPEN), ("referrals", _JOINED)], [("referrals", {}), ("referrals", _JOINED)]),
        failing=(
            {"decision": "already_open"},
            _JOINED,
            [("referrals", {"closed_on": "2025-03-02"}), ("referrals", _JOINED)],
        ),
    ),
    _rule(
        code="RF15",
        severity=Severity.ERROR,
        says="The instant that the service starts its clock at is given.",
        hint="give contact_at for clock_start contact; screened_at for screened, once it is decided",
        source="Scottish Government 2009/10: 14% to 77% of referrals led to a meeting, as councils' clocks differed",
        dimension=Dimension.COMPLETENESS,
        logic=Row(
            "flag('clock_starts', clock_start, 'needs_contact_at') AND contact_at IS NULL"
            " OR flag('clock_starts', clock_start, 'needs_screened_at') AND screened_at IS NULL"
            " AND decision IS NOT NULL"
        ),
        fields=("clock_start", "contact_at", "screened_at"),
        passing=({}, {"clock_start": "contact"}, _UNDECIDED | {"clock_start": "screened", "screened_at": None}),
        failing=({"clock_start": "contact", "contact_at": None}, {"clock_start": "screened", "screened_at": None}),
    ),
    _rule(
        code="RF16",
        severity=Severity.REJECT,
        says="Nothing about the person who asked is held, so that who is anonymous stays so.",
        hint="send who asked as a code; keep their name and address in your own system",
        source="Practice: anonymous referrals (the second half of RF03)",
        dimension=Dimension.VALIDITY,
        logic=Shape("the contract has no field for the name or address of the person who asked"),
        passing=(),
    ),
    _rule(
        code="RF17",
        severity=Severity.QUERY,
        says="A request is decided within five working days of being received.",
        hint="send the decision, or explain why it is still open",
        source="Local practice",
        dimension=Dimension.TIMELINESS,
        is_experimental=True,
        logic=Row("decision IS NULL AND working_days_between(local_date(received_at), today()) > 5"),
        fields=("decision", "received_at"),
        passing=({}, _UNDECIDED | _LATE_IN_YEAR | {"received_at": "2026-01-08T09:20:00+00:00"}),
        failing=(_UNDECIDED, _UNDECIDED | _LATE_IN_YEAR),
    ),
    _rule(
        code="RF18",
        severity=Severity.ERROR,
        says="First contact is not after the request was received, and screening is not before it.",
        hint="correct contact_at, received_at or screened_at",
        source="Kith contract",
        dimension=Dimension.CONSISTENCY,
        logic=Row("contact_at > received_at OR screened_at < received_at"),
        fields=("received_at", "contact_at", "screened_at"),
        passing=({}, {"contact_at": None, "screened_at": None}),
        failing=({"contact_at": "2025-03-03T09:21:00+00:00"}, {"screened_at": "2025-03-03T09:19:00+00:00"}),
    ),
    _rule(
        code="RF19",
        severity=Severity.ERROR,
        says="A referral is closed on or after the day it was received, and not in the future.",
        hint="correct closed_on",
        source="Kith contract",
        dimension=Dimension.CONSISTENCY,
        logic=Row("closed_on < local_date(received_at) OR closed_on > today()"),
        fields=("closed_on", "received_at"),
        passing=({}, {"closed_on": "2025-03-03"}),
        failing=({"closed_on": "2025-03-02"}, {"closed_on": "2026-01-16"}),
    ),
    other_in_words(
        "RF28",
        "referrals",
        "family_not_informed_reasons",
        "family_not_informed_reason",
        passing=({}, {"family_informed": False, "family_not_informed_reason": "risk_to_child"}),
        failing=({"family_informed": False, "family_not_informed_reason": "other"},),
    ),
    other_in_words(
        "RF20",
        "referrals",
        "no_further_action_reasons",
        "no_further_action_reason",
        passing=({}, {"no_further_action_reason": "below_threshold"}),
        failing=({"no_further_action_reason": "other"},),
    ),
    _rule(
        code="RF21",
        severity=Severity.ERROR,
        says='Where a further reason is "other", reasons_text says what it was, in 10 characters or more.',
        hint="choose a code that fits, or say in reasons_text what it was",
        source="Kith code lists: a coded reason that is not in the list is said in words",
        dimension=Dimension.COMPLETENESS,
        logic=Row(
            "item_count('reasons', flag('referral_reasons', value, 'needs_text')) > 0"
            " AND (reasons_text IS NULL OR text_length(reasons_text) < 10)"
        ),
        fields=("reasons_text",),
        passing=({}, {"reasons": ["R-OTH"], "reasons_text": "A flood in the house"}),
        failing=({"reasons": ["R-PSU", "R-OTH"]},),
    ),
    _rule(
        code="RF22",
        severity=Severity.ERROR,
        says="Where nothing further is to be done, the reason is given.",
        hint="give no_further_action_reason",
        source="CELCIS 2023: what falls below a threshold, and why, is not collected nationally",
        dimension=Dimension.COMPLETENESS,
        logic=Row("flag('referral_decisions', decision, 'is_no_further_action') AND no_further_action_reason IS NULL"),
        fields=("no_further_action_reason", "decision"),
        passing=({}, {"decision": "no_further_action", "no_further_action_reason": "needs_being_met"}),
        failing=({"decision": "no_further_action"},),
    ),
    view_with_method("RF23", "referrals"),
    _rule(
        code="RF24",
        severity=Severity.QUERY,
        says="Where the threshold of child protection was met, more than advice or universal help was decided.",
        hint="check the threshold and the decision, and explain if both are right",
        source="National Guidance 2021",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "flag('protection_thresholds', protection_threshold, 'is_met')"
            " AND flag('referral_decisions', decision, 'is_below_threshold')"
        ),
        fields=("protection_threshold", "decision"),
        passing=({}, {"protection_threshold": "met", "decision": "ird"}),
        failing=({"protection_threshold": "met", "decision": "information_advice"},),
    ),
    _rule(
        code="RF25",
        severity=Severity.QUERY,
        says='"Not recorded" is for records of old: a request of the last year has a reason.',
        hint='give the reason, or "not yet known"',
        source="Kith code lists",
        dimension=Dimension.COMPLETENESS,
        logic=Row(
            "flag('referral_reasons', primary_reason, 'legacy_only')"
            " AND days_between(local_date(received_at), today()) < 365"
        ),
        fields=("primary_reason", "received_at"),
        passing=({}, {"primary_reason": "RX-NRC", "received_at": "2012-05-01T09:20:00+01:00"}),
        failing=({"primary_reason": "RX-NRC"},),
    ),
    _rule(
        code="RF26",
        severity=Severity.QUERY,
        says="The main reason is not repeated among the further reasons.",
        hint="take it away from `reasons`",
        source="Kith contract",
        dimension=Dimension.UNIQUENESS,
        logic=Row("item_count('reasons', value = item.primary_reason) > 0"),
        fields=("primary_reason",),
        passing=({}, {"reasons": []}),
        failing=({"reasons": ["R-NEG"]},),
    ),
    _rule(
        code="RF27",
        severity=Severity.ERROR,
        says="A decision has its time, and a time its decision.",
        hint="give decision and decided_at together",
        source="Practice",
        dimension=Dimension.COMPLETENESS,
        logic=Row("decision IS NOT NULL AND decided_at IS NULL OR decision IS NULL AND decided_at IS NOT NULL"),
        fields=("decided_at", "decision"),
        passing=({}, _UNDECIDED),
        failing=({"decided_at": None}, {"decision": None, "closed_on": None}),
    ),
    _rule(
        code="RF29",
        severity=Severity.ERROR,
        says="A decision is not in the future: the day it was made is not after tomorrow.",
        hint="correct decided_at; check the clock and the time zone of the posting system",
        source="Kith contract",
        dimension=Dimension.TIMELINESS,
        logic=Row("local_date(decided_at) > days_after(today(), 1)"),
        fields=("decided_at",),
        passing=({}, _UNDECIDED, {"decided_at": "2026-01-16T12:00:00+00:00"}),
        failing=({"decided_at": "2026-01-17T12:00:00+00:00"},),
    ),
    no_stand_in_dates("RF30", BY_NAME["referrals"], failing=({"closed_on": "1900-01-02"},)),
    child_is_held("RF31", "referrals"),
    _rule(
        code="RF32",
        severity=Severity.QUERY,
        says="No plan and no protection process rests on a referral on which nothing further was done.",
        hint="correct the referral's decision, or what names it",
        source="England CIN census rules 4000, 8831 and 8832, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            "SELECT asked.$key AS record_key FROM referrals AS asked"
            " WHERE flag('referral_decisions', asked.decision, 'is_no_further_action')"
            " AND (EXISTS (SELECT 1 FROM plans WHERE plans.source = asked.source AND plans.referral = asked.source_id)"
            " OR EXISTS (SELECT 1 FROM child_protection AS process"
            " WHERE process.source = asked.source AND process.referral = asked.source_id))"
        ),
        fields=("decision",),
        passing=(
            {},
            [("referrals", _REFUSED), ("plans", {})],
            [("referrals", {}), ("plans", {"referral": "referrals-1"})],
        ),
        failing=(
            [("referrals", _REFUSED), ("plans", {"referral": "referrals-1"})],
            [("referrals", _REFUSED), ("child_protection", {"referral": "referrals-1"})],
        ),
    ),
)
