"""Rules of figures: shares, totals and trends of an agency's records, which no one record shows.

Each figure is a council's own, of its last whole year (to 31 July) or of what it
holds now; too few records are not judged. What is published is met elsewhere,
and each rule of it says where.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from quality.rule import EVERY_FAMILY, Dimension, NoData, Patch, Rate, Rule, Severity, Shape

_children = partial(Rule, family="children")
_referrals = partial(Rule, family="referrals")
_episodes = partial(Rule, family="care_episodes")
_protection = partial(Rule, family="child_protection")
_published = partial(Rule, family=EVERY_FAMILY, severity=Severity.ERROR, hint="nothing to do", passing=())

Several = list[tuple[str, Patch]]

_MINIMUM = 20
"""Of fewer records a share says little of how they were recorded."""
_QA = "Scottish Government, children looked after statistics: checks of changes and trends"
_ADR = "ADR Scotland, looked-after children dataset"
_IDEA_OF_CIN = "England CIN census, queries of a whole return, idea only"

# --- days and years ---------------------------------------------------------

_THIS_AUGUST = "make_date(year_of(today()), 8, 1)"
_CLOSED = f"(year_of(today()) - CAST(today() < {_THIS_AUGUST} AS INTEGER))"
_CLOSES, _OPENS = (f"make_date({_CLOSED} - {years}, 7, 31)" for years in (0, 1))
"""The 31 July that ended the last whole year, and the one before."""
_YEAR = f"({_CLOSED} - 1) || '-' || right(CAST({_CLOSED} AS VARCHAR), 2)"


def _council(record: str) -> str:
    """Whether a council posted the record."""
    return f"flag('agencies', {record}.source_agency, 'kind', 'council')"


_RETURNED = "episode.source_agency = episode.responsible_authority AND episode.short_breaks IS NOT TRUE"
"""Which care episodes are those that their own council returns; series of short breaks are counted apart."""


def _on(day: str, what: str = "episode", began: str = "started_on", ended: str = "ended_on") -> str:
    return f"({what}.{began} <= {day} AND ({what}.{ended} IS NULL OR {what}.{ended} > {day}))"


def _in_year(column: str) -> str:
    return f"({column} > {_OPENS} AND {column} <= {_CLOSES})"


def _share(where: str) -> str:
    return f"count(*) FILTER (WHERE {where}) / count(*)"


def _in_mads(value: str, window: str) -> str:
    """How many median absolute deviations a value lies from the median of its window."""
    return f"abs({value} - median({value}) OVER {window}) / nullif(mad({value}) OVER {window}, 0)"


def _of_children(figure: str, where: str, minimum: int, **bounds: float) -> Rate:
    """A figure of the children that each council holds."""
    return Rate(
        f"SELECT child.source_agency, '' AS about, count(*) AS n, {figure} AS figure FROM children AS child"
        f" WHERE {_council('child')} AND {where} GROUP BY child.source_agency",
        minimum=minimum,
        **bounds,
    )


_OF_5_TO_15 = "age_on(child.date_of_birth, today()) BETWEEN 5 AND 15 AND child.date_of_death IS NULL"
_DISABLED = (
    "(SELECT held.$key, held.value FROM children_disabilities AS held"
    " WHERE flag('disabilities', held.value, 'is_none', 'false')"
    " AND flag('disabilities', held.value, 'is_not_known', 'false'))"
)


def _of_disabled(figure: str, least: float) -> Rate:
    """A figure of each council's children with a disability, from `held` (one row a child: kinds, kind)."""
    each = f"(SELECT held.$key, count(*) AS kinds FROM {_DISABLED} AS held GROUP BY held.$key)"
    return Rate(
        f"SELECT child.source_agency, '' AS about, count(DISTINCT child.$key) AS n, {figure} AS figure"
        f" FROM children AS child JOIN {each} AS counted ON counted.$key = child.$key"
        f" JOIN {_DISABLED} AS held ON held.$key = child.$key WHERE {_council('child')} GROUP BY child.source_agency",
        least=least,
        minimum=50,
    )


