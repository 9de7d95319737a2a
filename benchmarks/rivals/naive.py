"""What a first attempt at such a service does: FastAPI, SQLModel, a session a request, search-then-insert.

It keeps the same records of the same families with their parts in tables of
their own, and nothing else: no versions, no rules, no journal, no links, no
feed, no results by line. NAIVE_DATABASE_URL says where.
"""

import json
import os
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from sqlalchemy import Column, ForeignKey
from sqlmodel import Field, Session, SQLModel, create_engine, select

from schemas.record import Family
from schemas.registry import BY_NAME, BY_SEGMENT, FAMILIES
from schemas.tables import Table
from services.store.family_tables import SQL_TYPES

Row = type[SQLModel]


def _fields(shape: Table) -> dict[str, tuple[Any, Any]]:
    columns = (*((key, "integer") for key in shape.keys), *((column.name, column.kind) for column in shape.columns))
    return {name: (SQL_TYPES[kind][0] | None, Column(name, SQL_TYPES[kind][1])) for name, kind in columns}


def _model(name: str, fields: dict[str, tuple[Any, Any]], more: dict[str, Any]) -> Row:
    annotations = {field: kind for field, (kind, _) in fields.items()}
    values = {field: Field(default=None, sa_column=column) for field, (_, column) in fields.items()}
    space = {"__annotations__": annotations, "__tablename__": name, "__module__": __name__} | values | more
    metaclass: Any = type(SQLModel)
    made: Row = metaclass(name.title().replace("_", ""), (SQLModel,), space, table=True)
    return made


def _root(family: Family) -> Row:
    fields = {
        "row_id": (int | None, Column("row_id", SQL_TYPES["integer"][1], primary_key=True)),
        "source": (str, Column("source", SQL_TYPES["text"][1], index=True)),
        "source_id": (str, Column("source_id", SQL_TYPES["text"][1], index=True)),
    }
    return _model(f"naive_{family.name}", fields | _fields(family.tables[0]), {})


def _part(family: Family, shape: Table) -> Row:
    parent = ForeignKey(f"naive_{family.name}.row_id")
    fields = {
        "row_id": (int | None, Column("row_id", SQL_TYPES["integer"][1], primary_key=True)),
        "record": (int, Column("record", SQL_TYPES["integer"][1], parent, index=True)),
    }
    return _model(f"naive_{shape.name}", fields | _fields(shape), {})


ROOTS: dict[str, Row] = {family.name: _root(family) for family in FAMILIES}
PARTS: dict[str, Row] = {shape.name: _part(family, shape) for family in FAMILIES for shape in family.tables[1:]}
engine = create_engine(os.environ["NAIVE_DATABASE_URL"], pool_size=20)
SQLModel.metadata.create_all(engine, tables=[model.__table__ for model in (*ROOTS.values(), *PARTS.values())])  # type: ignore[attr-defined]
app = FastAPI()


def session() -> Iterator[Session]:
    with Session(engine) as opened:
        yield opened


InSession = Annotated[Session, Depends(session)]


def keep(opened: Session, family: Family, source: str, source_id: str, record: dict[str, Any]) -> SQLModel:
    """Look for the record, then change it or add it, and add its parts anew."""
    root: Any = ROOTS[family.name]
    rows = family.rows(family.contract.model_validate(record))
    held = opened.exec(select(root).where(root.source == source, root.source_id == source_id)).first()
    if held is None:
        held = root(source=source, source_id=source_id)
    for name, value in rows[family.name][0].items():
        setattr(held, name, value)
    opened.add(held)
    opened.flush()
    for shape in family.tables[1:]:
        opened.add_all(PARTS[shape.name](record=held.row_id, **row) for row in rows[shape.name])
    return held  # type: ignore[no-any-return]


@app.put("/{source}/{segment}/{source_id}")
def put(source: str, segment: str, source_id: str, record: dict[str, Any], opened: InSession) -> dict[str, Any]:
    held: Any = keep(opened, BY_SEGMENT[segment], source, source_id, record)
    opened.commit()
    return {"id": held.row_id}


@app.post("/{source}/batches")
async def post(source: str, request: Request, opened: InSession) -> dict[str, int]:
    lines = (await request.body()).splitlines()
    for line in map(json.loads, lines):
        keep(opened, BY_NAME[line["family"]], source, line["source_id"], line["record"])
    opened.commit()
    return {"kept": len(lines)}
