"""How to break each rule of care episodes."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from quality.functions import age_on
from schemas.codelists import code_list
from seed.damage.ways import (
    FAR,
    NO_CODE,
    OUTSIDE,
    STAND_IN,
    Around,
    Damage,
    Effects,
    Test,
    change,
    drop,
    dropping,
    effects_on,
    every,
    has,
    is_flagged,
    item,
    lacks,
    of_nobody,
    put,
    same_ids,
    setting,
    when,
    without_words,
)
from seed.days import AS_OF, LAST_EVENT, days
from seed.postings import Posting, Record
from seed.reference import one

ENDED, OPEN = has("ended_on"), lacks("ended_on")
LONG_AGO = AS_OF - days(60)
WAS_ADOPTED = is_flagged("end_reasons", "end_reason", "is_adoption")
PLAIN = ("foster_type", "kinship_relation")


def _in_force(record: Record, on: date) -> list[Record]:
    return [x for x in record["legal_reasons"] if x["started_on"] <= on and ("ended_on" not in x or x["ended_on"] > on)]


def _allows(record: Record, on: date, flag: str) -> bool:
    allowed = code_list("legal_reasons").flagged(flag)
    return any(legal["legal_reason"] in allowed for legal in _in_force(record, on))


def _stays_on(record: Record) -> bool:
    """Whether the episode ended in continuing care, which rests on the last placement's kind."""
    return record.get("end_reason") in code_list("end_reasons").flagged("is_continuing_care")


def _retyped(kind: str, needs: str) -> Damage:
    """A placement said to be of a kind that no power then in force allows."""

    def damage(record: Record, around: Around) -> Effects | None:
        fits = [p for p in record["placements"] if _is_plain(p) and not _allows(record, p["started_on"], needs)]
        if _stays_on(record) or not fits or record.get("permanence"):
            return None
        fits[0]["type"] = one("placement_types", kind)
        dropping(*PLAIN)(fits[0])
        return ()

    return damage


def _is_plain(placement: Record) -> bool:
    row = code_list("placement_types").rows[placement["type"]]
    return "true" in (row["is_foster"], row["is_kinship"])


def _starts_before(record: Record) -> None:
    record["placements"][0]["started_on"] -= days(10)


def _ends_before_start(record: Record) -> None:
    record["ended_on"] = record["started_on"] - days(4)


def _gap(record: Record) -> None:
    record["placements"][1]["started_on"] += days(3)


def _has_second(record: Record) -> bool:
    """Whether the second placement is long enough to begin later, and neither home nor secure nor adoptive."""
    second = record["placements"][1] if len(record["placements"]) > 1 else None
    if second is None or not _is_plain(second):
        return False
    return bool((second.get("ended_on", LAST_EVENT) - second["started_on"]).days > 5)


def _uncovered(record: Record) -> None:
    record["legal_reasons"][0]["ended_on"] -= days(3)


def _has_only_first(record: Record) -> bool:
    """Whether the first power ended after some days in which it was the only one, and nobody moved then."""
    first = record["legal_reasons"][0]
    if "ended_on" not in first or (first["ended_on"] - first["started_on"]).days < 4:
        return False
    gap = [first["ended_on"] - timedelta(days=count) for count in range(4)]
    alone = all(len(_in_force(record, day)) <= 1 for day in gap[1:])
    return alone and all(placement["started_on"] not in gap for placement in record["placements"])


def _moved(test: Test) -> Test:
    """The test of a placement that was left for another."""
    return every(has("ended_on", "change_reason"), test)


def _same_carer(record: Record, around: Around) -> Effects | None:
    """A carer said to be the same where the reason says that the carer changed."""
    differs = code_list("change_reasons").flagged("same_carer", "false")
    pairs = zip(record["placements"], record["placements"][1:], strict=False)
    for left, joined in pairs:
        if left.get("change_reason") in differs and "carer" in left and "carer" in joined:
            left["carer"] = joined["carer"]
            return ()
    return None


