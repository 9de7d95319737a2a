"""Exports of the audit: signed, a chain of their own, and witnesses of what a store no longer has."""

import json
import shutil
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import delete

from services.access import checkpoint_keys, checkpoints, verification
from services.access.checkpoints import Checkpoint
from services.access.verification import Report
from services.errors import BadRequest, StoreBehind
from services.settings import Settings
from services.store import audit, seals
from services.store.audit import AUDIT
from services.store.engine import Store
from services.store.seals import SEAL
from tests.acts import AGENCY, act
from tests.conftest import migrated, wait_until
from tests.examples import example
from tests.postgres import Postgres, fresh_database, own_postgres
from tests.tampering import fill


@contextmanager
def opened(settings: Settings, role: str | None = "kith_service") -> Iterator[Store]:
    store = Store(settings.store_url, role=role)
    yield store
    store.close()


def act_and_export(settings: Settings, **how: bool) -> Checkpoint:
    """One more act, sealed and exported."""
    with opened(settings) as store:
        with store.writing() as connection:
            audit.record(connection, [act()])
        seals.seal(store)
        return export(settings, **how)


def export(settings: Settings, **how: bool) -> Checkpoint:
    with opened(settings) as store:
        return checkpoints.export(store, settings.exports, checkpoint_keys.private_key(settings.signing_key), **how)


def verified(settings: Settings) -> Report:
    keys = checkpoint_keys.public_keys([settings.signing_key.with_suffix(".pub")])
    with opened(settings) as store:
        return verification.of_store(store, settings.exports, keys)


@pytest.fixture
def keyed(settings: Settings) -> Settings:
    """A store whose audit can be exported."""
    checkpoint_keys.make_key(settings.signing_key)
    return settings


def test_a_key_is_for_its_owners_eyes_and_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "audit-key.pem"
    public = checkpoint_keys.make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert "PRIVATE" not in public.read_text()
    with pytest.raises(BadRequest):
        checkpoint_keys.make_key(path)


def test_exports_follow_one_another_and_say_where_every_chain_ends(keyed: Settings) -> None:
    first, second = act_and_export(keyed), act_and_export(keyed)
    assert (first.number, second.number, second.previous) == (1, 2, first.digest())
    assert [(head.log, head.agency, head.seal, head.entry_count) for head in second.heads] == [("audit", AGENCY, 2, 2)]
    report = verified(keyed)
    assert (report.is_fine, len(report.exports)) == (True, 2)


Spoil = Callable[[Path], None]


def edited(name: str, value: object) -> Spoil:
    def spoil(folder: Path) -> None:
        path = folder / "checkpoint-00000002.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {name: value}))

    return spoil


def signed_by_another(folder: Path) -> None:
    path, other = folder / "checkpoint-00000003.json", folder.parent / "other.pem"
    checkpoint_keys.make_key(other)
    said = checkpoints.checkpoints(folder)[-1]
    forged = checkpoint_keys.private_key(other).sign(said.content()).hex()
    path.write_text(json.dumps(json.loads(path.read_text()) | {"signature": forged}))


@pytest.mark.parametrize(
    "spoil",
    [
        *(edited(name, value) for name, value in (("made_at", "2026-01-01T00:00:00+00:00"), ("heads", []))),
        *(edited(name, value) for name, value in (("lineage", "x"), ("signature", ""), ("number", 5), ("key", "x"))),
        lambda folder: (folder / "checkpoint-00000002.json").unlink(),
        lambda folder: (folder / "checkpoint-00000001.json").unlink(),
        lambda folder: (folder / "checkpoint-00000002.json").write_text("{"),
        signed_by_another,
    ],
    ids=lambda spoil: spoil.__name__,
)
def test_an_export_that_was_changed_or_removed_is_seen(spoil: Spoil, tmp_path: Path) -> None:
    settings = migrated(Settings(home=tmp_path, database_url=""))
    checkpoint_keys.make_key(settings.signing_key)
    for _ in range(3):
        act_and_export(settings)
    spoil(settings.exports)
    assert verified(settings).spoilt


def recorded_texts() -> list[str]:
    """What the example's record says in words."""
    return [value for value in example("referrals").values() if isinstance(value, str) and " " in value]


def test_a_full_export_is_verified_without_the_store_and_holds_nothing_that_was_recorded(keyed: Settings) -> None:
    with opened(keyed) as store:
        fill(store, 120)
    made = export(keyed, is_full=True)
    full = keyed.exports / f"full-{made.number:08}"
    report = verification.of_export(full, checkpoints.keys_in(full))
    assert report.is_fine
    assert report.verified
    assert report.verified.sealed_counts == {"audit": 60, "journal": 60}
    everything = "".join(path.read_text() for path in full.iterdir())
    assert len(recorded_texts()) > 1
    assert [each for each in recorded_texts() if each in everything] == []


