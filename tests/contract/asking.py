"""Children known to several agencies, and asking about them over HTTP as a worker of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from itertools import count
from random import Random
from typing import Any

import httpx
import pytest

from seed.identifiers import Register
from services.access.credentials import Credentials
from tests.conftest import ELSEWHERE, SOURCE, Service
from tests.examples import changed

WORKER = {"Kith-Purpose": "child-wellbeing", "Kith-Worker": "w-7; role=social-worker"}
VIEWS = (
    "",
    "/chronology",
    "/plan",
    "/plans",
    "/referrals",
    "/looked-after-events",
    "/child-protection",
    "/team",
    "/access-log",
)
needs_naming = pytest.mark.skipif(find_spec("services.access.policy") is None, reason="sight by naming is not here yet")
_REGISTER, _RANDOM, _NUMBERS = Register(), Random(11), count(1)  # noqa: S311


@dataclass
class Known:
    """A made-up child that sources know, each by an id of its own, with a CHI of its own."""

    service: Service
    name: str
    chi: str
    child: str = ""

    def told(self, family: str = "children", source_id: str = "", *, elsewhere: bool = False, **changes: Any) -> str:
        """Post a record about the child, of its own source or of the one elsewhere; its source_id."""
        is_child = family == "children"
        source_id = self.name if is_child else source_id or f"{self.name}-{next(_NUMBERS)}"
        about: dict[str, Any] = {"chi": self.chi, "scn": None} if is_child else {"child": self.name}
        source, client = (ELSEWHERE[0], self.service.stranger) if elsewhere else (SOURCE, self.service.owner)
        url = f"/v1/sources/{source}/{family.replace('_', '-')}/{source_id}"
        record = changed(family, {**about, **changes})
        answer = self.service.http.put(url, json=record, headers=self.service.headers(client))
        assert answer.status_code in (200, 201), answer.text
        self.child = answer.json()["child"]
        return source_id

    def ask(self, view: str = "", client: Credentials | None = None, /, **parameters: Any) -> httpx.Response:
        return ask(self.service, f"/v1/children/{self.child}{view}", client, parameters)

    def seen(self, view: str = "", client: Credentials | None = None, /, **parameters: Any) -> dict[str, Any]:
        """What a view answers."""
        answer = self.ask(view, client, **parameters)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def ask(
    service: Service, path: str, client: Credentials | None = None, parameters: Mapping[str, Any] | None = None
) -> httpx.Response:
    return service.http.get(path, params=dict(parameters or {}), headers=service.headers(client) | WORKER)


def a_child(service: Service, **changes: Any) -> Known:
    """A child that the service's own source knows."""
    born_on = date.fromisoformat(changes.get("date_of_birth", "2015-01-01"))
    chi = _REGISTER.chi(born_on, "female", _RANDOM)
    assert chi
    found = Known(service, f"kid-{next(_NUMBERS)}", chi)
    found.told(**changes)
    return found


def entry(known: Known, happened_on: str, **changes: Any) -> str:
    """Post a chronology entry about the child; its source_id."""
    return known.told("chronologies", **{"happened_on": happened_on, "recorded_at": "2025-12-20T09:00:00Z", **changes})


def ids(body: Mapping[str, Any]) -> list[str]:
    return [item["source_id"] for item in body["items"]]
