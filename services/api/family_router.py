"""The routes of one family, passed over at a glance by a request for another."""

from fastapi import APIRouter
from starlette._utils import get_route_path
from starlette.routing import Match
from starlette.types import Scope

from schemas.record import Family

PLACE = len(["", "v1", "sources", "{source}"])
"""Which part of an address names the family."""


class FamilyRouter(APIRouter):
    """The routes under `/v1/sources/{source}/<family>`.

    FastAPI tries the pattern of each route of each router in turn, which for the
    last of many families took as long as checking a record.
    """

    def __init__(self, family: Family, address: str) -> None:
        super().__init__(prefix=f"/v1/sources/{{source}}/{family.segment}{address}", tags=[family.name])
        self._segment = family.segment

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a request is for one of these routes, and for which."""
        parts = get_route_path(scope).split("/", PLACE + 1)
        return super().matches(scope) if parts[PLACE : PLACE + 1] == [self._segment] else (Match.NONE, {})
