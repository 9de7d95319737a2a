"""Looking for a child: by an identifier, or by name and birth date.

A match is one child, and a record of it that holds the identifier asked for, or
both names, the birth date and one thing more; nothing that the two hold may
differ that does not change (birth date, identifiers, sex), nor both names. One
child less sure is for people to review. A child that no search may find is as one
that is not there. The full matcher comes with the work on identity.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from schemas.search import ChildSearch
from services.access.sight import is_hidden
from services.identity.arrival import TRUSTED
from services.store.about_child import Candidate, candidates

MATCH, REVIEW, MANY, NONE = "match", "review", "many", "none"
LASTING = ("date_of_birth", "chi", "scn", "sex")
"""What stays as it is: where it differs, it may be another child."""
FURTHER = ("chi", "scn", "sex", "home_postcode", "local_authority")
"""What makes a name and a birth date sure."""
NOBODY = ""


@dataclass(frozen=True)
class Found:
    """What a search comes to: the child only where it is sure."""

    status: str
    child: str | None = None


def can_search(wanted: ChildSearch) -> bool:
    """Whether enough is said to look for anybody."""
    return bool(wanted.chi or wanted.scn or _is_named(wanted))


def search(connection: Connection, wanted: ChildSearch, at: datetime) -> Found:
    """Who is meant; as many queries whether or not somebody is found who may not be."""
    identified, named = list(_identified(connection, wanted)), list(_named(connection, wanted))
    asked = {one.child for one in (*identified, *named)} or {NOBODY}
    hidden = {child for child in asked if is_hidden(connection, child, at)}
    found = [one for one in identified if one.child not in hidden]
    return _settled(wanted, found or [one for one in named if one.child not in hidden])


def _settled(wanted: ChildSearch, found: Sequence[Candidate]) -> Found:
    children = {one.child for one in found}
    if len(children) != 1:
        return Found(MANY if children else NONE)
    is_sure = any(_is_sure(wanted, one) for one in found)
    return Found(MATCH, found[0].child) if is_sure else Found(REVIEW)


def _identified(connection: Connection, wanted: ChildSearch) -> Iterator[Candidate]:
    for name in TRUSTED:
        if value := getattr(wanted, name):
            yield from candidates(connection, name, value)


def _named(connection: Connection, wanted: ChildSearch) -> Iterator[Candidate]:
    """Children of that birth date who have both names, or the one for the other."""
    if not _is_named(wanted):
        return
    for one in candidates(connection, "date_of_birth", wanted.date_of_birth):
        if sorted(_names(one)) == sorted(_names(wanted)):
            yield one


def _is_named(wanted: ChildSearch) -> bool:
    return all(_names(wanted)) and wanted.date_of_birth is not None


def _names(one: Candidate | ChildSearch) -> tuple[str, str]:
    return normalised(one.given_name), normalised(one.family_name)


def normalised(name: str | None) -> str:
    """A name without case, accents, spaces and punctuation."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", (name or "").casefold()) if letter.isalnum())


def _is_sure(wanted: ChildSearch, held: Candidate) -> bool:
    if any(_differs(wanted, held, name) for name in LASTING) or _is_named_otherwise(wanted, held):
        return False
    by_identifier = any(
        _agrees(wanted, held, name) and is_sound(getattr(wanted, name)) for name, is_sound in TRUSTED.items()
    )
    by_name = _is_named(wanted) and _names(wanted) == _names(held) and _agrees(wanted, held, "date_of_birth")
    return by_identifier or (by_name and any(_agrees(wanted, held, name) for name in FURTHER))


def _is_named_otherwise(wanted: ChildSearch, held: Candidate) -> bool:
    pairs = zip(_names(wanted), _names(held), strict=True)
    return all(asked and known and asked != known for asked, known in pairs)


def _agrees(wanted: ChildSearch, held: Candidate, name: str) -> bool:
    asked, known = _value(wanted, name), _value(held, name)
    return asked is not None and asked == known


def _differs(wanted: ChildSearch, held: Candidate, name: str) -> bool:
    asked, known = _value(wanted, name), _value(held, name)
    return asked is not None and known is not None and asked != known


def _value(one: Candidate | ChildSearch, name: str) -> object:
    value = getattr(one, name)
    return normalised(value) if name == "home_postcode" and value else value
