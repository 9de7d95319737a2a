"""The lines of a batch: each read, and checked as the record or the retraction that it holds."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from heapq import nsmallest
from typing import Any

from schemas.fields import SOURCE_ID
from schemas.registry import BY_NAME
from services.errors import Remark, TooLarge
from services.intake import remarks
from services.intake.door import LARGEST_RECORD, Checked, canonical_form, check, check_retraction
from services.intake.strict_json import NotJson, parse, sha256
from services.store.chunks import chunks

MEMBERS = {"record": check, "retract": check_retraction}
"""What a line may hold, and what checks it."""
MOST_OF_A_BATCH = 100_000
"""Remarks that a batch is answered with in full: a report is held in memory whole."""
MOST_UNKNOWN = 100
"""Members that a line, beside its record, should not have: so many are named."""
LONGEST_LINE = LARGEST_RECORD + 4096
"""The largest record, with what stands around it."""


@dataclass(frozen=True)
class Same:
    """What is held under a name: the version, its SHA-256, and the source's own id of the child it is about."""

    version: int
    sha256: str
    child_id: str | None = None


@dataclass(frozen=True)
class Line:
    """One line of a batch as far as it could be read: its family and source_id where they are such.

    `same`: it says what is held already, and was not checked.
    """

    family: str | None = None
    source_id: str | None = None
    checked: Checked = field(default_factory=lambda: Checked(None, [], []))
    same: Same | None = None


Name = tuple[str, str]
"""A record's family and source_id, within its source."""


Held = Callable[[Sequence[Name]], Mapping[Name, Same]]
"""What looks up what is held under some names now; what was retracted is not held."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A line whose outside is as it must be; what it holds is yet to be checked."""

    family: str
    source_id: str
    member: str
    body: Any
    form: bytes | Remark

    @property
    def name(self) -> Name:
        return self.family, self.source_id

    @property
    def may_be_held(self) -> bool:
        """Whether it is a record whose name can be looked up: no database takes any text whatever."""
        return self.member == "record" and re.fullmatch(SOURCE_ID, self.source_id) is not None


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
    opened = _opened(text)
    return opened if isinstance(opened, Line) else _checked(opened, at)


def read_lines(texts: Sequence[bytes], held: Held | None = None) -> list[Line]:
    """Read and check the lines of a batch, some at a time.

    A record that says what is `held` under its name already needs no check: the
    very same content passed one when it came. But where another line of the
    batch has that name, the order of the two matters, and both are checked. Once
    MOST_OF_A_BATCH remarks are told, each further line has its first error and its
    first warning told.
    """
    lines = [line for some in chunks(texts) for line in _read(some, held)]
    named = Counter((line.family, line.source_id) for line in lines)
    for place, line in enumerate(lines):
        if line.same and named[line.family, line.source_id] > 1:
            lines[place] = read_line(texts[place], datetime.now(UTC))
    return list(_shortened(lines))


def _read(texts: Sequence[bytes], held: Held | None) -> Iterator[Line]:
    opened = [_opened(text) for text in texts]
    known = held([one.name for one in opened if isinstance(one, _Opened) and one.may_be_held]) if held else {}
    for one in opened:
        if isinstance(one, Line):
            yield one
        else:
            same = _same(one, known)
            yield Line(one.family, one.source_id, same=same) if same else _checked(one, datetime.now(UTC))


def _same(opened: _Opened, known: Mapping[Name, Same]) -> Same | None:
    """What is held, where the line says just that."""
    held = known.get(opened.name) if opened.may_be_held else None
    if held is None or isinstance(opened.form, Remark) or sha256(opened.form) != held.sha256:
        return None
    own_id = opened.source_id if BY_NAME[opened.family].is_child else opened.body.get("child")
    return replace(held, child_id=own_id)


def _shortened(lines: Iterable[Line]) -> Iterator[Line]:
    told = 0
    for line in lines:
        short = line if told < MOST_OF_A_BATCH else replace(line, checked=line.checked.in_short())
        told += len(short.checked.errors) + len(short.checked.warnings)
        yield short


def _opened(text: bytes) -> _Opened | Line:
    """What a line holds, or the line with what is wrong with its outside."""
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
    return _Opened(line["family"], line["source_id"], member, line[member], canonical_form(line[member]))


def _checked(opened: _Opened, at: datetime) -> Line:
    family, source_id = BY_NAME[opened.family], opened.source_id
    checked = MEMBERS[opened.member](family, source_id, opened.body, at, opened.form)
    return Line(opened.family, _source_id({"source_id": source_id}), checked)


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
    for name in nsmallest(MOST_UNKNOWN, unknown):
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
