"""A record as it may be shown under a child's restriction."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from schemas.codelists import code_list
from schemas.record import Family
from services.access.sight import Sight

Path = tuple[str, ...]
PLACES: Mapping[str, tuple[Path, ...]] = {
    "children": (("home_postcode",), ("home_data_zone",)),
    "plans": (("lead_professional", "contact"), ("named_person", "contact"), ("partners", "contact")),
    "care_episodes": (("home_data_zone",), ("placements", "carer")),
}


def redacted(family: Family, record: Mapping[str, Any], sight: Sight) -> dict[str, Any]:
    """The record without what its child's restriction hides."""
    shown = dict(record)
    for path in withheld(family, sight.restriction):
        shown = _without(shown, path)
    return shown


@cache
def withheld(family: Family, restriction: str) -> tuple[Path, ...]:
    """The fields of a family that stay behind, each as the names that lead to it."""
    return PLACES.get(family.name, ()) if restriction in code_list("restrictions").flagged("hides_places") else ()


def _without(shown: Any, path: Path) -> Any:
    if isinstance(shown, list):
        return [_without(one, path) for one in shown]
    inner = _without(shown[path[0]], path[1:]) if path[1:] and path[0] in shown else None
    others = {name: value for name, value in shown.items() if name != path[0]}
    return others | ({path[0]: inner} if inner else {})
