"""Whatever is done to audit and journal behind the service's back is seen."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from services.access import checkpoint_keys, checkpoints, verification
from services.access.checkpoint_keys import PublicKeys
from services.store.engine import Store
from tests.conftest import new_store
from tests.tampering import WAYS, fill, tamper

ENTRIES = 600
TIMES = {"sqlite": 70, "postgresql": 30}
"""The thousand are in benchmarks/tampering.py."""


@pytest.fixture(scope="module")
def owned(
    database: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Store, Path, PublicKeys]]:
    """A sealed and exported store, opened as its database's owner, with the exports and their key."""
    with new_store(database, request, tmp_path_factory.mktemp("store"), "tampering") as settings:
        store = Store(settings.store_url, role=None)
        fill(store, ENTRIES)
        public = checkpoint_keys.make_key(settings.signing_key)
        checkpoints.export(store, settings.exports, checkpoint_keys.private_key(settings.signing_key))
        yield store, settings.exports, checkpoint_keys.public_keys([public])
        store.close()


def test_a_store_left_alone_is_as_it_was_sealed(owned: tuple[Store, Path, PublicKeys]) -> None:
    report = verification.of_store(*owned)
    assert report.is_fine
    assert report.verified
    assert sum(report.verified.sealed_counts.values()) == ENTRIES


def test_every_tampering_is_seen(owned: tuple[Store, Path, PublicKeys], database: str) -> None:
    store, exports, keys = owned
    random, unseen, done = Random(20260301), [], set()  # noqa: S311
    for _ in range(TIMES[database]):
        with store.writing(undo=True) as connection:
            what = tamper(connection, random)
            done.add(what.partition(" (")[0])
            if verification.seen_by(connection, exports, keys).is_fine:
                unseen.append(what)
    assert unseen == []
    assert done == set(WAYS)
