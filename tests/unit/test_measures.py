"""The headline measures over a small release, made by the real chain, whose answers are known by hand."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlglot import parse_one
from sqlglot.expressions import CTE, Query, Table

from schemas.registry import BY_NAME as FAMILIES
from services.cli.main import main
from services.cli.measures import HEADLINES, headline
from services.extracts.beside import BESIDE
from services.extracts.build import build
from services.extracts.shape import release_tables
from services.intake.receive import receive_batch
from services.measures import flows, years
from services.measures.areas import SCOTLAND, councils
from services.measures.arithmetic import either
from services.measures.described import definitions
from services.measures.expression import COLUMNS, NOT_APPLICABLE, NOT_SUBMITTED, OK
from services.measures.measure import Measure, Unit
from services.measures.page import page
from services.measures.reading import Reading, Row, opened
from services.measures.registry import BY_NAME, MEASURES
from services.measures.sheets import MADE_UP, by_year, sheets
from services.measures.sql import DUCKDB, SPARK, sql_of
from services.settings import Settings
from services.store import sources
from services.store.engine import Store
from services.store.tables import Source
from services.store.writing import Owner
from tests.conftest import migrated
from tests.examples import changed
from tests.signed_off import signed_off

HERE, THERE = Owner("renfrewshire-social-work", "S12000038"), Owner("glasgow-city-social-work", "S12000049")
A, B, NOBODY = HERE.agency, THERE.agency, "S12000005"
PEOPLE = {A: 33_631, B: 107_831}
YEARS = (2021, 2022, 2023)
LATEST = "2023-24"
NO_IDS: dict[str, Any] = {"identity_change": None, "scn": None, "chi": None, "siblings": []}
Answer = tuple[int | None, int | None]


def child(born: str | None, given_name: str | None, **changes: Any) -> dict[str, Any]:
    return changed("children", NO_IDS | {"date_of_birth": born, "given_name": given_name} | changes)


def referral(of: str, day: str, asker: str, threshold: str | None, **changes: Any) -> dict[str, Any]:
    at = f"{day}T10:00:00+00:00"
    told = {"child": of, "received_at": at, "contact_at": at, "screened_at": at, "decided_at": at, "closed_on": day}
    named = {"source_reference": "CR-1"} if asker == "police_concern_report" else {}
    rest = {"referral_source": asker, "protection_threshold": threshold, "referral_group": None}
    return changed("referrals", told | named | rest | changes)


def plan(of: str, request: str, agreed: str | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "child": of,
        "referral": request,
        "started_on": "2023-09-01",
        "agreed_on": agreed,
        "reviews": [],
    }
    return changed("plans", told | {"lead_professional": None, "partners": [], "actions": []})


def placement(number: int, type_: str, start: str, end: str | None = None, **more: Any) -> dict[str, Any]:
    told = {"id": f"pl-{number}", "type": type_, "started_on": start, "ended_on": end} | more
    return {name: value for name, value in told.items() if value is not None}


def episode(of: str, placements: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    start = placements[0]["started_on"]
    legal = {"id": "lr-1", "legal_reason": "s25", "started_on": start, "s25_basis": "lost_or_abandoned"}
    if "ended_on" in changes:
        legal["ended_on"] = changes["ended_on"]
    told = {
        "child": of,
        "started_on": start,
        "placements": placements,
        "legal_reasons": [legal],
        "route": "s25_agreement",
    }
    return changed("care_episodes", told | {"contributory_reasons": []} | changes)


def process(of: str, concern: str, kind: str, held: str, outcome: str, **changes: Any) -> dict[str, Any]:
    meeting = {"id": "m-1", "type": kind, "held_on": held, "quorate": True, "outcome": outcome}
    investigated = ("investigation_started_on", "investigation_ended_on")
    unset = ("referral", *investigated, "registered_on", "deregistered_on", "deregistration_reason", "ended_on")
    told = {"child": of, "concern_on": concern, "irds": [], "meetings": [meeting], "concerns": ["neglect"]}
    return changed("child_protection", told | dict.fromkeys(unset) | changes)


POLICE = "police_concern_report"
RECORDS_HERE: Mapping[str, Mapping[str, dict[str, Any]]] = {
    "children": {
        "c1": child("2015-01-01", "Isla"),
        "c2": child("2012-05-05", "Rory"),
        "c3": child("2008-03-03", "Euan"),
        "c4": child("2020-09-09", "Ailsa"),
        "adult": child("2004-01-10", "Morag"),
        "unborn": child(None, None, expected_date_of_birth="2021-11-01", sex="unborn"),
    },
    "referrals": {
        "r0": referral("c1", "2022-08-31", "school", "below"),
        "r1": referral("c1", "2023-09-01", "school", "below"),
        "r2": referral("c1", "2024-03-01", POLICE, "met"),
        "r3": referral("c2", "2024-03-01", "school", "below"),
        "r4": referral("c2", "2024-03-02", POLICE, "not_considered", joined_to="r3", decision="already_open"),
        "to-health": referral("c3", "2023-10-01", "school", "below", referred_to="health"),
        "of-adult": referral("adult", "2023-10-01", "school", "below"),
    },
    "plans": {
        "p1": plan("c1", "r1", "2023-10-13"),
        "p1-again": plan("c1", "r1", "2024-01-10"),
        "p2": plan("c1", "r2", "2024-04-13"),
        "p3": plan("c2", "r3", None),
    },
    "care_episodes": {
        "e1": episode(
            "c1",
            [
                placement(1, "at_home", "2023-09-11", "2023-11-01", change_reason="C-HRG", is_planned=True),
                placement(2, "foster_la", "2023-11-01", "2024-01-10", change_reason="C-CAR", carer="carer-1"),
                placement(3, "kinship", "2024-01-10", carer="carer-2", kinship_relation="grandparent"),
            ],
            primary_reason="R-NEG",
        ),
        "e2": episode(
            "c2",
            [placement(1, "at_home", "2022-10-01", "2024-05-01")],
            primary_reason="R-PSU",
            ended_on="2024-05-01",
            end_reason="E-RHP",
            destination="home_with_parents",
        ),
        "e3": episode(
            "c3",
            [
                placement(1, "foster_la", "2023-12-01", "2024-02-01", change_reason="C-ADM", carer="carer-3"),
                placement(2, "foster_purchased", "2024-02-01", "2024-03-01", carer="carer-3"),
                placement(3, "la_home", "2024-03-01", carer="home-1"),
            ],
            primary_reason="RX-NYK",
        ),
        "breaks": episode(
            "c4",
            [placement(1, "foster_la", "2024-02-01")],
            primary_reason="R-DIS",
            route="short_break_series",
            short_breaks=True,
        ),
        "not-ours": episode("c2", [placement(1, "foster_la", "2024-06-01")], responsible_authority=B),
    },
    "child_protection": {
        "on-day-28": process("c1", "2024-01-02", "initial", "2024-01-30", "registered", registered_on="2024-01-30"),
        "on-day-29": process("c4", "2024-02-01", "initial", "2024-03-01", "not_registered", ended_on="2024-03-01"),
        "on-day-26": process(
            "unborn",
            "2021-08-20",
            "pre_birth",
            "2021-09-15",
            "registered",
            registered_on="2021-09-15",
            deregistered_on="2022-03-01",
            deregistration_reason="improved_home",
            ended_on="2022-03-01",
        ),
    },
}
RECORDS_THERE: Mapping[str, Mapping[str, dict[str, Any]]] = {
    "children": {"g1": child("2011-02-02", "Kirsty", local_authority=B)},
    "referrals": {"r7": referral("g1", "2023-08-01", "anonymous", None)},
}


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a release of a store that two councils posted to."""
    settings = migrated(Settings(home=tmp_path_factory.mktemp("measures"), database_url=""))
    store = Store(settings.store_url)
    with store.writing() as connection:
        sources.set_about(connection, "synthetic", "true")
        for owner in (HERE, THERE):
            sources.add_source(connection, Source(name=owner.source, agency=owner.agency, created_at=datetime.now(UTC)))
    for owner, records in ((HERE, RECORDS_HERE), (THERE, RECORDS_THERE)):
        counts = receive_batch(store, owner, b"\n".join(lines(records))).counts
        assert counts["rejected"] == 0, counts
        signed_off(store, owner.agency, records)
    store.close()
    return build(settings).folder


