"""Arrays packed here arrive in PostgreSQL as the values they were."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.store.arrays import array
from services.store.engine import Store
from tests.postgres import fresh_database

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5000)
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "TEXT": TEXTS,
    "VARCHAR": TEXTS,
    "BIGINT": st.integers(-(2**63), 2**63 - 1),
    "INTEGER": st.integers(-(2**31), 2**31 - 1),
    "BOOLEAN": st.booleans(),
    "DATE": st.dates(date(1, 1, 1), date(9999, 12, 31)),
    "TIMESTAMP WITH TIME ZONE": st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
}


@pytest.fixture(scope="module")
def empty(postgres: str) -> Iterator[Store]:
    """PostgreSQL with nothing in it."""
    with fresh_database(postgres, "arrays") as url:
        store = Store(url.replace("postgresql://", "postgresql+psycopg://"), role=None)
        yield store
        store.close()


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_packed_array_arrives_as_it_was(empty: Store, kind: str, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.none() | KINDS[kind], min_size=1, max_size=50))
    with empty.reading() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(f"SELECT value FROM unnest(%b::{kind}[]) AS value", [array(kind, values)])
        assert [row[0] for row in cursor.fetchall()] == values
