"""The chronology of a child, merged from what every agency in sight says.

An item is an entry that somebody wrote, or a system event: a thing that follows
from other records (list `system_events`): the start, a change or the end of a
care episode, a request for assistance received, a plan started, agreed or ended,
a registration and its end.

What happened once stands once, with everybody who says so:

- A system event that is the child's own (`is_of_the_child`: a child comes into
  care, or is registered, once) and that several sources tell of for the same
  day is one item. Two on one day of one source are two.
- An entry is folded into a system event where its event type is one of that
  event's, its date is exact and the same, and it neither corrects another entry
  nor is disputed: those say something of their own. Where several such events
  fall on that day, it goes to the one of its own source, else of its own agency;
  where that does not settle it, it stands by itself.

Nothing is lost: an item has every entry that was folded into it, whole, in
`also`, with its own source and dates.

A single-agency chronology has all that one agency says. The multi-agency one is
for sharing (National Guidance 2021, 3.172 to 3.177: turning points, strengths and
concerns, no full record): the system events, and of the entries those that were
made for it (contributed at a meeting, or drawn from others' entries), those whose
significance for the child is positive, negative or mixed, and those that correct
or were corrected by one of these.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from quality.functions import local_date
from schemas.codelists import code_list
from services.children.reading import Json, Reading, Shown, source_of
from services.store import about_child
from services.store.about_child import Place, Said

ENTRIES = "chronologies"
MULTI, SINGLE = "multi", "single"
Row = Mapping[str, str]
"""A code with what its list says of it."""


@dataclass
class Item:
    """One thing that happened: who says so first, and who else."""

    main: Said
    also: list[Said] = field(default_factory=list)

    @property
    def place(self) -> Place:
        return self.main.place

    @property
    def received_at(self) -> datetime:
        return max(one.received_at for one in self.said)

    @property
    def said(self) -> Sequence[Said]:
        return (self.main, *sorted(self.also, key=lambda one: one.place)) if self.also else (self.main,)


def chronology(reading: Reading) -> Shown:
    """The chronology, merged across sources, the earliest first.

    `view=multi`, the default, has what is for sharing: system events, entries contributed at a meeting or drawn from
    others', and entries of some significance for the child. `view=single` has all that one agency says (`agency`; the
    asker's own where it is left out). What happened once stands once, with everybody who says so in `also`.
    """
    entries = about_child.entries(reading.connection, reading.scope)
    corrected_by = _corrections(entries)
    if reading.asked.view == MULTI:
        entries = _for_sharing(entries, corrected_by)
    page, after = reading.page(folded(system_events(reading), entries))
    written = [said for item in page for said in item.said if said.family == ENTRIES]
    bodies = about_child.bodies(reading.connection, reading.scope, written)
    items = [_told(reading, item, bodies, corrected_by) for item in page]
    return Shown({"view": reading.asked.view, "items": items, "next": after}, items)


def system_events(reading: Reading) -> Iterator[Said]:
    """What the list `system_events` makes of the records in sight: an event for each that holds the date."""
    for family, rows in _by_family().items():
        for one in _told_by(reading, family, rows):
            yield from _events(one, rows)


def _told_by(reading: Reading, family: str, rows: Sequence[Row]) -> list[Said]:
    """The records that events of a family follow from; of care episodes the looked-after events."""
    if any(row["kinds"] for row in rows):
        return about_child.looked_after_events(reading.connection, reading.scope)
    columns = tuple(dict.fromkeys(row[name] for row in rows for name in ("happened", "reason") if row[name]))
    return about_child.records(reading.connection, reading.scope, family, None, columns)


@cache
def _by_family() -> Mapping[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in code_list("system_events").rows.values():
        found.setdefault(row["family"], []).append(row)
    return found


def _events(said: Said, rows: Iterable[Row]) -> Iterator[Said]:
    """The events that a record, or a looked-after event, tells of."""
    for row in rows:
        at = said.happened_on if row["kinds"] else said.facts[row["happened"]]
        if at is not None and said.facts.get("kind", "") in row["kinds"].split(";"):
            on = local_date(at) if isinstance(at, datetime) else at
            facts = {"event": row["code"], "reason": said.facts[row["reason"]] if row["reason"] else None}
            yield said._replace(happened_on=on, facts=facts)


def folded(events: Iterable[Said], entries: Iterable[Said]) -> list[Item]:
    """Every event and entry, in as few items as things that happened."""
    items = list(_of_events(events))
    by_day: dict[tuple[Any, str], list[Item]] = {}
    for item in items:
        for event_type in event_types(item.main):
            by_day.setdefault((item.main.happened_on, event_type), []).append(item)
    for entry in entries:
        same = by_day.get((entry.happened_on, entry.facts["event_type"]), []) if _may_fold(entry) else []
        home = _home_of(entry, same)
        if home:
            home.also.append(entry)
        else:
            items.append(Item(entry))
    return items


def event_types(event: Said) -> list[str]:
    """The types of entry that tell of the same."""
    return [code for code in _kind(event)["event_types"].split(";") if code]


def _kind(event: Said) -> Row:
    return code_list("system_events").rows[event.facts["event"]]


def _of_events(events: Iterable[Said]) -> Iterator[Item]:
    """Items of the system events; those that are the child's own once for all sources."""
    counted: dict[tuple[Any, ...], int] = {}
    own: dict[tuple[Any, ...], Item] = {}
    for event in sorted(events, key=lambda one: one.place):
        what = event.facts["event"], event.happened_on
        if _kind(event)["is_of_the_child"] != "true":
            yield Item(event)
            continue
        nth = counted[what, event.agency, event.source] = counted.get((what, event.agency, event.source), 0) + 1
        if (*what, nth) in own:
            own[*what, nth].also.append(event)
        else:
            own[*what, nth] = Item(event)
    yield from own.values()


