"""A release, from records posted to a folder that a statistician can trust."""

import csv
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy import text

from quality.expectations import Recounted
from quality.functions import is_chi
from quality.gate import gates
from schemas.codelists import code_list, names
from schemas.fields import Release as Leaving
from schemas.registry import BY_NAME
from services.cli.main import main
from services.extracts import build as building
from services.extracts import checks
from services.extracts.build import build
from services.extracts.building_place import building_place
from services.extracts.gate import COLUMNS, FAILED, NOT_JUDGED, Verdict
from services.extracts.life_days import LEFT, TOLD_BY
from services.extracts.pseudonyms import FILE, key_id, key_of
from services.extracts.queries import QUERIES, Worked
from services.extracts.refusal import NotReleased
from services.extracts.release import LINKING, MADE_UP, REAL, Release, described, files_of, list_releases, notice
from services.extracts.shape import release_tables
from services.extracts.verify import verify
from services.intake.singles import read_record, receive
from services.settings import Settings
from services.store import sign_offs, sources
from services.store.engine import Store, settled_now
from services.store.tables import Source
from services.store.writing import Owner
from tests.conftest import migrated, new_store
from tests.examples import changed, example
from tests.signed_off import signed_off

HERE = Owner("renfrewshire-social-work", "S12000038")
THERE = Owner("glasgow-city-social-work", "S12000049")
CHARITY = Owner("young-futures", "TS-young-futures")
CHI = [f"010115{last:04}" for last in range(10_000) if is_chi(f"010115{last:04}")][:5]
ANOTHER: dict[str, Any] = {"scn": None, "siblings": []}
EXAMPLES = {"children": "child-0001", "referrals": "ref-0001"}
DOCS = Path(__file__).parents[2] / "docs"
KEY = "-of-no-use-to-anybody" * 2
OF_ITS_STORE = {"child_id", "other_child_id", "kept_at", "kept_on"}
"""What differs between two stores that were posted the same."""
CHILDREN = "SELECT count(DISTINCT record_id) FROM children GROUP BY child_id ORDER BY 1"
WITHHELD, AWAITED, RESTRICTED = "child-0003", "child-9999", "child-0004"

UNSCORED = "scored-or-not-submitted"
DIED_ON = {"care-0005": "2024-06-12", "care-0006": "2024-02-12"}
"""The second in a month in which a placement had begun, on the fifth."""
BORN_ON = "2025-01-17"


def died(day: str) -> dict[str, Any]:
    """A care episode that ended as the child died."""
    ends = {"end_reason": "end_reasons", "destination": "destinations"}
    told = {name: min(code_list(codes).flagged("is_death")) for name, codes in ends.items()}
    record = changed("care_episodes", {"child": "child-0002", "ended_on": day} | told)
    for part in (record["placements"][-1], record["legal_reasons"][-1]):
        part["ended_on"] = day
        for name in ("carer", "named_placement", "reviewed_on"):
            part.pop(name, None)
    return record


def born(day: str) -> dict[str, Any]:
    """A chronology entry of a birth; its child's record has not arrived."""
    event = min(code_list("event_types").flagged("is_birth_or_death"))
    return changed("chronologies", {"child": AWAITED, "happened_on": day, "event_type": event})


def records() -> Iterator[tuple[Owner, str, str, Mapping[str, Any]]]:
    """Owner, family, source_id and record: the six examples, and children of every kind beside them."""
    for family in BY_NAME:
        yield HERE, family, EXAMPLES.get(family, f"{family}-0001"), example(family)
    yield HERE, "children", "child-0002", changed("children", ANOTHER | {"chi": CHI[1]})
    yield HERE, "children", WITHHELD, changed("children", ANOTHER | {"chi": CHI[2], "identity_change": "adoption"})
    yield HERE, "referrals", "ref-0003", changed("referrals", {"child": WITHHELD})
    yield HERE, "plans", "plan-0003", changed("plans", {"child": WITHHELD})
    yield HERE, "referrals", "ref-9999", changed("referrals", {"child": AWAITED})
    yield HERE, "children", RESTRICTED, changed("children", ANOTHER | {"chi": CHI[3]})
    yield HERE, "care_episodes", "care-0004", changed("care_episodes", {"child": RESTRICTED})
    yield HERE, "referrals", "ref-0004", changed("referrals", {"child": RESTRICTED})
    for source_id, day in DIED_ON.items():
        yield HERE, "care_episodes", source_id, died(day)
    yield CHARITY, "chronologies", "entry-0001", born(BORN_ON)
    yield THERE, "children", "g-1", changed("children", ANOTHER)
    yield THERE, "children", "g-4", changed("children", ANOTHER | {"chi": CHI[3], "restricted": "shielded"})


