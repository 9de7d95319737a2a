"""The generator's declared data: CSV files in seed/reference, each row with its source."""

import csv
from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Generic, TypeVar

from schemas.codelists import code_list

FOLDER = Path(__file__).parent / "reference"

Line = Mapping[str, str]
T = TypeVar("T")


@cache
def lines(name: str) -> tuple[Line, ...]:
    """The rows of one file, in its order."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


@cache
def grouped(name: str, column: str) -> Mapping[str, tuple[Line, ...]]:
    """The rows of one file by what a column holds."""
    held: dict[str, list[Line]] = {}
    for line in lines(name):
        held.setdefault(line[column], []).append(line)
    return {value: tuple(found) for value, found in held.items()}


@dataclass(frozen=True)
class Weighted(Generic[T]):
    """Things to choose from, with the running total of their weights."""

    things: Sequence[T]
    totals: Sequence[float]

    def pick(self, rng: Random) -> T:
        """One of them, as likely as its weight."""
        return self.things[bisect(self.totals, rng.random() * self.totals[-1], 0, len(self.things) - 1)]


def weighted(things: Sequence[T], weight: Callable[[T], float]) -> Weighted[T]:
    """Things with their weights."""
    return Weighted(things, list(accumulate(weight(thing) for thing in things)))


@cache
def choice(name: str) -> Weighted[str]:
    """A choice of codes declared in weights.csv."""
    rows = grouped("weights", "choice")[name]
    return Weighted([row["code"] for row in rows], list(accumulate(float(row["weight"]) for row in rows)))


def pick(name: str, rng: Random) -> str:
    """A code, as likely as weights.csv says."""
    return choice(name).pick(rng)


def some(name: str, rng: Random, most: int) -> list[str]:
    """One to `most` different codes of a choice."""
    return list(dict.fromkeys(pick(name, rng) for _ in range(rng.randint(1, most))))


def pick_line(rows: Sequence[Line], rng: Random, weight: str = "weight") -> Line | None:
    """One row, as likely as its weight; None where there is none, or none with a weight."""
    totals = list(accumulate(float(row[weight]) for row in rows))
    return Weighted(rows, totals).pick(rng) if totals and totals[-1] > 0 else None


def chance(rng: Random, share: float) -> bool:
    """True for that share of calls."""
    return rng.random() < share


def happens(name: str, rng: Random) -> bool:
    """True for the share of calls that shares.csv gives that name."""
    return rng.random() < _shares()[name]


@cache
def _shares() -> Mapping[str, float]:
    return {row["name"]: float(row["share"]) for row in lines("shares")}


def fits(line: Line, age: int) -> bool:
    """Whether a row is meant for that age in years."""
    return int(line["least_age"]) <= age <= int(line["most_age"])


def one(codelist: str, *flags: str) -> str:
    """The first code of a list that has all those flags."""
    return next(code for code, row in code_list(codelist).rows.items() if all(row[flag] == "true" for flag in flags))
