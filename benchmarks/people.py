"""Lines to post: a made-up Scotland's, as often over as a measurement needs, each time of other children."""

import json
import re
import tempfile
from collections.abc import Iterator
from datetime import date
from functools import cache
from itertools import count, islice, zip_longest
from pathlib import Path
from random import Random
from typing import Any

from seed.generate import generate
from seed.identifiers import CONSONANTS, Register

CHILDREN, SEED = 3000, 5
_ID = re.compile(rf'(?<=")[a-z]{{1,3}}-[{CONSONANTS}]{{4}}-\d{{4}}-[{CONSONANTS}]{{4}}(?=")')


@cache
def _originals() -> list[str]:
    """The lines of every source, one of each in turn: each family in its share, a child before what is said of it."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder), CHILDREN, SEED)
        sources = [path.read_text(encoding="utf-8").splitlines() for path in sorted(Path(folder).glob("*.ndjson"))]
    return [line for turn in zip_longest(*sources) for line in turn if line]


class People:
    """Lines without end: every round of the originals has ids, CHI and SCN of its own."""

    def __init__(self) -> None:
        self._register, self._rng = Register(), Random(SEED)
        self._lines = self._endless()

    def lines(self, number: int) -> list[str]:
        """So many lines that were not handed out before."""
        return list(islice(self._lines, number))

    def bodies(self, batches: int, size: int) -> list[bytes]:
        """So many batches of that size, as NDJSON."""
        return ["\n".join(self.lines(size)).encode() for _ in range(batches)]

    def _endless(self) -> Iterator[str]:
        for copy in count():
            for line in _originals():
                yield self._anew(_ID.sub(rf"\g<0>-{copy}", line))

    def _anew(self, line: str) -> str:
        posted = json.loads(line)
        record: dict[str, Any] = posted["record"]
        if record.get("chi") and record.get("date_of_birth"):
            record["chi"] = self._register.chi(date.fromisoformat(record["date_of_birth"]), record["sex"], self._rng)
        if record.get("scn"):
            record["scn"] = self._register.scn(2010 + self._rng.randrange(15))
        return json.dumps(posted)