@dataclass(frozen=True)
class Released:
    """A release of a store, and an instant before anything was received there."""

    settings: Settings
    release: Release
    before: datetime

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.release.database), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def table_names(self) -> list[str]:
        return [name for (name,) in self.rows("SELECT table_name FROM duckdb_tables() ORDER BY 1")]


@contextmanager
def releasing(database: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Released]:
    with new_store(database, request, folder, "released") as made:
        settings = made.model_copy(update={"pseudonym_key": KEY if database == "postgresql" else ""})
        if database == "sqlite":
            (folder / FILE).write_text(KEY)
        before = datetime.now(UTC)
        post(settings)
        yield Released(settings, build(settings), before)


@pytest.fixture(scope="module")
def released(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Released]:
    """From SQLite."""
    with releasing("sqlite", request, tmp_path_factory.mktemp("release")) as made:
        yield made


@pytest.fixture(scope="module")
def elsewhere(released: Released) -> tuple[Release, Release]:
    """In another folder: the instant before anything was received, then the release's own instant again."""
    out = released.settings.home / "elsewhere"
    return build(released.settings, released.before, out), build(released.settings, released.release.as_at, out)


def post(settings: Settings) -> None:
    store = Store(settings.store_url)
    with store.writing() as connection:
        sources.set_about(connection, "synthetic", "true")
        for owner in (HERE, THERE, CHARITY):
            added = Source(name=owner.source, agency=owner.agency, created_at=datetime.now(UTC))
            sources.add_source(connection, added)
    for owner, family, source_id, record in records():
        receive(store, read_record(owner, BY_NAME[family], source_id, json.dumps(record).encode()))
    signed_off(store, HERE.agency, BY_NAME, date(2023, 8, 1), date(2024, 7, 31))
    signed_off(store, CHARITY.agency, ["chronologies"], date(2024, 1, 1), date(2025, 7, 31))
    store.close()


def not_counted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "_count_again", lambda *_: Verdict(NOT_JUDGED, "nobody asked"))


@pytest.fixture
def copied(released: Released, tmp_path: Path) -> Iterator[Path]:
    """A copy of the release, to be tampered with; not kept, since what is broken cannot be searched for canaries."""
    copy = tmp_path / released.release.release_id
    yield Path(shutil.copytree(released.release.folder, copy))
    shutil.rmtree(copy)


# The gate


def test_a_release_says_what_the_gate_said(released: Released) -> None:
    """Its runs kept no scorecards, so whoever posted was not scored; tests/unit/test_gate.py has the other verdicts."""
    judged = json.loads((released.release.folder / "quality.json").read_text())["gate"]
    told = released.release.manifest["gate"]
    assert (told["verdict"], told["failed"]) == (judged["verdict"], judged["failed"]) == (FAILED, [UNSCORED])
    (failed,) = [each for each in judged["expectations"] if not each["passed"]]
    assert {HERE.agency, THERE.agency, CHARITY.agency} == {row["source_agency"] for row in failed["where"]}
    assert f"The gate failed: not so: {UNSCORED}" in (released.release.folder / "README.md").read_text()


