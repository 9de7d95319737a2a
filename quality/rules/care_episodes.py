"""Rules of care episodes: one whole period of being looked after.

Placements and legal reasons are two timelines: a move is a new placement within
the episode, and several legal reasons may be in force at once.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from quality.rule import Dimension, NoData, Row, Rule, Severity, Shape, Steady
from quality.rules.recurring import (
    child_is_held,
    codes_of_lists,
    no_stand_in_dates,
    other_in_words,
    view_with_method,
)
from schemas.registry import BY_NAME

_rule = partial(Rule, family="care_episodes")
_PLACEMENTS, _LEGAL_REASONS = "care_episodes_placements", "care_episodes_legal_reasons"
_ENDED = {"ended_on": "2025-05-30", "end_reason": "E-RHP", "destination": "home_with_parents"}
_RECENT = {"started_on": "2025-12-29"}


def _placement(started_on: str, ended_on: str | None = None, **changes: Any) -> dict[str, Any]:
    """A kinship placement; one that ended did so as planned."""
    reason = "C-PLN" if ended_on else None
    return _given(
        {
            "id": f"pl-{started_on}",
            "type": "kinship",
            "kinship_relation": "grandparent",
            "started_on": started_on,
            "ended_on": ended_on,
            "change_reason": reason,
        }
        | changes
    )


def _legal(started_on: str, ended_on: str | None = None, **changes: Any) -> dict[str, Any]:
    """A compulsory supervision order away from home."""
    return _given(
        {"id": f"lr-{started_on}", "legal_reason": "cso_away", "started_on": started_on, "ended_on": ended_on} | changes
    )


def _placements(*placements: Mapping[str, Any]) -> dict[str, Any]:
    """Changes to the episode: these placements."""
    return {"placements": list(placements)}


def _legals(*legal_reasons: Mapping[str, Any]) -> dict[str, Any]:
    """Changes to the episode: these legal reasons."""
    return {"legal_reasons": list(legal_reasons)}


def _step(step: str, on: str) -> dict[str, Any]:
    return _steps(**{step: on})


def _ended_elsewhere(reason: str, destination: str = "") -> str:
    """That the end reason is of a kind, and the destination is known not to be."""
    return (
        f"flag('end_reasons', end_reason, '{reason}')"
        f" AND flag('destinations', destination, '{destination or reason}', 'false')"
    )


def _steps(**steps: str) -> dict[str, Any]:
    """Steps towards permanence, each with its day."""
    return {"permanence": [{"step": step, "on": on} for step, on in steps.items()]}


def _given(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if value is not None}


def _then(episode: str = "episode-1", **changes: Any) -> tuple[str, dict[str, Any]]:
    """What an episode said before."""
    return "care_episodes", {"held": {"source_id": episode, "is_earlier": True}} | changes


def _now(**changes: Any) -> tuple[str, dict[str, Any]]:
    """What that episode says now."""
    return "care_episodes", {"held": {"source_id": "episode-1"}} | changes


_ONE = _placements(_placement("2023-09-11"))
_ONE_ENDED = _ENDED | _placements(_placement("2023-09-11", "2025-05-30"))
_FOSTERED: dict[str, Any] = {"type": "foster_la", "kinship_relation": None}
_MOVES = (
    _placement("2023-09-11", "2025-06-02"),
    _placement("2025-06-02", "2025-09-01"),
    _placement("2025-09-01"),
)

_IN_FORCE_AT_START = "started_on <= item.started_on AND (ended_on IS NULL OR ended_on > item.started_on)"
_OTHER = "position <> item.position"
_ASKED = "flag('permanence_steps', step, 'is_legal_step') AND NOT flag('permanence_steps', step, 'is_order')"

RULES = (
    _rule(
        code="LA01",
        severity=Severity.REJECT,
        says="An episode, a placement or a legal reason ends on or after the day it started.",
        hint="correct started_on or ended_on",
        source="Practice",
        dimension=Dimension.CONSISTENCY,
        logic=Row("ended_on < started_on"),
        fields=("ended_on", "started_on"),
        also=(_PLACEMENTS, _LEGAL_REASONS),
        passing=({}, _ONE_ENDED, _placements(_placement("2023-09-11", "2023-09-11"), _placement("2023-09-11"))),
        failing=(
            _ENDED | {"ended_on": "2023-09-10"},
            _placements(_placement("2023-09-11", "2023-09-10")),
            _legals(_legal("2023-09-11", "2023-09-10")),
        ),
    ),
    _rule(
        code="LA03",
        severity=Severity.ERROR,
        says="A placement lies within its episode, and none stays open when the episode has ended.",
        hint="correct the placement's dates, or the episode's",
        source="CLAS: whole episodes",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "started_on < record.started_on OR ended_on > record.ended_on"
            " OR record.ended_on IS NOT NULL AND ended_on IS NULL"
        ),
        fields=("started_on", "ended_on"),
        table=_PLACEMENTS,
        passing=({}, _ONE_ENDED),
        failing=(
            _placements(_placement("2023-09-10")),
            _ENDED | _ONE,
            _ENDED | _placements(_placement("2023-09-11", "2025-05-31")),
        ),
    ),
    _rule(
        code="LA04",
        severity=Severity.ERROR,
        says=(
            "Placements follow one another without a gap or an overlap: the first starts with the episode,"
            " each next on the day the one before ended, and the last ends with the episode."
        ),
        hint="correct the dates on either side of the move; one day ends one placement and starts the next",
        source="England SSDA903 rule 501, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            f"started_on > record.started_on AND item_count('placements', {_OTHER} AND ended_on = item.started_on) = 0"
            f" OR (record.ended_on IS NULL OR ended_on < record.ended_on)"
            f" AND item_count('placements', {_OTHER} AND item.ended_on = started_on) = 0 AND ended_on IS NOT NULL"
            " OR item_count('placements', started_on <= item.started_on AND (started_on < item.started_on"
            " OR started_on = item.started_on AND position < item.position)"
            " AND (ended_on IS NULL OR ended_on > item.started_on)"
            " AND (item.ended_on IS NULL OR started_on < item.ended_on)) > 0"
        ),
        fields=("started_on", "ended_on"),
        table=_PLACEMENTS,
        passing=(
            {},
            _ONE_ENDED,
            _placements(
                _placement("2023-09-11", "2024-01-08"),
                _placement("2024-01-08", "2024-01-08", id="pl-night"),
                _placement("2024-01-08", id="pl-next"),
            ),
        ),
        failing=(
            _placements(_placement("2023-09-12")),
            _placements(_placement("2023-09-11", "2024-01-08"), _placement("2024-01-09")),
            _placements(_placement("2023-09-11", "2024-01-08"), _placement("2024-01-07")),
            _placements(_placement("2023-09-11"), _placement("2023-09-11", id="pl-2")),
            _placements(_placement("2023-09-11", "2024-01-08")),
            _ENDED | _placements(_placement("2023-09-11", "2025-05-29")),
        ),
    ),
    _rule(
        code="LA05",
        severity=Severity.ERROR,
        says="On every day of the episode at least one legal reason is in force; several may be.",
        hint="send the legal reason that covered the missing days, or correct the dates",
        source="ADR looked-after children dataset: 1.39 legal reasons to a placement",
        dimension=Dimension.COMPLETENESS,
        logic=Row(
            "started_on > record.started_on AND item_count('legal_reasons', started_on < item.started_on"
            " AND (ended_on IS NULL OR ended_on >= record.started_on)) = 0"
            " OR ended_on >= record.started_on AND ended_on <= today()"
            " AND (record.ended_on IS NULL OR ended_on < record.ended_on)"
            " AND item_count('legal_reasons', started_on <= item.ended_on"
            " AND (ended_on IS NULL OR ended_on > item.ended_on)) = 0"
        ),
        fields=("started_on", "ended_on"),
        table=_LEGAL_REASONS,
        passing=(
            {},
            _legals(_legal("2023-09-11", "2024-01-08"), _legal("2023-12-01")),
            _ONE_ENDED | _legals(_legal("2023-09-11", "2025-05-30")),
        ),
        failing=(
            _legals(_legal("2023-09-12")),
            _legals(_legal("2023-09-11", "2024-01-08"), _legal("2024-01-09")),
            _legals(_legal("2023-01-09", "2023-06-12"), _legal("2024-01-08")),
            _legals(_legal("2023-09-11", "2024-01-08")),
            _ONE_ENDED | _legals(_legal("2023-09-11", "2025-05-29")),
        ),
    ),
    _rule(
        code="LA06",
        severity=Severity.ERROR,
        says="An episode that was open at the last return is the same episode, with the same start, in the next.",
        hint="post changes under the episode's own source_id",
        source="England SSDA903 rule 502, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Shape("an episode is one record under one source_id, whole, not a row in each year's return"),
        passing=(),
    ),
    _rule(
        code="LA07",
        severity=Severity.ERROR,
        says="The kind of a looked-after event follows from what changed.",
        hint="nothing to do",
        source="England SSDA903 rule 503A, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Shape("looked-after events are derived from placements and legal reasons, never typed"),
        passing=(),
    ),
    _rule(
        code="LA08",
        severity=Severity.ERROR,
        says="An episode has one main reason, from its start to its end, once it is known.",
        hint="a further reason is contributory; explain the change if the first was wrong",
        source="England SSDA903 rule 504, logic only; Looked After Children (Scotland) Regulations 2009, schedule 1(5)",
        dimension=Dimension.CONSISTENCY,
        logic=Steady(
            "primary_reason",
            unless="flag('care_reasons', earlier.primary_reason, 'is_not_yet_known')"
            " OR flag('care_reasons', earlier.primary_reason, 'legacy_only')",
        ),
        fields=("primary_reason",),
        passing=(
            {},
            [_then(primary_reason="RX-NYK"), _now()],
            [_then(primary_reason="RX-NRC"), _now()],
            [_then("episode-2", primary_reason="R-NEG"), _now()],
        ),
        failing=([_then(primary_reason="R-NEG"), _now()],),
    ),
    _rule(
        code="LA09",
        severity=Severity.QUERY,
        says='A reason that is "not yet known" is known within 30 days of the start.',
        hint="ask the worker who decided, and send the reason in your system's next post",
        source="Kith code lists: not yet known lasts 30 days",
        dimension=Dimension.TIMELINESS,
        logic=Row(
            "flag('care_reasons', primary_reason, 'is_not_yet_known') AND days_between(started_on, today()) > 30"
        ),
        fields=("primary_reason", "started_on"),
        passing=({}, {"primary_reason": "RX-NYK", "started_on": "2025-12-16"}),
        failing=({"primary_reason": "RX-NYK", "started_on": "2025-12-15"},),
    ),
    _rule(
        code="LA10",
        severity=Severity.ERROR,
        says="A placement that ended and was followed by another says why.",
        hint="give change_reason on the placement that ended",
        source="England SSDA903 rule 1009, logic only; CELCIS 2023: why placements change is not collected",
        dimension=Dimension.COMPLETENESS,
        logic=Row(
            "ended_on IS NOT NULL AND change_reason IS NULL"
            f" AND item_count('placements', {_OTHER} AND started_on >= item.ended_on) > 0"
        ),
        fields=("change_reason", "ended_on"),
        table=_PLACEMENTS,
        passing=({}, _ENDED | _placements(_placement("2023-09-11", "2025-05-30", change_reason=None))),
        failing=(_placements(_placement("2023-09-11", "2024-01-08", change_reason=None), _placement("2024-01-08")),),
    ),
    _rule(
        code="LA11",
        severity=Severity.ERROR,
        says="A reason that says the carer stayed the same goes with the same carer, and every other with another.",
        hint="correct change_reason, or the carer of one of the two placements",
        source="England SSDA903 reason for placement change, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "flag('change_reasons', change_reason, 'same_carer')"
            f" AND item_count('placements', {_OTHER} AND started_on = item.ended_on AND carer <> item.carer) > 0"
            " OR flag('change_reasons', change_reason, 'same_carer', 'false')"
            f" AND item_count('placements', {_OTHER} AND started_on = item.ended_on AND carer = item.carer) > 0"
        ),
        fields=("change_reason", "carer"),
        table=_PLACEMENTS,
        passing=(
            {},
            _placements(
                _placement("2023-09-11", "2024-01-08", change_reason="C-ADM", carer="carer-1"),
                _placement("2024-01-08", carer="carer-1"),
            ),
            _placements(
                _placement("2023-09-11", "2024-01-08", change_reason="C-ADM"), _placement("2024-01-08", carer="carer-1")
            ),
        ),
        failing=(
            _placements(
                _placement("2023-09-11", "2024-01-08", change_reason="C-ADM", carer="carer-1"),
                _placement("2024-01-08", carer="carer-2"),
            ),
            _placements(
                _placement("2023-09-11", "2024-01-08", change_reason="C-PLN", carer="carer-1"),
                _placement("2024-01-08", carer="carer-1"),
            ),
        ),
    ),
    _rule(
        code="LA12",
        severity=Severity.ERROR,
        says=(
            "A child is looked after at home under an order that allows it (supervision, interim supervision"
            " or permanence), never under section 25 or a child protection order alone."
        ),
        hint="correct the placement's type, or send the order",
        source="Children (Scotland) Act 1995, section 17(6); Looked After Children (Scotland) Regulations 2009, reg 44",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "flag('placement_types', type, 'is_at_home') AND item_count('legal_reasons',"
            f" flag('legal_reasons', legal_reason, 'allows_at_home') AND {_IN_FORCE_AT_START}) = 0"
        ),
        fields=("type", "started_on"),
        table=_PLACEMENTS,
        passing=({}, _legals(_legal("2023-09-11", legal_reason="icso"))),
        failing=(
            _legals(_legal("2023-09-11", legal_reason="s25", s25_basis="parental_agreement")),
            _legals(_legal("2023-09-11", legal_reason="cpo"), _legal("2023-09-19", legal_reason="icso")),
        ),
    ),
    _rule(
        code="LA13",
        severity=Severity.ERROR,
        says="A secure placement stands on a secure authorisation, a remand or a sentence in force.",
        hint="correct the placement's type, or send the authorisation",
        source="Children's Hearings (Scotland) Act 2011, section 83(2)(e)",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "flag('placement_types', type, 'is_secure')"
            " AND item_count('legal_reasons', flag('legal_reasons', legal_reason, 'allows_secure')"
            f" AND {_IN_FORCE_AT_START}) = 0 AND item_count('legal_reasons', {_IN_FORCE_AT_START}"
            " AND item_count('legal_reasons_measures', parent_position = item.position"
            " AND flag('cso_measures', value, 'authorises_secure')) > 0) = 0"
        ),
        fields=("type", "started_on"),
        table=_PLACEMENTS,
        passing=(
            {},
            _placements(_placement("2023-09-11", type="secure")) | _legals(_legal("2023-09-11", measures=["e"])),
            _placements(_placement("2023-09-11", type="secure"))
            | _legals(_legal("2023-09-11", legal_reason="criminal_court")),
        ),
        failing=(
            _placements(_placement("2023-09-11", type="secure")) | _legals(_legal("2023-09-11", measures=["a"])),
            _placements(_placement("2023-09-11", type="secure"))
            | _legals(_legal("2023-09-11"), _legal("2023-12-01", measures=["e"])),
        ),
    ),
    _rule(
        code="LA14",
        severity=Severity.ERROR,
        says=(
            "A child lives with prospective adopters under a permanence order with authority to place,"
            " or freed, or with the parents' consent."
        ),
        hint="correct the placement's type, or send the order or the step of consent",
        source="England SSDA903 rule 217, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "flag('placement_types', type, 'is_prospective_adopters') AND item_count('legal_reasons',"
            f" flag('legal_reasons', legal_reason, 'allows_adoption_placement') AND {_IN_FORCE_AT_START}) = 0"
            " AND item_count('permanence', flag('permanence_steps', step, 'allows_adoption_placement')"
            " AND step_on <= item.started_on) = 0"
        ),
        fields=("type", "started_on"),
        table=_PLACEMENTS,
        passing=(
            {},
            _placements(_placement("2023-09-11", type="prospective_adopters"))
            | _legals(_legal("2023-09-11", legal_reason="permanence_order_adoption")),
            _placements(_placement("2023-09-11", type="prospective_adopters"))
            | _step("adoption_consent", "2023-09-01"),
        ),
        failing=(
            _placements(_placement("2023-09-11", type="prospective_adopters")),
            _placements(_placement("2023-09-11", type="prospective_adopters"))
            | _step("adoption_consent", "2023-10-01"),
        ),
    ),
    _rule(
        code="LA15",
        severity=Severity.ERROR,
        says="An episode that ends in adoption ends on the day of the adoption order.",
        hint="send the adoption order as a permanence step, or correct ended_on",
        source="England SSDA903 rule 601, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "(flag('destinations', destination, 'is_adoption') OR flag('end_reasons', end_reason, 'is_adoption'))"
            " AND item_count('permanence', flag('permanence_steps', step, 'is_order')"
            " AND flag('permanence_steps', step, 'is_adoption')"
            " AND NOT flag('permanence_steps', step, 'is_permanence_order') AND step_on = item.ended_on) = 0"
        ),
        fields=("ended_on", "destination", "end_reason"),
        passing=(
            {},
            _ENDED | {"end_reason": "E-ADP", "destination": "adoption"} | _step("adoption_order", "2025-05-30"),
        ),
        failing=(
            _ENDED | {"end_reason": "E-ADP", "destination": "adoption"},
            _ENDED | {"end_reason": "E-ADP", "destination": "adoption"} | _step("adoption_order", "2025-05-29"),
            _ENDED | {"destination": "adoption"} | _step("po_adoption_granted", "2025-05-30"),
        ),
    ),
    _rule(
        code="LA16",
        severity=Severity.ERROR,
        says="Continuing care follows a last placement in kinship, foster or residential care.",
        hint="correct the end reason or the type of the last placement; secure care and home do not count",
        source="Children and Young People (Scotland) Act 2014, section 67",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "(flag('end_reasons', end_reason, 'is_continuing_care')"
            " OR flag('destinations', destination, 'is_continuing_care'))"
            " AND item_count('placements', ended_on = item.ended_on"
            " AND flag('placement_types', type, 'allows_continuing_care')) = 0"
        ),
        fields=("end_reason", "destination"),
        passing=({}, _ONE_ENDED | {"end_reason": "E-CNT", "destination": "continuing_care"}),
        failing=(
            _ENDED
            | {"end_reason": "E-CNT", "destination": "continuing_care"}
            | _placements(_placement("2023-09-11", "2025-05-30", type="at_home")),
        ),
    ),
    _rule(
        code="LA19",
        severity=Severity.QUERY,
        says=(
            "An order is reviewed or renewed in time: supervision within 365 days, interim supervision within 22 days,"
            " a child protection order within 8 working days."
        ),
        hint="send reviewed_on, or the day the order ended and what came in its place",
        source="Children's Hearings (Scotland) Act 2011; the three clocks are to be confirmed",
        dimension=Dimension.TIMELINESS,
        is_experimental=True,
        logic=Row(
            "ended_on IS NULL AND record.ended_on IS NULL"
            " AND (flag('legal_reasons', legal_reason, 'longest_days', '365')"
            " AND days_between(started_on, today()) > 365 AND item_count('legal_reasons_reviewed_on',"
            " parent_position = item.position AND days_between(value, today()) <= 365) = 0"
            " OR flag('legal_reasons', legal_reason, 'longest_days', '22')"
            " AND days_between(started_on, today()) > 22 AND item_count('legal_reasons_reviewed_on',"
            " parent_position = item.position AND days_between(value, today()) <= 22) = 0"
            " OR flag('legal_reasons', legal_reason, 'longest_working_days', '8')"
            " AND working_days_between(started_on, today()) > 8)"
        ),
        fields=("started_on", "legal_reason"),
        table=_LEGAL_REASONS,
        passing=(
            {},
            _legals(_legal("2025-01-15")),
            _legals(_legal("2023-09-11", reviewed_on=["2024-09-02", "2025-09-01"])),
            _legals(_legal("2025-12-24", legal_reason="icso")),
            _legals(_legal("2026-01-05", legal_reason="cpo")),
        ),
        failing=(
            _legals(_legal("2025-01-14")),
            _legals(_legal("2023-09-11", reviewed_on=["2024-09-02"])),
            _legals(_legal("2025-12-23", legal_reason="icso")),
            _legals(_legal("2025-12-31", legal_reason="cpo")),
        ),
    ),
    _rule(
        code="LA20",
        severity=Severity.QUERY,
        says="A child lives where the order in force says, unless moved in urgent necessity.",
        hint="send the variation of the order, or give the urgent necessity as the change reason",
        source="Children's Hearings (Scotland) Act 2011, sections 83 and 143",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "ended_on IS NULL AND record.ended_on IS NULL AND named_placement IS NOT NULL"
            " AND item_count('placements', ended_on IS NULL AND id <> item.named_placement) > 0"
            " AND item_count('placements', ended_on >= item.started_on"
            " AND flag('change_reasons', change_reason, 'is_urgent')) = 0"
        ),
        fields=("named_placement",),
        table=_LEGAL_REASONS,
        passing=(
            {},
            _legals(_legal("2023-09-11", named_placement="pl-2023-09-11"))
            | _placements(_placement("2023-09-11", "2024-01-08", change_reason="C-URG"), _placement("2024-01-08")),
        ),
        failing=(_legals(_legal("2023-09-11", named_placement="pl-1")),),
    ),
    _rule(
        code="LA21",
        severity=Severity.ERROR,
        says="A foster placement says its kind, and a kinship placement what the carer is to the child.",
        hint="give foster_type or kinship_relation",
        source="CLAS item list",
        dimension=Dimension.COMPLETENESS,
        logic=Row(
            "flag('placement_types', type, 'is_foster') AND foster_type IS NULL"
            " OR flag('placement_types', type, 'is_kinship') AND kinship_relation IS NULL"
        ),
        fields=("type", "foster_type", "kinship_relation"),
        table=_PLACEMENTS,
        passing=({}, _placements(_placement("2023-09-11", **_FOSTERED, foster_type="interim"))),
        failing=(
            _placements(_placement("2023-09-11", **_FOSTERED)),
            _placements(_placement("2023-09-11", kinship_relation=None)),
        ),
    ),
    _rule(
        code="LA22",
        severity=Severity.QUERY,
        says="A placement lasts a night or more.",
        hint="explain the placement that ended on the day it started; a stay of 24 hours or less is not counted",
        source="CLAS exclusions",
        dimension=Dimension.ACCURACY,
        logic=Row("ended_on = started_on"),
        fields=("ended_on", "started_on"),
        table=_PLACEMENTS,
        passing=({}, _placements(_placement("2023-09-11", "2023-09-12"))),
        failing=(_placements(_placement("2023-09-11", "2023-09-11"), _placement("2023-09-11", id="pl-2")),),
    ),
    _rule(
        code="LA23",
        severity=Severity.ERROR,
        says="An episode that ends as responsibility passes to another authority names that authority.",
        hint="give transferred_to; the code for outside Scotland is allowed",
        source="CLAS scope",
        dimension=Dimension.COMPLETENESS,
        logic=Row(
            "flag('end_reasons', end_reason, 'is_transfer')"
            " AND (transferred_to IS NULL OR transferred_to = responsible_authority)"
            " OR transferred_from = responsible_authority"
        ),
        fields=("transferred_to", "end_reason", "responsible_authority", "transferred_from"),
        passing=({}, _ENDED | {"end_reason": "E-LAT", "transferred_to": "S12000017"}),
        failing=(
            _ENDED | {"end_reason": "E-LAT"},
            _ENDED | {"end_reason": "E-LAT", "transferred_to": "S12000038"},
            {"transferred_from": "S12000038"},
        ),
    ),
    _rule(
        code="LA25",
        severity=Severity.QUERY,
        says="Where a child does not live with all brothers and sisters in care, the placement says why.",
        hint="give with_siblings_reason",
        source="The Promise: brothers and sisters stay together",
        dimension=Dimension.COMPLETENESS,
        logic=Row("flag('with_siblings', with_siblings, 'needs_reason') AND with_siblings_reason IS NULL"),
        fields=("with_siblings_reason", "with_siblings"),
        table=_PLACEMENTS,
        passing=({}, _placements(_placement("2023-09-11", with_siblings="none", with_siblings_reason="safety"))),
        failing=(_placements(_placement("2023-09-11", with_siblings="some")),),
    ),
    _rule(
        code="LA26",
        severity=Severity.ERROR,
        says="Accommodation under section 25 says its basis, such as the parents' agreement.",
        hint="give s25_basis",
        source="Children (Scotland) Act 1995, section 25",
        dimension=Dimension.COMPLETENESS,
        logic=Row("flag('legal_reasons', legal_reason, 'is_s25') AND s25_basis IS NULL"),
        fields=("s25_basis", "legal_reason"),
        table=_LEGAL_REASONS,
        passing=({}, _legals(_legal("2023-09-11", legal_reason="s25", s25_basis="lost_or_abandoned"))),
        failing=(_legals(_legal("2023-09-11", legal_reason="s25")),),
    ),
    _rule(
        code="LA27",
        severity=Severity.QUERY,
        says=(
            "A child does not have three or more placements in a year, same carers and planned"
            " ends of short stays apart."
        ),
        hint="explain; some moves are good, and the reasons show which",
        source="Local Government Benchmarking Framework, CHN23",
        dimension=Dimension.ACCURACY,
        logic=Row(
            "ended_on IS NULL AND item_count('placements', days_between(ended_on, today()) <= 365"
            " AND flag('change_reasons', change_reason, 'counts_for_stability')) >= 2"
        ),
        passing=(
            {},
            _placements(
                _placement("2023-09-11", "2025-06-02", change_reason="C-EMG"),
                _placement("2025-06-02", "2025-09-01"),
                _placement("2025-09-01"),
            ),
        ),
        failing=(_placements(*_MOVES),),
    ),
    _rule(
        code="LA28",
        severity=Severity.ERROR,
        says="Aftercare is for those looked after on or after the 16th birthday, and under 26.",
        hint="nothing to do",
        source="CLAS, aftercare guidance",
        dimension=Dimension.CONSISTENCY,
        logic=NoData("no family holds aftercare"),
        passing=(),
    ),
    _rule(
        code="LA29",
        severity=Severity.INFO,
        says="A planned series of short breaks is counted apart from the children looked after.",
        hint="nothing to do",
        source="CLAS, short breaks",
        dimension=Dimension.CONSISTENCY,
        logic=Shape("short_breaks marks the series, and measures leave it out"),
        passing=(),
    ),
    _rule(
        code="LA30",
        severity=Severity.QUERY,
        says="A placement that ended while the child was missing says so.",
        hint="nothing to do",
        source="Practice",
        dimension=Dimension.CONSISTENCY,
        logic=NoData("no family holds missing episodes with their start and end"),
        passing=(),
    ),
    _rule(
        code="LA31",
        severity=Severity.QUERY,
        says="An unaccompanied child has no parents' home in Scotland to read an area from.",
        hint="leave home_data_zone out",
        source="Practice",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "home_data_zone IS NOT NULL AND (flag('care_reasons', primary_reason, 'is_unaccompanied')"
            " OR item_count('contributory_reasons', flag('care_reasons', value, 'is_unaccompanied')) > 0)"
        ),
        fields=("home_data_zone", "primary_reason"),
        passing=({}, {"primary_reason": "R-UAS", "home_data_zone": None}),
        failing=({"primary_reason": "R-UAS"}, {"contributory_reasons": ["R-UAS"]}),
    ),
    codes_of_lists("LA33", "care_episodes", "a care episode"),
    _rule(
        code="LA34",
        severity=Severity.ERROR,
        says="An episode that has ended says why and where the child went to live; one that has not says neither.",
        hint="give ended_on, end_reason and destination together",
        source="CLAS item list",
        dimension=Dimension.COMPLETENESS,
        logic=Row(
            "ended_on IS NOT NULL AND (end_reason IS NULL OR destination IS NULL)"
            " OR ended_on IS NULL AND (end_reason IS NOT NULL OR destination IS NOT NULL)"
        ),
        fields=("end_reason", "ended_on", "destination"),
        passing=({}, _ENDED),
        failing=(_ENDED | {"end_reason": None}, _ENDED | {"destination": None}, {"end_reason": "E-RHP"}),
    ),
    other_in_words(
        "LA35",
        "care_episodes",
        "care_reasons",
        "primary_reason",
        passing=({}, {"primary_reason": "R-OTH", "primary_reason_text": "Parents were stranded abroad"}),
        failing=({"primary_reason": "R-OTH"},),
    ),
    _rule(
        code="LA36",
        severity=Severity.ERROR,
        says=(
            'Where a contributory reason is "other", contributory_reasons_text says what it was,'
            " in 10 characters or more."
        ),
        hint="choose a code that fits, or say in contributory_reasons_text what it was",
        source="Kith code lists: a coded reason that is not in the list is said in words",
        dimension=Dimension.COMPLETENESS,
        logic=Row(
            "item_count('contributory_reasons', flag('care_reasons', value, 'needs_text')) > 0"
            " AND (contributory_reasons_text IS NULL OR text_length(contributory_reasons_text) < 10)"
        ),
        fields=("contributory_reasons_text",),
        passing=({}, {"contributory_reasons": ["R-OTH"], "contributory_reasons_text": "A flood in the house"}),
        failing=({"contributory_reasons": ["R-OTH"]},),
    ),
    other_in_words(
        "LA37",
        "care_episodes",
        "end_reasons",
        "end_reason",
        passing=({}, _ENDED),
        failing=(_ENDED | {"end_reason": "E-OTH"},),
    ),
    other_in_words(
        "LA38",
        "care_episodes",
        "change_reasons",
        "change_reason",
        table=_PLACEMENTS,
        passing=({},),
        failing=(_placements(_placement("2023-09-11", "2024-01-08", change_reason="C-OTH"), _placement("2024-01-08")),),
    ),
    other_in_words(
        "LA39",
        "care_episodes",
        "siblings_apart_reasons",
        "with_siblings_reason",
        table=_PLACEMENTS,
        passing=({},),
        failing=(_placements(_placement("2023-09-11", with_siblings="some", with_siblings_reason="other")),),
    ),
    other_in_words(
        "LA40",
        "care_episodes",
        "legal_change_reasons",
        "change_reason",
        table=_LEGAL_REASONS,
        passing=({},),
        failing=(_legals(_legal("2023-09-11", "2024-01-08", change_reason="L-OTH"), _legal("2024-01-08")),),
    ),
    other_in_words(
        "LA41",
        "care_episodes",
        "late_reasons",
        "late_reason",
        table="care_episodes_reviews",
        passing=({},),
        failing=({"reviews": [{"held_on": "2024-01-08", "late_reason": "other"}]},),
    ),
    view_with_method("LA42", "care_episodes", also=(_PLACEMENTS,)),
    _rule(
        code="LA43",
        severity=Severity.ERROR,
        says="Whether a move was planned does not contradict its reason.",
        hint="leave is_planned out where the reason settles it",
        source="Kith code lists: is_planned of the change reasons",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "flag('change_reasons', change_reason, 'is_planned') AND NOT is_planned"
            " OR flag('change_reasons', change_reason, 'is_planned', 'false') AND is_planned"
        ),
        fields=("is_planned", "change_reason"),
        table=_PLACEMENTS,
        passing=({}, _placements(_placement("2023-09-11", "2024-01-08", change_reason="C-KIN", is_planned=False))),
        failing=(
            _placements(_placement("2023-09-11", "2024-01-08", is_planned=False)),
            _placements(_placement("2023-09-11", "2024-01-08", change_reason="C-BEH", is_planned=True)),
        ),
    ),
    _rule(
        code="LA44",
        severity=Severity.QUERY,
        says="Where the reason of a move does not settle whether it was planned, is_planned does.",
        hint="give is_planned",
        source="Local Government Benchmarking Framework: some moves are good",
        dimension=Dimension.COMPLETENESS,
        logic=Row(
            "flag('change_reasons', change_reason, 'is_planned', '') AND is_planned IS NULL"
            " AND flag('change_reasons', change_reason, 'counts_for_stability')"
        ),
        fields=("is_planned", "change_reason"),
        table=_PLACEMENTS,
        passing=({}, _placements(_placement("2023-09-11", "2024-01-08"))),
        failing=(_placements(_placement("2023-09-11", "2024-01-08", change_reason="C-KIN")),),
    ),
    _rule(
        code="LA45",
        severity=Severity.QUERY,
        says=(
            "A legal reason was in use when it started: no supervision requirement after 23 June 2013, no new freeing."
        ),
        hint="choose the order's present name",
        source="Children's Hearings (Scotland) Act 2011; Adoption and Children (Scotland) Act 2007",
        dimension=Dimension.VALIDITY,
        logic=Row("NOT in_use('legal_reasons', legal_reason, started_on)"),
        fields=("legal_reason", "started_on"),
        table=_LEGAL_REASONS,
        passing=({}, _legals(_legal("2013-06-23", legal_reason="supervision_requirement"))),
        failing=(
            _legals(_legal("2013-06-24", legal_reason="supervision_requirement")),
            _legals(_legal("2013-06-23")),
            _legals(_legal("2023-09-11", legal_reason="freed_for_adoption")),
        ),
    ),
    _rule(
        code="LA46",
        severity=Severity.ERROR,
        says="Nothing in an episode starts or ends in the future.",
        hint="send it once it has happened; what is to come belongs in the plan",
        source="Kith contract",
        dimension=Dimension.TIMELINESS,
        logic=Row("started_on > today() OR ended_on > today()"),
        fields=("started_on", "ended_on"),
        also=(_PLACEMENTS,),
        passing=({}, {"started_on": "2026-01-15"}),
        failing=({"started_on": "2026-01-16"}, _placements(_placement("2023-09-11", "2026-01-16"))),
    ),
    _rule(
        code="LA47",
        severity=Severity.ERROR,
        says="An episode that began as a planned series of short breaks is marked as short breaks.",
        hint="send short_breaks as true, or correct the route",
        source="CLAS, short breaks",
        dimension=Dimension.CONSISTENCY,
        logic=Row("flag('care_routes', route, 'is_short_break') AND (short_breaks IS NULL OR NOT short_breaks)"),
        fields=("short_breaks", "route"),
        passing=({}, {"route": "short_break_series", "short_breaks": True}),
        failing=({"route": "short_break_series"},),
    ),
    _rule(
        code="LA48",
        severity=Severity.QUERY,
        says='A move whose reason is "not yet known" has its reason within 30 days.',
        hint="ask the worker who decided, and send the reason in your system's next post",
        source="Kith code lists: not yet known lasts 30 days",
        dimension=Dimension.TIMELINESS,
        logic=Row("flag('change_reasons', change_reason, 'is_not_yet_known') AND days_between(ended_on, today()) > 30"),
        fields=("change_reason", "ended_on"),
        table=_PLACEMENTS,
        passing=({}, _placements(_placement("2023-09-11", "2025-12-16", change_reason="CX-NYK"))),
        failing=(_placements(_placement("2023-09-11", "2025-12-15", change_reason="CX-NYK")),),
    ),
    _rule(
        code="LA49",
        severity=Severity.QUERY,
        says='An end whose reason is "not yet known" has its reason within 30 days.',
        hint="ask the worker who decided, and send the reason in your system's next post",
        source="Kith code lists: not yet known lasts 30 days",
        dimension=Dimension.TIMELINESS,
        logic=Row("flag('end_reasons', end_reason, 'is_not_yet_known') AND days_between(ended_on, today()) > 30"),
        fields=("end_reason", "ended_on"),
        passing=({}, _ENDED | {"ended_on": "2025-12-16", "end_reason": "EX-NYK"}),
        failing=(_ENDED | {"end_reason": "EX-NYK"},),
    ),
    _rule(
        code="LA50",
        severity=Severity.QUERY,
        says='"Not recorded" is for records of old: an episode of the last year has a reason.',
        hint='give the reason, or "not yet known"',
        source="Kith code lists",
        dimension=Dimension.COMPLETENESS,
        logic=Row("flag('care_reasons', primary_reason, 'legacy_only') AND days_between(started_on, today()) < 365"),
        fields=("primary_reason", "started_on"),
        passing=({}, {"primary_reason": "RX-NRC"}),
        failing=(_RECENT | {"primary_reason": "RX-NRC"},),
    ),
    _rule(
        code="LA51",
        severity=Severity.QUERY,
        says="A child adopted was living with the prospective adopters.",
        hint="correct the type of the last placement, or explain: adoption by a kinship or foster carer",
        source="England SSDA903 rule 601, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "flag('end_reasons', end_reason, 'is_adoption') AND item_count('placements', ended_on = item.ended_on"
            " AND flag('placement_types', type, 'is_prospective_adopters')) = 0"
        ),
        fields=("end_reason",),
        passing=(
            {},
            _ENDED
            | {"end_reason": "E-ADP"}
            | _placements(_placement("2023-09-11", "2025-05-30", type="prospective_adopters")),
        ),
        failing=(_ONE_ENDED | {"end_reason": "E-ADP"},),
    ),
    _rule(
        code="LA52",
        severity=Severity.QUERY,
        says="The main reason is not repeated among the contributory reasons.",
        hint="take it away from contributory_reasons",
        source="Kith contract",
        dimension=Dimension.UNIQUENESS,
        logic=Row("item_count('contributory_reasons', value = item.primary_reason) > 0"),
        fields=("primary_reason",),
        passing=({}, {"contributory_reasons": []}),
        failing=({"contributory_reasons": ["R-PSU"]},),
    ),
    _rule(
        code="LA53",
        severity=Severity.QUERY,
        says="A looked-after review that was held says how the child took part.",
        hint="give child_took_part; declined and not invited are answers too",
        source="UN Convention on the Rights of the Child, article 12",
        dimension=Dimension.COMPLETENESS,
        logic=Row("held_on IS NOT NULL AND child_took_part IS NULL"),
        fields=("child_took_part",),
        table="care_episodes_reviews",
        passing=({}, {"reviews": [{"held_on": "2023-10-20", "child_took_part": "in_person"}]}),
        failing=({"reviews": [{"held_on": "2023-10-20"}]},),
    ),
    _rule(
        code="LA59",
        severity=Severity.ERROR,
        says="No two placements of an episode have the same id.",
        hint="give each placement an id of its own, and keep it from one post to the next",
        source="Kith contract",
        dimension=Dimension.UNIQUENESS,
        logic=Row(f"item_count('placements', {_OTHER} AND id = item.id) > 0"),
        fields=("id",),
        table=_PLACEMENTS,
        passing=({}, _placements(_placement("2023-09-11", "2024-01-08"), _placement("2024-01-08"))),
        failing=(_placements(_placement("2023-09-11", "2024-01-08", id="pl-1"), _placement("2024-01-08", id="pl-1")),),
    ),
    _rule(
        code="LA60",
        severity=Severity.ERROR,
        says="No two legal reasons of an episode have the same id.",
        hint="give each legal reason an id of its own, and keep it from one post to the next",
        source="Kith contract",
        dimension=Dimension.UNIQUENESS,
        logic=Row(f"item_count('legal_reasons', {_OTHER} AND id = item.id) > 0"),
        fields=("id",),
        table=_LEGAL_REASONS,
        passing=({}, _legals(_legal("2023-09-11"), _legal("2023-12-01"))),
        failing=(_legals(_legal("2023-09-11", id="lr-1"), _legal("2023-12-01", id="lr-1")),),
    ),
    _rule(
        code="LA61",
        severity=Severity.ERROR,
        says="The authority responsible for a child looked after is one of Scotland's councils.",
        hint="send the council's GSS code, S12 and six digits",
        source="Children (Scotland) Act 1995, section 17",
        dimension=Dimension.VALIDITY,
        logic=Row("flag('local_authorities', responsible_authority, 'is_council', 'false')"),
        fields=("responsible_authority",),
        passing=({}, {"responsible_authority": "S12000017"}),
        failing=({"responsible_authority": "outside_scotland"}, {"responsible_authority": "not_known"}),
    ),
    no_stand_in_dates(
        "LA62",
        BY_NAME["care_episodes"],
        failing=(
            {"started_on": "1900-01-02"},
            _placements(_placement("1900-01-02")),
            _legals(_legal("2023-09-11", reviewed_on=["2099-12-31"])),
        ),
    ),
    child_is_held("LA63", "care_episodes"),
    _rule(
        code="LA64",
        severity=Severity.QUERY,
        says="Only what has ended has a reason for its change.",
        hint="send ended_on with the reason, or leave the reason out",
        source="England SSDA903 rule 233, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Row("change_reason IS NOT NULL AND ended_on IS NULL"),
        fields=("change_reason", "ended_on"),
        table=_PLACEMENTS,
        also=(_LEGAL_REASONS,),
        passing=({},),
        failing=(
            _placements(_placement("2023-09-11", change_reason="C-PLN")),
            _legals(_legal("2023-09-11", change_reason="L-VAR")),
        ),
    ),
    _rule(
        code="LA65",
        severity=Severity.QUERY,
        says="Where a child went to live agrees with why the episode ended: home, adoption, continuing care, death.",
        hint="correct end_reason or destination",
        source="England SSDA903 rules 335 and 516, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            f"{_ended_elsewhere('is_return_home', 'is_at_home')} OR {_ended_elsewhere('is_adoption')}"
            f" OR {_ended_elsewhere('is_continuing_care')} OR {_ended_elsewhere('is_death')}"
            " OR flag('end_reasons', end_reason, 'is_death', 'false') AND flag('destinations', destination, 'is_death')"
        ),
        fields=("destination", "end_reason"),
        passing=({}, _ENDED, _ENDED | {"destination": "not_known"}),
        failing=(
            _ENDED | {"destination": "own_tenancy"},
            _ENDED | {"destination": "died"},
            _ENDED | {"end_reason": "E-ADP"},
            _ENDED | {"end_reason": "E-DIE"},
        ),
    ),
    _rule(
        code="LA66",
        severity=Severity.ERROR,
        says="A looked-after review has a day, due or held, and was not held in the future or before the episode.",
        hint="correct the review's dates; a review to come has due_on only",
        source="England SSDA903 rule 166, logic only",
        dimension=Dimension.VALIDITY,
        logic=Row("due_on IS NULL AND held_on IS NULL OR held_on > today() OR held_on < record.started_on"),
        fields=("held_on", "due_on"),
        table="care_episodes_reviews",
        passing=({}, {"reviews": [{"held_on": "2023-10-20"}, {"due_on": "2026-04-01"}]}),
        failing=(
            {"reviews": [{}]},
            {"reviews": [{"held_on": "2026-01-16"}]},
            {"reviews": [{"held_on": "2023-09-10"}]},
        ),
    ),
    _rule(
        code="LA67",
        severity=Severity.QUERY,
        says="A step towards permanence is not in the future, and an order follows what was asked of the court.",
        hint="correct the day of the step, or send the application",
        source="England SSDA903 rules 116 to 120 and 552, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "step_on > today() OR flag('permanence_steps', step, 'is_order')"
            " AND (flag('permanence_steps', step, 'is_permanence_order') AND item_count('permanence',"
            f" {_ASKED} AND flag('permanence_steps', step, 'is_permanence_order') AND step_on > item.step_on) > 0"
            " OR flag('permanence_steps', step, 'is_adoption')"
            " AND NOT flag('permanence_steps', step, 'is_permanence_order') AND item_count('permanence',"
            f" {_ASKED} AND flag('permanence_steps', step, 'is_adoption')"
            " AND NOT flag('permanence_steps', step, 'is_permanence_order') AND step_on > item.step_on) > 0)"
        ),
        fields=("step_on", "step"),
        table="care_episodes_permanence",
        passing=({}, _steps(po_applied="2024-05-06", po_granted="2025-02-03"), _step("adoption_order", "2025-02-03")),
        failing=(
            _step("po_applied", "2026-01-16"),
            _steps(po_applied="2025-02-04", po_granted="2025-02-03"),
            _steps(adoption_petition="2025-02-04", adoption_order="2025-02-03"),
        ),
    ),
)
