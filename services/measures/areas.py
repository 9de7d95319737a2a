"""Councils, Scotland, and how many people live there (reference/population.csv)."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from schemas.codelists import code_list
from services.measures.arithmetic import per_thousand

REFERENCE = Path(__file__).parent / "reference"
SCOTLAND, SCOTLAND_NAME = "S92000003", "Scotland"


class UnknownPopulation(LookupError):
    """The population table has no such band and vintage."""


@dataclass(frozen=True)
class Population:
    """What a rate is of: an age band, and the estimate's vintage. A rate never goes without both."""

    band: str
    vintage: str

    def __str__(self) -> str:
        return f"aged {self.band}, {self.vintage} estimate"


CHILDREN_MID_2022 = Population("0-17", "mid-2022")


@dataclass(frozen=True)
class Rate:
    """A rate per 1,000 with the population that it is of."""

    value: float
    population: Population


def rate(count: int, population: Population, area_code: str = SCOTLAND) -> Rate:
    """A count per 1,000 people of an area; raises UnknownPopulation."""
    return Rate(float(per_thousand(count, populations(population)[area_code])), population)


@cache
def populations(population: Population) -> Mapping[str, int]:
    """People by area code, Scotland included; raises UnknownPopulation."""
    wanted = (population.band, population.vintage)
    found = {row["area_code"]: int(row["population"]) for row in _rows() if (row["age_band"], row["vintage"]) == wanted}
    if not found:
        raise UnknownPopulation(f"There is no population {population}.")
    return found


@cache
def councils() -> Mapping[str, str]:
    """The names of the 32 councils by GSS code, in the order of the codes."""
    rows = code_list("local_authorities").rows.items()
    return dict(
        sorted((code, row["label"]) for code, row in rows if row["is_council"] == "true" and not row["maps_to"])
    )


def current_codes() -> Mapping[str, str]:
    """Today's code for each retired GSS code of a council."""
    return {code: row["maps_to"] for code, row in code_list("local_authorities").rows.items() if row["maps_to"]}


def _rows() -> Iterator[Mapping[str, str]]:
    """Rows of area_code, area_name, age_band, population, vintage, source."""
    with (REFERENCE / "population.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