def test_a_release_that_must_pass_the_gate_and_does_not_is_not_made(
    released: Released, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = [Recounted(each.expectation.rule, 1, None) for each in gates(COLUMNS)]
    monkeypatch.setattr(checks, "count_again", lambda *_: [failed])  # the slowest step
    monkeypatch.setenv("KITH_HOME", str(released.settings.home))
    monkeypatch.setenv("KITH_DATABASE_URL", "")
    out = tmp_path / "out"
    assert main(["extract", "build", "--gate", "--out", str(out)]) == 1
    assert list(out.iterdir()) == []
    assert UNSCORED in capsys.readouterr().err


# What is in it


def test_every_record_that_may_leave_is_there_once(released: Released) -> None:
    held = {family: released.release.rows[family] for family in BY_NAME}
    assert held == {
        "children": 5,
        "referrals": 3,
        "plans": 1,
        "chronologies": 2,
        "care_episodes": 4,
        "child_protection": 1,
    }


def test_a_changed_identity_and_all_its_source_holds_of_it_stay_behind(released: Released) -> None:
    assert released.rows("SELECT count(*) FROM children WHERE identity_change IS NOT NULL") == [(0,)]
    withheld = released.release.manifest["withheld"]["identity_change"]
    assert {family: count for family, count in withheld.items() if count} == {"children": 1, "referrals": 1, "plans": 1}


def test_a_record_that_waits_for_its_child_is_there_without_it(released: Released) -> None:
    assert released.rows("SELECT count(*) FROM referrals WHERE child_id IS NULL") == [(1,)]
    assert released.release.manifest["waiting_for_their_child"]["referrals"] == 1


def test_a_child_known_to_two_sources_has_one_child_id(released: Released) -> None:
    shared = "SELECT count(DISTINCT source) AS sources FROM children GROUP BY child_id ORDER BY sources"
    assert released.rows(shared) == [(1,), (2,), (2,)]


def test_the_strictest_restriction_on_any_record_of_a_child_governs_them_all(released: Released) -> None:
    shielded = "(SELECT child_id FROM children WHERE restricted = 'shielded')"
    for family in ("children", "care_episodes"):
        zones = f"SELECT count(home_data_zone) FROM {family} WHERE child_id"
        assert released.rows(f"{zones} IN {shielded}") == [(0,)]
        assert released.rows(f"{zones} NOT IN {shielded}")[0][0] > 0
    carers = "SELECT count(carer) FROM care_episodes_placements JOIN care_episodes USING (record_id) WHERE child_id"
    assert released.rows(f"{carers} IN {shielded}") == [(0,)]
    assert released.rows(f"{carers} NOT IN {shielded}") == [(1,)]
    assert released.rows(f"SELECT count(referral_group) FROM referrals WHERE child_id IN {shielded}") == [(0,)]


def test_references_join_the_records_that_they_name(released: Released) -> None:
    assert released.rows("SELECT count(*) FROM plans JOIN referrals ON plans.referral = referrals.record_id") == [(1,)]
    assert released.rows(
        "SELECT type, parent.child_id = care_episodes.child_id FROM care_episodes_legal_reasons AS legal"
        " JOIN care_episodes_placements AS placement USING (record_id) JOIN care_episodes USING (record_id)"
        " JOIN (SELECT DISTINCT child_id FROM children) AS parent USING (child_id)"
        " WHERE legal.named_placement = placement.id"
    ) == [("kinship", True), ("kinship", True)]
    siblings = "SELECT count(*) FROM children_siblings JOIN children ON other_child_id = child_id"
    assert released.rows(siblings) == [(1,)]


def test_every_part_belongs_to_a_record_and_every_child_id_to_a_child(released: Released) -> None:
    for table in release_tables():
        assert table.origin is not None
        family, own = table.origin.family, table.name
        orphans = f"SELECT count(*) FROM {own} WHERE record_id NOT IN (SELECT record_id FROM {family})"
        assert released.rows(orphans) == [(0,)]
        if "child_id" in table.names:
            unknown = f"SELECT count(*) FROM {own} WHERE child_id NOT IN (SELECT child_id FROM children)"
            assert released.rows(unknown) == [(0,)]


def test_dates_of_birth_are_months_and_instants_have_their_london_day(released: Released) -> None:
    assert released.rows("SELECT DISTINCT month_of_birth FROM children") == [(date(2015, 1, 1),)]
    days = "SELECT started_at, started_on FROM child_protection_irds"
    assert released.rows(days) == [(datetime(2024, 11, 4, 14), date(2024, 11, 4))]
    kept = "SELECT count(*) FROM referrals WHERE kept_at > received_at AND received_on = DATE '2025-03-03'"
    assert released.rows(kept) == [(3,)]


def test_words_leave_only_as_whether_they_were_given(released: Released) -> None:
    said = "SELECT has_description, has_impact, has_no_action_reason FROM chronologies"
    assert released.rows(said) == [(True, True, False)] * 2


def test_why_a_value_is_absent_stays_apart(released: Released) -> None:
    assert released.rows("SELECT DISTINCT field, reason FROM children_absent") == [("religion", "not_asked")]


def test_only_what_was_signed_off_is_submitted_and_only_that_can_be_0(released: Released) -> None:
    coverage = released.release.manifest["coverage"]
    assert coverage["care_episodes"][HERE.agency] == {"2023-24": 4}
    assert coverage["care_episodes"][THERE.agency] == {"2023-24": "not submitted"}
    assert coverage["children"][HERE.agency] == {"2023-24": 0, "2024-25": "not submitted"}
    assert len(coverage["children"]) == 32
    counted = "SELECT records, is_submitted FROM coverage WHERE family = 'children' AND year = '2024-25'"
    assert released.rows(f"{counted} AND source_agency = '{THERE.agency}'") == [(2, False)]
    assert released.rows(f"{counted} AND source_agency = 'S12000005'") == [(None, False)]


def test_a_year_that_is_signed_off_in_part_is_not_submitted(released: Released) -> None:
    years = f"SELECT year, is_submitted FROM coverage WHERE source_agency = '{CHARITY.agency}' ORDER BY year"
    assert dict(released.rows(years)) == {"2023-24": False, "2024-25": True}


def test_what_was_reopened_or_signed_later_is_not_submitted(tmp_path: Path) -> None:
    settings = migrated(Settings(home=tmp_path, database_url=""))
    post(settings)
    store = Store(settings.store_url)
    before = settled_now(store)
    with store.writing() as connection:
        sign_offs.reopen(connection, 1, "two", "data-corrected", None)
    signed_off(store, THERE.agency, ["care_episodes"], date(2023, 8, 1), date(2024, 7, 31))
    store.close()
    now, then = (build(settings, at).manifest["coverage"]["care_episodes"] for at in (None, before))
    assert (now[HERE.agency], now[THERE.agency]) == ({"2023-24": "not submitted"}, {"2023-24": 0})
    assert (then[HERE.agency], then[THERE.agency]) == ({"2023-24": 4}, {"2023-24": "not submitted"})


def test_coverage_holds_every_record_whoever_posted_it(released: Released) -> None:
    told = "SELECT DISTINCT agency, agency_kind, local_authority, family FROM coverage"
    charity = released.rows(f"{told} WHERE source_agency = '{CHARITY.agency}'")
    assert charity == [("Young futures", "third_sector", None, "chronologies")]
    assert released.rows(
        "SELECT count(*) FROM coverage WHERE (local_authority IS NULL) = (agency_kind = 'council')"
    ) == [(0,)]
    totals = released.rows("SELECT family, sum(records)::BIGINT FROM coverage GROUP BY family")
    assert dict(totals) == {family: released.release.rows[family] for family in BY_NAME}


def test_an_agency_that_no_list_holds_is_among_the_codes(released: Released) -> None:
    joined = "SELECT count(*) FROM chronologies JOIN codes ON list = 'agencies' AND code = source_agency"
    assert released.rows(joined) == [(released.release.rows["chronologies"],)]
    held = f"SELECT label, status FROM codes WHERE code = '{CHARITY.agency}'"
    assert released.rows(held) == [("Young futures", "unverified")]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.asks)
