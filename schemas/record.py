"""What every record is: its contract, and the tables derived from it.

A family declares one contract (a Pydantic class) and everything else follows:
`Family.tables` are the neutral shapes that the store, the Pandera frames, the
rules, the release and its dictionary are all made from, and `Family.rows` turns
one valid record into the rows of those tables.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import core_schema as core

from schemas.fields import Code, Instant, Role
from schemas.tables import Row, Table, derive, rows_of

MOST_ITEMS = 1000
CONTRACT_VERSION = 1


class Item(BaseModel):
    """A part of a record: strict, closed to unknown fields, described by its docstrings."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core.CoreSchema:
        """Pydantic's own, but that a default list is made anew: to copy an empty one takes as long as a rule."""
        schema = handler(source)
        if schema["type"] == "model" and schema["schema"]["type"] == "model-fields":
            for one in schema["schema"]["fields"].values():
                _make_default_anew(one["schema"])
        return schema


def _make_default_anew(schema: Any) -> None:
    if schema["type"] == "default" and schema.get("default") in ([], {}):
        schema["default_factory"] = type(schema.pop("default"))


class Record(Item):
    """What every record of every family carries."""

    recorded_at: Instant
    """When the source last recorded it; puts of one record are ordered by it."""
    recorded_by_role: Role | None = None
    """The role of the person who recorded it."""
    restricted: Annotated[str, Code("restrictions")] = "normal"
    """How closely the record is held: restricted strips addresses, carers, schools and contact places."""
    lawful_basis: Annotated[str, Code("lawful_bases")] | None = None
    """The lawful basis of sharing; the source's agreement supplies it where absent."""
    absent: dict[str, Annotated[str, Code("absent_reasons")]] = Field(default={}, max_length=MOST_ITEMS)
    """Why a field is absent, by field name."""

    def wrongly_absent(self) -> Iterator[tuple[str, str]]:
        """The names in `absent` that are no field of the record, or one that is given; each with which it is."""
        for name in self.absent:
            if name not in type(self).model_fields:
                yield name, "absent-unknown-field"
            elif name in self.model_fields_set and getattr(self, name) not in (None, [], {}):
                yield name, "absent-but-given"


@dataclass(frozen=True)
class Derived:
    """A table worked out from a record as it is kept, never posted: its row class, and how."""

    name: str
    row: type[Item]
    derive: Callable[[Any], Sequence[Item]]


@dataclass(frozen=True)
class Family:
    """A record family: its one name, its contract, and what one record is, in words."""

    name: str
    contract: type[Record]
    one_record_is: str
    derived: Sequence[Derived] = field(default=())
    is_child: bool = False
    """Whether a record of it is the child as the source knows them, its source_id the child's own id."""

    @property
    def is_about_child(self) -> bool:
        """Whether each of its records is about one child, or is the child."""
        return self.is_child or "child" in self.contract.model_fields

    @property
    def segment(self) -> str:
        """The family's name in a URL."""
        return self.name.replace("_", "-")

    @property
    def singular(self) -> str:
        """One of its records, in a sentence: the contract's name in words."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", self.contract.__name__).lower()

    def child_of(self, source_id: str, record: Record) -> str | None:
        """The source's own id of the child that a record is about; None where it is about none."""
        return source_id if self.is_child else getattr(record, "child", None)

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """The family's own table, then one for each nested part, then those worked out."""
        worked_out = [derive(d.name, d.row, family=self.name, is_part=True)[0] for d in self.derived]
        return (*derive(self.name, self.contract, family=self.name), *worked_out)

    @cached_property
    def posted_tables(self) -> tuple[Table, ...]:
        """The family's own table and those of its parts, without those worked out."""
        return self.tables[: len(self.tables) - len(self.derived)]

    def posted(self, record: Record) -> dict[str, list[Row]]:
        """One record's rows as posted, by table name; an item's `position` counts from 0."""
        return {table.name: rows_of(table, record) for table in self.posted_tables}

    def rows(self, record: Record) -> dict[str, list[Row]]:
        """One record's rows by table name, those worked out included."""
        return self.posted(record) | {d.name: list(_positioned(d.derive(record))) for d in self.derived}


def _positioned(items: Sequence[Item]) -> Iterator[Row]:
    for position, item in enumerate(items):
        yield {"position": position, **item.__dict__}
