"""A record as it may be shown under the child's restriction: without what tells where the child is."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from schemas.record import Family
from services.access.policy import hides
from services.access.sight import Sight

Path = tuple[str, ...]


def redacted(family: Family, record: Mapping[str, Any], sight: Sight) -> dict[str, Any]:
    """A record as sent, without the fields whose class stays behind under that restriction."""
    shown = dict(record)
    for path in withheld(family, sight.restriction):
        shown = _without(shown, path)
    return shown


@cache
def withheld(family: Family, restriction: str) -> tuple[Path, ...]:
    """The fields of a family that stay behind: each as the names that lead to it, through lists and objects alike."""
    return tuple(_classified(family, restriction))


def _classified(family: Family, restriction: str) -> Iterator[Path]:
    for table in family.tables:
        yield from ((*table.path, *one.path) for one in table.columns if hides(restriction, one.field_class))


def _without(shown: Any, path: Path) -> Any:
    """What is shown without the value that a path leads to; an object or list that this leaves empty goes too."""
    if isinstance(shown, list):
        return [left for each in shown if (left := _without(each, path))]
    if not isinstance(shown, Mapping) or path[0] not in shown:
        return shown
    others = {name: value for name, value in shown.items() if name != path[0]}
    left = _without(shown[path[0]], path[1:]) if path[1:] else None
    return others | {path[0]: left} if left else others
