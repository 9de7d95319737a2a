"""Whether a store holds what its sources were told, and nothing else: by what it answers, and by its tables.

Each check yields what it found wrong: `lost` (acknowledged, and not as it was
told), `doubled` (applied more than once) or `partial` (some of what belongs
together), and a sentence.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import httpx
from sqlalchemy import Connection, Row, Table, func, select

from schemas.record import Family
from schemas.registry import BY_NAME, FAMILIES
from services.store.family_tables import table
from services.store.tables import Batch, Feed, Held, Journal, Link, Outbox, Payload
from tests.crash.calls import Call, Change, Key
from tests.crash.posting import Poster, following

LOST, DOUBLED, PARTIAL = "lost", "doubled", "partial"
ACCEPTED = ("created", "replaced", "retracted")
Wrong = Iterator[tuple[str, str]]


@dataclass(frozen=True)
class Store:
    """The tables of a store, each row read once."""

    connection: Connection

    def rows(self, model: Any, order: str) -> Sequence[Row[Any]]:
        of: Table = model.__table__
        return self.connection.execute(select(of).order_by(of.c[order])).all()

    @cached_property
    def journal(self) -> Sequence[Row[Any]]:
        return self.rows(Journal, "seq")

    @cached_property
    def payloads(self) -> Mapping[int, str]:
        return {row.seq: row.body for row in self.rows(Payload, "seq")}

    @cached_property
    def held(self) -> Sequence[Row[Any]]:
        return self.rows(Held, "source_id")

    @cached_property
    def links(self) -> Mapping[Key, list[str]]:
        """The children that each source's children record is linked to now."""
        found: dict[Key, list[str]] = defaultdict(list)
        for row in self.rows(Link, "link"):
            if row.superseded_at is None:
                found[row.source, row.source_id].append(row.child)
        return found

    def versions(self, source: str) -> Mapping[Key, list[Row[Any]]]:
        found: dict[Key, list[Row[Any]]] = defaultdict(list)
        for row in self.journal:
            if row.source == source:
                found[row.family, row.source_id].append(row)
        return found


def sources_told(http: httpx.Client, poster: Poster, store: Store) -> Wrong:
    """That everything a source was told is so, and that nothing is held that it did not send."""
    versions = store.versions(poster.source)
    for change, told in _told(http, poster.calls):
        if not _is_so(change, told, versions.get(change.key, [])):
            yield LOST, f"{change.key} was told {told}"
    latest = {change.key: change for change in sorted(_kept(poster.calls), key=lambda change: change.number)}
    yield from _held_is(poster.source, latest, store)
    yield from _sent_once(poster.calls, versions)
    yield from _digests(http, poster.source, latest)


def _kept(calls: Iterable[Call]) -> Iterator[Change]:
    return (change for call in calls if call.is_kept for change in call.changes)


def _told(http: httpx.Client, calls: Iterable[Call]) -> Iterator[tuple[Change, Mapping[str, Any]]]:
    """Each change with what was told of it, as often as it was."""
    for call in calls:
        for answer in call.answers:
            if not call.is_batch:
                stale = {"result": "stale", "version": answer["version_held"]}
                yield call.changes[0], (answer if "result" in answer else stale)
            elif call.is_kept:
                report = http.get(f"/v1/batches/{answer['batch']}/results")
                lines = [json.loads(line) for line in report.text.splitlines()] if report.status_code == 200 else []
                for place, change in enumerate(call.changes):
                    yield change, lines[place] if lines else {"result": "kept, and its report is lost"}


def _is_so(change: Change, told: Mapping[str, Any], versions: Sequence[Row[Any]]) -> bool:
    if told["result"] in ACCEPTED:
        kept = versions[told["version"] - 1].sha256 if told["version"] <= len(versions) else None
        return bool(kept == told["sha256"] == change.sha256)
    if told["result"] not in ("unchanged", "stale"):
        return False
    return any(row.sha256 == change.sha256 or row.recorded_at > change.recorded_at for row in versions)


