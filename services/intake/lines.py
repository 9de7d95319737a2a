"""The lines of a batch: each read, and checked as the record or the retraction that it holds."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from schemas.registry import BY_NAME
from services.errors import Remark, TooLarge
from services.intake import remarks
from services.intake.door import Checked, check, check_retraction
from services.intake.strict_json import NotJson, parse

MEMBERS = {"record": check, "retract": check_retraction}
"""What a line may hold, and what checks it."""


@dataclass(frozen=True)
class Line:
    """One line of a batch as far as it could be read."""

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
    """Read and check one line of a batch."""
    try:
        line = parse(text)
    except NotJson as error:
        return Line(checked=Checked(None, [malformed(str(error))], []))
    problems = list(_problems(line))
    if problems:
        known = line if isinstance(line, dict) else {}
        return Line(_text(known.get("family")), _text(known.get("source_id")), Checked(None, problems, []))
    (member,) = MEMBERS.keys() & line.keys()
    family, source_id = line["family"], line["source_id"]
    return Line(family, source_id, MEMBERS[member](BY_NAME[family], source_id, line[member], at))


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
    for name in sorted(line.keys() - {"family", "source_id"} - MEMBERS.keys()):
        yield remarks.of_rule("SH03", remarks.pointer_of([name]), "unknown-field", "a line has no such member")
    yield from _name_problems(line)


def _name_problems(line: dict[str, Any]) -> Iterator[Remark]:
    if "family" in line and _text(line["family"]) not in BY_NAME:
        families = ", ".join(BY_NAME)
        yield remarks.of_rule("SH09", "/family", "unknown-family", "there is no such family", f"one of {families}")
    if "source_id" in line and not isinstance(line["source_id"], str):
        yield remarks.of_rule("SH09", "/source_id", "bad-source-id", "a source_id is text")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