def test_a_worked_query_answers_and_stands_on_both_pages(released: Released, query: Worked) -> None:
    assert released.rows(query.sql) != []
    for page in (released.release.folder / "README.md", DOCS / "release.md"):
        assert query.sql in page.read_text(encoding="utf-8"), page.name


def test_the_worked_queries_count_what_is_there(released: Released) -> None:
    children, requests, looked_after, moves, powers = (released.rows(query.sql) for query in QUERIES)
    assert children == [(3, 5)]
    assert requests == [("Renfrewshire Council", "School", 3)]
    assert looked_after == [("Renfrewshire", 2)]
    assert [row[1:] for row in moves] == [(True, 4)]
    assert [count for _, count in powers] == [2]


def test_what_a_child_id_is_worth_is_told(released: Released) -> None:
    assert released.release.manifest["linking"] == LINKING
    for page in (released.release.folder / "README.md", DOCS / "release.md"):
        assert LINKING in " ".join(page.read_text(encoding="utf-8").split())


# What is not in it


def secrets() -> set[str]:
    """Everything in the posted records that may not leave as it is."""
    hidden = set(Leaving) - {Leaving.KEEP, Leaving.UNRESTRICTED, Leaving.MONTH}
    found = {source_id for _, _, source_id, _ in records()}
    for _, family, _, record in records():
        rows = BY_NAME[family].rows(BY_NAME[family].contract.model_validate(record))
        for table in BY_NAME[family].tables:
            names = [column.name for column in table.columns if column.release in hidden]
            found |= {row[name] for row in rows[table.name] for name in names if isinstance(row[name], str)}
    return found