def _one_night(record: Record) -> None:
    """A placement that ended on the day it began, between the first two."""
    left = record["placements"][0]
    night = left | {
        "id": "p-night",
        "type": one("placement_types", "is_foster"),
        "foster_type": one("foster_types", "is_emergency"),
        "carer": "carer-for-one-night",
        "started_on": left["ended_on"],
        "change_reason": one("change_reasons", "is_end_of_short_term"),
    }
    dropping("kinship_relation", "is_planned")(night)
    record["placements"].insert(1, night)


def _has_a_move(record: Record) -> bool:
    return len(record["placements"]) > 1 and "carer" in record["placements"][0]


def _is_stale(legal: Record) -> object:
    every_days = code_list("legal_reasons").rows[legal["legal_reason"]]["longest_days"]
    return "ended_on" not in legal and every_days and legal["started_on"] < AS_OF - days(int(every_days) + 10)


def _names_another(record: Record, around: Around) -> Effects | None:
    named = [x for x in record["legal_reasons"] if "named_placement" in x and "ended_on" not in x]
    if not named or "ended_on" in record:
        return None
    named[0]["named_placement"] = "p-elsewhere"
    return ()


def _ends_in_future(record: Record) -> None:
    end = one("end_reasons", "is_return_home")
    record |= {"ended_on": FAR, "end_reason": end, "destination": one("destinations", "is_at_home")}
    record["placements"][-1]["ended_on"] = FAR


def _ends_later_than_now(record: Record, around: Around) -> Effects:
    """An end in the future, which leaves the open plan without an open episode."""
    _ends_in_future(record)
    needs = is_flagged("plan_types", "plan_type", "needs_open_care_episode")
    return effects_on("PL01", (p for p in around.others("plans") if needs(p.record) and "ended_on" not in p.record))


def _reopened(record: Record) -> None:
    """An end that was never entered: the episode, its last placement and its last powers go on."""
    ended_on = record.pop("ended_on")
    dropping("end_reason", "destination")(record)
    dropping("ended_on")(record["placements"][-1])
    for legal in record["legal_reasons"]:
        if legal.get("ended_on") == ended_on:
            dropping("ended_on", "change_reason")(legal)


def _not_ended(record: Record, around: Around) -> Effects | None:
    """An episode without its end, whose plan has ended."""
    others = around.others("care_episodes")
    if not ENDED(record) or others or record["ended_on"] > LONG_AGO or WAS_ADOPTED(record):
        return None
    _reopened(record)
    return ()


def _still_open_too(record: Record, around: Around) -> Effects | None:
    """An episode without its end, beside a later one that is open."""
    still_open = [other for other in around.others("care_episodes") if OPEN(other.record)]
    if not ENDED(record) or not still_open:
        return None
    _reopened(record)
    after = (
        p for p in around.others("care_episodes") if ENDED(p.record) and p.record["ended_on"] > record["started_on"]
    )
    overlapped = [*after]
    beside = [around.posting, *overlapped] if overlapped else []
    return [*effects_on("LA24", still_open), *effects_on("LA68", beside)]


def _born_on(around: Around) -> date | None:
    born_on = next((p.record.get("date_of_birth") for p in around.others("children")), None)
    return born_on if isinstance(born_on, date) else None


def _before_birth(record: Record, around: Around) -> Effects | None:
    """An episode that starts before the child was born, with its first placement and powers."""
    born_on, first = _born_on(around), record["started_on"]
    if born_on is None or around.others("care_episodes"):
        return None
    for part in (record, *record["placements"], *record["legal_reasons"]):
        if part["started_on"] == first:
            part["started_on"] = born_on - days(5)
    return ()


def _from(age: int, then: Damage) -> Damage:
    """A damage only for episodes that ended, if at all, before that birthday, and began three months after birth."""

    def damage(record: Record, around: Around) -> Effects | None:
        born_on = _born_on(around)
        if born_on is None or record["started_on"] <= born_on + days(100):
            return None
        is_younger = age_on(born_on, record.get("ended_on", LAST_EVENT)) < age
        return then(record, around) if is_younger else None

    return damage


