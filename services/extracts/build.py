"""Building a release: the store as it was at an instant, turned into tables that may leave.

Everything is made in a folder beside, checked there, and renamed at the end, so
that a release is whole or not there at all.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import duckdb

from quality.catalogue import rules
from quality.expectations import Data
from quality.functions import local_date
from quality.run import Run
from schemas import codelists
from schemas.record import CONTRACT_VERSION
from schemas.registry import TABLES
from services.extracts import beside, checks, export, gate, pages, pseudonyms, source, spine
from services.extracts.building_place import building_place
from services.extracts.content import Content, content_of, coverage_in
from services.extracts.dictionary import write_dictionary, write_package
from services.extracts.refusal import NotReleased, StoppedAtTheGate
from services.extracts.release import (
    DATABASE,
    DOCS,
    LINKING,
    MANIFEST,
    QUALITY,
    Release,
    described,
    facts_of,
    files_of,
    notice,
    release_id_of,
)
from services.extracts.revisions import Revisions, since_previous
from services.extracts.shape import ReleaseTable, release_tables
from services.extracts.verify import verify
from services.settings import Settings
from services.store.engine import Store, settled_now
from services.store.schema import revisions as schema_revisions

POLICY = "none applied: record-level file for a safe setting"
Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many steps of it are done, and of how many."""


def _quiet(what: str, done: int, of: int) -> None:
    pass


@dataclass
class _Building:
    """A release on its way: where it is made, from what, and what is known of it so far."""

    folder: Path
    out: Path
    connection: duckdb.DuckDBPyConnection
    as_at: datetime
    key: bytes
    schema_version: str
    progress: Progress
    runs: gate.Told
    must_pass: bool = False
    synthetic: bool = False
    erased: Mapping[str, int] = field(default_factory=dict)
    contents: list[Content] = field(default_factory=list)

    @property
    def tables(self) -> Sequence[ReleaseTable]:
        return (*release_tables(), *beside.BESIDE)

    @property
    def key_id(self) -> str:
        return pseudonyms.key_id(self.key)

    @property
    def release_id(self) -> str:
        return release_id_of(self.as_at, ((held.name, held.content_hash) for held in self.contents))

    def each(self, what: str, tables: Sequence[ReleaseTable]) -> Iterator[ReleaseTable]:
        """The tables one by one, told as progress."""
        for done, table in enumerate(tables):
            self.progress(what, done, len(tables))
            yield table
        self.progress(what, len(tables), len(tables))


def build(
    settings: Settings,
    as_at: datetime | None = None,
    out: Path | None = None,
    progress: Progress = _quiet,
    must_pass: bool = False,
) -> Release:
    """Build the release of an instant (now, where none is given) into a folder of `out` named by its id.

    Raises NotReleased, with nothing left behind, where the instant is to come or the release fails a check,
    and, where it `must_pass` the gate, StoppedAtTheGate where it does not.
    A release that is there already, and whole, is given as it is.
    """
    instant, schema_version, runs = _settled(settings, as_at)
    key = pseudonyms.key_of(settings)
    into = out or settings.releases
    into.mkdir(parents=True, exist_ok=True)
    with building_place(into) as folder, _workspace(folder) as connection:
        whole = folder / "release"
        whole.mkdir()
        building = _Building(whole, into, connection, instant, key, schema_version, progress, runs, must_pass)
        _fill(building, settings)
        return _finish(building)


def _settled(settings: Settings, as_at: datetime | None) -> tuple[datetime, str, gate.Told]:
    """The instant, once nothing received before it is still being written, the store's schema, and its runs by then."""
    store = Store(settings.store_url, pool=1)
    try:
        now = settled_now(store)
        with store.reading() as connection:
            held, wanted = schema_revisions(connection)
        if held is None or held != wanted:
            raise NotReleased("The store's schema is not that of this version of Kith: run `kith migrate` first.")
        instant = _in_time(as_at, now)
        return instant, held, gate.told_by(store, instant)
    finally:
        store.close()


def _in_time(as_at: datetime | None, now: datetime) -> datetime:
    if as_at is None:
        return now
    if as_at.tzinfo is None:
        raise NotReleased("The instant of a release needs its offset from UTC, as in 2026-01-31T12:00:00Z.")
    if as_at > now:
        raise NotReleased(f"{as_at.isoformat()} is in the future: a release holds what was received by its instant.")
    return as_at.astimezone(UTC)


