"""A person's rights from the command line: a copy of what is held, and its erasure."""

import json
from pathlib import Path

import pytest

from services.cli.main import main
from services.settings import Settings
from services.store.engine import Store
from tests.posted import COUNCIL, HEALTH, post, post_child


@pytest.fixture
def child(settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("KITH_HOME", str(settings.home))
    monkeypatch.setenv("KITH_DATABASE_URL", settings.database_url)
    child = post_child(store, COUNCIL, HEALTH)
    post(store, COUNCIL, "plans", "plan-1", reason="Because of the father")
    return child


def test_a_package_is_made_then_decided_then_made_whole(
    child: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "package"
    assert main(["subject-access", child, "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["child"] == child
    assert {path.name for path in out.iterdir()} == {
        "subject-access.html", "subject-access.json", "redaction-queue.json",
    }  # fmt: skip
    assert "Because of the father" not in (out / "subject-access.html").read_text(encoding="utf-8")
    queue = json.loads((out / "redaction-queue.json").read_text(encoding="utf-8"))
    for entry in queue["entries"]:
        entry["decision"] = "keep"
    decided = tmp_path / "decided.json"
    decided.write_text(json.dumps(queue), encoding="utf-8")
    assert main(["subject-access", child, "--out", str(out), "--decisions", str(decided)]) == 0
    assert "Because of the father" in (out / "subject-access.html").read_text(encoding="utf-8")
    assert json.loads((out / "subject-access.json").read_text(encoding="utf-8"))["is_final"]


def test_an_unknown_child_is_said_to_be_none(child: str) -> None:
    assert main(["subject-access", "no-such-child"]) == 2


def test_a_dry_run_erases_nothing_and_says_what_would_go(child: str, capsys: pytest.CaptureFixture[str]) -> None:
    why = ["--reason", "unlawful", "--by", "w-dpo", "--json"]
    told = []
    for dry in (["--dry-run"], ["--dry-run"], []):
        assert main(["erase", child, *why, *dry]) == 0
        told.append({(one["family"], one["source"]) for one in json.loads(capsys.readouterr().out)["items"]})
    assert told[0] == told[1] == told[2]
    assert len(told[0]) == 3
    assert main(["erase", child, *why]) == 2, "nothing is left"
    assert main(["audit", "verify"]) == 0


def test_one_record_is_erased_by_its_key(child: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["erase", COUNCIL.source, "plans", "plan-1", "--reason", "unlawful", "--by", "w-dpo", "--json"]
    assert main(words) == 2, "no such source was added"
    assert main(["source", "add", COUNCIL.source, "--agency", COUNCIL.agency]) == 0
    capsys.readouterr()
    assert main(words) == 0
    (erased,) = json.loads(capsys.readouterr().out)["items"]
    assert (erased["source_id"], erased["versions"]) == ("plan-1", 1)
