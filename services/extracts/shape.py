"""What a release's tables look like: derived from the families through each column's `Release` mark.

A column is made by SQL over two aliases: `item`, the row of the workspace's
table, and `spine`, what is known of its record (services.extracts.spine).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from schemas.fields import Release
from schemas.registry import BY_NAME, TABLES
from schemas.tables import LONGEST_NAME, Column, Table, Undeclarable
from services.extracts import life_days
from services.extracts.pseudonyms import looked_up, message

DUCKDB_TYPES: Mapping[str, str] = {
    "text": "VARCHAR",
    "boolean": "BOOLEAN",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "instant": "TIMESTAMP",
    "date": "DATE",
}
CHILD_ID, RECORD_ID = "child_id", "record_id"


@dataclass(frozen=True)
class ReleaseColumn:
    """One column: `value` is the SQL that makes it, `left` how it left, in words.

    `message` is the SQL of what its pseudonym stands for, `refers_to` the table
    whose record_id it joins, `made_of` the workspace column it is made from.
    """

    name: str
    kind: str
    description: str
    value: str
    left: str = Release.KEEP.value
    nullable: bool = True
    codelist: str | None = None
    message: str = ""
    refers_to: str | None = None
    made_of: str = ""


@dataclass(frozen=True)
class ReleaseTable:
    """One table: `key` tells its rows apart and orders them; `origin` is the family's table it is made from."""

    name: str
    description: str
    columns: tuple[ReleaseColumn, ...]
    key: tuple[str, ...]
    origin: Table | None = None

    @property
    def is_part(self) -> bool:
        return self.origin is not None and self.origin.is_part

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


@cache
def release_tables() -> tuple[ReleaseTable, ...]:
    """The tables of every family, in their order; raises Undeclarable."""
    return tuple(_release_table(table) for table in TABLES)


def left_out(table: Table) -> tuple[str, ...]:
    """The workspace columns of a table of which nothing is released."""
    kept = {column.made_of for column in _release_table(table).columns}
    return tuple(column.name for column in table.columns if column.name not in kept)


def child_column(table: Table) -> str:
    """The workspace column that holds the source's own id of the record's child; empty where there is none."""
    names = {column.name for column in table.columns if column.release is Release.CHILD}
    if "child" in names:
        return "child"
    return "source_id" if table.name == "children" else ""


def _release_table(table: Table) -> ReleaseTable:
    made = (*_stamps(table), *(made for column in table.columns for made in _made(table, column)))
    columns = tuple(_with_local_days(made))
    _refuse(table, columns)
    return ReleaseTable(table.name, table.description, columns, (RECORD_ID, *table.keys), table)


def _refuse(table: Table, columns: tuple[ReleaseColumn, ...]) -> None:
    names = [column.name for column in columns]
    for name in names:
        if len(name) > LONGEST_NAME or names.count(name) > 1:
            raise Undeclarable(f"the release's {table.name}.{name} is too long, or there twice")


def _stamps(table: Table) -> Iterator[ReleaseColumn]:
    """What every row has before its own columns."""
    whose = BY_NAME[table.family].tables[0].name
    yield ReleaseColumn(
        RECORD_ID,
        "text",
        f"Pseudonym of the record; joins the parts of {whose} to it.",
        "spine.record_id",
        left=Release.PSEUDONYM.value,
        nullable=False,
        refers_to=table.family if table.is_part else None,
    )
    if table.is_part:
        yield from (ReleaseColumn(key, "integer", _KEYS[key], f"item.{key}", nullable=False) for key in table.keys)
        return
    if child_column(table):
        yield ReleaseColumn(CHILD_ID, "text", _CHILD_ID, "spine.child_id", left=Release.CHILD.value)
    yield from _HELD


_KEYS = {
    "position": "The item's place in its list, from 0.",
    "parent_position": "The place, from 0, of the item that it belongs to.",
}
_CHILD_ID = "Pseudonym of the child, the same across sources and families; empty while the record waits for its child."
_HELD = (
    ReleaseColumn(
        "source_agency",
        "text",
        "The agency whose system posted the record.",
        "spine.source_agency",
        nullable=False,
        codelist="agencies",
    ),
    ReleaseColumn("source", "text", "The posting system's name.", "spine.source", nullable=False),
    ReleaseColumn("version", "integer", "Which version of the record this is, from 1.", "item.version", nullable=False),
    ReleaseColumn(
        "kept_at",
        "instant",
        "When Kith received this version, and from when it kept it, UTC.",
        "timezone('UTC', item.kept_at)",
        nullable=False,
    ),
)


def _made(table: Table, column: Column) -> Iterator[ReleaseColumn]:
    if not _is_free_text(table, column):
        yield from _MAKERS[column.release](table, column)


def _is_free_text(table: Table, column: Column) -> bool:
    """Whether a column holds words of the source's own though nothing marks it so; those never leave.

    The names of absent fields are names of the contract, checked at the door.
    """
    is_field_name = table.path[-1:] == ("absent",) and column.path == ("0",)
    unmarked = column.release is Release.KEEP and column.kind == "text"
    return unmarked and column.codelist is None and not is_field_name


def _kept(table: Table, column: Column) -> Iterator[ReleaseColumn]:
    is_life_day = column.kind == "date" and life_days.tells(table)
    value, left = (life_days.hidden(_plain(column)), life_days.LEFT) if is_life_day else (_plain(column), "")
    yield _column(column, column.name, column.kind, value, nullable=not column.required, left=left)


