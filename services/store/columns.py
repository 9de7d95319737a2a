"""Column types that behave alike on SQLite and PostgreSQL."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer
from sqlalchemy.types import TypeDecorator

BIG = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit integer that SQLite can use as its row id."""


def kept_instant(value: datetime) -> str:
    """An instant as SQLite keeps it."""
    return value.astimezone(UTC).isoformat(" ", "microseconds")[:26]


def kept_day(value: date) -> str:
    """A day as SQLite keeps it."""
    return value.isoformat()


def read_instant(value: datetime | str | None) -> datetime | None:
    """An instant as either database gives it, in UTC."""
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value.astimezone(UTC) if value else None


def read_day(value: date | str | None) -> date | None:
    """A day as either database gives it."""
    return date.fromisoformat(value) if isinstance(value, str) else value


class UtcInstant(TypeDecorator[datetime]):
    """An instant, in UTC, aware on both sides; SQLite keeps it as text in UTC."""

    impl = DateTime
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        return datetime

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(DateTime(timezone=dialect.name != "sqlite"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
