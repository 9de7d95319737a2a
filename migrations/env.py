"""How Alembic runs Kith's migrations: over the connection it is handed, on either database."""

from typing import Any, Literal

from alembic import context
from sqlmodel import SQLModel

import services.store.family_tables
import services.store.tables  # noqa: F401  (both fill SQLModel.metadata)


def render_item(kind: str, item: Any, autogen: Any) -> str | Literal[False]:
    """Types of ours written as plain SQLAlchemy, so that a migration stands alone."""
    name = type(item).__name__
    if name == "UtcInstant":
        return "sa.DateTime(timezone=True)"
    if name == "AutoString":
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return False


def run() -> None:
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_item=render_item,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=False,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