def _own_area(record: Record) -> None:
    record["transferred_from"] = record["responsible_authority"]


def _reason_again(record: Record) -> None:
    record["contributory_reasons"] = [record["primary_reason"]]


def _review(**fields: object) -> Callable[[Record], None]:
    def does(record: Record) -> None:
        on = record["started_on"] + days(30)
        record["reviews"] = [{"due_on": on, "held_on": on} | fields]

    return does


def _started_by(day: date) -> Test:
    return lambda record: record["started_on"] < day


def _coded(codelist: str, field: str, flag: str) -> Callable[[Record], None]:
    return setting(**{field: one(codelist, flag)})


IS_LEFT = _moved(lambda placement: True)
TO_ANOTHER_CARER = _moved(is_flagged("change_reasons", "change_reason", "same_carer", "false"))
LEFT_LONG_AGO = _moved(lambda placement: placement["ended_on"] < LONG_AGO)
PARTICULAR = every(lacks("permanence"), lambda record: not _stays_on(record))
LEGACY = one("legal_reasons", "legacy_only", "allows_at_home")
AT_16 = sorted(
    code_list("end_reasons").flagged("minimum_age", "16") - code_list("end_reasons").flagged("is_continuing_care")
)


def _can_have_another_reason(record: Record) -> bool:
    return record["primary_reason"] in PLAIN_REASONS


def _another_reason(record: Record) -> None:
    taken = {record["primary_reason"], *record.get("contributory_reasons", [])}
    record["primary_reason"] = next(reason for reason in PLAIN_REASONS if reason not in taken)


def _alone(then: Damage) -> Damage:
    """A damage only for a child's one episode, which no open plan rests on."""

    def damage(record: Record, around: Around) -> Effects | None:
        rests = [p for p in around.others("plans") if "ended_on" not in p.record]
        return None if around.others("care_episodes") or rests else then(record, around)

    return damage


def _runs_on(record: Record, around: Around) -> Effects | None:
    """An episode that ends five days after the next has begun."""
    if not ENDED(record) or not PARTICULAR(record) or WAS_ADOPTED(record):
        return None
    next_one = _following(record, around)
    if next_one is None or next_one.record.get("ended_on", LAST_EVENT) < next_one.record["started_on"] + days(9):
        return None
    ended_on, later = record["ended_on"], next_one.record["started_on"] + days(5)
    for part in (record, *record["placements"], *record["legal_reasons"]):
        if part.get("ended_on") == ended_on:
            part["ended_on"] = later
    return effects_on("LA68", [next_one])


def _following(record: Record, around: Around) -> Posting | None:
    """The child's next episode in the same source."""
    after = [p for p in around.others("care_episodes") if p.record["started_on"] >= record["ended_on"]]
    return min(after, key=lambda posting: posting.record["started_on"], default=None)


def _starts_as_another_ends(record: Record, around: Around) -> Effects | None:
    """An episode that starts on the day that the one before ended."""
    first = record["started_on"]
    before = [p.record for p in around.others("care_episodes") if p.record.get("ended_on", FAR) < first]
    if not before or record.get("short_breaks"):
        return None
    for part in (record, *record["placements"], *record["legal_reasons"]):
        if part["started_on"] == first:
            part["started_on"] = max(each["ended_on"] for each in before)
    return ()


def _under_12(from_on: str, then: Damage) -> Damage:
    """A damage only for episodes of children under 12, since the age of criminal responsibility is 12."""

    def damage(record: Record, around: Around) -> Effects | None:
        born_on = _born_on(around)
        young = born_on is not None and age_on(born_on, LAST_EVENT) < 12
        return then(record, around) if young and record[from_on] > date(2021, 12, 17) else None

    return damage