def lines(records: Mapping[str, Mapping[str, dict[str, Any]]]) -> Iterator[bytes]:
    for family, of_family in records.items():
        for source_id, record in of_family.items():
            yield json.dumps({"family": family, "source_id": source_id, "record": record}).encode()


@pytest.fixture(scope="module")
def reading(released: Path) -> Iterator[Reading]:
    with opened(released, of_years=YEARS) as made:
        yield made


@pytest.fixture(scope="module")
def rows(reading: Reading) -> Mapping[str, list[Row]]:
    """Every measure's rows."""
    return {measure.name: list(reading.tell(measure).rows) for measure in MEASURES}


def row(rows: Mapping[str, list[Row]], name: str, area: str, period: str = LATEST, **codes: str) -> Row:
    wanted = {"area_code": area, "period": period, "group_code": "all", "category_code": "counted"} | codes
    (found,) = (one for one in rows[name] if all(one[column] == value for column, value in wanted.items()))
    return found


ANSWERS: list[tuple[str, str, dict[str, str], Answer]] = [
    ("referral_rate", A, {}, (4, PEOPLE[A])),
    ("referral_rate", B, {}, (1, PEOPLE[B])),
    ("referral_rate", SCOTLAND, {}, (5, PEOPLE[A] + PEOPLE[B])),
    ("referral_rate", A, {"group_code": "school"}, (2, PEOPLE[A])),
    ("referral_rate", A, {"group_code": POLICE}, (2, PEOPLE[A])),
    ("referral_rate", A, {"group_code": "anonymous"}, (0, PEOPLE[A])),
    ("referral_rate", A, {"period": "2022-23"}, (1, PEOPLE[A])),
    ("referral_rate", B, {"period": "2022-23"}, (0, PEOPLE[B])),
    ("below_protection_threshold", A, {"category_code": "below"}, (2, 4)),
    ("below_protection_threshold", A, {"category_code": "met"}, (1, 4)),
    ("below_protection_threshold", SCOTLAND, {"category_code": "not_said"}, (1, 5)),
    ("repeat_referrals", A, {}, (1, 3)),
    ("repeat_referrals", B, {}, (0, 1)),
    ("days_to_plan", A, {}, (None, 2)),
    ("plan_within_42_days", A, {}, (1, 2)),
    ("care_reasons", A, {"category_code": "R-NEG"}, (1, 2)),
    ("care_reasons", A, {"category_code": "RX-NYK"}, (1, 2)),
    ("care_reasons", A, {"category_code": "R-DIS"}, (0, 2)),
    ("care_reasons", A, {"category_code": "R-PSU", "period": "2022-23"}, (1, 1)),
    ("short_break_reasons", A, {"category_code": "R-DIS"}, (1, 1)),
    ("change_reasons", A, {"category_code": "C-HRG"}, (1, 3)),
    ("change_reasons", A, {"category_code": "C-CAR", "group_code": "foster_la"}, (1, 1)),
    ("change_reasons", A, {"category_code": "C-ADM"}, (0, 3)),
    ("change_reasons", A, {"category_code": "not_said", "group_code": "foster_purchased"}, (1, 1)),
    ("planned_changes", A, {"category_code": "planned"}, (1, 3)),
    ("planned_changes", A, {"category_code": "planned", "group_code": "at_home"}, (1, 1)),
    ("planned_changes", A, {"category_code": "not_planned", "group_code": "foster_la"}, (1, 1)),
    ("planned_changes", A, {"category_code": "not_said"}, (1, 3)),
    ("three_or_more_placements", A, {}, (1, 3)),
    ("three_or_more_placements", A, {"period": "2022-23"}, (0, 1)),
    ("looked_after_rate", A, {}, (2, PEOPLE[A])),
    ("looked_after_rate", SCOTLAND, {}, (2, PEOPLE[A])),
    ("looked_after_rate", A, {"group_code": "away"}, (2, PEOPLE[A])),
    ("looked_after_rate", A, {"group_code": "at_home", "period": "2022-23"}, (1, PEOPLE[A])),
    ("looked_after_by_placement", A, {"category_code": "kinship"}, (1, 2)),
    ("looked_after_by_placement", A, {"category_code": "la_home"}, (1, 2)),
    ("looked_after_by_placement", A, {"category_code": "foster_la"}, (0, 2)),
    ("looked_after_by_age", A, {"category_code": "5_11"}, (1, 2)),
    ("looked_after_by_age", A, {"category_code": "16"}, (1, 2)),
    ("looked_after_flows", A, {"category_code": "opening"}, (1, None)),
    ("looked_after_flows", A, {"category_code": "starts"}, (2, None)),
    ("looked_after_flows", A, {"category_code": "ceases"}, (1, None)),
    ("looked_after_flows", A, {"category_code": "closing"}, (2, None)),
    ("planning_meetings_in_time", A, {}, (1, 2)),
    ("planning_meetings_in_time", A, {"group_code": "initial"}, (1, 2)),
    ("planning_meetings_in_time", A, {"group_code": "pre_birth", "period": "2021-22"}, (0, 1)),
    ("conversion", A, {}, (1, 2)),
    ("conversion", A, {"group_code": "pre_birth", "period": "2021-22"}, (1, 1)),
    ("registrations", A, {}, (1, PEOPLE[A])),
    ("registrations", A, {"period": "2022-23"}, (0, PEOPLE[A])),
    ("looked_after_or_registered", A, {"category_code": "looked_after"}, (2, None)),
    ("looked_after_or_registered", A, {"category_code": "registered"}, (1, None)),
    ("looked_after_or_registered", A, {"category_code": "both"}, (1, None)),
    ("looked_after_or_registered", A, {"category_code": "either"}, (2, None)),
    ("reasons_complete", A, {"group_code": "entry"}, (2, 3)),
    ("reasons_complete", A, {"group_code": "change"}, (3, 4)),
    ("reasons_complete", A, {"group_code": "end"}, (1, 1)),
]


