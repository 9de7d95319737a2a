"""What keeps a record of a folder from being sent, where it stands and how to mend it."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a folder: of one record, or, where `source_id` is empty, of the whole file.

    `row` counts as a spreadsheet does, the header being 1. `local` is a code that
    is neither ours nor in the mapping, the only value that is ever shown.
    """

    file: str
    row: int | None
    column: str
    family: str
    source_id: str
    says: str
    hint: str
    local: str = ""

    @property
    def where(self) -> str:
        return ", ".join(part for part in (self.file, f"row {self.row}" if self.row else "", self.column) if part)


def near(name: str, known: Any, otherwise: str) -> str:
    """A hint: the known name that a mistaken one looks like."""
    found = get_close_matches(name[:64], list(known), n=1)
    return f"did you mean {found[0]}?" if found else otherwise
