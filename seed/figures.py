"""A figure of the calibration report: as published, and as counted in the made-up records."""

from collections import Counter
from dataclasses import dataclass, replace
from math import sqrt

from seed.reference import Line

NEAR = 0.05
"""How far a figure may be off, relative to the published one, before its row must say why."""


@dataclass(frozen=True)
class Item:
    """One figure: as counted in the made-up records and as published.

    `made_up` is None where there was nothing to divide by. `counted` is how
    many were counted above the line, and `note` says why a figure is off.
    """

    figure: str
    label: str
    made_up: float | None
    published: float
    status: str
    source: str
    note: str
    unit: str
    as_of: str
    counted: int

    @property
    def off(self) -> float | None:
        """How far off, relative to the published figure."""
        return None if self.made_up is None else self.made_up / self.published - 1

    @property
    def is_verified(self) -> bool:
        return self.status == "verified"

    @property
    def is_near(self) -> bool:
        return self.off is not None and abs(self.off) <= NEAR


def figure(line: Line, found: Counter[str]) -> Item:
    """A row of published_figures.csv beside what was counted."""
    published, counted = float(line["value"]), found[line["counts"]]
    made_up = _ratio(found, line["counts"], line["per"])
    if line["over_counts"]:
        whole = _ratio(found, line["over_counts"], line["over_per"])
        made_up = made_up / whole if made_up is not None and whole else None
    elif made_up is not None and line["unit"].startswith("%"):
        made_up *= 100
    said = {name: line[name] for name in ("figure", "label", "status", "source", "unit", "as_of")}
    item = Item(**said, made_up=made_up, published=published, note="", counted=counted)
    return item if item.is_near else _explained(item, found[line["per"]], line["note"])


def _ratio(found: Counter[str], above: str, below: str) -> float | None:
    return found[above] / found[below] if found[below] else None


def _explained(item: Item, out_of: int, note: str) -> Item:
    """The item with why it is off: what the file says of it, or how few were counted."""
    by_chance = CHANCE * sqrt(1 / max(item.counted, 1) + 1 / max(out_of, 1))
    few = f"Only {item.counted} counted: chance alone moves it by {min(by_chance, 1):.0%}."
    is_chance = item.off is None or abs(item.off) <= by_chance
    return replace(item, note=" ".join(filter(None, (note, few if is_chance else ""))))


CHANCE = 2.5
"""How many standard errors of two counts chance can move their ratio by; brothers and sisters come together."""