def _plain(column: Column) -> str:
    return f"timezone('UTC', item.{column.name})" if column.kind == "instant" else f"item.{column.name}"


def _dropped(table: Table, column: Column) -> Iterator[ReleaseColumn]:
    return iter(())


def _said(table: Table, column: Column) -> Iterator[ReleaseColumn]:
    given = f"Whether this was given: {column.description}"
    yield _column(column, f"has_{column.name}", "boolean", f"item.{column.name} IS NOT NULL", given, nullable=False)


def _month(table: Table, column: Column) -> Iterator[ReleaseColumn]:
    first = f"CAST(date_trunc('month', item.{column.name}) AS DATE)"
    told = f"The first day of the month of: {column.description}"
    yield _column(column, _month_name(column.name), "date", first, told, nullable=not column.required)


def _month_name(name: str) -> str:
    return name.replace("date_of_", "month_of_") if "date_of_" in name else f"month_of_{name.removesuffix('_on')}"


def _unrestricted(table: Table, column: Column) -> Iterator[ReleaseColumn]:
    yield _column(column, column.name, column.kind, _unless_restricted(_plain(column)))


def _unless_restricted(value: str) -> str:
    return f"CASE WHEN spine.is_restricted THEN NULL ELSE {value} END"


def _child(table: Table, column: Column) -> Iterator[ReleaseColumn]:
    """The record's own child is among its stamps; any other child is `other_child_id`."""
    if table.is_part or column.name != "child":
        name = "other_child_id" if column.name == "child" else f"{column.name}_child_id"
        told = f"Pseudonym of the child: {column.description} Empty while that child's record has not arrived."
        yield _column(column, name, "text", _child_of(column), told)


def _child_of(column: Column) -> str:
    """SQL: the child of another children record of the same source."""
    return (
        "(SELECT other.child_id FROM spine AS other WHERE other.family = 'children'"
        " AND other.source_agency = spine.source_agency AND other.source = spine.source"
        f" AND other.source_id = item.{column.name} AND NOT other.is_changed)"
    )


def _pseudonym(table: Table, column: Column) -> Iterator[ReleaseColumn]:
    for_restricted, stood_for = _stands_for(table, column)
    value = looked_up(stood_for)
    yield _column(
        column,
        column.name,
        "text",
        value if for_restricted else _unless_restricted(value),
        nullable=not column.required or not for_restricted,
        message=stood_for,
        left=column.release.value if for_restricted else f"{column.release.value}; {Release.UNRESTRICTED.value}",
        refers_to=column.refers_to if column.refers_to in BY_NAME else None,
    )


def _stands_for(table: Table, column: Column) -> tuple[bool, str]:
    """What a pseudonym stands for, and whether that is released of a restricted child.

    A record, and an item within its record, are the child's own. Anything else
    (a carer, a group) ties the child to others, and is withheld.
    """
    own = f"item.{column.name}"
    if column.refers_to:
        return True, record_message(f"'{column.refers_to}'", own)
    if _is_item_id(table, column):
        return True, message("item", *_OF_SOURCE, "spine.family", "spine.source_id", own)
    return False, message(column.name, *_OF_SOURCE, own)


_OF_SOURCE = ("spine.source_agency", "spine.source")


def record_message(family: str, source_id: str) -> str:
    """SQL for what a record_id stands for; both arguments are SQL."""
    return message("record", *_OF_SOURCE, family, source_id)


def child_message() -> str:
    """SQL for what a child_id stands for."""
    return message("child", "spine.linked_child")


def _is_item_id(table: Table, column: Column) -> bool:
    """An item's own `id`, or `<something>_<item>` where the record has a list of such items (named_placement)."""
    lists = {held.path[-1] for held in BY_NAME[table.family].tables if held.is_part}
    return column.name == "id" or f"{column.name.rpartition('_')[2]}s" in lists


def _column(
    column: Column,
    name: str,
    kind: str,
    value: str,
    description: str = "",
    *,
    nullable: bool = True,
    message: str = "",
    left: str = "",
    refers_to: str | None = None,
) -> ReleaseColumn:
    return ReleaseColumn(
        name,
        kind,
        description or column.description,
        value,
        left or column.release.value,
        nullable,
        column.codelist,
        message,
        refers_to,
        column.name,
    )


def _with_local_days(columns: tuple[ReleaseColumn, ...]) -> Iterator[ReleaseColumn]:
    """After every instant its day in Europe/London, where that name is free."""
    taken = {column.name for column in columns}
    for column in columns:
        yield column
        name = f"{column.name.removesuffix('_at')}_on"
        if column.kind == "instant" and name not in taken:
            yield _local_day(column, name)


def _local_day(column: ReleaseColumn, name: str) -> ReleaseColumn:
    local = f"CAST(timezone('Europe/London', timezone('UTC', {column.value})) AS DATE)"
    told = f"The day in Europe/London of {column.name}."
    return ReleaseColumn(name, "date", told, local, nullable=column.nullable, made_of=column.made_of)


_MAKERS: Mapping[Release, Callable[[Table, Column], Iterator[ReleaseColumn]]] = {
    Release.KEEP: _kept,
    Release.DROP: _dropped,
    Release.SAID: _said,
    Release.MONTH: _month,
    Release.PSEUDONYM: _pseudonym,
    Release.CHILD: _child,
    Release.UNRESTRICTED: _unrestricted,
}
