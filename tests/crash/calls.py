"""What a source posts while the service is brought down: changes drawn from a seed, and the calls they go in."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from random import Random
from typing import Any

from schemas.registry import BY_NAME
from seed.identifiers import Register
from tests.examples import changed

FAMILIES = ("children", "children", "referrals", "plans", "chronologies", "care_episodes")
BORN_ON, PEOPLE, LONGEST_BATCH = date(2015, 1, 1), 30, 40
BEGINNING = datetime(2025, 7, 1, tzinfo=UTC)
REFUSED = {"sex": "no such code"}

Key = tuple[str, str]
"""A family and a source_id."""


@dataclass(frozen=True)
class Change:
    """A record put, or taken back; of a source's changes each is recorded a second after the one before."""

    family: str
    source_id: str
    number: int
    is_put: bool
    body: Mapping[str, Any]

    @property
    def key(self) -> Key:
        return self.family, self.source_id

    @cached_property
    def sha256(self) -> str:
        """Of the RFC 8785 form, which is this one: the bodies hold no fraction and nothing beyond ASCII."""
        return hashlib.sha256(json.dumps(self.body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    @cached_property
    def recorded_at(self) -> datetime:
        return datetime.fromisoformat(self.body["recorded_at"])

    @property
    def line(self) -> str:
        member = "record" if self.is_put else "retract"
        return json.dumps({"family": self.family, "source_id": self.source_id, member: self.body})


@dataclass(eq=False)
class Call:
    """One request: a change by itself, or a batch of them; and what was answered, in the order of the answers.

    `has_bad_line`: the batch ends in a line that is refused, so that, where it is
    `atomic`, nothing of it is kept.
    """

    changes: Sequence[Change]
    is_batch: bool = False
    is_atomic: bool = False
    has_bad_line: bool = False
    idempotency_key: str | None = None
    sent: int = 0
    answers: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def is_kept(self) -> bool:
        """Whether its good lines count."""
        return not (self.is_atomic and self.has_bad_line)

    @property
    def headers(self) -> dict[str, str]:
        kind = "application/x-ndjson" if self.is_batch else "application/json"
        key = {"Idempotency-Key": self.idempotency_key} if self.idempotency_key else {}
        return {"Content-Type": kind} | key

    @property
    def body(self) -> str:
        if not self.is_batch:
            return json.dumps(self.changes[0].body)
        bad = json.dumps({"family": "children", "source_id": "refused", "record": changed("children", REFUSED)})
        return "\n".join([*(change.line for change in self.changes), *([bad] if self.has_bad_line else [])])

    def address(self, source: str) -> tuple[str, str]:
        """The method and the path."""
        if self.is_batch:
            return "POST", f"/v1/sources/{source}/batches" + ("?atomic=true" if self.is_atomic else "")
        (change,) = self.changes
        path = f"/v1/sources/{source}/{BY_NAME[change.family].segment}/{change.source_id}"
        return ("PUT", path) if change.is_put else ("POST", f"{path}/retractions")


def people(seed: int) -> list[str]:
    """CHIs of the children that all sources know."""
    register, random = Register(), Random(seed)  # noqa: S311
    return [chi for _ in range(PEOPLE) if (chi := register.chi(BORN_ON, "female", random))]


class Drawn:
    """Calls without end, of few keys, so that of each there are versions, retractions and revivals."""

    def __init__(self, seed: int, chis: Sequence[str], keys: int = 200) -> None:
        self.random = Random(seed)  # noqa: S311
        self.known: dict[Key, None] = {}
        """Keys that were certainly held once: a retraction of any other would be refused."""
        self._chis, self._keys, self._number = chis, keys, 0

    def call(self) -> Call:
        if self.random.random() < 0.6:
            return Call([self._change()])
        changes = [self._change() for _ in range(self.random.randint(1, LONGEST_BATCH))]
        key = f"key-{self._number}" if self.random.random() < 0.7 else None
        return Call(changes, True, self._one_in(3), self._one_in(3), key)

    def _one_in(self, number: int) -> bool:
        return self.random.randrange(number) == 0

    def _change(self) -> Change:
        self._number += 1
        recorded_at = (BEGINNING + timedelta(seconds=self._number)).isoformat()
        if self.known and self._one_in(6):
            family, source_id = self.random.choice(list(self.known))
            return Change(family, source_id, self._number, False, self._reason(family) | {"recorded_at": recorded_at})
        family = self.random.choice(FAMILIES)
        source_id = f"{family[:3]}-{self.random.randrange(self._keys // len(FAMILIES))}"
        body = changed(family, dict(self._own(family)) | {"recorded_at": recorded_at})
        return Change(family, source_id, self._number, True, body)

    def _own(self, family: str) -> Iterator[tuple[str, Any]]:
        if family == "children":
            yield "chi", self.random.choice(self._chis)
            yield "scn", None
            yield "other_names", [f"Name{n}" for n in range(self.random.randrange(4))]
        else:
            yield "child", self._child()

    def _reason(self, family: str) -> dict[str, str]:
        if family == "children" and self._one_in(2):
            return {"reason": "merged", "replaced_by": self._child()}
        return {"reason": "withdrawn"}

    def _child(self) -> str:
        return f"chi-{self.random.randrange(self._keys // len(FAMILIES))}"
