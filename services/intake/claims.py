"""What a source says it holds, a line a record, and how that differs from what is held here."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Annotated

from pydantic import Field, ValidationError

from schemas.fields import SourceId
from schemas.record import Family, Item
from services.errors import Invalid, Remark
from services.intake import remarks
from services.intake.lines import malformed, split_lines
from services.intake.strict_json import NotJson, parse

MOST_CLAIMS = 100_000
"""Lines at most; a source that holds more asks range by range."""
LARGEST_CLAIMS = 32 * 1024 * 1024
MOST_PROBLEMS = 100
"""Problems told at most: a sender with the wrong file has one in every line."""


class Claim(Item):
    """That the source holds a record, with the SHA-256 of its RFC 8785 form."""

    source_id: SourceId
    """The source's own id of the record."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """In hexadecimal, lower case."""


@dataclass(frozen=True)
class Range:
    """From one id to another in byte order, both included; None is no bound."""

    first: str | None = None
    last: str | None = None

    def holds(self, source_id: str) -> bool:
        return (self.first is None or self.first <= source_id) and (self.last is None or source_id <= self.last)


def read_claims(family: Family, within: Range, body: bytes) -> dict[str, str]:
    """The SHA-256 claimed of each id; raises TooLarge, or Invalid naming the lines that are wrong."""
    claims: dict[str, str] = {}
    problems = list(islice(_problems(family, within, split_lines(body, MOST_CLAIMS), claims), MOST_PROBLEMS))
    if problems:
        raise Invalid("These lines are not what the source holds in that range, each once", errors=problems)
    return claims


def _problems(family: Family, within: Range, lines: Iterable[bytes], claims: dict[str, str]) -> Iterator[Remark]:
    """What is wrong with each line; fills `claims` from those that are right."""
    for number, line in enumerate(lines, 1):
        for remark in _problems_of(family, within, line, claims):
            yield replace(remark, detail=f"line {number}: {remark.detail}")


def _problems_of(family: Family, within: Range, line: bytes, claims: dict[str, str]) -> Iterator[Remark]:
    try:
        claim = Claim.model_validate(parse(line))
    except NotJson as error:
        yield malformed(str(error))
    except ValidationError as error:
        yield from remarks.of_shape(family, error)
    else:
        if claim.source_id in claims:
            yield remarks.of_rule("SH09", "/source_id", "duplicate", "an earlier line has this id", "name an id once")
        elif not within.holds(claim.source_id):
            hint = "send the ids of the range that is asked about, and no others"
            yield remarks.of_rule("SH09", "/source_id", "out-of-range", "the id is outside the range asked about", hint)
        claims[claim.source_id] = claim.sha256


def differences(claims: Mapping[str, str], held: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Each id that differs, after what it is: `extra` and `different` as they are met, then what is `missing`."""
    left = dict(claims)
    for source_id, sha256 in held:
        claimed = left.pop(source_id, None)
        if claimed is None:
            yield "extra", source_id
        elif claimed != sha256:
            yield "different", source_id
    yield from (("missing", source_id) for source_id in sorted(left))
