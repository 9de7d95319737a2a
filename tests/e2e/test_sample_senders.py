"""The sample senders of docs/senders, run as an integrator would, and held to what the service really has."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.app import create_app
from services.settings import Settings
from tests.conftest import SOURCE, Service
from tests.examples import changed, example
from tests.proxy import Drops, Proxy, Says, proxying

SENDERS = Path(__file__).parents[2] / "docs" / "senders"
SAMPLES = {"post.py": [sys.executable], "post.sh": ["bash"]}
ALL = [*SAMPLES, "post.ps1"]
NOW = ("Retry-After", "0")


@pytest.fixture
def proxy(service: Service) -> Iterator[Proxy]:
    with proxying(str(service.http.base_url)) as running:
        yield running


@pytest.fixture(params=SAMPLES)
def sample(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def run(sample: str, path: Path, proxy: Proxy, service: Service) -> "subprocess.CompletedProcess[str]":
    client = {"KITH_CLIENT_ID": service.owner.client_id, "KITH_CLIENT_SECRET": service.owner.client_secret}
    environment = os.environ | client | {"KITH_URL": proxy.address}
    command = [*SAMPLES[sample], str(SENDERS / sample), SOURCE, str(path)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def written(folder: Path, *lines: tuple[str, object]) -> Path:
    path = folder / "tonight.ndjson"
    rows = ({"family": "referrals", "source_id": source_id, "record": record} for source_id, record in lines)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_it_posts_through_an_overload_and_a_lost_connection(
    sample: str, proxy: Proxy, service: Service, tmp_path: Path
) -> None:
    source_id = f"sample-{sample}"
    path = written(tmp_path, (source_id, example("referrals")))
    proxy.faults += [Says(503, (NOW,)), Says(429, (NOW,)), Drops(after=True)]
    done = run(sample, path, proxy, service)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert len(proxy.keys) == 4 and len(set(proxy.keys)) == 1 and proxy.keys[0]
    assert service.get(service.url("referrals", source_id)).status_code == 200


def test_it_prints_what_was_refused_and_fails(sample: str, proxy: Proxy, service: Service, tmp_path: Path) -> None:
    good, bad = (f"good-{sample}", example("referrals")), ("bad", changed("referrals", {"primary_reason": "NEGLET"}))
    done = run(sample, written(tmp_path, good, bad), proxy, service)
    (refused,) = map(json.loads, done.stdout.splitlines())
    assert (done.returncode, refused["line"], refused["errors"][0]["hint"]) == (1, 2, "did you mean R-NEG?")


def test_it_says_why_it_could_not_post(sample: str, proxy: Proxy, service: Service, tmp_path: Path) -> None:
    path = written(tmp_path, ("refused", example("referrals")))
    proxy.faults.append(Says(403))
    done = run(sample, path, proxy, service)
    assert done.returncode == 2 and "403" in done.stderr
    assert service.owner.client_secret not in done.stderr + done.stdout


@pytest.mark.parametrize("name", ALL)
def test_the_addresses_that_a_sample_calls_exist(name: str, tmp_path: Path) -> None:
    text = (SENDERS / name).read_text(encoding="utf-8")
    known = create_app(Settings(home=tmp_path, database_url="")).openapi()["paths"]
    called = {re.sub(r"(?<=/sources/)[^/]+", "{source}", one) for one in re.findall(r"/(?:v1|oauth)/[^\s\"']+", text)}
    assert called == {"/oauth/token", "/v1/sources/{source}/batches"} <= known.keys()
    assert "results_url" in text


@pytest.mark.parametrize("name", ALL)
def test_a_sample_does_what_every_sender_must(name: str) -> None:
    text = (SENDERS / name).read_text(encoding="utf-8")
    for word in ("client_credentials", "Idempotency-Key", "application/x-ndjson", "429", "502", "503", "504"):
        assert word in text, word
    assert re.search(r"retry-after|\[Rr\]etry-\[Aa\]fter", text, re.I)
    assert "rejected" in text and "exit" in text


def test_the_powershell_sample_is_of_version_5_and_closes_what_it_opens() -> None:
    text = re.sub(r"(?m)^\s*#.*$", "", (SENDERS / "post.ps1").read_text(encoding="utf-8"))
    assert [text.count(mark) for mark in "({["] == [text.count(mark) for mark in ")}]"]
    assert not re.search(
        r"-SkipHttpErrorCheck|-MaximumRetryCount|-Authentication|-StatusCodeVariable|\?\?|&&|\|\|", text
    )
    called = set(re.findall(r"\b(?:Invoke|Get|Send)-\w+", text)) - {"Invoke-WebRequest"}
    assert called == set(re.findall(r"function ([\w-]+)", text))
    assert text.isascii(), "5.1 reads a script without a byte order mark in the machine's own code page"
