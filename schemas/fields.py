"""The types a field of a record may have, each with how it leaves in a release.

A family's contract is written in these words only, so that tables, frames,
dictionary and release can all be derived from it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError
from pydantic_core import core_schema as core

from schemas.codelists import URL, code_list

D = TypeVar("D", date, datetime)

NOT_LISTED = "not-in-codelist"
"""The kind of error that a code outside its list is."""
FIRST_YEAR, LAST_YEAR = 1900, 2199
AGENCY_PATTERN = "(TS|IP)-[a-z0-9-]{2,40}"
"""An agency of the third sector or an independent provider, whose code no list holds."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)")


class Release(Enum):
    """What becomes of a field's value in a statistician's release."""

    KEEP = "as it is"
    DROP = "left out"
    SAID = "only whether it was given"
    MONTH = "year and month"
    PSEUDONYM = "replaced by a keyed pseudonym"
    CHILD = "replaced by the child's pseudonym"
    UNRESTRICTED = "left out for restricted and shielded records"


class FieldClass(Enum):
    """What kind of thing a field tells, where a view of the record may have to leave it out."""

    PLACE = "where the child is or can be met: an address, a carer, a school, a contact place"


class OfOthers(Enum):
    """What a field may tell of people other than the child, where the child or a parent asks for what is held."""

    SAYS = "says who somebody else is: a brother or sister, a carer, somebody to reach"
    MAY = "words that may speak of somebody else"
    WORKER = "an agency's own id of a worker"


@dataclass(frozen=True)
class ReferenceTo:
    """The field holds the source's own id of a record of that family."""

    family: str


@dataclass(frozen=True)
class ColumnName:
    """The name of the field's column, where its own would be a word of SQL."""

    name: str


@dataclass(frozen=True)
class Parsed:
    """A value parsed from JSON text by a function of ours, so that its errors are ours."""

    parse: Callable[[Any], Any]
    format: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core.CoreSchema:
        return core.no_info_plain_validator_function(self.parse)

    def __get_pydantic_json_schema__(self, schema: core.CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "format": self.format}


@dataclass(frozen=True)
class Code:
    """A value from the code list of that name."""

    codelist: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core.CoreSchema:
        listed = core.literal_schema(list(code_list(self.codelist).rows))
        said = core.custom_error_schema(
            listed,
            NOT_LISTED,
            custom_error_message="not in the code list",
            custom_error_context={"codelist": self.codelist},
        )
        return core.chain_schema([handler(source), said])

    def __get_pydantic_json_schema__(self, schema: core.CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "enum": list(code_list(self.codelist).rows), "x-codelist": URL + self.codelist}


@dataclass(frozen=True)
class AgencyCode(Code):
    """An agency: a code of the list, or TS-<name> (third sector) or IP-<name> (independent provider)."""

    codelist: str = "agencies"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core.CoreSchema:
        return core.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: core.CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "x-codelist": URL + self.codelist, "examples": ["S12000038", "TS-young-futures"]}

    def check(self, value: str) -> str:
        if is_agency(value):
            return value
        raise PydanticCustomError(NOT_LISTED, "not in the code list", {"codelist": self.codelist})


NAMED_KINDS = {"TS": "third_sector", "IP": "independent"}
"""The kinds of agency that no list holds, by how their codes begin."""


def kind_of_agency(code: str) -> str:
    """What kind of body an agency is; nothing where no agency has that code."""
    row = code_list("agencies").rows.get(code)
    return row["kind"] if row else NAMED_KINDS.get(code.partition("-")[0], "")


def is_agency(code: str) -> bool:
    """Whether an agency may have this code."""
    named = re.fullmatch(AGENCY_PATTERN, code)
    return named is not None or code in code_list("agencies")


def takes(codelist: str, value: str) -> bool:
    """Whether a field with that code list takes the value."""
    return is_agency(value) if codelist == AgencyCode.codelist else value in code_list(codelist)


def _date(value: Any) -> date:
    found = _read(date.fromisoformat, value) if isinstance(value, str) and _DATE.fullmatch(value) else None
    if found is None:
        raise PydanticCustomError("not-a-date", "not a date")
    return _in_range(found)