def _held_is(source: str, latest: Mapping[Key, Change], store: Store) -> Wrong:
    held = {(row.family, row.source_id): row for row in store.held if row.source == source}
    for key, change in latest.items():
        row = held.pop(key, None)
        if row is None or row.sha256 != change.sha256 or row.is_retracted == change.is_put:
            yield LOST, f"{key}: change {change.number} is not what is held"
    yield from ((PARTIAL, f"{key} is held, and was never to be kept") for key in held)


def _sent_once(calls: Iterable[Call], versions: Mapping[Key, Sequence[Row[Any]]]) -> Wrong:
    """Each change at most once in the journal, a batch's under one batch, and no other."""
    rows = {(row.family, row.source_id, row.sha256): row for kept in versions.values() for row in kept}
    times = Counter((row.family, row.source_id, row.sha256) for kept in versions.values() for row in kept)
    yield from ((DOUBLED, f"{key} stands {n} times in the journal") for key, n in times.items() if n > 1)
    for call in calls:
        found = [row for change in call.changes if (row := rows.pop((*change.key, change.sha256), None))]
        if found and not call.is_kept:
            yield PARTIAL, f"{len(found)} lines of an atomic batch that was refused were kept"
        if len({row.batch for row in found}) > 1:
            yield PARTIAL, f"a batch of {len(call.changes)} lines was kept in several parts"
    yield from ((PARTIAL, f"{key} was never sent") for key in rows)


def _digests(http: httpx.Client, source: str, latest: Mapping[Key, Change]) -> Wrong:
    """What the source holds itself, compared as a source compares it."""
    for family in FAMILIES:
        held = sorted((c.source_id, c.sha256) for c in latest.values() if c.is_put and c.family == family.name)
        listed = "".join(f"{source_id}\t{sha256}\n" for source_id, sha256 in held)
        own = {"count": len(held), "digest": hashlib.sha256(listed.encode()).hexdigest()}
        answer = http.get(f"/v1/sources/{source}/{family.segment}/digest").raise_for_status().json()
        if answer != own:
            yield LOST, f"the digest of {family.name} differs from the source's own"


def whole(store: Store) -> Wrong:
    """That the tables agree with one another."""
    yield from _journal_is_whole(store)
    yield from _batches_are_whole(store)
    yield from _links_are_whole(store)
    for family in FAMILIES:
        yield from _records_are_whole(store, family)


def _journal_is_whole(store: Store) -> Wrong:
    heads = {(row.source, row.family, row.source_id): row for row in store.held}
    for source in {row.source for row in store.journal}:
        for key, rows in store.versions(source).items():
            if [row.version for row in rows] != list(range(1, len(rows) + 1)):
                yield DOUBLED, f"{key} has versions {[row.version for row in rows]}"
            head = heads.pop((source, *key), None)
            last = rows[-1]
            if head is None or (head.version, head.seq, head.sha256) != (last.version, last.seq, last.sha256):
                yield PARTIAL, f"{key}: what is held is not the journal's last version"
    yield from ((PARTIAL, f"{key} is held and not in the journal") for key in heads)
    if store.payloads.keys() != {row.seq for row in store.journal}:
        yield PARTIAL, "the payloads are not those of the journal"
    for row in store.journal:
        if hashlib.sha256(store.payloads.get(row.seq, "").encode()).hexdigest() != row.sha256:
            yield PARTIAL, f"the payload of {row.source_id} is not what the journal says"


def _batches_are_whole(store: Store) -> Wrong:
    """Of each batch, whether it was acknowledged or not, the report and the journal tell the same."""
    kept = defaultdict(set)
    for row in store.journal:
        if row.batch is not None:
            kept[row.batch].add((row.family, row.source_id, row.version, row.sha256))
    for batch in store.rows(Batch, "batch"):
        lines = [json.loads(line) for line in batch.results.splitlines()]
        accepted = {(line["family"], line["source_id"], line["version"], line["sha256"]) for line in _accepted(lines)}
        counted = Counter(line["result"] for line in lines)
        if any(counted[result] != number for result, number in json.loads(batch.counts).items()):
            yield PARTIAL, f"the report of batch {batch.batch} does not add up"
        journal = kept.pop(batch.batch, set())
        refused_whole = not journal and counted["rejected"]
        if journal != accepted and not refused_whole:
            yield PARTIAL, f"batch {batch.batch}: {len(accepted)} lines were accepted, {len(journal)} were kept"
    yield from ((PARTIAL, f"batch {batch} has no report") for batch in kept)


