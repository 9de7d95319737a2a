"""Killed at any moment, the service has lost nothing that it acknowledged, doubled nothing, and left nothing half done.

`python -m benchmarks.crash` does the same for longer.
"""

from pathlib import Path

import pytest

from tests.crash.bringing_down import bring_down


@pytest.mark.parametrize(("database", "kills"), [("sqlite", 1), ("postgresql", 3)])
def test_nothing_acknowledged_is_lost_doubled_or_half_done(database: str, kills: int, tmp_path: Path) -> None:
    summary = bring_down(database, kills, seed=1, folder=tmp_path)
    assert sum(summary.kills.values()) == kills
    assert summary.acknowledged > 50
    assert summary.is_good, summary