def _instant(value: Any) -> datetime:
    found = _read(_in_utc, value) if isinstance(value, str) and _INSTANT.fullmatch(value) else None
    if found is None:
        raise PydanticCustomError("not-an-instant", "not an instant with an offset")
    return _in_range(found)


def _in_utc(value: str) -> datetime:
    return datetime.fromisoformat(value).astimezone(UTC)


def _read(parse: Callable[[str], D], value: str) -> D | None:
    try:
        return parse(value)
    except (ValueError, OverflowError):
        return None


def _in_range(value: D) -> D:
    if FIRST_YEAR <= value.year <= LAST_YEAR:
        return value
    raise PydanticCustomError("date-out-of-range", "a year out of range")


def _blank_is_absent(value: str | None) -> str | None:
    return value if value and value.strip() else None


OnDate = Annotated[date, Parsed(_date, "date")]
"""A day in Europe/London, YYYY-MM-DD."""

BirthDate = Annotated[date, Parsed(_date, "date"), Release.MONTH]
"""A birth date: only its month leaves in a release."""

Instant = Annotated[datetime, Parsed(_instant, "date-time")]
"""An instant with offset, RFC 3339; held in UTC."""

Text = Annotated[str | None, AfterValidator(_blank_is_absent), Release.SAID, OfOthers.MAY]
"""Free text; blank is absent; never leaves in a release, but for whether it was given."""

RequiredText = Annotated[str, StringConstraints(min_length=1, pattern=r"\S"), Release.SAID, OfOthers.MAY]
"""Free text that the record makes no sense without."""

OtherText = Annotated[str | None, AfterValidator(_blank_is_absent), Release.DROP, OfOthers.MAY]
"""What a coded reason "other" was, in words."""

Name = Annotated[str, StringConstraints(max_length=200), Release.DROP]
"""A person's name."""

Identifier = Annotated[str, StringConstraints(max_length=200), Release.DROP]
"""An identifier of a person (CHI, SCN and their kind), as text; whether it is well formed is for the rules to say."""

Contact = Annotated[str, StringConstraints(min_length=1, max_length=400), Release.DROP, FieldClass.PLACE, OfOthers.SAYS]
"""How to reach a worker or team: a telephone number, an e-mail address or a place."""

Postcode = Annotated[str, StringConstraints(max_length=40), Release.DROP, FieldClass.PLACE]

DataZone = Annotated[str, StringConstraints(pattern=r"^S01[0-9]{6}$"), Release.UNRESTRICTED, FieldClass.PLACE]
"""A 2011 data zone, S01 and six digits."""

Worker = Annotated[str, StringConstraints(min_length=1, max_length=128), Release.DROP, OfOthers.WORKER]
"""The source's opaque id of a worker, never a name."""

Carer = Annotated[
    str, StringConstraints(min_length=1, max_length=128), Release.PSEUDONYM, FieldClass.PLACE, OfOthers.SAYS
]
"""The source's opaque id of a carer, never a name."""

SOURCE_ID = r"^[A-Za-z0-9._~:-]{1,128}$"
SourceId = Annotated[str, StringConstraints(pattern=SOURCE_ID)]

ItemId = Annotated[str, StringConstraints(pattern=SOURCE_ID), Release.PSEUDONYM]
"""The source's own id of an item within a record; unique within the record."""

ChildRef = Annotated[SourceId, ReferenceTo("children"), Release.CHILD]
"""The source's own id of the child: the source_id of its children record."""

ReferralRef = Annotated[SourceId, ReferenceTo("referrals"), Release.PSEUDONYM]
PlanRef = Annotated[SourceId, ReferenceTo("plans"), Release.PSEUDONYM]
AssessmentRef = Annotated[SourceId, ReferenceTo("needs"), Release.PSEUDONYM]
CareEpisodeRef = Annotated[SourceId, ReferenceTo("care_episodes"), Release.PSEUDONYM]
ChronologyRef = Annotated[SourceId, ReferenceTo("chronologies"), Release.PSEUDONYM]

Agency = Annotated[str, AgencyCode()]
Role = Annotated[str, Code("practitioner_roles")]
