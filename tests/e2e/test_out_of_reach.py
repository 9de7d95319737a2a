"""A store that is full, or held by another: 503 with Retry-After, nothing half done, and on again by itself."""

import json
import os
import resource
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from random import Random

import httpx
import psycopg
import pytest

from services.settings import Settings
from services.store import engine
from services.store.engine import Store
from tests.conftest import SOURCE, Service, migrated, serving
from tests.crash import checking
from tests.examples import changed

MIB = 1024 * 1024
SMALL, LARGE = "24m", "64m"
MOST_BATCHES = 200


def put(service: Service, source_id: str) -> httpx.Response:
    return service.put("referrals", source_id, changed("referrals", {"child": "nobody"}))


def post(service: Service, name: str) -> httpx.Response:
    """A batch of some 400 KiB that no database makes smaller."""
    text = Random(name).randbytes(4000).hex()  # noqa: S311
    record = changed("referrals", {"child": "nobody", "summary": text})
    lines = (json.dumps({"family": "referrals", "source_id": f"{name}-{n}", "record": record}) for n in range(50))
    headers = service.headers(None, Content_Type="application/x-ndjson")
    return service.http.post(f"/v1/sources/{SOURCE}/batches", content="\n".join(lines), headers=headers)


def is_unavailable(answer: httpx.Response) -> bool:
    return answer.status_code == 503 and answer.headers["Retry-After"].isdigit() and answer.json()["retryable"]


def fill(service: Service) -> str:
    """Post until there is no room; the name of the batch that found none."""
    for name in (f"batch-{number}" for number in count()):
        answer = post(service, name)
        if answer.status_code != 200:
            assert is_unavailable(answer), answer.text
            return name
        assert name != f"batch-{MOST_BATCHES}"
    raise AssertionError


def wrong(settings: Settings) -> list[tuple[str, str]]:
    """What in the tables does not agree with the rest."""
    store = Store(settings.store_url, role=None)
    with store.reading() as connection:
        found = list(checking.whole(checking.Store(connection)))
    store.close()
    return found


def recovers(service: Service, make_room: Callable[[], object]) -> None:
    """Fill the disk, and see that what found no room is not there, and is taken once there is some."""
    refused = fill(service)
    assert service.get(service.url("referrals", f"{refused}-0")).status_code == 404
    assert wrong(service.settings) == []
    make_room()
    assert post(service, refused).json()["counts"]["created"] == 50
    assert put(service, "after").status_code == 201
    assert wrong(service.settings) == []


def test_sqlite_without_room_is_unavailable_until_there_is_some(tmp_path: Path) -> None:
    """The process may write no file beyond some size, which SQLite meets as a disk without room."""
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    with serving(migrated(Settings(home=tmp_path, database_url=""))) as service:
        assert put(service, "before").status_code == 201
        resource.setrlimit(resource.RLIMIT_FSIZE, (6 * MIB, unlimited[1]))
        try:
            recovers(service, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, unlimited))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)


def test_postgresql_without_room_is_unavailable_until_there_is_some(postgres: str, tmp_path: Path) -> None:
    with small_disk(data_folder(postgres)) as disk, database_on(postgres, disk) as url:
        with serving(migrated(Settings(home=tmp_path, database_url=url))) as service:
            assert put(service, "before").status_code == 201
            recovers(service, lambda: mount(disk, f"remount,size={LARGE}"))


def test_sqlite_held_by_another_process_is_waited_for_and_then_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those who queue behind one another in this process wait no longer for that."""
    monkeypatch.setattr(engine, "PATIENCE_SECONDS", 1)
    settings = migrated(Settings(home=tmp_path, database_url=""))
    with serving(settings) as service, closing(sqlite3.connect(tmp_path / "kith.sqlite", isolation_level=None)) as held:
        service.headers()
        held.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(12) as posters:
            answers = list(posters.map(lambda n: put(service, f"held-{n}"), range(12)))
        assert all(is_unavailable(answer) for answer in answers)
        assert max(answer.elapsed.total_seconds() for answer in answers) < 9
        held.execute("ROLLBACK")
        assert put(service, "held-0").status_code == 201


def data_folder(postgres: str) -> Path:
    with psycopg.connect(postgres) as connection:
        (folder,) = connection.execute("SELECT current_setting('data_directory')").fetchone() or ("",)
    return Path(folder)


@contextmanager
def database_on(postgres: str, disk: Path) -> Iterator[str]:
    """A database whose files are on that disk; what the server writes first, its log, is elsewhere."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
        connection.execute("CREATE DATABASE full_disk TABLESPACE small")
        try:
            yield postgres.rpartition("/")[0] + "/full_disk"
        finally:
            connection.execute("DROP DATABASE full_disk WITH (FORCE)")
            connection.execute("DROP TABLESPACE small")


@contextmanager
def small_disk(beside: Path) -> Iterator[Path]:
    """A small file system in memory, for the server that owns the folder beside it."""
    folder = beside.with_name("small-disk")
    folder.mkdir()
    if not mount(folder, f"size={SMALL}"):
        folder.rmdir()
        pytest.skip("a small file system can only be mounted as root")
    try:
        owner = beside.stat()
        os.chown(folder, owner.st_uid, owner.st_gid)
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


def mount(folder: Path, options: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True).returncode == 0