def _into_custody(placement: Record) -> None:
    placement["change_reason"] = one("change_reasons", "is_custody")
    placement.pop("is_planned", None)


def _before_criminal_court(record: Record, around: Around) -> Effects:
    first = record["legal_reasons"][0]
    court = {"id": "lr-court", "legal_reason": one("legal_reasons", "is_court", "allows_secure")}
    dates = {name: first[name] for name in ("started_on", "ended_on") if name in first}
    record["legal_reasons"] = [*record["legal_reasons"], court | dates]
    return ()


REASON_FLAGS = ("needs_text", "is_not_yet_known", "is_unaccompanied", "is_pre_birth", "is_transfer", "legacy_only")
DESTINATION_FLAGS = ("is_at_home", "is_adoption", "is_death", "is_continuing_care", "is_not_known", "needs_text")
PLAIN_REASONS = sorted(
    code for code, row in code_list("care_reasons").rows.items() if all(row[flag] != "true" for flag in REASON_FLAGS)
)
PLAIN_DESTINATION = next(
    code
    for code, row in code_list("destinations").rows.items()
    if all(row[flag] == "false" for flag in DESTINATION_FLAGS)
)


def _adopted_at_18(record: Record, around: Around) -> Effects | None:
    born_on = _born_on(around)
    if born_on is None or not ENDED(record) or age_on(born_on, record["ended_on"]) < 18 or not PARTICULAR(record):
        return None
    record |= {"end_reason": one("end_reasons", "is_adoption"), "destination": one("destinations", "is_adoption")}
    return effects_on("LA15", [around.posting])


