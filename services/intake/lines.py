"""The lines of a batch: each read, and checked as the record or the retraction that it holds."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from heapq import nsmallest
from typing import Any

from schemas.fields import SOURCE_ID
from schemas.registry import BY_NAME
from services.errors import Remark, TooLarge
from services.intake import remarks
from services.intake.door import LARGEST_RECORD, Checked, check, check_retraction
from services.intake.strict_json import NotJson, parse, sha256
from services.store.chunks import chunks
from services.store.writing import Known

MEMBERS = {"record": check, "retract": check_retraction}
"""What a line may hold, and what checks it."""
MOST_OF_A_BATCH = 100_000
"""Remarks that a batch is answered with in full: a report is held in memory whole."""
MOST_UNKNOWN = 100
"""Members that a line, beside its record, should not have: so many are named."""
LONGEST_LINE = LARGEST_RECORD + 4096
"""The largest record, with what stands around it."""


@dataclass(frozen=True)
class Line:
    """One line of a batch as far as it could be read: its family and source_id where they are such.

    `sha256` is that of the line as sent. `same`: it brought what is held, or an
    earlier version of it, and was not read again.
    """

    family: str | None = None
    source_id: str | None = None
    checked: Checked = field(default_factory=lambda: Checked(None, [], []))
    sha256: str = ""
    same: Known | None = None


Name = tuple[str, str]
"""A record's family and source_id, within its source."""


Named = tuple[Name, str]
"""The name that a line seems to have, and the line's SHA-256."""


Brought = Callable[[Sequence[Named]], Mapping[Named, Known]]
"""What looks up what is held under some names, where these lines brought it or an earlier version of it."""


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


def read_line(text: bytes, at: datetime, digest: str = "") -> Line:
    """Read and check one line of a batch, of that SHA-256 where it is to be known again; a too long one is not read."""
    if len(text) > LONGEST_LINE:
        return Line(checked=Checked(None, [_too_long()], []))
    try:
        line = parse(text)
    except NotJson as error:
        return Line(checked=Checked(None, [malformed(str(error))], []))
    problems = [] if _is_plain(line) else list(_problems(line))
    if problems:
        known = line if isinstance(line, dict) else {}
        return Line(_family(known), _source_id(known), Checked(None, problems, []))
    (member,) = MEMBERS.keys() & line.keys()
    checked = MEMBERS[member](BY_NAME[line["family"]], line["source_id"], line[member], at)
    return Line(line["family"], _source_id(line), checked, digest)


def read_lines(texts: Sequence[bytes], brought: Brought | None = None) -> list[Line]:
    """Read and check the lines of a batch, some at a time.

    A line that is, to the byte, one that `brought` what is held, or an earlier
    version of it, is not read: it was, when it came first. But where a line of the
    batch is new under the same name, their order matters, and all are checked. Once
    MOST_OF_A_BATCH remarks are told, each further line has its first error and its
    first warning told.
    """
    lines = [line for some in chunks(texts) for line in _read_some(some, brought)]
    new = {(line.family, line.source_id) for line in lines if not line.same}
    for place, line in enumerate(lines):
        if line.same and (line.family, line.source_id) in new:
            lines[place] = read_line(texts[place], datetime.now(UTC), line.sha256)
    return list(_shortened(lines))


def _read_some(texts: Sequence[bytes], brought: Brought | None) -> Iterator[Line]:
    named = [(_seeming_name(text), sha256(text)) for text in texts]
    known = brought([(name, digest) for name, digest in named if name]) if brought else {}
    for text, (name, digest) in zip(texts, named, strict=True):
        same = known.get((name, digest)) if name else None
        if name and same:
            yield Line(*name, sha256=digest, same=same)
        else:
            yield read_line(text, datetime.now(UTC), digest)


def _seeming_name(text: bytes) -> Name | None:
    """The name that a line seems to have, for a look-up: it is believed only of a line that is known."""
    found = _NAME_FIRST.match(text) or _NAME_AROUND.match(text)
    return (found[1].decode(), found[2].decode()) if found else None


_FAMILY, _ID = rb'"family": ?"([a-z_]{1,32})"', rb'"source_id": ?"([A-Za-z0-9._~:-]{1,128})"'
_NAME_FIRST = re.compile(rb"\{" + _FAMILY + rb", ?" + _ID)
_NAME_AROUND = re.compile(rb"\{" + _FAMILY + rb",.*" + _ID + rb"\}$", re.S)


def _shortened(lines: Iterable[Line]) -> Iterator[Line]:
    told = 0
    for line in lines:
        short = line if told < MOST_OF_A_BATCH else replace(line, checked=line.checked.in_short())
        told += len(short.checked.errors) + len(short.checked.warnings)
        yield short


def _too_long() -> Remark:
    return remarks.of_rule("SH06", "", "too-large", "a record is at most 1 MiB")


def malformed(why: str) -> Remark:
    return remarks.of_rule("SH01", "", "malformed", f"this is not JSON as the contract takes it: {why}")


_SHAPES = tuple({"family", "source_id", member} for member in MEMBERS)


def _is_plain(line: Any) -> bool:
    """Whether a line's outside is as nearly every line's is."""
    if not isinstance(line, dict) or line.keys() not in _SHAPES:
        return False
    return _family(line) is not None and isinstance(line["source_id"], str)


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