@contextmanager
def _workspace(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory DuckDB that spills, where it must, into the folder."""
    connection = duckdb.connect(":memory:", config={"temp_directory": str(folder / "spill")})
    try:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


def _fill(building: _Building, settings: Settings) -> None:
    """The release's DuckDB file, checked table by table, all but the results of the rules."""
    connection = building.connection
    _read(building, settings)
    export.attach(connection, building.folder / DATABASE)
    spine.make(connection, building.key)
    for table in building.each("making tables", release_tables()):
        beside.create_as(connection, table, spine.rows_of(table))
    about = [{"name": name, "value": value} for name, value in facts_of(_facts(building))]
    named = beside.named_agencies(connection)
    beside.create(connection, beside.ABOUT, about)
    beside.create(connection, beside.CODES, beside.code_rows(named))
    beside.create(connection, beside.CODE_FLAGS, beside.flag_rows(named))
    beside.create(connection, beside.RULES, beside.rule_rows())
    beside.create_as(connection, beside.COVERAGE, beside.coverage_query())


def _read(building: _Building, settings: Settings) -> None:
    done = iter(range(1, len(TABLES) + 1))
    with source.reader_of(settings.store_url) as reader:
        source.load(
            reader,
            building.connection,
            building.as_at,
            lambda table: building.progress("reading the store", next(done), len(TABLES)),
        )
        source.load_sign_offs(reader, building.connection, building.as_at)
        building.erased = source.erased_since(reader, building.as_at)
        building.synthetic = source.about(reader, "synthetic") == "true"


def _facts(building: _Building) -> dict[str, Any]:
    """What the manifest and the table `about` both tell, so that neither can be changed alone."""
    held_back = spine.withheld(building.connection)
    return {
        "as_at": building.as_at.isoformat(),
        "notice": notice(building.synthetic),
        "synthetic": building.synthetic,
        "feed_seq": None,
        "code_version": _code_version(),
        "contract_version": CONTRACT_VERSION,
        "schema_version": building.schema_version,
        "key_id": building.key_id,
        "disclosure_policy": POLICY,
        "linking": LINKING,
        "codelists": {name: _sha256(codelists.FOLDER / f"{name}.csv") for name in codelists.names()},
        "withheld": {"identity_change": held_back.identity_change, "erased": building.erased},
        "waiting_for_their_child": held_back.waiting,
    }


def _finish(building: _Building) -> Release:
    """Rules, comments, files, the second count and the manifest; then the release takes its name."""
    connection = building.connection
    done = _judge(building)
    beside.create(connection, beside.QUALITY_RESULTS, beside.result_rows(done))
    for table in building.each("checking and writing tables", building.tables):
        checks.check_contract(connection, table)
        export.comment(connection, table, notice(building.synthetic))
        export.write_parquet(connection, table, building.folder, notice(building.synthetic))
        checks.check_parquet(building.folder, table)
        building.contents.append(content_of(connection, table.name, table.key, "release"))
    revisions = since_previous(connection, building.out, building.as_at, building.key_id, building.tables)
    judged = gate.make(connection, building.folder.parent / "gate.duckdb", building.runs, building.as_at)
    told = _manifest(building, revisions)
    connection.execute("DETACH release")
    verdict = _count_again(building, done, judged)
    told["gate"] = verdict.as_json()
    _write_pages(building, done, revisions, verdict)
    told["files"] = [described(building.folder, path) for path in files_of(building.folder)]
    _write_json(building.folder / MANIFEST, told)
    return _named(building)


def _judge(building: _Building) -> Run:
    of = len(rules())
    count = iter(range(1, of + 1))
    told = lambda: building.progress("running rules", next(count), of)  # noqa: E731
    done = checks.run_rules(building.connection, local_date(building.as_at), told)
    checks.refuse_refusable(done)
    return done


def _count_again(building: _Building, done: Run, judged: Data | None) -> gate.Verdict:
    """The second count and the gate, in one process; raises StoppedAtTheGate."""
    building.progress("counting again", 0, 1)
    folder, said = building.folder, notice(building.synthetic)
    answers = checks.count_again(folder / DATABASE, done, folder / DOCS, said, [judged] if judged else [])
    verdict = gate.verdict(building.runs, answers[0] if answers else [])
    if building.must_pass and verdict.state != gate.PASSED:
        raise StoppedAtTheGate(verdict.sentence)
    building.progress("counting again", 1, 1)
    return verdict


def _write_pages(building: _Building, done: Run, revisions: Revisions, verdict: gate.Verdict) -> None:
    folder = building.folder
    facts = pages.Facts(building.release_id, building.as_at, building.synthetic, building.key_id, verdict.sentence)
    write_dictionary(folder, building.tables, building.synthetic)
    write_package(folder, building.tables, building.synthetic, building.release_id)
    pages.write_readme(folder, facts, building.tables, building.contents)
    withheld = spine.withheld(building.connection)
    pages.write_changes(folder, facts, building.contents, revisions, withheld, building.erased)
    quality = {"notice": notice(building.synthetic), "synthetic": building.synthetic, "today": done.today.isoformat()}
    judged = verdict.as_json() | {"expectations": list(verdict.expectations)}
    _write_json(folder / QUALITY, quality | {"gate": judged, "results": list(checks.quality_json(done))})


def _manifest(building: _Building, revisions: Revisions) -> dict[str, Any]:
    keys = {table.name: list(table.key) for table in building.tables}
    return {
        "release_id": building.release_id,
        "created_at": datetime.now(UTC).isoformat(),
        **_facts(building),
        "tables": [held.__dict__ | {"key": keys[held.name]} for held in building.contents],
        "revisions": revisions.as_json(building.contents),
        "coverage": coverage_in(building.connection, "release"),
    }


def _named(building: _Building) -> Release:
    """The release under its own name; one that is there already must be whole, and is then kept."""
    release = Release(building.out / building.release_id)
    if not release.folder.exists():
        building.folder.rename(release.folder)
        return release
    if verify(release.folder):
        told = "is there already, but damaged: see what `kith extract verify` says, and move it away."
        raise NotReleased(f"{release.release_id} {told}")
    return release


def _write_json(path: Path, told: Any) -> None:
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _code_version() -> str:
    try:
        return version("kith")
    except PackageNotFoundError:
        return "not installed"
