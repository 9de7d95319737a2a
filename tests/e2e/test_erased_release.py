"""A release of an instant before an erasure: only what was erased is missing, and it is counted."""

from pathlib import Path

import duckdb
import pytest

from services.extracts import checks, source
from services.extracts.build import build
from services.intake import erasing
from services.settings import Settings
from services.store import everything
from services.store.engine import Store, settled_now
from services.store.erasure import Order
from services.store.writing import Key
from tests.posted import COUNCIL, HEALTH, post, post_child, retract


@pytest.fixture
def child(store: Store) -> str:
    """A child with a record that is held and one that is retracted, and another child."""
    child = post_child(store, COUNCIL, HEALTH)
    post(store, COUNCIL, "chronologies", "held")
    post(store, COUNCIL, "chronologies", "retracted")
    retract(store, COUNCIL, "chronologies", "retracted")
    post(store, COUNCIL, "children", "child-2", chi=None, scn=None)
    post(store, COUNCIL, "chronologies", "anothers", child="child-2")
    return child


def erase(store: Store, child: str) -> None:
    with store.reading() as connection:
        keys: list[Key] = everything.keys(connection, child)
    erasing.erase(store, keys, Order("retention", "w-1"))


def test_what_was_held_then_and_erased_since_is_counted(store: Store, settings: Settings, child: str) -> None:
    as_at = settled_now(store)
    erase(store, child)
    with source.reader_of(settings.store_url) as reader:
        found = source.erased_since(reader, as_at)
        assert {family: count for family, count in found.items() if count} == {"children": 2, "chronologies": 1}
        later = source.erased_since(reader, settled_now(store))
    assert set(later.values()) == {0}, "at a later instant it was not held any more"


def test_a_release_made_again_differs_in_that_child_alone(
    store: Store, settings: Settings, child: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if store.engine.dialect.name != "sqlite":
        pytest.skip("the release of one database is that of the other")
    monkeypatch.setattr(checks, "count_again", lambda *given: None)  # takes most of a build; tried in test_release
    as_at = settled_now(store)
    before = build(settings, as_at, tmp_path / "before")
    erase(store, child)
    after = build(settings, as_at, tmp_path / "after")
    assert before.manifest["withheld"]["erased"] == dict.fromkeys(before.manifest["withheld"]["erased"], 0)
    assert after.manifest["withheld"]["erased"] == {
        **before.manifest["withheld"]["erased"],
        "children": 2,
        "chronologies": 1,
    }
    query = "SELECT record_id FROM chronologies ORDER BY record_id"
    held = [duckdb.connect(str(one.database), read_only=True).sql(query).fetchall() for one in (before, after)]
    assert len(held[0]) == 2 and len(held[1]) == 1 and set(held[1]) < set(held[0])
    assert "Erased since" in (after.folder / "CHANGES.md").read_text(encoding="utf-8")
