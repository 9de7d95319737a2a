"""A record as it may be shown under a child's restriction."""

from collections.abc import Mapping
from typing import Any

from schemas.codelists import code_list
from schemas.record import Family
from services.access.sight import Sight

PLACES: Mapping[str, Mapping[str, Any]] = {
    "children": {"home_postcode": None, "home_data_zone": None},
    "plans": {
        "lead_professional": {"contact": None},
        "named_person": {"contact": None},
        "partners": {"contact": None},
    },
    "care_episodes": {"home_data_zone": None, "placements": {"carer": None}},
}


def redacted(family: Family, record: Mapping[str, Any], sight: Sight) -> dict[str, Any]:
    """The record without what its child's restriction hides."""
    if sight.restriction not in code_list("restrictions").flagged("hides_places"):
        return dict(record)
    return _without(record, PLACES.get(family.name, {}))


def _without(item: Mapping[str, Any], hidden: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in item.items() if hidden.get(name, name) is not None}
    for name, inner in hidden.items():
        if inner is not None and name in kept:
            value = kept[name]
            kept[name] = [_without(one, inner) for one in value] if isinstance(value, list) else _without(value, inner)
    return kept