def test_the_secrets_looked_for_below_are_the_ones_feared() -> None:
    feared = {"Isla", "Madeup-Rowan", CHI[1], "180669078", "ZZ99 1ZZ", "w-311", "carer-58", "pl-2", "0042", AWAITED}
    assert feared < secrets()


def test_no_cell_of_any_table_holds_a_secret(released: Released) -> None:
    hidden = secrets()
    for name in released.table_names():
        for row in released.rows(f"SELECT COLUMNS(c -> true)::VARCHAR FROM {name}"):
            assert not hidden.intersection(row), name


def test_no_byte_of_any_file_holds_a_secret_or_the_key(released: Released) -> None:
    looked_for = [word.encode() for word in (*secrets(), KEY) if len(word) > 4]
    for path in released.release.folder.rglob("*"):
        held = path.read_bytes() if path.is_file() else b""
        assert [word for word in looked_for if word in held] == [], path.name


def test_no_day_of_birth_is_in_the_release(released: Released) -> None:
    columns = released.rows("SELECT column_name FROM duckdb_columns() WHERE column_name LIKE '%date_of%'")
    assert columns == [("date_of_birth_estimated",)]


def test_no_day_of_a_birth_or_a_death_is_in_the_release(released: Released) -> None:
    hidden = {BORN_ON, *DIED_ON.values()}
    for name in released.table_names():
        for row in released.rows(f"SELECT COLUMNS(c -> true)::VARCHAR FROM {name}"):
            assert not hidden.intersection(row), name


def test_a_day_of_birth_or_death_is_told_as_its_month_and_keeps_its_place(released: Released) -> None:
    first, last_begun = date(2024, 6, 1), date(2024, 2, 5)
    ended = "WHERE ended_on IS NOT NULL AND ended_on <> DATE '2024-02-05' ORDER BY 1"
    assert released.rows("SELECT ended_on FROM care_episodes WHERE ended_on IS NOT NULL ORDER BY 1") == [
        (last_begun,),
        (first,),
    ]
    for part in ("placements", "legal_reasons"):
        assert released.rows(f"SELECT ended_on FROM care_episodes_{part} {ended}") == [(first,)]
    events = "SELECT happened_on FROM looked_after_events WHERE end_reason IS NOT NULL ORDER BY 1"
    assert released.rows(events) == [(last_begun,), (first,)]
    assert released.rows("SELECT happened_on FROM chronologies ORDER BY 1") == [
        (date(2025, 1, 1),),
        (date(2025, 2, 24),),
    ]


