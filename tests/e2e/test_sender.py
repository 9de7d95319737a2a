"""The sender against a real service behind a network that fails: every line once on the receipt, once in the store."""

import csv
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.cli.main import main
from services.sender.alone import alone
from services.sender.client import SourceClient
from services.sender.patience import OutOfPatience, Patience, Refused
from services.sender.post import How, post_file
from services.sender.receipt import Receipt
from tests.conftest import SOURCE, Service
from tests.e2e.test_command_line import KITH, kith
from tests.examples import changed
from tests.proxy import Drops, Proxy, Says, proxying

BY_FOUR = How(lines_at_once=4)


@pytest.fixture
def proxy(service: Service) -> Iterator[Proxy]:
    with proxying(str(service.http.base_url)) as running:
        yield running


class Sender:
    """A sender through the proxy; its waits are noted, not waited."""

    def __init__(self, proxy: Proxy, service: Service, folder: Path) -> None:
        self._proxy, self._service = proxy, service
        self.waits: list[float] = []
        self.told: list[str] = []
        self.now = 0.0
        self.path = folder / "tonight.ndjson"
        self.receipt = folder / "tonight.receipt.csv"

    def post(self, how: How = BY_FOUR, source: str = SOURCE, patience: float = 300) -> dict[str, int]:
        held = Patience(patience, self.told.append, self._wait, lambda: self.now)
        with httpx.Client(base_url=self._proxy.address, timeout=30) as http:
            owner = self._service.owner
            client = SourceClient(http, source, owner.client_id, owner.client_secret, held)
            return dict(post_file(client, self.path, Receipt(self.receipt), how, told=self.told.append))

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def write(self, prefix: str, count: int, **changes: Any) -> list[str]:
        ids = [f"{prefix}-{number}" for number in range(count)]
        record = changed("referrals", changes)
        lines = ({"family": "referrals", "source_id": one, "record": record} for one in ids)
        self.path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        return ids

    def rows(self) -> list[dict[str, str]]:
        with self.receipt.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def results(self) -> list[tuple[str, str]]:
        return [(row["line"], row["result"]) for row in self.rows()]


@pytest.fixture
def sender(proxy: Proxy, service: Service, tmp_path: Path) -> Sender:
    return Sender(proxy, service, tmp_path)


def all_are(result: str, count: int) -> list[tuple[str, str]]:
    return [(str(number), result) for number in range(1, count + 1)]


def versions(service: Service, ids: list[str]) -> list[int]:
    """How many versions the store has of each record."""
    headers = service.headers()
    urls = [f"{service.url('referrals', one)}/versions" for one in ids]
    return [len(service.http.get(url, headers=headers).json()["items"]) for url in urls]


def test_an_overloaded_service_is_asked_again_when_it_said(sender: Sender, proxy: Proxy, service: Service) -> None:
    ids = sender.write("overload", 4)
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    proxy.faults += [Says(503, (("Retry-After", "7"),)), Says(429, (("Retry-After", soon),))]
    proxy.faults.append(Says(503, (("Retry-After", "86400"),)))
    assert sender.post() == {"created": 4}
    assert sender.waits[0] == 7 and 30 < sender.waits[1] <= 40 and sender.waits[2] == 120
    assert len(set(proxy.keys)) == 1 and len(proxy.keys) == 4
    assert versions(service, ids) == [1] * 4


def test_without_a_word_from_the_service_each_wait_is_longer(sender: Sender, proxy: Proxy) -> None:
    sender.write("longer", 1)
    proxy.faults += [Says(502), Says(504), Drops(), Says(503, (("Retry-After", "soon"),)), Drops()]
    assert sender.post() == {"created": 1}
    assert [2**n / 4 <= wait <= 2**n / 2 for n, wait in enumerate(sender.waits)] == [True] * 5


def test_a_connection_lost_after_the_commit_doubles_nothing(sender: Sender, proxy: Proxy, service: Service) -> None:
    ids = sender.write("lost", 9)
    proxy.faults += [Drops(), Drops(after=True), None, Drops(after=True)]
    sender.post()
    assert [number for number, _ in sender.results()] == [str(number) for number in range(1, 10)]
    assert {result for _, result in sender.results()} <= {"created", "unchanged"}
    assert versions(service, ids) == [1] * 9
    assert proxy.keys[0] == proxy.keys[1] == proxy.keys[2] and len(set(proxy.keys)) == 3


def test_a_service_that_knows_the_key_gives_the_first_report(sender: Sender, proxy: Proxy) -> None:
    proxy.remembers = True
    sender.write("known-key", 4)
    proxy.faults.append(Drops(after=True))
    assert sender.post() == {"created": 4}