def _per_episode(part: str, least: float, most: float) -> Rate:
    """How many items of a part an episode has on average."""
    return Rate(
        "SELECT episode.source_agency, '' AS about, count(*) AS n, sum(held.items) / count(*) AS figure"
        " FROM care_episodes AS episode"
        f" JOIN (SELECT item.$key, count(*) AS items FROM care_episodes_{part} AS item GROUP BY item.$key) AS held"
        f" ON held.$key = episode.$key WHERE {_RETURNED} GROUP BY episode.source_agency",
        least=least,
        most=most,
        minimum=_MINIMUM,
    )


_STOCK_AND_FLOW = (
    f"SELECT counted.source_agency, {_YEAR} AS about, counted.closing AS n,"
    " abs(counted.opening + counted.starts - counted.ceases - counted.closing) / counted.closing AS figure"
    " FROM (SELECT episode.source_agency,"
    f" count(DISTINCT episode.linked_child) FILTER (WHERE {_on(_OPENS)}) AS opening,"
    f" count(*) FILTER (WHERE {_in_year('episode.started_on')}) AS starts,"
    f" count(*) FILTER (WHERE {_in_year('episode.ended_on')}) AS ceases,"
    f" count(DISTINCT episode.linked_child) FILTER (WHERE {_on(_CLOSES)}) AS closing"
    f" FROM care_episodes AS episode WHERE {_RETURNED} AND episode.linked_child IS NOT NULL"
    " GROUP BY episode.source_agency) AS counted"
)

_GROWTH = (
    f"SELECT grown.source_agency, {_YEAR} AS about, grown.n,"
    f" CASE WHEN count(*) OVER () >= 5 THEN {_in_mads('grown.growth', '()')} END AS figure"
    " FROM (SELECT stock.source_agency, stock.opening AS n, stock.closing / stock.opening AS growth"
    " FROM (SELECT episode.source_agency,"
    f" count(*) FILTER (WHERE {_on(_OPENS)}) AS opening, count(*) FILTER (WHERE {_on(_CLOSES)}) AS closing"
    f" FROM care_episodes AS episode WHERE {_RETURNED} GROUP BY episode.source_agency) AS stock"
    f" WHERE stock.opening >= {_MINIMUM}) AS grown"
)

_AT_HOME = "flag('placement_types', placement.type, 'is_at_home')"
_AT_HOME_SHARE = (
    f"SELECT lived.source_agency, {_YEAR} AS about, lived.closing AS n,"
    " abs(lived.home_at_close / lived.closing - lived.home_at_opening / nullif(lived.opening, 0)) AS figure"
    " FROM (SELECT episode.source_agency,"
    f" count(*) FILTER (WHERE {_on(_OPENS, 'placement')}) AS opening,"
    f" count(*) FILTER (WHERE {_on(_OPENS, 'placement')} AND {_AT_HOME}) AS home_at_opening,"
    f" count(*) FILTER (WHERE {_on(_CLOSES, 'placement')}) AS closing,"
    f" count(*) FILTER (WHERE {_on(_CLOSES, 'placement')} AND {_AT_HOME}) AS home_at_close"
    " FROM care_episodes AS episode JOIN care_episodes_placements AS placement ON placement.$key = episode.$key"
    f" WHERE {_RETURNED} GROUP BY episode.source_agency) AS lived WHERE lived.opening >= {_MINIMUM}"
)

_REGISTERED = _on(_CLOSES, "process", "registered_on", "deregistered_on")
_LOOKED_AFTER_AND_REGISTERED = (
    "SELECT told.source_agency, told.linked_child,"
    " sum(told.registered) AS registrations, sum(told.looked_after) AS episodes"
    " FROM (SELECT process.source_agency, process.linked_child, 1 AS registered, 0 AS looked_after"
    f" FROM child_protection AS process WHERE process.source_agency = process.authority AND {_REGISTERED}"
    " UNION ALL SELECT episode.source_agency, episode.linked_child, 0 AS registered, 1 AS looked_after"
    f" FROM care_episodes AS episode WHERE {_RETURNED} AND {_on(_CLOSES)}) AS told"
    " WHERE told.linked_child IS NOT NULL GROUP BY told.source_agency, told.linked_child"
)
_IS_BOTH = "child.registrations > 0 AND child.episodes > 0"


def _of_both(n: str, figure: str, minimum: int, **bounds: float) -> Rate:
    """A figure of the children whom each council looked after, had on its register, or both, on 31 July."""
    return Rate(
        f"SELECT child.source_agency, {_YEAR} AS about, {n} AS n, {figure} AS figure"
        f" FROM ({_LOOKED_AFTER_AND_REGISTERED}) AS child GROUP BY child.source_agency",
        minimum=minimum,
        **bounds,
    )


