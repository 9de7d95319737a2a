"""Years of history from a folder of CSV: checked offline, posted, taken up again, nothing lost of the local codes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.cli.main import main
from tests.conftest import SOURCE, Service
from tests.csv_folder import read_csv, write_csv, write_folder
from tests.examples import changed

Kith = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def kith(service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Kith:
    """The command line, with this service's client; its exit code and what it printed as JSON."""
    monkeypatch.setenv("KITH_URL", str(service.http.base_url))
    monkeypatch.setenv("KITH_CLIENT_ID", service.owner.client_id)
    monkeypatch.setenv("KITH_CLIENT_SECRET", service.owner.client_secret)

    def run(*words: str) -> tuple[int, dict[str, Any]]:
        code = main([*words, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


def history(folder: Path, prefix: str) -> Path:
    """Four referrals of twenty years, all recorded in this one system when it began."""
    records = [
        ("referrals", f"{prefix}-{year}", changed("referrals", {"received_at": f"{year}-03-04T10:00:00+00:00"}))
        for year in (2005, 2010, 2015, 2020)
    ]
    return write_folder(folder / "backfill", records)


def recode(folder: Path, code: str, rows: slice) -> None:
    found = read_csv(folder / "referrals.csv")
    for row in found[rows]:
        row["primary_reason"] = code
    write_csv(folder / "referrals.csv", [dict(row) for row in found])


def test_a_folder_is_checked_offline_as_it_would_be_posted(kith: Kith, tmp_path: Path) -> None:
    folder = history(tmp_path, "checked")
    code, told = kith("check", str(folder))
    assert (told["lines"], told["refused"]) == (4, [])
    recode(folder, "neglet", slice(1))
    code, told = kith("check", str(folder))
    assert (code, told["lines"]) == (1, 3)
    assert [(one["local"], one["near"]) for one in told["unmapped"]] == [("neglet", "R-NEG")]


def test_a_folder_is_posted_with_a_receipt_beside_it(kith: Kith, service: Service, tmp_path: Path) -> None:
    folder = history(tmp_path, "whole")
    assert kith("post", str(folder), "--source", SOURCE)[1]["counts"] == {"created": 4}
    assert [row["result"] for row in read_csv(tmp_path / "backfill.receipt.csv")] == ["created"] * 4
    held = service.get(service.url("referrals", "whole-2005")).json()
    assert held["record"]["received_at"].startswith("2005") and held["received_at"] > "2025"


def test_nothing_is_sent_while_a_code_is_unmapped(kith: Kith, service: Service, tmp_path: Path) -> None:
    folder = history(tmp_path, "unmapped")
    recode(folder, "neglet", slice(1))
    code, told = kith("post", str(folder), "--source", SOURCE)
    assert (code, told["counts"], told["unmapped"][0]["field"]) == (1, {}, "referrals.primary_reason")
    assert service.get(service.url("referrals", "unmapped-2020")).status_code == 404
    assert not (tmp_path / "backfill.receipt.csv").exists()


def test_the_whole_records_may_go_and_the_others_are_on_the_receipt(
    kith: Kith, service: Service, tmp_path: Path
) -> None:
    folder = history(tmp_path, "partly")
    recode(folder, "neglet", slice(1))
    code, told = kith("post", str(folder), "--source", SOURCE, "--skip-faulty")
    assert (code, told["counts"]) == (1, {"not sent": 1, "created": 3})
    row = read_csv(tmp_path / "backfill.receipt.csv")[0]
    assert (row["line"], row["source_id"], row["result"]) == ("", "partly-2005", "not sent")
    assert "referrals.csv, row 2, primary_reason" in row["problems"] and "R-NEG" in row["problems"]
    assert service.get(service.url("referrals", "partly-2005")).status_code == 404
    mapped = {"list": "", "field": "referrals.primary_reason", "local": "neglet", "ours": "R-NEG", "note": ""}
    write_csv(folder / "mapping.csv", [mapped])
    assert kith("post", str(folder), "--source", SOURCE) == (
        0,
        {"counts": {"created": 1, "unchanged": 3}, "receipt": str(tmp_path / "backfill.receipt.csv")},
    )
    assert [row["local"] for row in read_csv(tmp_path / "backfill.local.csv")] == ["neglet"]


def test_a_folder_is_only_validated_when_asked(kith: Kith, service: Service, tmp_path: Path) -> None:
    folder = history(tmp_path, "validated")
    assert kith("post", str(folder), "--source", SOURCE, "--validate-only")[1]["counts"] == {"created": 4}
    assert (tmp_path / "backfill.validated.csv").exists()
    assert service.get(service.url("referrals", "validated-2005")).status_code == 404
