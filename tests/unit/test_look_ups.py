"""What a write looks up it finds by an index, however much the store holds."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlmodel import SQLModel

from services.intake.receive import receive_batch
from services.store import bulk
from services.store.engine import Store
from services.store.writing import Owner
from tests.examples import changed

SOURCE = Owner("renfrewshire-social-work", "S12000038")
LATER = "2025-06-01T09:00:00Z"
STORED = SQLModel.metadata.tables
LookUp = tuple[str, Sequence[str], Sequence[Sequence[str]]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, LookUp]:
    """Every query with which something is looked up, with what it was last asked."""
    found: dict[str, LookUp] = {}
    plain = bulk.select

    def select(connection: Any, query: str, names: Sequence[str], rows: Any, made: Callable[..., Any]) -> Any:
        found[query] = query, names, rows
        return plain(connection, query, names, rows, made)

    monkeypatch.setattr(bulk, "select", select)
    return found


def posted(store: Store) -> None:
    """Records that come, come again, give way, tie, are retracted, and are merged into another."""

    def put(family: str, source_id: str, **changes: Any) -> dict[str, Any]:
        return {"family": family, "source_id": source_id, "record": changed(family, changes)}

    def retract(family: str, source_id: str, **more: str) -> dict[str, Any]:
        return {"family": family, "source_id": source_id, "retract": {"reason": "withdrawn", **more}}

    first = [put("children", "a"), put("children", "b", scn=None), put("referrals", "r", child="a")]
    anew = [put("children", "a", recorded_at=LATER), put("referrals", "r", child="b", received_via="letter")]
    gone = [retract("referrals", "r"), retract("children", "b", replaced_by="a")]
    for night in (first, first, anew, first, gone):
        receive_batch(store, SOURCE, "\n".join(map(json.dumps, night)).encode())


def test_no_look_up_of_a_write_reads_a_table_through(store: Store, asked: dict[str, LookUp]) -> None:
    if store.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL plans by what it has counted; its indexes are the same")
    posted(store)
    with store.reading() as connection:
        look_ups = list(asked.values())
        assert len(look_ups) >= 9
        assert [each for each in look_ups if reads_through(connection, each)] == []


def reads_through(connection: Connection, look_up: LookUp) -> bool:
    """Whether the plan of a query has a table of the store read from end to end."""
    query, names, rows = look_up
    plan = bulk.select(connection, f"EXPLAIN QUERY PLAN {query}", names, rows, lambda *row: str(row[-1]))
    return any(table in STORED for step in plan for table in re.findall(r"SCAN (\w+)", step))