def test_out_of_patience_it_stops_and_goes_on_another_night(sender: Sender, proxy: Proxy, service: Service) -> None:
    ids = sender.write("patience", 10)
    proxy.faults += [None, *[Says(503)] * 40]
    with pytest.raises(OutOfPatience, match="answered 503, and nothing better came in 60 seconds"):
        sender.post(patience=60)
    assert 59 < sum(sender.waits) <= 60
    assert sender.results() == all_are("created", 4)
    proxy.faults.clear()
    assert sender.post() == {"created": 10}
    assert sender.told[-1] == "Going on after 4 lines that are on the receipt."
    assert sender.results() == all_are("created", 10)
    assert versions(service, ids) == [1] * 10


def test_a_receipt_torn_by_a_power_cut_is_mended(sender: Sender, proxy: Proxy, service: Service) -> None:
    proxy.remembers = True
    ids = sender.write("torn", 10)
    sender.post()
    whole = sender.receipt.read_bytes()
    lines = whole.splitlines(keepends=True)
    for left in (b"".join(lines[:7]), b"".join(lines[:8])[:-30], b"".join(lines[:6]) + b"\0" * 500):
        sender.receipt.write_bytes(left)
        assert sender.post() == {"created": 10}
        assert sender.receipt.read_bytes() == whole
    assert versions(service, ids) == [1] * 10


def test_a_run_that_was_complete_is_posted_again_as_a_run_of_its_own(sender: Sender, proxy: Proxy) -> None:
    proxy.remembers = True
    sender.write("again", 5)
    assert sender.post() == {"created": 5}
    assert sender.post() == {"unchanged": 5}
    assert sender.post() == {"unchanged": 5}
    assert len(set(proxy.keys)) == len(proxy.keys) == 6
    assert "Every line of this file was answered before" in sender.told[-1]


def test_a_file_that_has_changed_is_posted_anew_and_says_so(sender: Sender, proxy: Proxy) -> None:
    sender.write("changed", 10)
    proxy.faults += [None, *[Says(503)] * 40]
    with pytest.raises(OutOfPatience):
        sender.post(patience=1)
    proxy.faults.clear()
    sender.write("changed", 10, recorded_at="2025-07-01T09:00:00Z")
    assert sender.post() == {"replaced": 4, "created": 6}
    assert "Starting anew: line 1 is not the one that was answered" in sender.told[-1]
    assert len(sender.receipt.with_name("tonight.receipt.before.csv").read_text().splitlines()) == 5


def test_a_file_that_has_grown_goes_on(sender: Sender, proxy: Proxy) -> None:
    sender.write("grown", 4)
    sender.post()
    sender.write("grown", 6)
    sender.post()
    assert sender.results() == all_are("created", 6)


def test_a_receipt_of_another_service_is_not_gone_on_with(sender: Sender, proxy: Proxy, service: Service) -> None:
    sender.write("elsewhere", 6)
    proxy.faults += [None, *[Says(503)] * 40]
    with pytest.raises(OutOfPatience):
        sender.post(patience=1)
    with proxying(str(service.http.base_url)) as another:
        sender._proxy = another
        assert sender.post() == {"unchanged": 4, "created": 2}
    assert "went to another service or source" in sender.told[-1]


def test_a_batch_too_large_for_the_way_is_split(sender: Sender, proxy: Proxy, service: Service) -> None:
    ids = sender.write("split", 7)
    proxy.largest = sender.path.stat().st_size // 2
    assert sender.post(How(lines_at_once=7)) == {"created": 7}
    assert sender.results() == all_are("created", 7)
    assert versions(service, ids) == [1] * 7


def test_a_line_too_large_by_itself_is_refused_and_the_others_go(sender: Sender, proxy: Proxy) -> None:
    sender.write("huge", 3)
    proxy.largest = sender.path.stat().st_size // 2
    lines = sender.path.read_bytes().splitlines()
    lines[1] += b" " * proxy.largest
    sender.path.write_bytes(b"\n".join(lines))
    assert sender.post() == {"created": 2, "rejected": 1}
    assert [result for _, result in sender.results()] == ["created", "rejected", "created"]
    assert "too large to post" in sender.rows()[1]["problems"]


def test_blank_lines_a_byte_order_mark_and_bad_bytes_cost_no_other_line(sender: Sender) -> None:
    sender.write("odd", 3)
    one, two, three = sender.path.read_bytes().splitlines()
    sender.path.write_bytes(b"\xef\xbb\xbf" + one + b"\r\n\r\n" + two + b"\n" + b'{"\xff\n' + three + b"\n\n\n\n")
    sender.post()
    assert sender.results() == [("1", "created"), ("3", "created"), ("4", "rejected"), ("5", "created")]


