"""kith check on a laptop: the door and every rule over files, nothing sent or written but what is asked for."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from services.cli.main import main
from tests.csv_folder import read_csv, write_csv, write_folder
from tests.examples import changed, example

Check = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    """The command, on a machine without a network: its exit code and what it printed as JSON."""

    def refuse(*_: object) -> None:
        raise AssertionError("something was sent")

    monkeypatch.setattr(socket.socket, "connect", refuse)

    def run(*words: object) -> tuple[int, dict[str, Any]]:
        code = main(["check", *map(str, words), "--json"])
        said = capsys.readouterr().out
        return code, json.loads(said) if said else {}

    return run


def write_lines(path: Path, *records: tuple[str, str, dict[str, Any]]) -> Path:
    lines = (json.dumps({"family": family, "source_id": key, "record": record}) for family, key, record in records)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def tables(folder: Path) -> Path:
    """RECORDS as a folder of CSV, the second referral's reason a code that is not ours."""
    whole = [
        (family, key, record | {"primary_reason": "R-NEG"} if key == "r-2" else record)
        for family, key, record in RECORDS
    ]
    write_folder(folder, whole)
    rows = [dict(row) for row in read_csv(folder / "referrals.csv")]
    rows[1]["primary_reason"] = "NEGLET"
    write_csv(folder / "referrals.csv", rows)
    return folder


def as_parquet(folder: Path) -> None:
    """Turn a folder's CSV into Parquet, its days and instants of their own types."""
    for file in folder.glob("*.csv"):
        read = f"FROM read_csv('{file}', header = true, sample_size = -1)"
        duckdb.sql(f"COPY (SELECT * {read}) TO '{file.with_suffix('.parquet')}' (FORMAT parquet)")
        file.unlink()


RECORDS = [
    ("children", "child-0001", changed("children", {"scn": "180669079"})),
    ("care_episodes", "e-1", example("care_episodes")),
    ("referrals", "r-1", example("referrals")),
    ("referrals", "r-2", changed("referrals", {"primary_reason": "NEGLET"})),
]


def found_in(told: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(one["source_id"], one["rule"], one["pointer"]) for one in told["findings"]}


def test_a_file_a_csv_folder_and_parquet_are_told_the_same(check: Check, tmp_path: Path) -> None:
    code, told = check(write_lines(tmp_path / "a.ndjson", *RECORDS))
    folder = tables(tmp_path / "folder")
    in_csv = check(folder)
    as_parquet(folder)
    in_parquet = check(folder)
    assert code == in_csv[0] == in_parquet[0] == 1
    assert ("child-0001", "ID02", "/scn") in found_in(told)
    assert found_in(told) == found_in(in_csv[1]) == found_in(in_parquet[1])
    assert [one["local"] for one in in_parquet[1]["unmapped"]] == ["NEGLET"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.ndjson", "folder"]


def test_every_rule_says_what_became_of_it(check: Check, tmp_path: Path) -> None:
    _, told = check(write_lines(tmp_path / "a.ndjson", *RECORDS))
    by_rule = {one["rule"]: one for one in told["rules"]}
    assert (by_rule["ID02"]["status"], by_rule["ID02"]["tested"], by_rule["ID02"]["failed"]) == ("fail", 1, 1)
    assert (by_rule["RF03"]["status"], by_rule["RF03"]["refused"]) == ("fail", 1)
    assert by_rule["RF04"]["status"] == "pass"
    assert (by_rule["ID17"]["status"], by_rule["ID17"]["why"]) == ("not_run", "a file holds no earlier versions")
    assert by_rule["WF01"]["status"] == "not_applicable" and by_rule["WF01"]["why"]


def test_a_folder_of_files_is_one_source_and_each_line_is_named_by_its_file(check: Check, tmp_path: Path) -> None:
    write_lines(tmp_path / "1.ndjson", RECORDS[0])
    write_lines(tmp_path / "2.jsonl", RECORDS[2], RECORDS[3])
    _, told = check(tmp_path)
    assert [(one["file"], one["line"]) for one in told["refused"]] == [("2.jsonl", 2)]
    assert ("1.ndjson", 1) in {(one["file"], one["line"]) for one in told["findings"]}
    assert "RF31" not in {one["rule"] for one in told["findings"]}  # the child of the second file is in the first


def test_of_several_lines_under_one_key_the_one_recorded_last_counts(check: Check, tmp_path: Path) -> None:
    good = changed("children", {"recorded_at": "2025-06-02T09:30:00+01:00"})
    bad = changed("children", {"recorded_at": "2025-06-01T09:30:00+01:00", "scn": "180669079"})
    _, told = check(write_lines(tmp_path / "a.ndjson", ("children", "c", good), ("children", "c", bad)))
    assert (told["lines"], told["findings"]) == (2, [])


def test_a_row_of_a_table_is_named_by_its_file_and_number(check: Check, tmp_path: Path) -> None:
    folder = tables(tmp_path / "folder")
    _, told = check(folder)
    assert ("children.csv", 2, "ID02") in {(one["file"], one["line"], one["rule"]) for one in told["findings"]}


def test_a_mapping_may_stand_elsewhere(check: Check, tmp_path: Path) -> None:
    folder = tables(tmp_path / "folder")
    mapped = {"list": "", "field": "referrals.primary_reason", "local": "NEGLET", "ours": "R-NEG", "note": ""}
    write_csv(tmp_path / "ours.csv", [mapped])
    _, told = check(folder, "--mapping", tmp_path / "ours.csv")
    assert "unmapped" not in told and told["lines"] == 4


def test_all_that_is_wrong_is_written_where_asked_and_nothing_of_it_runs_in_a_spreadsheet(
    check: Check, tmp_path: Path
) -> None:
    folder = tables(tmp_path / "folder")
    rows = [dict(row) for row in read_csv(folder / "referrals.csv")]
    rows[0]["source_id"] = "=1+1"
    write_csv(folder / "referrals.csv", rows)
    out = tmp_path / "wrong.csv"
    _, told = check(folder, "--out", out)
    written = read_csv(out)
    assert len(written) == len(told["problems"]) + len(told["findings"]) + sum(
        len(r["errors"]) for r in told["refused"]
    )
    assert not [cell for row in written for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]
    assert ("children.csv", "2", "/scn", "ID02") in {
        (row["file"], row["line"], row["pointer"], row["rule"]) for row in written
    }


def test_a_table_that_stands_twice_is_told(check: Check, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "folder", RECORDS[:1])
    duckdb.sql(f"COPY (SELECT 1 AS source_id) TO '{folder / 'children.parquet'}' (FORMAT parquet)")
    code, told = check(folder)
    assert (code, [one["file"] for one in told["problems"]]) == (1, ["children.parquet"])


def test_what_is_no_parquet_is_told(check: Check, tmp_path: Path) -> None:
    (tmp_path / "children.parquet").write_text("not so", encoding="utf-8")
    code, told = check(tmp_path)
    assert (code, "cannot be read as Parquet" in told["problems"][0]["says"]) == (1, True)


def test_a_file_that_is_no_ndjson_could_not_be_checked(check: Check, tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text("[1]\n", encoding="utf-8")
    assert check(tmp_path / "a.ndjson") == (2, {})