_MEETINGS = (
    "SELECT process.source_agency, count(*) AS held FROM child_protection AS process"
    " JOIN child_protection_meetings AS meeting ON meeting.$key = process.$key"
    " WHERE flag('meeting_types', meeting.type, 'can_register')"
    f" AND {_in_year('meeting.held_on')} GROUP BY process.source_agency"
)
_REGISTRATIONS = (
    f"SELECT process.source_agency, {_YEAR} AS about, count(*) AS n,"
    " count(*) - coalesce(max(meetings.held), 0) AS figure FROM child_protection AS process"
    f" LEFT JOIN ({_MEETINGS}) AS meetings ON meetings.source_agency = process.source_agency"
    f" WHERE process.source_agency = process.authority AND {_in_year('process.registered_on')}"
    " GROUP BY process.source_agency"
)

_MONTHLY = (
    "SELECT referral.source_agency, date_trunc('month', local_date(referral.received_at)) AS month,"
    " count(*) AS n, count(*) FILTER (WHERE flag('referral_decisions', referral.decision, 'is_below_threshold'))"
    " / count(*) AS share FROM referrals AS referral"
    f" WHERE referral.decision IS NOT NULL AND {_council('referral')}"
    " AND local_date(referral.received_at) < date_trunc('month', today())"
    " AND local_date(referral.received_at) >= months_after(date_trunc('month', today()), -13)"
    " GROUP BY ALL"
)
_BELOW_THRESHOLD = (
    f"SELECT monthly.source_agency, strftime(monthly.month, '%Y-%m') AS about, monthly.n,"
    f" CASE WHEN count(*) OVER year_before >= 6 THEN {_in_mads('monthly.share', 'year_before')} END AS figure"
    f" FROM ({_MONTHLY}) AS monthly WINDOW year_before AS (PARTITION BY monthly.source_agency"
    " ORDER BY monthly.month ROWS BETWEEN 12 PRECEDING AND 1 PRECEDING)"
    " QUALIFY monthly.month = max(monthly.month) OVER (PARTITION BY monthly.source_agency)"
)

# --- small stores that the examples are ---------------------------------------

_ENDED = {"end_reason": "E-RHP", "destination": "home_with_parents"}
_COUNCILS = ("S12000005", "S12000006", "S12000008", "S12000010", "S12000011", "S12000013")


def _many(family: str, count: int, first: int = 0, **changes: Any) -> Several:
    """So many records, each of a child of its own."""
    return [(family, changes | {"child": f"child-{number}"}) for number in range(first, first + count)]


def _pupils(count: int, first: int = 0, **changes: Any) -> Several:
    """So many children, of eleven years, each with an id of its own."""
    return [
        ("children", changes | {"held": {"source_id": f"child-{number}"}}) for number in range(first, first + count)
    ]


def _lived(count: int, kind: str, started_on: str, first: int = 0, **changes: Any) -> Several:
    """So many episodes of one placement each."""
    placement = {"id": "pl-1", "type": kind, "started_on": started_on} | changes
    return _many("care_episodes", count, first, started_on=started_on, placements=[placement])


def _stock(council: str, before: int, since: int) -> Several:
    """A council's episodes: so many from before the year, and so many begun within it."""
    own: dict[str, Any] = {"responsible_authority": council, "held": {"source_agency": council}}
    return [
        *_many("care_episodes", before, started_on="2024-02-05", **own),
        *_many("care_episodes", since, before, started_on="2024-10-07", **own),
    ]


def _months(below: Sequence[int]) -> Several:
    """Twenty referrals of each month from January 2025 on, so many of them below the threshold."""
    return [
        ("referrals", {"received_at": f"2025-{month:02}-10T09:20:00+00:00", "decision": decision})
        for month, count in enumerate(below, 1)
        for decision in ["information_advice"] * count + ["assessment_s22"] * (20 - count)
    ]


_REGISTERED_THEN: dict[str, Any] = {"deregistered_on": None, "deregistration_reason": None, "ended_on": None}
_LEGAL = {"id": "lr-1", "legal_reason": "cso_away", "started_on": "2023-09-11"}
_EIGHT = ["hearing", "vision", "physical", "learning_disability", "autism", "adhd", "communication", "mental_health"]
_STEADY = (8, 9, 10, 9, 8, 9, 10, 9, 8, 9, 10)

