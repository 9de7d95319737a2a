"""A connection to PostgreSQL that breaks before any statement of a write, its commit or its undoing."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.errors import Unavailable
from services.intake.receive import receive_batch
from services.settings import Settings
from services.store.engine import Store
from services.store.writing import Owner
from tests.conftest import AGENCY, SOURCE, new_store
from tests.examples import changed

OWNER = Owner(SOURCE, AGENCY)
LINES = 3


@dataclass
class Breaks:
    """Ends the connection, from the server's side, `before` the statement of that number; None: before none."""

    url: str
    before: int | None = None
    has_broken: bool = False

    def watched(self, done: Callable[..., Any]) -> Callable[..., Any]:
        def watching(subject: Any, *given: Any, **named: Any) -> Any:
            self._count(getattr(subject, "connection", subject))
            return done(subject, *given, **named)

        return watching

    def _count(self, connection: psycopg.Connection[Any]) -> None:
        if self.before is None:
            return
        self.before -= 1
        if not self.before:
            self.before, self.has_broken = None, True
            with psycopg.connect(self.url, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    with new_store("postgresql", request, tmp_path, "breaks") as made:
        yield made


@pytest.fixture
def breaks(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Breaks:
    breaking = Breaks(settings.database_url)
    for of, name in ((psycopg.Cursor, "execute"), (psycopg.Connection, "commit"), (psycopg.Connection, "rollback")):
        monkeypatch.setattr(of, name, breaking.watched(getattr(of, name)))
    return breaking


@pytest.mark.parametrize("is_good", [True, False], ids=["kept", "undone"])
def test_wherever_it_breaks_the_store_is_unavailable_and_nothing_is_half_written(
    breaks: Breaks, store: Store, is_good: bool
) -> None:
    """An atomic batch, one that is kept and one with a line that is refused: by its answer, or by nothing."""
    broken = 0
    while True:
        breaks.before, breaks.has_broken = broken + 1, False
        is_answered = posted(store, broken, is_good)
        breaks.before = None
        if not breaks.has_broken:
            break
        assert kept(breaks.url, broken) == (LINES if is_answered and is_good else 0)
        broken += 1
    assert broken > 15 and is_answered


def posted(store: Store, number: int, is_good: bool) -> bool:
    """Whether a batch of new children was answered; an error other than Unavailable is raised."""
    record = changed("children", {"chi": None, "scn": None})
    lines = [{"family": "children", "source_id": f"{number}-{line}", "record": record} for line in range(LINES)]
    body = "\n".join(map(json.dumps, lines if is_good else [*lines, {}]))
    try:
        receive_batch(store, OWNER, body.encode(), atomic=True, key=str(number))
    except Unavailable:
        return False
    return True


def kept(url: str, number: int) -> int:
    """How many of a batch's lines the journal has."""
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT count(*) FROM journal WHERE source_id LIKE %s", [f"{number}-%"]).fetchone()
    assert found
    count: int = found[0]
    return count
