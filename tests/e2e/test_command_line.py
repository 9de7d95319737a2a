"""The commands as data teams and integrators run them."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SOURCE, Service
from tests.examples import changed, example
from tests.signing import jwk, public_pem

KITH = [sys.executable, "-m", "services.cli.main"]


def kith(home: Path, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KITH_")}
    environment = kept | {"KITH_HOME": str(home), "COLUMNS": "200"} | more
    return subprocess.run([*KITH, *words], env=environment, capture_output=True, text=True)


def lines(folder: Path, *records: tuple[str, str, Any]) -> Path:
    path = folder / "tonight.ndjson"
    rows = ({"family": family, "source_id": source_id, "record": record} for family, source_id, record in records)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_store_is_migrated_and_checked(tmp_path: Path) -> None:
    assert kith(tmp_path, "check-config").returncode == 1
    assert kith(tmp_path, "migrate").returncode == 0
    checked = kith(tmp_path, "check-config", "--json")
    assert checked.returncode == 0
    assert json.loads(checked.stdout)["schema"] == json.loads(checked.stdout)["schema_wanted"]


def test_a_source_is_added_listed_rotated_and_revoked(tmp_path: Path) -> None:
    kith(tmp_path, "migrate")
    scopes = ("--scopes", "records.write", "records.read")
    added = kith(tmp_path, "source", "add", "a-source", "--agency", "POLICE", *scopes, "--json")
    assert {"client_id", "client_secret"} <= json.loads(added.stdout).keys()
    assert json.loads(kith(tmp_path, "source", "list", "--json").stdout)["items"][0]["agency"] == "POLICE"
    assert json.loads(kith(tmp_path, "source", "rotate", "a-source", "--json").stdout)["client_secret"]
    assert json.loads(kith(tmp_path, "source", "revoke", "a-source", "--json").stdout)["revoked"] == 2


def test_a_source_may_have_a_key_or_an_id_at_the_issuer_instead_of_a_secret(tmp_path: Path) -> None:
    kith(tmp_path, "migrate")
    key, jwk_file = tmp_path / "key.pem", tmp_path / "key.json"
    key.write_text(public_pem("ec"), encoding="utf-8")
    jwk_file.write_text(json.dumps(jwk("rsa")), encoding="utf-8")
    add = ("source", "add", "a-source", "--agency", "POLICE", "--json")
    assert json.loads(kith(tmp_path, *add, "--public-key", str(key)).stdout).keys() == {"source", "client_id"}
    rotate = ("source", "rotate", "a-source", "--json")
    rotated = kith(tmp_path, *rotate, "--public-key", str(jwk_file))
    assert json.loads(rotated.stdout).keys() == {"source", "client_id"}
    issuer = {"KITH_ISSUER": "https://i.example", "KITH_ISSUER_AUDIENCE": "kith", "KITH_ISSUER_KEYS": str(jwk_file)}
    known = kith(tmp_path, *rotate, "--known-as", "0c2d", **issuer)
    assert json.loads(known.stdout)["client_id"] == "0c2d"


def test_the_signing_key_is_rotated(tmp_path: Path) -> None:
    kith(tmp_path, "migrate")
    made = [kith(tmp_path, "signing-key", "rotate", *more, "--json") for more in ((), ("--at-once",))]
    assert len({json.loads(one.stdout)["signing_key"] for one in made}) == 2


ISSUER = {"KITH_ISSUER": "https://i.example", "KITH_ISSUER_AUDIENCE": "kith", "KITH_ISSUER_KEYS": "nowhere.json"}
WRONG_SETTINGS = [
    (2, ISSUER | {"KITH_ISSUER_AUDIENCE": ""}, "KITH_ISSUER_AUDIENCE too"),
    (2, {"KITH_ISSUER_KEYS": "keys.json"}, "KITH_ISSUER and KITH_ISSUER_AUDIENCE too"),
    (2, ISSUER | {"KITH_ISSUER_KEYS": "http://i.example/keys"}, "KITH_ISSUER_KEYS begins with https://"),
    (2, ISSUER | {"KITH_ISSUER": "kith"}, "what Kith signs its own tokens as"),
    (2, {"KITH_PUBLIC_URL": "kith.example"}, "KITH_PUBLIC_URL is an address"),
    (2, {"KITH_RATE_LIMIT": "0"}, "greater than or equal to 1"),
    (1, ISSUER, "nowhere.json gives no JSON Web Key Set"),
]


@pytest.mark.parametrize(("code", "settings", "said"), WRONG_SETTINGS, ids=[said for _, _, said in WRONG_SETTINGS])
def test_settings_that_cannot_be_are_said_plainly(
    migrated_home: Path, code: int, settings: dict[str, str], said: str
) -> None:
    done = kith(migrated_home, "check-config", **settings)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr


@pytest.fixture(scope="module")
def migrated_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    kith(home, "migrate")
    return home


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("A Source", "--agency", "POLICE"), "lower-case"),
        (("a-source", "--agency", "NOBODY"), "no such agency"),
        (("a-source", "--agency", "POLICE", "--scopes", "everything"), "no scope everything"),
        (("a-source", "--agency", "POLICE", "--known-as", "0c2d"), "KITH_ISSUER"),
        (("a-source", "--agency", "POLICE", "--public-key", "nowhere.pem"), "nowhere.pem"),
    ],
)
def test_what_cannot_be_added_is_said_plainly(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    kith(tmp_path, "migrate")
    done = kith(tmp_path, "source", "add", *words)
    assert (done.returncode, said in done.stderr) == (2, True)


def test_checking_a_good_file_finds_nothing(tmp_path: Path) -> None:
    path = lines(tmp_path, ("children", "child-0001", example("children")), ("referrals", "r", example("referrals")))
    done = kith(tmp_path, "check", str(path), "--json")
    assert (done.returncode, json.loads(done.stdout)["refused"]) == (0, []), done.stdout


def test_checking_a_bad_file_says_where_and_how_to_fix_it(tmp_path: Path) -> None:
    wrong = changed("referrals", {"primary_reason": "NEGLET"})
    doubtful = changed("children", {"scn": "180669079"})
    path = lines(tmp_path, ("referrals", "r-1", wrong), ("children", "c-1", doubtful))
    done = kith(tmp_path, "check", str(path), "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 1
    assert [(one["line"], one["errors"][0]["hint"]) for one in found["refused"]] == [(1, "did you mean R-NEG?")]
    assert [(one["line"], one["rule"], one["pointer"]) for one in found["findings"]] == [(2, "ID02", "/scn")]
    assert not (tmp_path / "kith.sqlite").exists()


def test_a_file_that_is_not_there_could_not_run(tmp_path: Path) -> None:
    done = kith(tmp_path, "check", "nowhere.ndjson")
    assert (done.returncode, "no file nowhere.ndjson" in done.stderr) == (2, True)


def test_posting_gives_a_receipt_for_every_line(service: Service, tmp_path: Path) -> None:
    path = lines(
        tmp_path,
        ("referrals", "posted", example("referrals")),
        ("referrals", "no", changed("referrals", {"child": None})),
    )
    client = {
        "KITH_URL": str(service.http.base_url),
        "KITH_CLIENT_ID": service.owner.client_id,
        "KITH_CLIENT_SECRET": service.owner.client_secret,
    }
    done = kith(tmp_path, "post", str(path), "--source", SOURCE, **client)
    assert done.returncode == 1, done.stderr
    with path.with_suffix(".receipt.csv").open(encoding="utf-8", newline="") as file:
        receipt = list(csv.DictReader(file))
    assert [(row["line"], row["result"], row["rules"]) for row in receipt] == [
        ("1", "created", ""),
        ("2", "rejected", "SH02"),
    ]


def test_a_quality_run_serves_its_findings_and_closes_them_when_the_data_are_corrected(
    service: Service, tmp_path: Path
) -> None:
    store = {"KITH_DATABASE_URL": service.settings.database_url, "KITH_HOME": str(service.settings.home)}
    service.put("children", "doubtful", changed("children", {"scn": "180669079", "chi": None}))
    assert kith(tmp_path, "quality", "run", "--json", **store).returncode == 1
    (finding,) = [one for one in findings(service) if one["source_id"] == "doubtful" and one["rule"] == "ID02"]
    assert (finding["severity"], finding["source"], finding["state"]) == ("error", SOURCE, "open")
    assert finding["fields"] == ["scn"] and finding["hint"] and finding["detail"]
    corrected = changed("children", {"chi": None, "recorded_at": "2025-07-01T09:00:00Z"})
    service.put("children", "doubtful", corrected)
    kith(tmp_path, "quality", "run", "--json", **store)
    assert [one for one in findings(service) if one["source_id"] == "doubtful" and one["rule"] == "ID02"] == []


def findings(service: Service) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.get("/v1/quality/findings?limit=1000").json()["items"]
    return found


def test_the_catalogue_is_listed(tmp_path: Path) -> None:
    listed = json.loads(kith(tmp_path, "quality", "rules", "--json").stdout)["items"]
    assert len(listed) > 40
