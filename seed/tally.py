"""What is counted of each child for the calibration report, from the records as they would be posted.

Every count has a name in words ("stock at_home", "starts aged 1-4"); the
figures of published_figures.csv are ratios of two of them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache

from quality.functions import LONDON, age_on
from schemas.codelists import code_list
from seed.population import quintile_of
from seed.postings import Posting, Record
from seed.reference import Line, lines

STOCK_ON = date(2025, 7, 31)
"""The day on which children in care and on the register are counted."""
YEAR_FROM = date(2024, 8, 1)
"""The first day of the looked-after year that ends then."""
NAMES = Counter[str]


def counts(postings: Sequence[Posting]) -> NAMES:
    """One child's counts."""
    of = Child(postings)
    found = Counter(of.population())
    found.update(_requests(posting.record for posting in postings if posting.family == "referrals"))
    found.update(_care(of))
    found.update(_protection(of))
    return found


class Child:
    """One child's records by family, with birth, sex and council as the first source holds them."""

    def __init__(self, postings: Sequence[Posting]) -> None:
        self.children = [posting for posting in postings if posting.family == "children"]
        first = self.children[0].record
        self.born_on: date | None = first.get("date_of_birth")
        self.sex: str = first["sex"]
        self.council: str = first["local_authority"]
        self.episodes = [
            posting
            for posting in postings
            if posting.family == "care_episodes" and not posting.record.get("short_breaks")
        ]
        self.processes = [posting.record for posting in postings if posting.family == "child_protection"]

    def age_on(self, day: date) -> int:
        """Age in years; -1 before birth."""
        return age_on(self.born_on, day) if self.born_on and self.born_on <= day else -1

    def has_scn(self, episode: Posting) -> bool:
        """Whether the episode's own source holds the child's SCN."""
        return any("scn" in held.record for held in self.children if held.source == episode.source)

    def population(self) -> Iterator[str]:
        age = self.age_on(STOCK_ON)
        if 0 <= age < 18:
            yield from ("children", f"children in {self.council}")
        if 0 <= age < 5:
            yield "children aged 0-4"


def band(name: str, value: int) -> str:
    """The label of the band (bands.csv) that holds a value."""
    return next(row["label"] for row in _bands(name) if int(row["least"]) <= value <= int(row["most"]))


@cache
def _bands(name: str) -> tuple[Line, ...]:
    return tuple(row for row in lines("bands") if row["name"] == name)


def _in_year(day: date | None) -> bool:
    return day is not None and YEAR_FROM <= day <= STOCK_ON


def _at_stock(begins: date | None, ends: date | None) -> bool:
    return begins is not None and begins <= STOCK_ON and (ends is None or ends > STOCK_ON)


def _open(parts: Iterable[Record]) -> list[Record]:
    """The parts of a record that were in force on the day of the stock."""
    return [part for part in parts if _at_stock(part["started_on"], part.get("ended_on"))]


def _requests(records: Iterable[Record]) -> Iterator[str]:
    """Requests to social work received in the year, by who asked."""
    for record in records:
        received_at: datetime = record["received_at"]
        if record["referred_to"] == "social_work" and _in_year(received_at.astimezone(LONDON).date()):
            group = code_list("referral_sources").rows[record["referral_source"]]["source_group"]
            yield from ("requests", f"requests from {group}")


def _care(child: Child) -> Iterator[str]:
    if child.episodes:
        yield "children ever looked after"
    for episode in child.episodes:
        record = episode.record
        yield "episodes"
        yield from ["placements"] * len(record["placements"])
        yield from ["legal reasons"] * len(record["legal_reasons"])
        yield from _start(child, record)
        yield from _leaving(child, record)
        if _at_stock(record["started_on"], record.get("ended_on")):
            yield from _stock(child, episode)


def _start(child: Child, record: Record) -> Iterator[str]:
    """A start in the year; one that only passed from another council is none nationally."""
    if _in_year(record["started_on"]) and "transferred_from" not in record:
        age = child.age_on(record["started_on"])
        yield from ("starts", f"starts aged {band('start_age', age)}", f"starts {child.sex}")


def _leaving(child: Child, record: Record) -> Iterator[str]:
    if _in_year(record.get("ended_on")) and "transferred_to" not in record:
        began = _began(child, record)
        yield from ("ceases", f"ceases to {_group(record['destination'])}")
        yield f"ceases after {band('stay_days', (record['ended_on'] - began).days)}"