@pytest.mark.parametrize(("name", "area", "codes", "answer"), ANSWERS)
def test_an_answer_is_the_one_counted_by_hand(
    rows: Mapping[str, list[Row]], name: str, area: str, codes: dict[str, str], answer: Answer
) -> None:
    told = row(rows, name, area, **codes)
    assert (told["numerator"], told["denominator"]) == answer
    assert told["status"] == OK


def test_every_measure_has_an_answer_known_by_hand() -> None:
    assert {name for name, *_ in ANSWERS} == set(BY_NAME)


def test_values_are_in_their_unit(rows: Mapping[str, list[Row]]) -> None:
    assert row(rows, "referral_rate", A)["value"] == pytest.approx(4 * 1000 / PEOPLE[A])
    assert row(rows, "repeat_referrals", A)["value"] == pytest.approx(100 / 3)
    assert row(rows, "days_to_plan", A)["value"] == 42.5
    assert row(rows, "looked_after_flows", A, category_code="starts")["value"] == 2


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_a_council_with_no_source_is_not_submitted(measure: Measure, rows: Mapping[str, list[Row]]) -> None:
    told = [one for one in rows[measure.name] if one["area_code"] == NOBODY]
    assert told
    assert {(one["numerator"], one["denominator"], one["value"], one["status"]) for one in told} == {
        (None, None, None, NOT_SUBMITTED)
    }