@cache
def _exact() -> frozenset[str]:
    return code_list("precisions").flagged("is_exact")


def _may_fold(entry: Said) -> bool:
    facts = entry.facts
    return facts["precision"] in _exact() and not facts["corrects"] and not facts["disputed"]


def _home_of(entry: Said, same: Sequence[Item]) -> Item | None:
    """The one event that an entry tells of; None where there is none, or no telling which."""
    if len(same) < 2:
        return same[0] if same else None
    for key in (lambda said: (said.agency, said.source), lambda said: said.agency):
        near = [item for item in same if key(entry) in {key(event) for event in item.said if event.family != ENTRIES}]
        if len(near) == 1:
            return near[0]
    return None


Corrections = Mapping[tuple[str, str, str], list[str]]
"""The source_ids of the entries that correct an entry, by its key."""


def _corrections(entries: Iterable[Said]) -> Corrections:
    found: dict[tuple[str, str, str], list[str]] = {}
    for one in entries:
        if one.facts["corrects"]:
            found.setdefault((one.agency, one.source, one.facts["corrects"]), []).append(one.source_id)
    return found


def _for_sharing(entries: Sequence[Said], corrected_by: Corrections) -> list[Said]:
    """The entries of a multi-agency chronology."""
    significances = code_list("significances")
    matters = significances.flagged("is_positive") | significances.flagged("is_negative")
    chosen = {one.key for one in entries if one.facts["is_contributed"] or one.facts["significance"] in matters}
    chosen |= {(*key[:2], by) for key in chosen for by in corrected_by.get(key, ())}
    chosen |= {key for key, by in corrected_by.items() if not chosen.isdisjoint((*key[:2], one) for one in by)}
    return [one for one in entries if one.key in chosen]


def _told(reading: Reading, item: Item, bodies: Mapping[int, Json], corrected_by: Corrections) -> Json:
    main, *also = (_one_told(reading, said, bodies, corrected_by) for said in item.said)
    main["also"] = also
    return main


def _one_told(reading: Reading, said: Said, bodies: Mapping[int, Json], corrected_by: Corrections) -> Json:
    facts = said.facts
    if said.family != ENTRIES:
        told = {"kind": "event", "event": facts["event"], "event_types": event_types(said), "reason": facts["reason"]}
        return source_of(said) | told | {"precision": "day"}
    record = bodies[said.seq]
    return reading.told(
        said,
        record,
        kind="entry",
        event_types=[facts["event_type"]],
        precision=facts["precision"],
        action_taken=record.get("action_taken"),
        no_action_reason=record.get("no_action_reason"),
        third_party=bool(facts["third_party"]),
        disputed=bool(facts["disputed"]),
        corrects=facts["corrects"],
        corrected_by=sorted(corrected_by.get(said.key, ())),
    )
