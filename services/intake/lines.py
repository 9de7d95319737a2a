"""The lines of a batch: each read, and checked as the record or the retraction that it holds."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from heapq import nsmallest
from typing import Any

from schemas.fields import SOURCE_ID
from schemas.registry import BY_NAME
from services.errors import Remark, TooLarge
from services.intake import remarks
from services.intake.door import LARGEST_RECORD, Checked, check, check_retraction
from services.intake.strict_json import NotJson, parse

MEMBERS = {"record": check, "retract": check_retraction}
"""What a line may hold, and what checks it."""
MOST_OF_A_BATCH = 100_000
"""Remarks that a batch is answered with in full: a report is held in memory whole."""
LONGEST_LINE = LARGEST_RECORD + 4096
"""The largest record, with what stands around it."""


@dataclass(frozen=True)
class Line:
    """One line of a batch as far as it could be read: its family and source_id where they are such."""

    family: str | None = None
    source_id: str | None = None
    checked: Checked = field(default_factory=lambda: Checked(None, [], []))


def split_lines(body: bytes, most: int) -> list[bytes]:
    """The lines of NDJSON, the last one ended or not; raises TooLarge."""
    if body.count(b"\n") > most:
        raise TooLarge(f"This call takes {most:,} lines at most; nothing of it was kept")
    lines = body.split(b"\n")
    if not lines[-1].strip():
        lines.pop()
    if len(lines) > most:
        raise TooLarge(f"This call takes {most:,} lines at most; nothing of it was kept")
    return lines


def read_line(text: bytes, at: datetime) -> Line:
    """Read and check one line of a batch; one too long is not read at all."""
    if len(text) > LONGEST_LINE:
        too_long = remarks.of_rule("SH06", "", "too-large", "a record is at most 1 MiB")
        return Line(checked=Checked(None, [too_long], []))
    try:
        line = parse(text)
    except NotJson as error:
        return Line(checked=Checked(None, [malformed(str(error))], []))
    problems = list(_problems(line))
    if problems:
        known = line if isinstance(line, dict) else {}
        return Line(_family(known), _source_id(known), Checked(None, problems, []))
    (member,) = MEMBERS.keys() & line.keys()
    checked = MEMBERS[member](BY_NAME[line["family"]], line["source_id"], line[member], at)
    return Line(_family(line), _source_id(line), checked)


def read_lines(texts: Iterable[bytes]) -> Iterator[Line]:
    """Read and check the lines of a batch, one after the other.

    Once MOST_OF_A_BATCH remarks are told, each further line has its first error and its first warning told.
    """
    told = 0
    for text in texts:
        line = read_line(text, datetime.now(UTC))
        if told >= MOST_OF_A_BATCH:
            line = replace(line, checked=line.checked.in_short())
        told += len(line.checked.errors) + len(line.checked.warnings)
        yield line


def malformed(why: str) -> Remark:
    return remarks.of_rule("SH01", "", "malformed", f"this is not JSON as the contract takes it: {why}")


def _problems(line: Any) -> Iterator[Remark]:
    if not isinstance(line, dict):
        yield malformed("a line is one JSON object")
        return
    for name in sorted({"family", "source_id"} - line.keys()):
        yield remarks.of_rule("SH02", remarks.pointer_of([name]), "missing", f"the line has no {name}")
    if len(MEMBERS.keys() & line.keys()) != 1:
        yield remarks.of_rule("SH02", "/record", "missing", "a line has a record or a retract, one of the two")
    unknown = line.keys() - {"family", "source_id"} - MEMBERS.keys()
    for name in nsmallest(remarks.MOST_TOLD, unknown):
        yield remarks.of_rule("SH03", remarks.pointer_of([name]), "unknown-field", "a line has no such member")
    yield from _name_problems(line)


def _name_problems(line: dict[str, Any]) -> Iterator[Remark]:
    if "family" in line and _family(line) is None:
        families = ", ".join(BY_NAME)
        yield remarks.of_rule("SH09", "/family", "unknown-family", "there is no such family", f"one of {families}")
    if "source_id" in line and not isinstance(line["source_id"], str):
        yield remarks.of_rule("SH09", "/source_id", "bad-source-id", "a source_id is text")


def _family(line: dict[str, Any]) -> str | None:
    name = line.get("family")
    return name if isinstance(name, str) and name in BY_NAME else None


def _source_id(line: dict[str, Any]) -> str | None:
    """What may be repeated to the sender: nothing that could be a name, or a megabyte of anything."""
    given = line.get("source_id")
    return given if isinstance(given, str) and re.fullmatch(SOURCE_ID, given) else None
