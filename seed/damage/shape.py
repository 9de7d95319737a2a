"""How to break the rules that the shape of every record meets."""

from collections.abc import Mapping

from seed.damage.ways import FAR, Damage, change, drop, has, lacks, leaf, put, when
from seed.days import instant
from seed.postings import Record


def _no_offset(record: Record) -> None:
    record["received_at"] = record["received_at"].replace(tzinfo=None)


DAMAGES: Mapping[str, tuple[str, Damage]] = {
    "SH02": ("chronologies", leaf(drop("event_type"))),
    "SH03": ("chronologies", leaf(put(case_note_number="77"))),
    "SH04": ("chronologies", leaf(put(happened_on="2024-02-30"))),
    "ID16": ("referrals", leaf(change(_no_offset))),
    "SH05": ("referrals", leaf(put(family_informed="yes"))),
    "SH06": ("chronologies", leaf(put(description=" "))),
    "SH07": ("chronologies", leaf(when(has("child_view"), put(absent={"child_view": "not_asked"})))),
    "SH08": ("chronologies", leaf(when(lacks("draws_on"), put(recorded_at=instant(FAR, 600))))),
}
"""By rule: the family whose records are damaged, and how."""