def _accepted(lines: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    return (line for line in lines if line["result"] in ACCEPTED)


def _links_are_whole(store: Store) -> Wrong:
    children = {(row.source, row.source_id): row for row in store.held if row.family == "children"}
    for key, row in children.items():
        links = store.links.get(key, [])
        most, least = (1, 0) if row.replaced_by else (0, 0) if row.is_retracted else (1, 1)
        if not least <= len(links) <= most:
            yield PARTIAL, f"children {key} has {len(links)} links"
    yield from ((PARTIAL, f"{key} is linked and not held") for key in store.links if key not in children)


def _records_are_whole(store: Store, family: Family) -> Wrong:
    """One current row for each record held, and with every row the parts that its version has."""
    own = table(family.name)
    rows = store.connection.execute(select(own.c.seq, own.c.superseded_at)).all()
    current = sorted(row.seq for row in rows if row.superseded_at is None)
    if current != sorted(row.seq for row in store.held if row.family == family.name and not row.is_retracted):
        yield PARTIAL, f"the current rows of {family.name} are not those of what is held"
    wanted = {row.seq: _parts_of(family, store.payloads[row.seq]) for row in rows if row.seq in store.payloads}
    for name in (shape.name for shape in family.tables if shape.is_part):
        part = table(name)
        counts = select(part.c.seq, func.count()).group_by(part.c.seq)
        kept = {row[0]: row[1] for row in store.connection.execute(counts)}
        if kept != {seq: parts[name] for seq, parts in wanted.items() if parts.get(name)}:
            yield PARTIAL, f"the rows of {name} are not those of its records"


def _parts_of(family: Family, payload: str) -> Mapping[str, int]:
    record = BY_NAME[family.name].contract.model_validate(json.loads(payload))
    return {name: len(rows) for name, rows in family.rows(record).items()}


def feed(
    http: httpx.Client,
    followed: Sequence[Mapping[str, Any]],
    reading: Callable[[], AbstractContextManager[Connection]],
) -> Wrong:
    """That the feed from 0 tells each version once and in order, as who followed it heard it, and the present links."""
    entries = following(http, 0)
    if entries[: len(followed)] != followed:
        yield LOST, "something appeared at or below a number that was served"
    if any(one["seq"] >= other["seq"] for one, other in pairwise(entries)):
        yield DOUBLED, "the feed's numbers do not rise"
    with reading() as connection:
        store = Store(connection)
        yield from _feed_is_the_journal(entries, store)
        # What the feed holds for other agencies, named in these records, is theirs to follow.
        own = [row for row in store.rows(Feed, "seq") if row.for_agency == row.source_agency]
        if len(entries) != len(own) or store.rows(Outbox, "entry"):
            yield LOST, "the feed leaves out entries that were written"


def _feed_is_the_journal(entries: Iterable[Mapping[str, Any]], store: Store) -> Wrong:
    told, linked = defaultdict(list), dict[Key, str | None]()
    for entry in entries:
        if entry["type"] in ("put", "retract"):
            told[entry["source"], entry["family"], entry["source_id"]].append(entry["type"])
        if entry["family"] == "children":
            linked[entry["source"], entry["source_id"]] = entry["child"]
    kept = defaultdict(list)
    for row in store.journal:
        kept[row.source, row.family, row.source_id].append(row.op)
    for key in kept.keys() | told.keys():
        if told[key] != kept[key]:
            kind = LOST if len(told[key]) < len(kept[key]) else DOUBLED
            yield kind, f"the feed tells {len(told[key])} versions of {key}, the journal has {len(kept[key])}"
    for record, child in linked.items():
        if store.links.get(record, [])[:1] != ([child] if child else []):
            yield LOST, f"replayed, the feed links {record} otherwise than it is linked"