def test_the_dictionary_says_which_days_are_told_as_months(released: Released) -> None:
    with (released.release.folder / "dictionary.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    told = {(row["table"], row["column"]) for row in rows if row["how_it_left"] == LEFT}
    assert {("chronologies", "happened_on"), ("looked_after_events", "happened_on"), ("plans", "ended_on")} < told
    assert list(rows[0])[-1] == "notice"


@pytest.mark.parametrize("name", names())
def test_every_list_that_tells_of_a_birth_or_a_death_is_known(name: str) -> None:
    says = {"is_death", "is_birth_or_death"}.intersection(code_list(name).columns)
    assert says == ({TOLD_BY[name][0]} if name in TOLD_BY else set())


# That it can be trusted


def test_the_same_store_and_instant_give_the_same_release(
    released: Released, elsewhere: tuple[Release, Release]
) -> None:
    one, other = released.release.manifest, elsewhere[1].manifest
    assert one["tables"] == other["tables"]
    assert one["release_id"] == other["release_id"]
    parquet = [[file for file in manifest["files"] if "parquet/" in file["path"]] for manifest in (one, other)]
    assert parquet[0] == parquet[1]


def test_a_release_that_is_there_already_is_given_as_it_is(released: Released, monkeypatch: pytest.MonkeyPatch) -> None:
    not_counted_again(monkeypatch)  # the slowest step, and nothing to this test
    created = json.loads((released.release.folder / "manifest.json").read_text())["created_at"]
    same = build(released.settings, released.release.as_at)
    assert (same.folder, same.manifest["created_at"]) == (released.release.folder, created)


def test_a_whole_release_verifies(released: Released, elsewhere: tuple[Release, Release]) -> None:
    assert [verify(release.folder) for release in (released.release, *elsewhere)] == [[], [], []]


@pytest.mark.parametrize("name", ["kith.duckdb", "parquet/referrals/0.parquet", "dictionary.csv", "quality.json"])
def test_one_byte_changed_is_found(copied: Path, name: str) -> None:
    held = bytearray((copied / name).read_bytes())
    held[len(held) // 2] ^= 1
    (copied / name).write_bytes(held)
    assert f"{name} is not the file that the manifest lists." in verify(copied)


def test_one_row_changed_is_found_even_where_the_file_is_listed_anew(copied: Path) -> None:
    with duckdb.connect(str(copied / "kith.duckdb")) as connection:
        connection.execute("UPDATE referrals SET primary_reason = 'R-PSU' WHERE child_id IS NULL")
    assert "The table referrals does not hold what the manifest says." in verify(copied)
    assert "The Parquet files of referrals do not hold what kith.duckdb does." in verify(copied)


def test_a_file_too_many_or_missing_is_found(copied: Path) -> None:
    (copied / "README.md").rename(copied / "names.csv")
    assert verify(copied) == ["README.md is missing.", "names.csv is not listed in the manifest."]


def test_a_column_that_may_not_leave_is_found(copied: Path) -> None:
    with duckdb.connect(str(copied / "kith.duckdb")) as connection:
        connection.execute("ALTER TABLE children ADD COLUMN chi VARCHAR")
    problems = verify(copied)
    assert "children.chi may not leave in a release." in problems
    assert "children.chi is not in dictionary.csv." in problems


def test_a_folder_without_a_readable_manifest_is_told_so(copied: Path) -> None:
    (copied / "manifest.json").write_text("{")
    assert verify(copied) == ["manifest.json cannot be read."]
    (copied / "manifest.json").unlink()
    assert verify(copied) == ["There is no manifest.json."]


TAMPERED: dict[str, tuple[dict[str, Any], str]] = {
    "as_at": ({"as_at": "2020-01-01T00:00:00+00:00"}, "a release_id that does not follow"),
    "synthetic": ({"synthetic": False}, "the table about do not tell the same synthetic"),
    "key_id": ({"key_id": "0" * 8}, "the table about do not tell the same key_id"),
    "code_version": ({"code_version": "9"}, "the table about do not tell the same code_version"),
    "contract_version": ({"contract_version": 99}, "the table about do not tell the same contract_version"),
    "codelists": ({"codelists": {}}, "the table about do not tell the same codelists"),
    "withheld": ({"withheld": {}}, "the table about do not tell the same withheld"),
    "linking": ({"linking": "Perfect."}, "the table about do not tell the same linking"),
    "coverage": ({"coverage": {}}, "the table coverage do not tell the same"),
    "a fact more": ({"approved_by": "nobody"}, "the table about do not tell the same approved_by"),
}


@pytest.mark.parametrize(("changes", "told"), TAMPERED.values(), ids=TAMPERED)
def test_a_manifest_that_was_changed_is_found(copied: Path, changes: dict[str, Any], told: str) -> None:
    manifest = json.loads((copied / "manifest.json").read_text())
    (copied / "manifest.json").write_text(json.dumps(manifest | changes))
    assert told in "\n".join(verify(copied))


def listed_anew(folder: Path) -> None:
    """List in the manifest the files as they are now."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = [described(folder, path) for path in files_of(folder)]
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ("VIEW names AS SELECT 'Isla' AS name", "a view main.names"),
        ("MACRO name_of(x) AS 'Isla'", "a macro main.name_of"),
        ("TABLE names (name VARCHAR)", "a table main.names"),
        ("SCHEMA more; CREATE TABLE more.children (name VARCHAR)", "a table more.children"),
    ],
    ids=["view", "macro", "table", "table elsewhere"],
)
def test_whatever_the_manifest_does_not_list_is_found(copied: Path, made: str, told: str) -> None:
    with duckdb.connect(str(copied / "kith.duckdb")) as connection:
        connection.execute(f"CREATE {made}")
    listed_anew(copied)
    assert f"kith.duckdb holds {told} that manifest.json does not list." in verify(copied)


def test_the_file_that_is_wrong_is_named(copied: Path) -> None:
    (copied / "dictionary.csv").write_bytes(b"\xff\xfe")
    manifest = json.loads((copied / "manifest.json").read_text())
    manifest["tables"][0]["key"] = ["nothing"]
    (copied / "manifest.json").write_text(json.dumps(manifest))
    listed_anew(copied)
    table = manifest["tables"][0]["name"]
    assert verify(copied) == [
        f"manifest.json has nothing in the key of {table}, which has no such column.",
        "dictionary.csv cannot be read.",
    ]


def test_what_a_killed_build_left_is_removed_and_what_is_being_built_is_not(tmp_path: Path) -> None:
    left, new = tmp_path / ".building-left", tmp_path / ".building-new"
    left.mkdir()
    new.mkdir()
    with building_place(tmp_path) as building:
        for folder in (left, building):
            os.utime(folder, (0, 0))
        with building_place(tmp_path) as another:
            assert set(tmp_path.iterdir()) == {new, building, another}
    assert list(tmp_path.iterdir()) == [new]


def test_the_manifest_is_complete(released: Released) -> None:
    manifest = released.release.manifest
    listed = {"release_id", "as_at", "feed_seq", "synthetic", "tables", "files", "code_version", "contract_version"}
    assert listed | {"codelists", "key_id", "disclosure_policy", "coverage", "revisions"} <= set(manifest)
    assert [table["name"] for table in manifest["tables"]][: len(release_tables())] == [
        t.name for t in release_tables()
    ]
    assert {table["name"] for table in manifest["tables"]} == set(released.table_names())
    assert manifest["key_id"] == key_id(KEY.encode())


def test_the_file_is_of_the_storage_version_that_duckdb_1_2_reads(released: Released) -> None:
    tags = released.rows("SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = 'kith'")
    assert str(tags[0][0]).startswith("v1.2.0")


def test_rules_say_what_became_of_them_and_which_could_not_run(released: Released) -> None:
    results = {
        row["rule"]: row for row in json.loads((released.release.folder / "quality.json").read_text())["results"]
    }
    assert (results["ID18"]["status"], results["ID18"]["denominator"] > 0) == ("pass", True)
    assert results["ID04"]["status"] == "not_run"
    assert results["ID04"]["why"] == "the release leaves out, or changes, chi"
    assert {row["status"] for row in results.values()} <= {"pass", "fail", "not_run", "not_applicable"}
    assert released.rows("SELECT count(*) FROM quality_results") == [(len(results),)]
    told = released.rows("SELECT severity, says FROM quality_results WHERE rule = 'ID18'")
    assert told == [(results["ID18"]["severity"], results["ID18"]["says"])]
    assert (results["LA01"]["status"], results["CH01"]["status"]) == ("pass", "pass")
    assert results["ID17"]["why"] == "the release holds no earlier versions"
    assert results["ST03"]["why"] == "no data: no figure is of 20 or more"


def test_made_up_data_says_so_in_every_table_file_and_page(released: Released) -> None:
    comments = released.rows("SELECT comment FROM duckdb_tables()")
    assert all(comment.startswith(MADE_UP) for (comment,) in comments)
    for path in released.release.folder.rglob("*"):
        if path.suffix in {".md", ".json", ".html", ".csv"}:
            assert MADE_UP in path.read_text(encoding="utf-8"), path.name
        if path.suffix == ".parquet":
            said = duckdb.sql(f"SELECT value FROM parquet_kv_metadata('{path}') WHERE key = 'notice'").fetchall()
            assert said == [(MADE_UP.encode(),)]
    assert released.release.manifest["synthetic"] is True


def test_real_data_is_never_called_made_up() -> None:
    assert notice(synthetic=False) == REAL


def test_every_column_is_described_in_the_file_and_in_the_dictionary(released: Released) -> None:
    described = released.rows(
        "SELECT count(*) FROM duckdb_columns() WHERE NOT internal AND trim(coalesce(comment, '')) = ''"
    )
    assert described == [(0,)]
    lines = (released.release.folder / "dictionary.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) - 1 == released.rows("SELECT count(*) FROM duckdb_columns() WHERE NOT internal")[0][0]


# As at


def test_an_instant_before_anything_was_received_gives_empty_tables(elsewhere: tuple[Release, Release]) -> None:
    assert {elsewhere[0].rows[table.name] for table in release_tables()} == {0}


def test_releases_are_listed_by_their_instant(elsewhere: tuple[Release, Release]) -> None:
    assert list_releases(elsewhere[0].folder.parent) == list(elsewhere)
    assert list_releases(elsewhere[0].folder / "nowhere") == []


def test_a_folder_that_is_no_release_is_not_listed(copied: Path) -> None:
    (copied / "manifest.json").write_text('{"as_at": 7}')
    assert list_releases(copied.parent) == []


def test_what_changed_since_the_release_before_is_counted(elsewhere: tuple[Release, Release]) -> None:
    earlier, later = elsewhere
    revisions = later.manifest["revisions"]
    assert revisions["previous"] == earlier.release_id
    assert revisions["records"]["children"] == {"added": 5, "removed": 0, "revised": 0, "unchanged": 0}
    assert revisions["rows"]["children"] == {"then": 0, "now": 5}
    assert "| children | 5 | 0 | 0 | 0 |" in (later.folder / "CHANGES.md").read_text()


def test_postgresql_gives_the_same_release_as_sqlite(
    released: Released, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    not_counted_again(monkeypatch)  # SQLite's release was counted again
    with releasing("postgresql", request, tmp_path) as other:
        for table in release_tables():
            same = ", ".join(name for name in table.names if name not in OF_ITS_STORE)
            query = f"SELECT {same} FROM {table.name} ORDER BY {', '.join(table.key)}"
            assert other.rows(query) == released.rows(query), table.name
        assert other.rows(CHILDREN) == released.rows(CHILDREN)
        empty = build(other.settings, other.before)
        assert {empty.rows[table.name] for table in release_tables()} == {0}


def test_the_first_release_says_that_it_is_the_first(released: Released) -> None:
    assert "This is the first release in its folder" in (released.release.folder / "CHANGES.md").read_text()


@pytest.mark.parametrize(
    ("instant", "told"),
    [
        (datetime.now(UTC) + timedelta(days=2), "is in the future"),
        (datetime(2026, 1, 1), "needs its offset"),
    ],
    ids=["future", "no offset"],
)
def test_an_instant_that_cannot_be_released_is_refused(released: Released, instant: datetime, told: str) -> None:
    with pytest.raises(NotReleased, match=told):
        build(released.settings, instant)


def test_a_release_that_fails_a_check_leaves_nothing_and_tells_no_value(tmp_path: Path) -> None:
    settings = migrated(Settings(home=tmp_path / "home", database_url=""))
    post(settings)
    store = Store(settings.store_url, role=None)
    with store.writing() as connection:
        connection.execute(text("UPDATE children SET sex = 'Isla Madeup'"))
    store.close()
    with pytest.raises(NotReleased, match="ID18") as refused:
        build(settings, out=tmp_path / "out")
    assert "Isla" not in str(refused.value)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_key_that_is_too_short_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotReleased, match="shorter than 32"):
        key_of(Settings(home=tmp_path, pseudonym_key="short"))


def test_a_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", pseudonym_key="")
    assert key_of(settings) == key_of(settings)
    assert (settings.home / FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in settings.home.iterdir()] == [FILE]