RULES = (
    _children(
        code="ID15",
        severity=Severity.QUERY,
        says="Of the children of 5 to 15 years whom a council holds, 90 in 100 have a Scottish Candidate Number.",
        hint="ask for the numbers from SEEMiS: without them children cannot be followed into education statistics",
        source="Scottish Government, children looked after statistics 2021/22: background notes",
        dimension=Dimension.COMPLETENESS,
        logic=_of_children(_share("child.scn IS NOT NULL"), _OF_5_TO_15, _MINIMUM, least=0.9),
        fields=("scn",),
        passing=([*_pupils(18), *_pupils(2, 18, scn=None)],),
        failing=([*_pupils(17), *_pupils(3, 17, scn=None)],),
    ),
    _children(
        code="ID27",
        severity=Severity.INFO,
        says="Of the children of 5 to 15 years whom a council holds, 95 in 100 have a Scottish Candidate Number.",
        hint="for information: ask for the few that are missing",
        source="Scottish Government, children looked after statistics 2021/22: background notes",
        dimension=Dimension.COMPLETENESS,
        logic=_of_children(_share("child.scn IS NOT NULL"), _OF_5_TO_15, _MINIMUM, least=0.95),
        fields=("scn",),
        passing=([*_pupils(19), *_pupils(1, 19, scn=None)],),
        failing=([*_pupils(18), *_pupils(2, 18, scn=None)],),
    ),
    _referrals(
        code="RF10",
        severity=Severity.INFO,
        says=(
            "The share of a council's decisions that fall below a threshold is, in its last whole month,"
            " as it was in the year before (within 3 median absolute deviations)."
        ),
        hint="for information: a new form, team or code may be behind it",
        source=_QA,
        dimension=Dimension.CONSISTENCY,
        logic=Rate(_BELOW_THRESHOLD, most=3, minimum=_MINIMUM),
        fields=("decision",),
        passing=(_months((*_STEADY, 11)),),
        failing=(_months((*_STEADY, 20)),),
    ),
    _episodes(
        code="ST01",
        severity=Severity.QUERY,
        says=(
            "Children looked after at the end of a year are those at its start and those who began,"
            " less those who ceased, to 1 in 100."
        ),
        hint="look for a child with two episodes at once, or one whose end or start was never sent",
        source="Kith, from published figures: nationally they differ by 0.45 in 100",
        dimension=Dimension.CONSISTENCY,
        logic=Rate(_STOCK_AND_FLOW, most=0.01, minimum=_MINIMUM),
        fields=("started_on", "ended_on"),
        passing=([*_lived(19, "kinship", "2023-09-11"), *_lived(1, "kinship", "2024-10-07", 19)],),
        failing=([*_lived(20, "kinship", "2023-09-11"), *_lived(1, "kinship", "2024-10-07", 19)],),
    ),
    _episodes(
        code="ST02",
        severity=Severity.QUERY,
        says=(
            "A council's number of children looked after grew or fell in a year as other councils' did"
            " (within 3 median absolute deviations)."
        ),
        hint="explain, or look for episodes that were not sent, or not ended",
        source=_QA,
        dimension=Dimension.CONSISTENCY,
        logic=Rate(_GROWTH, most=3, minimum=_MINIMUM),
        fields=("started_on", "ended_on"),
        passing=([one for place, council in enumerate(_COUNCILS) for one in _stock(council, 20, place)],),
        failing=([one for place, council in enumerate(_COUNCILS) for one in _stock(council, 20, place**3 // 5)],),
    ),
    _episodes(
        code="ST03",
        severity=Severity.QUERY,
        says="A council's care episodes have 1.6 to 2.6 placements each, on average.",
        hint="look for moves that were not sent, or sent as new episodes",
        source=_ADR,
        dimension=Dimension.COMPLETENESS,
        logic=_per_episode("placements", 1.6, 2.6),
        fields=("started_on",),
        passing=(_many("care_episodes", 20),),
        failing=(_lived(20, "kinship", "2023-09-11"),),
    ),
    _episodes(
        code="ST11",
        severity=Severity.QUERY,
        says="A council's care episodes have 2.2 to 3.6 legal reasons each, on average.",
        hint="look for orders that were not sent: several may be in force at once",
        source=_ADR,
        dimension=Dimension.COMPLETENESS,
        logic=_per_episode("legal_reasons", 2.2, 3.6),
        fields=("started_on",),
        passing=(_many("care_episodes", 20, legal_reasons=[_LEGAL | {"id": f"lr-{number}"} for number in range(3)]),),
        failing=(_many("care_episodes", 20),),
    ),
    _episodes(
        code="ST04",
        severity=Severity.QUERY,
        says="A council's share of children looked after at home changes by no more than 10 in 100 from year to year.",
        hint="explain, or look for placements at home that were not sent, or not ended",
        source=_QA,
        dimension=Dimension.CONSISTENCY,
        logic=Rate(_AT_HOME_SHARE, most=0.1, minimum=_MINIMUM),
        fields=("started_on",),
        passing=([*_lived(20, "kinship", "2023-09-11"), *_lived(2, "at_home", "2024-10-07", 20)],),
        failing=([*_lived(20, "kinship", "2023-09-11"), *_lived(3, "at_home", "2024-10-07", 20)],),
    ),
    _protection(
        code="ST09",
        severity=Severity.ERROR,
        says=(
            "A child looked after and on the register is counted once: all are those looked after"
            " and those registered, less those who are both."
        ),
        hint="look for a child with two open episodes or two open registrations",
        source="Scottish Government, children's social work statistics 2017-19",
        dimension=Dimension.UNIQUENESS,
        logic=_of_both(
            "count(*)",
            f"sum(child.registrations) + sum(child.episodes) - count(*) FILTER (WHERE {_IS_BOTH}) - count(*)",
            1,
            most=0,
        ),
        fields=("registered_on",),
        passing=([("child_protection", _REGISTERED_THEN), *_many("care_episodes", 2)],),
        failing=([("child_protection", _REGISTERED_THEN), ("child_protection", _REGISTERED_THEN)],),
    ),
    _protection(
        code="ST12",
        severity=Severity.INFO,
        says="Of the children on a council's register, 10 to 40 in 100 are looked after too.",
        hint="for information: nationally 20 to 28; a share of none may be two systems that call one child two",
        source="Scottish Government, children's social work statistics 2017-19",
        dimension=Dimension.CONSISTENCY,
        logic=_of_both(
            "sum(child.registrations)",
            f"count(*) FILTER (WHERE {_IS_BOTH}) / nullif(sum(child.registrations), 0)",
            _MINIMUM,
            least=0.1,
            most=0.4,
        ),
        fields=("registered_on",),
        passing=([*_many("child_protection", 20, **_REGISTERED_THEN), *_many("care_episodes", 5)],),
        failing=([*_many("child_protection", 20, **_REGISTERED_THEN), *_many("care_episodes", 5, 20)],),
    ),
    _protection(
        code="ST13",
        severity=Severity.QUERY,
        says="A council has no more registrations in a year than planning meetings that can register a child.",
        hint="send the meetings at which the children were registered",
        source=f"{_IDEA_OF_CIN}: 2883",
        dimension=Dimension.CONSISTENCY,
        logic=Rate(_REGISTRATIONS, most=0),
        fields=("registered_on",),
        passing=(_many("child_protection", 2),),
        failing=([*_many("child_protection", 2), *_many("child_protection", 1, 2, meetings=[])],),
    ),
    _children(
        code="ST14",
        severity=Severity.QUERY,
        says="Of the children whom a council holds, no more than 2 in 100 have their sex not known.",
        hint="send what your system holds",
        source=f"{_IDEA_OF_CIN}: 2886",
        dimension=Dimension.COMPLETENESS,
        logic=_of_children(_share("flag('sexes', child.sex, 'is_not_known')"), "TRUE", 50, most=0.02),
        fields=("sex",),
        passing=([*_pupils(49), *_pupils(1, 49, sex="not_known")],),
        failing=([*_pupils(48), *_pupils(2, 48, sex="not_known")],),
    ),
    _children(
        code="ST15",
        severity=Severity.QUERY,
        says="Among a council's children with a disability, eight kinds or more are recorded.",
        hint="map each of your system's codes: one code for all says nothing of any child",
        source=f"{_IDEA_OF_CIN}: 2887",
        dimension=Dimension.ACCURACY,
        logic=_of_disabled("count(DISTINCT held.value)", least=8),
        passing=([*_pupils(49, disabilities=["hearing"]), *_pupils(1, 49, disabilities=_EIGHT)],),
        failing=(_pupils(50, disabilities=["hearing"]),),
    ),
    _children(
        code="ST16",
        severity=Severity.QUERY,
        says="Among a council's children with a disability, some have more than one.",
        hint="send all that your system holds, not the first alone",
        source=f"{_IDEA_OF_CIN}: 2888",
        dimension=Dimension.ACCURACY,
        logic=_of_disabled("count(*) FILTER (WHERE counted.kinds > 1) / count(*)", least=0.01),
        passing=([*_pupils(49, disabilities=["hearing"]), *_pupils(1, 49, disabilities=["hearing", "vision"])],),
        failing=(_pupils(50, disabilities=["hearing"]),),
    ),
    _episodes(
        code="ST17",
        severity=Severity.QUERY,
        says="Among a council's care episodes, some have contributory reasons beside the main one.",
        hint="send contributory_reasons: a child rarely comes into care for one reason",
        source=f"{_IDEA_OF_CIN}: 2888; CELCIS 2023",
        dimension=Dimension.ACCURACY,
        logic=Rate(
            "SELECT episode.source_agency, '' AS about, count(*) AS n,"
            " count(*) FILTER (WHERE EXISTS (SELECT 1 FROM care_episodes_contributory_reasons AS further"
            " WHERE further.$key = episode.$key)) / count(*) AS figure"
            f" FROM care_episodes AS episode WHERE {_RETURNED} GROUP BY episode.source_agency",
            least=0.01,
            minimum=50,
        ),
        passing=(_many("care_episodes", 50),),
        failing=(_many("care_episodes", 50, contributory_reasons=[]),),
    ),
    _referrals(
        code="ST18",
        severity=Severity.QUERY,
        says="A source that posts referrals goes on posting them: some have arrived in the last 28 days.",
        hint="see whether the nightly post still runs; a silent source is not one without referrals",
        source="Glasgow 2017-18: a council that was missing, and not zero",
        dimension=Dimension.TIMELINESS,
        logic=Rate(
            "SELECT referral.source_agency, referral.source AS about, count(*) AS n,"
            " count(*) FILTER (WHERE local_date(referral.kept_at) > days_after(today(), -28)) AS figure"
            " FROM referrals AS referral WHERE local_date(referral.kept_at) > days_after(today(), -365)"
            " GROUP BY referral.source_agency, referral.source",
            least=1,
            minimum=_MINIMUM,
        ),
        passing=([*_many("referrals", 19), ("referrals", {"held": {"kept_at": "2025-12-19T09:00:00Z"}})],),
        failing=([*_many("referrals", 19), ("referrals", {"held": {"kept_at": "2025-12-18T09:00:00Z"}})],),
    ),
    _published(
        code="ST05",
        says="A published rate tells the age band, the vintage and the source of the population that it is of.",
        source="Scottish Government: rates of children aged 0-15 beside rates of 0-17",
        dimension=Dimension.VALIDITY,
        logic=Shape("a measure's rate is made of a population that has all three; each row tells band and vintage"),
    ),
    _published(
        code="ST06",
        says="A table of concerns declares whether it is of concerns or of children.",
        source="Scottish Government, child protection statistics 2022-23 and 2023-24",
        dimension=Dimension.VALIDITY,
        logic=NoData("no measure is of concerns; one that were would declare its unit, as every measure does"),
    ),
    _published(
        code="ST07",
        says="A published count under 5 is suppressed, and so is what it could be worked out from.",
        source="Practice: statistical disclosure control",
        dimension=Dimension.VALIDITY,
        logic=NoData("no extract is public: a release is for a safe setting, and says that nothing is suppressed"),
    ),
    _published(
        code="ST08",
        says="A council that did not submit is told of as such: never imputed in silence, never zero.",
        source="Glasgow 2017-18",
        dimension=Dimension.COMPLETENESS,
        logic=Shape(
            "nothing is imputed: a release's coverage and every measure say of such a council that it is"
            " not submitted, and Scotland's figure says of how many councils it is"
        ),
    ),
    _published(
        code="ST10",
        says="A published figure can be counted again as of the day it was published.",
        source="Practice: revisions",
        dimension=Dimension.CONSISTENCY,
        logic=Shape("a release is built as at any instant, again with the same content hashes, and measures are of it"),
    ),
)