def test_scotland_is_of_the_councils_that_submitted(rows: Mapping[str, list[Row]]) -> None:
    assert row(rows, "referral_rate", SCOTLAND)["councils"] == 2
    assert row(rows, "looked_after_rate", SCOTLAND)["councils"] == 1


def test_nothing_to_count_is_not_applicable(rows: Mapping[str, list[Row]]) -> None:
    told = row(rows, "repeat_referrals", B, "2022-23")
    assert (told["numerator"], told["denominator"], told["value"], told["status"]) == (0, 0, None, NOT_APPLICABLE)


def test_stock_and_flow_agree(rows: Mapping[str, list[Row]]) -> None:
    checks = dict(flows.stock_and_flow(rows["looked_after_flows"]))
    assert list(checks) == ["2021-22", "2022-23", "2023-24"]
    assert [check.residual for check in checks.values()] == [0, 0, 0]


def test_a_child_who_is_both_counts_once(rows: Mapping[str, list[Row]]) -> None:
    told = [
        row(rows, "looked_after_or_registered", SCOTLAND, category_code=which)["numerator"]
        for which in ("looked_after", "registered", "both", "either")
    ]
    assert either(*told[:3]) == told[3]


# What every measure is


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_every_measure_says_what_it_is(measure: Measure) -> None:
    said = (measure.title, measure.sentence, measure.numerator, measure.denominator)
    assert all(said)
    assert measure.exclusions and all(measure.exclusions)
    assert measure.version >= 1
    assert measure.disaggregations[:2] == ("council", "year")
    assert set(measure.families) <= set(FAMILIES)
    assert (measure.population is not None) == (measure.unit is Unit.PER_THOUSAND)
    assert "10,000" not in " ".join(said)


def test_names_are_told_apart() -> None:
    assert len(BY_NAME) == len(MEASURES)


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_rows_have_every_column_and_councils_in_the_order_of_their_codes(
    measure: Measure, rows: Mapping[str, list[Row]]
) -> None:
    told = rows[measure.name]
    assert all(tuple(one) == COLUMNS for one in told)
    assert list(dict.fromkeys(one["area_code"] for one in told)) == [*councils(), SCOTLAND]
    assert {one["period"]: one["period_ends_on"] for one in told}[LATEST] == date(2024, 7, 31)
    assert {(one["measure"], one["version"]) for one in told} == {(measure.name, measure.version)}


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_a_rate_shows_the_band_and_vintage_of_its_denominator(measure: Measure, rows: Mapping[str, list[Row]]) -> None:
    of = ("0-17", "mid-2022") if measure.unit is Unit.PER_THOUSAND else (None, None)
    assert {(one["denominator_band"], one["denominator_vintage"]) for one in rows[measure.name]} == {of}


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_the_sql_is_written_for_spark_too(measure: Measure, reading: Reading) -> None:
    written = parse_one(sql_of(measure, reading.released, SPARK), read="spark")
    made = {named.alias for named in written.find_all(CTE)}
    read = {table.name for table in written.find_all(Table)} - made
    assert isinstance(written, Query)
    assert written.named_selects == list(COLUMNS)
    assert read <= {table.name for table in (*release_tables(), *BESIDE)}


