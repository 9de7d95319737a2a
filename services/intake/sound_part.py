"""The sound part of a record that breaks its contract, so that its rules can be tested too."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated, Any

from pydantic import ValidationError, create_model
from sqlglot import exp

from quality.catalogue import by_code, predicate
from quality.door import Failure, failures
from schemas.record import Family, Record
from schemas.tables import Row

Place = tuple[str, str]
"""A table and a column; an empty column is the whole table."""


@dataclass(frozen=True)
class SoundPart:
    """A record without what broke its contract, and the places that are therefore not to be judged."""

    family: Family
    record: Record
    unsound: frozenset[Place]

    def failures(self, today: date) -> Iterator[Failure]:
        """The rules broken that read only what is sound."""
        none: dict[str, list[Row]] = {derived.name: [] for derived in self.family.derived}
        rows = none | self.family.posted(self.record)
        for failure in failures(self.family.name, rows, today):
            if self.unsound.isdisjoint(places_read(failure.rule.code)):
                yield failure


def sound_part(family: Family, body: dict[str, Any], error: ValidationError) -> SoundPart | None:
    """The record without the fields that broke; None where too little is left to judge."""
    broken = {str(detail["loc"][0]) for detail in error.errors(include_input=False) if detail["loc"]}
    kept = {name: value for name, value in body.items() if name not in broken}
    try:
        record = _lenient(family.name, family.contract).model_validate(kept)
    except ValidationError:
        return None
    return SoundPart(family, record, frozenset(_places(family, broken)))


@cache
def places_read(code: str) -> frozenset[Place]:
    """The places that a row rule reads."""
    rule, held = by_code()[code], predicate(code)
    counted = {call.expressions[0].this for call in held.tree.find_all(exp.Anonymous) if call.name == "item_count"}
    places = {*held.columns(), *((f"{rule.family}_{part}", "") for part in counted), (rule.table_name, "")}
    return frozenset(places | {(table, "") for table, _ in places if table != rule.family})


def _places(family: Family, fields: set[str]) -> Iterator[Place]:
    yield from ((derived.name, "") for derived in family.derived)
    for table in family.tables:
        if table.path and table.path[0] in fields:
            yield table.name, ""
    for column in family.tables[0].columns:
        if column.path[0] in fields:
            yield family.name, column.name


@cache
def _lenient(name: str, contract: type[Record]) -> type[Record]:
    """The contract with nothing required."""
    fields: dict[str, Any] = {
        field: (Annotated[info.annotation, *info.metadata] | None, None)
        for field, info in contract.model_fields.items()
        if info.is_required()
    }
    return create_model(f"{name}_lenient", __base__=contract, **fields)