@cache
def _groups() -> Mapping[str, str]:
    return {row["code"]: row["group"] for row in lines("destination_groups")}


def _group(destination: str) -> str:
    """The group of destinations that the figures speak of."""
    return _groups().get(destination, destination)


def _began(child: Child, record: Record) -> date:
    """When the child began to be looked after, in whichever council."""
    earlier = (other.record for other in child.episodes if "transferred_from" in record)
    began: date = next((other["started_on"] for other in earlier if "transferred_to" in other), record["started_on"])
    return began


def _stock(child: Child, episode: Posting) -> Iterator[str]:
    record = episode.record
    yield from ("stock", f"stock {_kind(record)}", f"stock {_setting(record)}")
    yield from _powers(record)
    if quintile := quintile_of(record["home_data_zone"]) if "home_data_zone" in record else None:
        yield from ("stock with zone", f"stock in quintile {quintile}")
    if 5 <= child.age_on(STOCK_ON) <= 15:
        known = ["aged 5-15", f"aged 5-15 in {record['responsible_authority']}"]
        yield from (f"stock {name}" for name in known)
        yield from (f"stock with SCN {name}" for name in known if child.has_scn(episode))
    if record["started_on"] < YEAR_FROM:
        yield from ("stock all year", f"stock with {_homes_in_year(record)} homes")


def _homes_in_year(record: Record) -> str:
    """In how many places the child lived in the year."""
    lived = [place for place in record["placements"] if place.get("ended_on", date.max) > YEAR_FROM]
    return band("homes", sum(place["started_on"] <= STOCK_ON for place in lived))


def _type(record: Record) -> Mapping[str, str]:
    (place,) = _open(record["placements"])
    return code_list("placement_types").rows[place["type"]]


def _setting(record: Record) -> str:
    return f"in {_type(record)['setting']}"


def _kind(record: Record) -> str:
    """The group of places that the publication counts a placement in."""
    row = _type(record)
    flags = ("is_at_home", "is_kinship", "is_foster", "is_prospective_adopters")
    own = next((flag.removeprefix("is_") for flag in flags if row[flag] == "true"), None)
    return own or ("residential" if row["setting"] == "residential" else "other_community")


def _powers(record: Record) -> Iterator[str]:
    """The powers in force, and whether the child's home is legally secure."""
    held = {power["legal_reason"] for power in _open(record["legal_reasons"])}
    yield from (f"stock under {reason}" for reason in sorted(held))
    if held & code_list("legal_reasons").flagged("is_permanence"):
        yield "stock legally secure"


def _protection(child: Child) -> Iterator[str]:
    off: date | None = None
    for process in child.processes:
        yield from _meetings(process)
        yield from _registration(process, off)
        if _at_stock(process.get("registered_on"), process.get("deregistered_on")):
            yield from _on_register(child, process)
        off = process.get("deregistered_on", off)


def _meetings(process: Record) -> Iterator[str]:
    """Initial and pre-birth planning meetings of the year, and those that registered the child."""
    kinds = code_list("meeting_types")
    first = kinds.flagged("is_initial") | kinds.flagged("is_pre_birth")
    for meeting in process.get("meetings", []):
        if meeting["type"] in first and _in_year(meeting.get("held_on")):
            yield from ("meetings", f"meetings in {process['authority']}")
            if meeting["outcome"] in code_list("meeting_outcomes").flagged("registers"):
                yield "meetings that registered"


def _registration(process: Record, off: date | None) -> Iterator[str]:
    """A registration and a de-registration of the year; `off` is when the name last came off before."""
    on, ends = process.get("registered_on"), process.get("deregistered_on")
    if on and _in_year(on):
        since = band("since_days", (on - off).days) if off else "never"
        yield from ("registrations", f"registrations last off {since}")
    if on and ends and _in_year(ends):
        yield "deregistrations"
        yield f"deregistrations after {band('register_days', (ends - on).days)}"


def _on_register(child: Child, process: Record) -> Iterator[str]:
    age = child.age_on(STOCK_ON)
    sex = child.sex if age >= 0 else "unborn"
    yield from ("register", f"register aged {band('register_age', age)}", f"register {sex}")
    yield from (f"register for {concern}" for concern in process["concerns"])
    if any(_at_stock(held.record["started_on"], held.record.get("ended_on")) for held in child.episodes):
        yield "register looked after"