@pytest.mark.parametrize("name", ["audit", "journal", "seals"])
@pytest.mark.parametrize("way", ["edit", "delete", "reorder", "cut", "remove"])
def test_a_full_export_that_was_changed_is_seen(name: str, way: str, full_export: Path, tmp_path: Path) -> None:
    full = tmp_path / "full"
    shutil.copytree(full_export, full)
    path = full / f"{name}.ndjson"
    lines = path.read_bytes().splitlines(keepends=True)
    ways = {
        "edit": [lines[0].replace(b'"', b"'", 1), *lines[1:]],
        "delete": [*lines[:1], *lines[2:]],
        "reorder": [lines[3], *lines[1:3], lines[0], *lines[4:]],
        "cut": lines[:-1],
    }
    path.unlink()
    if way != "remove":
        path.write_bytes(b"".join(ways[way]))
    assert not verification.of_export(full, checkpoints.keys_in(full)).is_fine


@pytest.fixture(scope="module")
def full_export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = migrated(Settings(home=tmp_path_factory.mktemp("full"), database_url=""))
    checkpoint_keys.make_key(settings.signing_key)
    with opened(settings) as store:
        fill(store, 120)
    made = export(settings, is_full=True)
    return settings.exports / f"full-{made.number:08}"


def test_a_tail_cut_with_its_seals_is_seen_by_the_export(keyed: Settings) -> None:
    act_and_export(keyed)
    act_and_export(keyed)
    with opened(keyed, role=None) as owner, owner.writing() as connection:
        connection.execute(delete(SEAL).where(SEAL.c.number == 2))
        connection.execute(delete(AUDIT).where(AUDIT.c.entry == 2))
    report = verified(keyed)
    assert report.broken == []
    assert [(one.seal, one.exported_seal, one.is_restore) for one in report.missing] == [(1, 2, False)]
    assert not report.is_fine


@contextmanager
def copied(settings: Settings, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """A store as a copy of this one would restore it, once what follows has happened to this one."""
    if not settings.database_url:
        shutil.copy(settings.home / "kith.sqlite", tmp_path / "copy.sqlite")
        yield settings.model_copy(update={"database_url": f"sqlite:///{tmp_path / 'copy.sqlite'}"})
        return
    name = settings.database_url.rpartition("/")[2]
    with fresh_database(request.getfixturevalue("postgres"), f"{name}_copy", template=name) as url:
        yield settings.model_copy(update={"database_url": url})


def test_a_restore_from_a_copy_leaves_a_visible_link(
    keyed: Settings, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    act_and_export(keyed)
    with copied(keyed, request, tmp_path) as restored:
        act_and_export(keyed)
        act_and_export(keyed)
        with pytest.raises(StoreBehind):
            act_and_export(restored)
        (lost,) = verified(restored).missing
        assert (lost.export, lost.exported_seal, lost.is_acknowledged) == (3, 3, False)
        assert lost.is_restore == bool(keyed.database_url.startswith("postgres"))
        export(restored, is_restored=True)
        act_and_export(restored)
        report = verified(restored)
        assert report.is_fine
        assert [(one.says, one.is_acknowledged) for one in report.missing] == [
            ("lost by a restore to seal 1: export 3 saw seal 3", True)
        ]


def while_down(postgres: Postgres, work: Callable[[Path], None]) -> None:
    """Do something to the data folder of a server that is stopped cleanly; it is started again afterwards."""
    with psycopg.connect(postgres.url) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row
    data = Path(row[0])
    aside = data.with_name("aside")
    with ThreadPoolExecutor(1) as threads:
        down = threads.submit(postgres.bring_down, signal.SIGINT, 1)
        wait_until(lambda: not (data / "postmaster.pid").exists())
        data.rename(aside)  # so that the server cannot start before the work is done
        work(aside)
        aside.rename(data)
        down.result()


def copy_with_owners(source: Path, target: Path) -> None:
    """A copy of a folder; the database's files stay its own user's."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    for path in (source, *source.rglob("*")):
        shutil.chown(target / path.relative_to(source), path.stat().st_uid, path.stat().st_gid)


def is_restored(postgres: Postgres) -> bool:
    """Whether a server that takes readers already has ended its recovery, and begun its new timeline."""
    with psycopg.connect(postgres.url) as connection:
        return connection.execute("SELECT pg_is_in_recovery()").fetchone() == (False,)


def test_a_restore_to_a_point_in_time_begins_a_timeline_that_the_seals_show(tmp_path: Path) -> None:
    with own_postgres(tmp_path) as postgres:
        settings = migrated(Settings(home=tmp_path, database_url=postgres.url))
        checkpoint_keys.make_key(settings.signing_key)
        act_and_export(settings)
        backup = tmp_path / "backup"
        while_down(postgres, lambda data: copy_with_owners(data, backup))
        act_and_export(settings)

        def restore(data: Path) -> None:
            copy_with_owners(backup, data)
            (data / "recovery.signal").touch()
            with (data / "postgresql.auto.conf").open("a") as file:
                file.write("restore_command = 'false'\n")

        while_down(postgres, restore)
        wait_until(lambda: is_restored(postgres))
        (lost,) = verified(settings).missing
        assert lost.says == "lost by a restore to seal 1: export 2 saw seal 2"
        act_and_export(settings, is_restored=True)
        report = verified(settings)
        assert report.is_fine
        assert report.verified
        (link,) = report.verified.restored
        assert (link.seal, link.was.rpartition("/")[2], link.became.rpartition("/")[2]) == (2, "1", "2")
