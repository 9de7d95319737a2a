"""What a measure is broken down by: the codes of a list, or groups of our own."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ibis.expr.types import Table

from services.measures.released import Released, literal_table

ALL, ALL_NAME = "all", "All"
COUNTED, COUNTED_NAME = "counted", "Counted"
NOT_SAID, NOT_SAID_NAME = "not_said", "Not said"


@dataclass(frozen=True)
class Breakdown:
    """`what` is broken down in words; its codes are a code list's, those of `own`, or both."""

    what: str
    codelist: str = ""
    own: Mapping[str, str] = field(default_factory=dict)

    @property
    def adds_up(self) -> bool:
        """Whether all groups together are told of beside each."""
        return ALL in self.own and bool(self.codelist or len(self.own) > 1)

    @property
    def in_order(self) -> bool:
        """Whether the codes are our own, declared in the order to show them in."""
        return bool(self.what) and not self.codelist

    def table(self, released: Released) -> Table:
        """Rows of code and label."""
        own = literal_table({"code": code, "label": label} for code, label in self.own.items()) if self.own else None
        if not self.codelist:
            assert own is not None
            return own
        listed = released.codes(self.codelist)
        return listed if own is None else listed.union(own)


IN_ALL: Mapping[str, str] = {ALL: ALL_NAME}
IF_NOT_SAID: Mapping[str, str] = {NOT_SAID: NOT_SAID_NAME}
NO_GROUPS = Breakdown("", own=IN_ALL)
ONE_CATEGORY = Breakdown("", own={COUNTED: COUNTED_NAME})
