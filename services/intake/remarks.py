"""What is wrong with a record, said to people: from the contract's errors and from broken rules."""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from quality.catalogue import by_code, code_rule
from quality.door import Failure
from quality.rule import Dimension
from schemas.codelists import URL, code_list
from schemas.record import Family
from services.errors import Remark

CODE_LIKE = re.compile(r"[A-Z][A-Z0-9_-]{1,31}|[a-z]+([_-][a-z]+)+")
"""What may be shown of a wrong code: capitals, or words joined; never a date, a number, a postcode or a name."""
POSTCODE = re.compile(r"[A-Z]{1,2}\d[A-Z0-9]?[ -]?\d[A-Z]{2}", re.I)
LONGEST_STEP, LONGEST_CODE = 64, 32
MOST_GUESSES = 1000
"""For how many of a record's problems of shape it is guessed what was meant: 1 MiB may hold a hundred thousand."""

SAYS: Mapping[str, tuple[str, str, str]] = {
    "missing": ("missing", "SH02", "this field is required"),
    "extra_forbidden": ("unknown-field", "SH03", "the contract has no such field"),
    "not-a-date": ("not-a-date", "SH04", "this is not a date that exists, written YYYY-MM-DD"),
    "date-out-of-range": ("not-a-date", "SH04", "the year is not between 1900 and 2199"),
    "not-an-instant": ("not-an-instant", "ID16", "this is not an instant with its offset from UTC"),
    "absent-unknown-field": ("absent-unknown-field", "SH07", "`absent` names a field that this family does not have"),
    "replacement": ("replacement", "SH10", "a merge names replaced_by, and no other retraction does"),
    "note-missing": ("missing", "SH02", "this reason wants a note"),
    "absent-but-given": ("absent-but-given", "SH07", "`absent` names a field that has a value"),
}
"""Our code, rule and sentence for each kind of error of the contract."""

BOUNDS = re.compile(r"too_|less_than|greater_than|string_pattern|multiple_of")
RULE_CODES: Mapping[Dimension, str] = {
    Dimension.ACCURACY: "doubtful",
    Dimension.COMPLETENESS: "missing",
    Dimension.CONSISTENCY: "contradicts",
    Dimension.TIMELINESS: "late",
    Dimension.UNIQUENESS: "duplicate",
    Dimension.VALIDITY: "not-valid",
}


def of_rule(code: str, pointer: str, said: str, detail: str, hint: str | None = None) -> Remark:
    """A remark for a rule of the catalogue, with its hint where no better one is given."""
    return Remark(pointer, said, code, detail, hint or by_code()[code].hint)


def of_failure(failure: Failure) -> Remark:
    """A remark for a rule that a record breaks."""
    rule = failure.rule
    return Remark(failure.pointer, RULE_CODES[rule.dimension], rule.code, f"Not so here: {rule.says}", rule.hint)


def of_absent(name: str, kind: str) -> Remark:
    """A remark for a field that is wrongly said to be absent."""
    said, rule, sentence = SAYS[kind]
    return of_rule(rule, pointer_of(("absent", name)), said, sentence)


def of_shape(family: Family | None, error: ValidationError) -> Iterator[Remark]:
    """A remark for each way in which a record, or a body of no family, departs from its contract."""
    for number, detail in enumerate(error.errors(include_url=False)):
        yield _of_error(family, detail, guess=number < MOST_GUESSES)


def _of_error(family: Family | None, error: ErrorDetails, guess: bool) -> Remark:
    """A remark for one error; to `guess` what was meant takes long."""
    pointer = pointer_of(error["loc"])
    kind = error["type"]
    if kind == "not-in-codelist":
        return _of_code(family, error, pointer, guess)
    if kind in SAYS:
        said, rule, sentence = SAYS[kind]
        return of_rule(rule, pointer, said, sentence, _nearest_field(family, error) if family and guess else None)
    if BOUNDS.search(kind):
        return of_rule("SH06", pointer, "out-of-bounds", _lower(error["msg"]))
    return of_rule("SH05", pointer, "wrong-type", _lower(error["msg"]))


def _of_code(family: Family | None, error: ErrorDetails, pointer: str, guess: bool) -> Remark:
    codelist = error["ctx"]["codelist"]
    value = str(error["input"])
    near = code_list(codelist).suggest(value) if guess else None
    code_like = len(value) <= LONGEST_CODE and CODE_LIKE.fullmatch(value) and not POSTCODE.fullmatch(value)
    shown = f"'{value}'" if code_like else "the value"
    return Remark(
        pointer=pointer,
        code="not-in-codelist",
        rule=_rule_of_code(family, error["loc"]) if family else None,
        detail=f"{shown} is not in the list {codelist}",
        hint=f"did you mean {near}?" if near else f"see {URL}{codelist} for the codes",
        allowed=URL + codelist,
    )


def _rule_of_code(family: Family, loc: tuple[int | str, ...]) -> str | None:
    path = tuple(step for step in loc if isinstance(step, str))
    for table in family.tables:
        for column in table.columns:
            if table.path + column.path == path:
                rule = code_rule(family.name, table.name, column.name)
                return rule.code if rule else None
    return "SH07"


def _nearest_field(family: Family, error: ErrorDetails) -> str | None:
    """For an unknown field, the known one that it looks like."""
    if error["type"] != "extra_forbidden":
        return None
    known = {step for table in family.tables for column in table.columns for step in column.path}
    known |= {step for table in family.tables for step in table.path}
    near = get_close_matches(str(error["loc"][-1])[:LONGEST_STEP], known, n=1)
    return f"did you mean {near[0]}?" if near else None


def pointer_of(loc: Iterable[int | str]) -> str:
    """The JSON pointer (RFC 6901) of a place in a record.

    A step of the sender's own is cut short, and what of it is no character (a lone
    surrogate) is a question mark.
    """
    steps = (str(step)[:LONGEST_STEP].replace("~", "~0").replace("/", "~1") for step in loc)
    return "".join(f"/{step}" for step in steps).encode(errors="replace").decode()


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