DAMAGES: Mapping[str, Damage] = {
    "LA01": when(ENDED, change(_ends_before_start)),
    "LA02": _before_birth,
    "LA03": when(lambda record: _is_plain(record["placements"][0]), change(_starts_before)),
    "LA04": when(_has_second, change(_gap)),
    "LA05": when(_has_only_first, change(_uncovered)),
    "LA09": when(_started_by(LONG_AGO), put(primary_reason=one("care_reasons", "is_not_yet_known"))),
    "LA10": item("placements", IS_LEFT, dropping("change_reason", "is_planned")),
    "LA11": _same_carer,
    "LA12": _retyped("is_at_home", "allows_at_home"),
    "LA13": _retyped("is_secure", "allows_secure"),
    "LA14": _retyped("is_prospective_adopters", "allows_adoption_placement"),
    "LA15": when(every(ENDED, lambda r: not WAS_ADOPTED(r)), put(destination=one("destinations", "is_adoption"))),
    "LA16": when(
        lambda record: ENDED(record) and is_flagged("placement_types", "type", "is_at_home")(record["placements"][-1]),
        put(destination=one("destinations", "is_continuing_care")),
    ),
    "LA17": when(
        every(ENDED, PARTICULAR),
        put(end_reason=one("end_reasons", "is_death"), destination=one("destinations", "is_death")),
    ),
    "LA19": when(OPEN, item("legal_reasons", _is_stale, dropping("reviewed_on"))),
    "LA20": _names_another,
    "LA21": item("placements", has("foster_type"), dropping("foster_type")),
    "LA22": when(_has_a_move, change(_one_night)),
    "LA23": change(_own_area),
    "LA24": _still_open_too,
    "LA25": item("placements", has("with_siblings_reason"), dropping("with_siblings_reason")),
    "LA26": item("legal_reasons", has("s25_basis"), dropping("s25_basis")),
    "LA31": when(
        is_flagged("care_reasons", "primary_reason", "is_unaccompanied"),
        put(home_data_zone="S01010000"),
    ),
    "LA32": _from(18, put(primary_reason=one("care_reasons", "is_pre_birth"))),
    "LA33": when(ENDED, put(route=NO_CODE)),
    "LA34": when(ENDED, drop("destination")),
    "LA35": without_words("care_reasons", "primary_reason"),
    "LA36": put(contributory_reasons=[one("care_reasons", "needs_text")]),
    "LA37": when(every(ENDED, PARTICULAR), without_words("end_reasons", "end_reason")),
    "LA38": item("placements", IS_LEFT, _coded("change_reasons", "change_reason", "needs_text")),
    "LA39": item(
        "placements",
        has("with_siblings_reason"),
        _coded("siblings_apart_reasons", "with_siblings_reason", "needs_text"),
    ),
    "LA40": item("legal_reasons", has("change_reason"), _coded("legal_change_reasons", "change_reason", "needs_text")),
    "LA41": when(
        every(_started_by(LONG_AGO), lambda r: r.get("ended_on", AS_OF) > r["started_on"] + days(30)),
        change(
            _review(late_reason=one("late_reasons", "needs_text"), child_took_part=one("participation", "took_part"))
        ),
    ),
    "LA42": when(has("child_view"), drop("child_view_method")),
    "LA43": item(
        "placements",
        _moved(is_flagged("change_reasons", "change_reason", "is_planned")),
        setting(is_planned=False),
    ),
    "LA44": item(
        "placements",
        every(has("is_planned"), is_flagged("change_reasons", "change_reason", "counts_for_stability")),
        dropping("is_planned"),
    ),
    "LA45": item("legal_reasons", has("change_reason"), setting(legal_reason=LEGACY)),
    "LA46": when(OPEN, _ends_later_than_now),
    "LA47": put(route=one("care_routes", "is_short_break")),
    "LA48": item("placements", LEFT_LONG_AGO, _coded("change_reasons", "change_reason", "is_not_yet_known")),
    "LA49": when(
        every(PARTICULAR, lambda r: r.get("ended_on", AS_OF) < LONG_AGO),
        put(end_reason=one("end_reasons", "is_not_yet_known")),
    ),
    "LA50": when(
        lambda record: record["started_on"] > AS_OF - days(250),
        put(primary_reason=one("care_reasons", "legacy_only")),
    ),
    "LA51": when(
        WAS_ADOPTED,
        item(
            "placements",
            is_flagged("placement_types", "type", "is_prospective_adopters"),
            setting(type=one("placement_types", "is_foster"), foster_type=one("foster_types", "is_permanent")),
        ),
    ),
    "LA52": change(_reason_again),
    "LA53": when(
        every(_started_by(LONG_AGO), lambda r: r.get("ended_on", AS_OF) > r["started_on"] + days(30)),
        change(_review()),
    ),
    "LA54": _from(16, when(every(ENDED, PARTICULAR), put(end_reason=AT_16[0]))),
    "LA57": _from(
        16, item("legal_reasons", has("s25_basis"), setting(s25_basis=one("s25_bases", "has_child_agreement")))
    ),
    "PL14": _not_ended,
    "LA08": when(_can_have_another_reason, change(_another_reason)),
    "LA62": item("legal_reasons", has("started_on"), setting(reviewed_on=[STAND_IN])),
    "LA63": _alone(of_nobody(ENDED)),
    "LA64": when(OPEN, item("placements", OPEN, _coded("change_reasons", "change_reason", "is_end_of_short_term"))),
    "LA65": when(
        is_flagged("end_reasons", "end_reason", "is_return_home"),
        put(destination=PLAIN_DESTINATION),
    ),
    "LA66": change(_review(held_on=STAND_IN, child_took_part=one("participation", "took_part"))),
    "LA67": item("permanence", is_flagged("permanence_steps", "step", "is_decision"), setting(on=FAR)),
    "LA68": _runs_on,
    "LA69": _starts_as_another_ends,
    "LA73": _under_12("started_on", _before_criminal_court),
    "LA74": _under_12("started_on", item("placements", TO_ANOTHER_CARER, _into_custody)),
    "LA59": same_ids("placements"),
    "LA60": same_ids("legal_reasons"),
    "LA61": put(responsible_authority=OUTSIDE),
    "LA72": _adopted_at_18,
}