def test_the_sql_alone_gives_the_rows(reading: Reading, rows: Mapping[str, list[Row]], released: Path) -> None:
    """What ships as text needs nothing but the release's own tables."""
    written = sql_of(BY_NAME["referral_rate"], reading.released, DUCKDB)
    found = reading.backend.con.execute(written).fetchall()
    assert found == [tuple(one.values()) for one in rows["referral_rate"]]


def test_spark_counts_the_same(released: Path, rows: Mapping[str, list[Row]]) -> None:
    """Where Spark is installed (it is not among Kith's own pins): every row of every measure, in the same order."""
    pytest.importorskip("pyspark")
    with opened(released, SPARK, YEARS) as there:
        for measure in MEASURES:
            assert list(there.tell(measure).rows) == rows[measure.name], measure.name


# Years


@pytest.mark.parametrize(
    ("day", "last"), [(date(2024, 7, 30), 2022), (date(2024, 7, 31), 2023), (date(2024, 12, 31), 2023)]
)
def test_only_years_that_are_over_are_told_of(day: date, last: int) -> None:
    assert years.complete_by(day, 2) == (last - 1, last)


def test_a_year_is_named_by_its_ends() -> None:
    assert (years.name_of(2023), years.ends_on(2023)) == ("2023-24", date(2024, 7, 31))
    assert years.name_of(1999) == "1999-00"


# What people see


def test_a_page_says_that_data_is_made_up_and_loads_nothing(reading: Reading) -> None:
    told = [reading.tell(BY_NAME[name]) for name in ("referral_rate", "change_reasons")]
    made = page(told, "kith-1", reading.as_at, reading.synthetic)
    assert MADE_UP in made and "mean" in made
    assert "<svg" in made and "not submitted" in made
    assert not any(word in made for word in ("http://", "https://", "<script", "@import", "src="))


def test_a_page_of_real_data_does_not(reading: Reading) -> None:
    made = page([reading.tell(BY_NAME["referral_rate"])], "kith-1", reading.as_at, False)
    assert "MADE-UP" not in made and "made-up" not in made.partition("<body>")[2]


def test_tables_say_of_how_many_councils_scotland_is(reading: Reading) -> None:
    assert "2 of 32 councils" in by_year(reading.tell(BY_NAME["referral_rate"]), True).title


@pytest.mark.parametrize("name", BY_NAME)
def test_every_measure_makes_whole_tables(name: str, reading: Reading) -> None:
    made = sheets(reading.tell(BY_NAME[name]), True)
    assert made
    assert all(len(line) == len(sheet.columns) for sheet in made for line in sheet.rows)
    assert all(0 <= share <= 1 for sheet in made for share in sheet.shares)


def test_the_demo_has_its_headlines(released: Path) -> None:
    assert len(headline(released)) == len(HEADLINES)


def test_the_command_prints_json(released: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["measures", "--release", str(released), "referral_rate", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["synthetic"] is True
    assert [item["name"] for item in said["items"]] == ["referral_rate"]
    assert said["items"][0]["population"] == {"band": "0-17", "vintage": "mid-2022"}


def test_the_command_writes_a_page(released: Path, tmp_path: Path) -> None:
    assert main(["measures", "--release", str(released), "referral_rate", "--out", str(tmp_path / "page")]) == 0
    assert (tmp_path / "page" / "measures.html").is_file()


def test_an_unknown_name_is_refused_with_the_names_there_are(
    released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["measures", "--release", str(released), "referal_rate"]) == 2
    assert "referral_rate" in capsys.readouterr().err


def test_spark_that_is_not_there_is_refused(
    released: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.measures.reading.find_spec", lambda name: None)
    assert main(["measures", "--release", str(released), "--engine", "spark"]) == 2
    assert "Spark is not installed" in capsys.readouterr().err


def test_a_folder_that_is_no_release_is_refused(tmp_path: Path) -> None:
    assert main(["measures", "--release", str(tmp_path)]) == 2


def test_the_page_of_definitions_is_as_the_measures_declare() -> None:
    assert (Path(__file__).parents[2] / "docs" / "measures.md").read_text(encoding="utf-8") == definitions()
