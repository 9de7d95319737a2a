"""The example records, and changed copies of them."""

import json
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "examples"


def example(family: str) -> dict[str, Any]:
    """A fresh copy of tests/examples/<family>.json."""
    found: dict[str, Any] = json.loads((FOLDER / f"{family}.json").read_text(encoding="utf-8"))
    return found


def changed(family: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The family's example with fields replaced, or removed where the change is None."""
    record = example(family) | deepcopy(dict(changes))
    return {name: value for name, value in record.items() if value is not None}
