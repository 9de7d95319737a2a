"""What happened to a looked-after child, as worked out from the care episodes."""

from services.children.reading import Json, Reading, Shown, source_of
from services.store import about_child
from services.store.about_child import Said


def events(reading: Reading) -> Shown:
    """The start, each change and the end of every care episode, with why, worked out and never typed."""
    page, after = reading.page(about_child.looked_after_events(reading.connection, reading.scope))
    items = [_told(one) for one in page]
    return Shown({"items": items, "next": after}, items)


def _told(said: Said) -> Json:
    return source_of(said) | {"record": {name: value for name, value in said.facts.items() if value is not None}}
