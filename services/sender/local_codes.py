"""mapping.csv: a source's own codes and the codes of Kith that they are, as people decided; never guessed.

A line maps `local` to `ours` either for every field of a code list (`list`) or
for one field (`field`, as `<file>.<column>`), which then counts before the list.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas.codelists import code_list, names
from schemas.fields import takes
from schemas.registry import TABLES
from schemas.tables import Column, Table
from services.sender.problems import Problem, near
from services.sender.sheets import NotASheet, rows_of

FILE = "mapping.csv"
COLUMNS = ("list", "field", "local", "ours", "note")


class Mapped(str):
    """A code of ours that stands for a local one."""

    local: str
    codelist: str

    def __new__(cls, ours: str, local: str, codelist: str) -> "Mapped":
        made = super().__new__(cls, ours)
        made.local, made.codelist = local, codelist
        return made


@dataclass
class LocalCodes:
    """The mapping of a folder: ours by place (a list's name, or a field) and local code."""

    ours: dict[tuple[str, str], str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def read(self, table: Table, column: Column, text: str) -> str | None:
        """The code that a cell of a coded column stands for; None where nobody has said."""
        assert column.codelist
        local = text.strip()
        for place in (f"{table.name}.{column.name}", column.codelist):
            if (place, local) in self.ours:
                return Mapped(self.ours[place, local], local, column.codelist)
        return local if takes(column.codelist, local) else None


def load(path: Path) -> LocalCodes:
    """A mapping, with what is wrong with it; empty where there is none."""
    codes = LocalCodes()
    if path.exists():
        try:
            _read_lines(codes, path)
        except NotASheet as error:
            codes.problems.append(_problem(None, "", error.says, error.hint))
    return codes


def _read_lines(codes: LocalCodes, path: Path) -> None:
    header, rows = rows_of(path)
    missing = [name for name in COLUMNS[:4] if name not in header]
    for name in missing:
        codes.problems.append(_problem(1, name, "the mapping has no such column", f"it has {', '.join(COLUMNS)}"))
    for number, row in () if missing else rows:
        _add(codes, number, {name: row.get(name, "").strip() for name in COLUMNS})


def _add(codes: LocalCodes, number: int, row: Mapping[str, str]) -> None:
    place, codelist, problem = _place(number, row)
    if problem is None and not takes(codelist, row["ours"]):
        suggested = code_list(codelist).suggest(row["ours"])
        hint = f"did you mean {suggested}?" if suggested else "kith serves the list at /v1/codelists/" + codelist
        problem = _problem(number, "ours", f"this is no code of the list {codelist}", hint)
    if problem is None and codes.ours.setdefault((place, row["local"]), row["ours"]) != row["ours"]:
        problem = _problem(number, "local", "this local code is mapped twice, to different codes", "keep one of them")
    if problem:
        codes.problems.append(problem)


def _place(number: int, row: Mapping[str, str]) -> tuple[str, str, Problem | None]:
    """Where a line of the mapping applies, and the code list there."""
    if bool(row["list"]) == bool(row["field"]):
        hint = "list for every field of a code list, field for one"
        return "", "", _problem(number, "list", "a line names a list or a field, one of the two", hint)
    if row["list"]:
        known = row["list"] in names()
        hint = near(row["list"], names(), "the lists are at /v1/codelists")
        return row["list"], row["list"], None if known else _problem(number, "list", "no such code list", hint)
    coded = _coded()
    hint = near(row["field"], coded, "a field is <file>.<column>, as in referrals.primary_reason")
    problem = None if row["field"] in coded else _problem(number, "field", "no such coded field", hint)
    return row["field"], coded.get(row["field"], ""), problem


def _coded() -> dict[str, str]:
    """Every coded field with its code list."""
    return {f"{table.name}.{c.name}": c.codelist for table in TABLES for c in table.columns if c.codelist}


def _problem(number: int | None, column: str, says: str, hint: str) -> Problem:
    return Problem(FILE, number, column, "", "", says, hint)


def mapped_in(value: Any, pointer: str = "") -> Iterator[tuple[str, Mapped]]:
    """Every mapped code of a record, with the JSON pointer of its place."""
    if isinstance(value, Mapped):
        yield pointer, value
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield from mapped_in(inner, f"{pointer}/{step}")
