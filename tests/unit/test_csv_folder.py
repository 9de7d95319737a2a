"""What a folder of CSV becomes, and what is said of one that is not right."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.intake.lines import read_line
from services.sender.convert import Converted, convert, unmapped
from tests.csv_folder import read_csv, write_csv, write_folder
from tests.examples import changed, example


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A referral, a child and a care episode with parts within parts."""
    records = [
        ("referrals", "r-1", example("referrals")),
        ("children", "c-1", example("children")),
        ("care_episodes", "e-1", example("care_episodes")),
        ("chronologies", "h-1", example("chronologies") | {"draws_on": [{"source": "a-source", "source_id": "x-9"}]}),
    ]
    return write_folder(tmp_path / "backfill", records)


def edit(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change every row of a CSV in place."""
    rows: list[dict[str, Any]] = [dict(row) for row in read_csv(path)]
    for row in rows:
        change(row)
    write_csv(path, rows)


def records(done: Converted) -> dict[str, Any]:
    lines = map(json.loads, done.path.read_text(encoding="utf-8").splitlines())
    return {line["source_id"]: line["record"] for line in lines}


def told(done: Converted) -> list[tuple[str, int | None, str, str]]:
    return [(one.file, one.row, one.column, one.source_id) for one in done.problems]


def test_the_same_folder_gives_the_same_bytes_children_first(folder: Path) -> None:
    first = convert(folder).path.read_bytes()
    assert convert(folder).path.read_bytes() == first
    assert [json.loads(line)["family"] for line in first.splitlines()][:2] == ["children", "referrals"]
    assert sorted(path.name for path in folder.parent.iterdir()) == ["backfill", "backfill.ndjson"]


def test_a_byte_order_mark_is_no_part_of_a_name(folder: Path) -> None:
    path = folder / "children.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert convert(folder).problems == []


def test_without_positions_the_order_is_the_files(tmp_path: Path) -> None:
    plan = example("plans")
    folder = write_folder(tmp_path / "backfill", [("plans", "p", plan)], positions=False)
    assert [one["action"] for one in records(convert(folder))["p"]["actions"]] == [a["action"] for a in plan["actions"]]


def test_a_part_within_a_part_may_name_its_parent_by_id(folder: Path) -> None:
    ids = [one["id"] for one in read_csv(folder / "care_episodes_legal_reasons.csv")]

    def by_id(row: dict[str, Any]) -> None:
        row["parent_id"] = ids[int(row.pop("parent_position"))]

    before = records(convert(folder))["e-1"]
    parts = sorted(folder.glob("care_episodes_legal_reasons_*.csv"))
    for path in parts:
        edit(path, by_id)
    assert parts and records(convert(folder))["e-1"] == before
    edit(parts[0], lambda row: row.update(parent_id="nobody"))
    problems = convert(folder).problems
    assert {one.file for one in problems} == {parts[0].name}
    assert "parent_position" in {one.column for one in problems}


def test_a_part_with_a_source_id_of_its_own_joins_by_another_name(folder: Path) -> None:
    assert "record_source_id" in read_csv(folder / "chronologies_draws_on.csv")[0]
    assert records(convert(folder))["h-1"]["draws_on"] == [{"source": "a-source", "source_id": "x-9"}]


@pytest.mark.parametrize(
    ("file", "column", "value", "hint"),
    [
        ("care_episodes", "started_on", "04/03/2025", "as in 2025-03-04"),
        ("referrals", "recorded_at", "2025-03-04 16:40", "offset from UTC"),
        ("referrals", "recorded_at", "", "nothing is filled in"),
        ("care_episodes", "short_breaks", "perhaps", "true or false"),
        ("children", "sex", "", "nothing is filled in"),
    ],
)
def test_a_cell_that_cannot_be_read_is_said_with_a_hint(
    folder: Path, file: str, column: str, value: str, hint: str
) -> None:
    edit(folder / f"{file}.csv", lambda row: row.update({column: value}))
    done = convert(folder)
    (problem,) = done.problems
    assert (problem.file, problem.row, problem.column) == (f"{file}.csv", 2, column)
    assert hint in problem.hint
    assert not value or value not in problem.says
    assert problem.source_id not in records(done) and done.is_sendable


@pytest.mark.parametrize(("said", "value"), [("Yes", True), ("N", False), ("1", True), ("FALSE", False), (" ", None)])
def test_yes_and_no_are_read_in_several_ways(folder: Path, said: str, value: bool | None) -> None:
    edit(folder / "care_episodes.csv", lambda row: row.update(short_breaks=said))
    assert records(convert(folder))["e-1"].get("short_breaks") is value


def test_a_file_or_column_that_would_be_left_out_unseen_is_said(folder: Path) -> None:
    (folder / "plan_actions.csv").write_text("source_id,action\n", encoding="utf-8")
    edit(folder / "children.csv", lambda row: row.update(familyname="x"))
    done = convert(folder)
    assert [(one.file, one.column, one.hint) for one in done.problems] == [
        ("plan_actions.csv", "", "did you mean plans_actions.csv?"),
        ("children.csv", "familyname", "did you mean family_name?"),
    ]
    assert not done.is_sendable


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"source_id;sex\nc;female\n", "not separated by commas"),
        ("source_id,given_name\nc,José\n".encode("latin-1"), "not in UTF-8"),
        (b"source_id,sex\nc,female,extra\n", "row 2 has 3 cells"),
        (b"", "empty"),
        (b'source_id,sex\nc,"fem\n', "cannot be read as CSV"),
    ],
)
def test_a_file_that_is_no_csv_sends_nothing(folder: Path, content: bytes, says: str) -> None:
    (folder / "children.csv").write_bytes(content)
    done = convert(folder)
    assert any(says in one.says for one in done.problems)
    assert not done.is_sendable


def test_rows_without_their_record_are_said(folder: Path) -> None:
    write_csv(folder / "plans_needs.csv", [{"source_id": "p-0", "indicator": "safe", "description": "x"}])
    done = convert(folder)
    assert told(done) == [("plans_needs.csv", 2, "", "p-0")]
    assert "plans.csv has no record of this id" in done.problems[0].says


def test_a_record_that_stands_twice_is_not_sent(folder: Path) -> None:
    path = folder / "referrals.csv"
    write_csv(path, [*read_csv(path), *read_csv(path)])
    done = convert(folder)
    assert told(done) == [("referrals.csv", 3, "", "r-1")]
    assert "r-1" not in records(done)


def test_local_codes_become_ours_and_are_kept_beside(folder: Path) -> None:
    edit(folder / "referrals.csv", lambda row: row.update(primary_reason="NEG/2", referral_source="NEG/2"))
    edit(folder / "care_episodes_placements.csv", lambda row: row.update(change_reason="", type="FC"))
    placement = example("care_episodes")["placements"][0]["type"]
    source = example("referrals")["referral_source"]
    mapping = [
        {"list": "", "field": "referrals.primary_reason", "local": "NEG/2", "ours": "R-NEG", "note": "as agreed"},
        {"list": "referral_sources", "field": "", "local": "NEG/2", "ours": source, "note": ""},
        {"list": "placement_types", "field": "", "local": "FC", "ours": placement, "note": ""},
    ]
    write_csv(folder / "mapping.csv", mapping)
    done = convert(folder)
    assert done.problems == []
    assert records(done)["r-1"]["primary_reason"] == "R-NEG"
    kept = {
        (one["source_id"], one["pointer"]): (one["list"], one["local"], one["ours"])
        for one in read_csv(folder.parent / "backfill.local.csv")
    }
    assert kept["r-1", "/primary_reason"] == ("referral_reasons", "NEG/2", "R-NEG")
    assert kept["r-1", "/referral_source"] == ("referral_sources", "NEG/2", source)
    assert kept["e-1", "/placements/0/type"] == ("placement_types", "FC", placement)


def test_codes_that_nobody_mapped_are_told_once_each_with_one_like_it(tmp_path: Path) -> None:
    wrong = [("referrals", f"r-{n}", changed("referrals", {})) for n in range(3)]
    folder = write_folder(tmp_path / "backfill", wrong)
    edit(folder / "referrals.csv", lambda row: row.update(primary_reason="neglet"))
    done = convert(folder)
    (one,) = unmapped(done.problems)
    assert (one.field, one.local, one.records, one.near) == ("referrals.primary_reason", "neglet", 3, "R-NEG")
    assert (done.lines, done.is_sendable, len(done.held_back())) == (0, True, 3)
    (line,) = read_csv(tmp_path / "backfill.unmapped.csv")
    assert (line["field"], line["local"], line["ours"]) == ("referrals.primary_reason", "neglet", "")
    write_csv(folder / "mapping.csv", [line | {"ours": "R-NEG"}])
    assert convert(folder).lines == 3
    assert not (tmp_path / "backfill.unmapped.csv").exists()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ({"list": "referral_reasons", "ours": "NEGLET"}, "no code of the list referral_reasons"),
        ({"list": "referral_reason", "ours": "R-NEG"}, "no such code list"),
        ({"field": "referrals.summary", "ours": "R-NEG"}, "no such coded field"),
        ({"ours": "R-NEG"}, "a list or a field"),
        ({"list": "referral_reasons", "ours": ""}, "no code of the list"),
    ],
)
def test_a_mapping_that_is_wrong_sends_nothing(folder: Path, line: dict[str, str], says: str) -> None:
    blank = {"list": "", "field": "", "local": "x", "ours": "", "note": ""}
    write_csv(folder / "mapping.csv", [blank | line])
    done = convert(folder)
    assert says in done.problems[0].says and not done.is_sendable


@pytest.mark.parametrize(
    ("content", "says"),
    [("list,field,local,ours\n,,é,R-NEG\n".encode("latin-1"), "not in UTF-8"), (b"local,ours\n", "no such column")],
)
def test_a_mapping_that_cannot_be_read_sends_nothing(folder: Path, content: bytes, says: str) -> None:
    (folder / "mapping.csv").write_bytes(content)
    done = convert(folder)
    assert says in done.problems[0].says and not done.is_sendable


def test_an_agency_that_no_list_names_is_no_unmapped_code(tmp_path: Path) -> None:
    plan = example("plans")
    plan["partners"] = [{"agency": "TS-young-futures"}]
    assert convert(write_folder(tmp_path / "backfill", [("plans", "p", plan)])).problems == []


def test_the_folder_of_the_page_is_taken_as_it_stands(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "csv-backfill.md").read_text(encoding="utf-8")
    folder = tmp_path / "backfill"
    folder.mkdir()
    for name, text in re.findall(r"<!-- file: (\S+) -->\n```csv\n(.*?)```", page, re.S):
        (folder / name).write_text(text, encoding="utf-8")
    done = convert(folder)
    assert done.problems == []
    at = datetime(2026, 1, 15, tzinfo=UTC)
    lines = [read_line(line, at) for line in done.path.read_bytes().splitlines()]
    assert [(line.family, line.checked.errors) for line in lines] == [("children", []), ("care_episodes", [])]
    assert len(read_csv(tmp_path / "backfill.local.csv")) == 6
