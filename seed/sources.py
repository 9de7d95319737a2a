"""The posting systems: which agency each belongs to, and what kind it is."""

from dataclasses import dataclass
from functools import cache

from schemas.codelists import code_list
from seed.reference import lines


@dataclass(frozen=True)
class SourceSystem:
    """One posting system; `council` or `board` is the area it serves, empty for all of Scotland."""

    name: str
    agency: str
    kind: str
    council: str
    board: str


SOURCES: tuple[SourceSystem, ...] = tuple(
    SourceSystem(row["name"], row["agency"], row["kind"], row["council"], row["board"]) for row in lines("sources")
)


def board_of(council: str) -> str:
    """The health board that serves a council's area."""
    return code_list("local_authorities").rows[council]["health_board"]


@cache
def sources_of(kind: str, council: str) -> tuple[SourceSystem, ...]:
    """The systems of a kind that serve a council's area."""
    area = {"", council}
    board = {"", board_of(council)}
    return tuple(s for s in SOURCES if s.kind == kind and s.council in area and s.board in board)
