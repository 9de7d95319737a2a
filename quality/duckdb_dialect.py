"""The SQLAlchemy dialect through which Great Expectations can read a DuckDB file.

Importing this module registers it: `kithduckdb://`. It mends two faults of `duckdb_engine` 0.17,
and can go when the canary tests in tests/unit/test_expectations.py say that the plain one works.
"""

from typing import Any

from duckdb_engine import Dialect
from sqlalchemy import text, types
from sqlalchemy.dialects import registry

NAME = "kithduckdb"

_COLUMNS = """
    SELECT
        column_name AS name, data_type AS type, is_nullable AS nullable, column_default AS default
    FROM duckdb_columns()
    WHERE table_name = :table_name AND database_name = current_database()
        AND schema_name = coalesce(:schema_name, current_schema())
    ORDER BY column_index
"""


class KithDuckDB(Dialect):
    """For reading only: it begins, commits and rolls back nothing.

    Great Expectations gives its connection back before it fetches, which rolls back, and in
    DuckDB a rollback throws away the rows not yet fetched.
    """

    # `name` stays `duckdb`: the plain dialect's SQL constructs are compiled under that name.
    supports_statement_cache = False  # said again, as SQLAlchemy warns of a subclass that is silent

    def do_begin(self, connection: Any) -> None:
        pass

    def do_commit(self, connection: Any) -> None:
        pass

    def do_rollback(self, connection: Any) -> None:
        pass

    def get_columns(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> list[Any]:
        """Asks DuckDB itself: the plain dialect asks for catalogues that only PostgreSQL has."""
        names = {"table_name": table_name, "schema_name": schema}
        rows = connection.execute(text(_COLUMNS), names).mappings()
        return [{**row, "type": self._type(row["type"])} for row in rows]

    def _type(self, declared: str) -> types.TypeEngine[Any]:
        """The null type where SQLAlchemy has no word for DuckDB's, as for a list or a struct."""
        name = declared.partition("(")[0].lower()
        known: type[types.TypeEngine[Any]] = self.ischema_names.get(name, types.NullType)
        return known()


registry.register(NAME, __name__, KithDuckDB.__name__)
