"""Code lists: dated CSV data in schemas/codes, one file a list.

A code is never spelled out in Python: what the code means to the software is a
column of its list (`is_planned`, `needs_text`), asked for by name.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "codes"
URL = "/v1/codelists/"


class UnknownCodeList(LookupError):
    """No file in schemas/codes has that name."""


@dataclass(frozen=True)
class CodeList:
    """One list: its name and its rows by code, in the order of the file."""

    name: str
    rows: Mapping[str, Mapping[str, str]]

    def __contains__(self, code: str) -> bool:
        return code in self.rows

    def flagged(self, flag: str, value: str = "true") -> frozenset[str]:
        """The codes whose column `flag` holds `value`; a list without that column is an error."""
        return frozenset(code for code, row in self.rows.items() if row[flag] == value)

    def suggest(self, value: str) -> str | None:
        """The code, or the code of the label, that a mistaken value most looks like."""
        by_word = {row["label"].lower(): code for code, row in self.rows.items()}
        by_word |= {code.lower(): code for code in self.rows}
        by_word |= {code.lower().partition("-")[2]: code for code in self.rows if "-" in code}
        near = get_close_matches(value.lower()[:64], by_word, n=1, cutoff=0.6)
        return by_word[near[0]] if near else None

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(next(iter(self.rows.values())))


@cache
def code_list(name: str) -> CodeList:
    """The list of that name; raises UnknownCodeList."""
    path = FOLDER / f"{name}.csv"
    if name not in names():
        raise UnknownCodeList(name)
    with path.open(encoding="utf-8", newline="") as file:
        return CodeList(name, {row["code"]: row for row in csv.DictReader(file)})


@cache
def names() -> tuple[str, ...]:
    """Every code list's name, in order."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.csv")))
