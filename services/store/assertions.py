"""Client assertions that were used: none is accepted twice, by whichever process."""

from datetime import datetime

from sqlalchemy import Connection, Table, delete
from sqlalchemy.dialects import postgresql, sqlite

from services.store.tables import UsedAssertion

USED: Table = UsedAssertion.__table__  # type: ignore[attr-defined]


def use(connection: Connection, used: UsedAssertion, at: datetime) -> bool:
    """Keep that an assertion was used; False where it was before. The client's ended ones are forgotten."""
    connection.execute(delete(USED).where(USED.c.client_id == used.client_id, USED.c.kept_until <= at))
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(USED).values(used.model_dump())
    return connection.execute(insert.on_conflict_do_nothing().returning(USED.c.jti)).first() is not None