def test_a_line_of_any_name_has_its_row_and_stops_no_other_night(sender: Sender, proxy: Proxy) -> None:
    sender.write("strange", 2)
    record = changed("referrals", {})
    names = ["\ud800", "two\r\nlines", "x" * 300_000, 'a"b,c', "\u2028", ""]
    lines = [json.dumps({"family": "referrals", "source_id": name, "record": record}).encode() for name in names]
    sender.path.write_bytes(b"\n".join([*lines, sender.path.read_bytes()]))
    proxy.faults += [None, *[Says(503)] * 40]
    with pytest.raises(OutOfPatience):
        sender.post(patience=1)
    proxy.faults.clear()
    assert sender.post() == {"rejected": 6, "created": 2}
    assert sender.told[-1] == "Going on after 4 lines that are on the receipt."


def test_an_answer_that_is_not_kiths_stops_it(sender: Sender, proxy: Proxy) -> None:
    sender.write("portal", 1)
    proxy.faults.append(Says(200))
    with pytest.raises(Refused, match="not one of Kith's"):
        sender.post()


def test_a_token_that_is_refused_is_renewed_once(sender: Sender, proxy: Proxy) -> None:
    sender.write("token", 8)
    proxy.faults += [None, Says(401)]
    assert sender.post() == {"created": 8}
    assert proxy.paths.count("/oauth/token") == 2
    proxy.faults += [Says(401), Says(401)]
    with pytest.raises(Refused, match="401"):
        sender.post()


def test_only_checking_keeps_nothing_and_is_told_apart(sender: Sender, proxy: Proxy, service: Service) -> None:
    (one,) = sender.write("checked", 1)
    assert sender.post(How(validate_only=True)) == {"created": 1}
    assert service.get(service.url("referrals", one)).status_code == 404
    assert sender.post() == {"created": 1}
    assert service.get(service.url("referrals", one)).status_code == 200
    assert len(set(proxy.keys)) == 2


def test_what_is_refused_or_stale_has_its_row(sender: Sender, service: Service) -> None:
    late = {"recorded_at": "2025-08-01T09:00:00Z"}
    service.put("referrals", "late", changed("referrals", late))
    records = {"late": changed("referrals", {}), "wrong": changed("referrals", {"primary_reason": "NEGLET"})}
    lines = [json.dumps({"family": "referrals", "source_id": i, "record": r}) for i, r in records.items()]
    sender.path.write_text("\n".join(lines), encoding="utf-8")
    assert sender.post() == {"stale": 1, "rejected": 1}
    refused = sender.rows()[1]
    assert refused["rules"] == "RF03"
    assert refused["problems"] == "/primary_reason: 'NEGLET' is not in the list referral_reasons: did you mean R-NEG?"


def test_killed_in_the_middle_it_goes_on(sender: Sender, proxy: Proxy, service: Service, tmp_path: Path) -> None:
    proxy.remembers = True
    ids = sender.write("killed", 20)
    command = [*KITH, "post", str(sender.path), "--source", SOURCE, "--lines", "4", "--json"]
    environment = os.environ | client(proxy, service)
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def kill_at_the_third() -> None:
        if len(proxy.keys) == 3:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()

    proxy.answered = kill_at_the_third
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert sender.results() == all_are("created", 8)
    proxy.answered = lambda: None
    done = kith(tmp_path, *command[3:], **client(proxy, service))
    assert (done.returncode, json.loads(done.stdout)["counts"]) == (0, {"created": 20}), done.stderr
    assert sender.results() == all_are("created", 20)
    assert proxy.keys[2] == proxy.keys[3] and len(set(proxy.keys)) == 5
    assert versions(service, ids) == [1] * 20


def test_two_runs_of_one_file_do_not_overlap(sender: Sender, capsys: pytest.CaptureFixture[str]) -> None:
    sender.write("overlap", 1)
    with alone(sender.path):
        code = main(["post", str(sender.path), "--source", SOURCE])
    assert (code, "another run is posting" in capsys.readouterr().err) == (2, True)


def test_a_service_that_is_not_there_could_not_run(
    sender: Sender, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sender.write("nowhere", 1)
    gone = {"KITH_URL": "http://127.0.0.1:9", "KITH_CLIENT_ID": "a", "KITH_CLIENT_SECRET": "b"}
    for name, value in gone.items():
        monkeypatch.setenv(name, value)
    code = main(["post", str(sender.path), "--source", SOURCE, "--patience", "0.2"])
    told = capsys.readouterr().err
    assert code == 2
    assert "the connection failed" in told and "Run it again" in told


def client(proxy: Proxy, service: Service) -> dict[str, str]:
    owner = service.owner
    return {
        "KITH_URL": proxy.address,
        "KITH_CLIENT_ID": owner.client_id,
        "KITH_CLIENT_SECRET": owner.client_secret,
    }
