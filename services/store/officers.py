"""The named officers of agencies, who alone may see children whose identity changed."""

from collections.abc import Sequence

from sqlalchemy import Connection, Table, delete, select

from services.store.tables import Officer

OFFICER: Table = Officer.__table__  # type: ignore[attr-defined]


def officers(connection: Connection, agency: str | None = None) -> Sequence[Officer]:
    """The officers of an agency, or of all, by agency and worker."""
    query = select(OFFICER).order_by(OFFICER.c.agency, OFFICER.c.worker)
    rows = connection.execute(query if agency is None else query.where(OFFICER.c.agency == agency))
    return [Officer(**row._mapping) for row in rows]


def add(connection: Connection, officer: Officer) -> None:
    connection.execute(OFFICER.insert(), [officer.model_dump()])


def remove(connection: Connection, agency: str, worker: str) -> bool:
    """Remove an officer; whether there was one."""
    one = delete(OFFICER).where(OFFICER.c.agency == agency, OFFICER.c.worker == worker)
    return connection.execute(one).rowcount > 0
