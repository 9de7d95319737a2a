"""What the latest run said of every agency, as it is reported."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Connection

from quality.catalogue import by_code
from quality.page import MADE_UP
from quality.rule import Rule, Severity
from schemas.codelists import code_list
from services.measures.years import complete_by, name_of
from services.store import scorecards, sources
from services.store.scorecards import ALL, score
from services.store.tables import QualityRun

COUNTED = (Severity.REJECT, Severity.ERROR)


class NothingToReport(LookupError):
    """There is no run yet, or it knew nothing of that agency; the message says which."""


@dataclass(frozen=True)
class Line:
    """One rule that an agency's records break: how many findings, in which of its systems, whose children."""

    rule: Rule
    severity: str
    by_source: Counter[str]
    records: int
    children: int
    gained: int

    @property
    def findings(self) -> int:
        return self.by_source.total()


@dataclass
class Agency:
    """What a run said of one agency."""

    code: str
    name: str
    kind: str
    cards: list[Any] = field(default_factory=list)
    gains: dict[str, Any] = field(default_factory=dict)
    open: dict[tuple[str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    @cached_property
    def lines(self) -> list[Line]:
        """What is to be put right, the most children first."""
        made = (self._line(code, severity, found) for (code, severity), found in self.open.items() if code in by_code())
        return sorted(made, key=lambda line: (-line.children, -line.findings, line.rule.code, line.severity))

    @property
    def errors(self) -> int:
        return sum(line.findings for line in self.lines if line.severity in COUNTED)

    @property
    def queries(self) -> int:
        return sum(line.findings for line in self.lines if line.severity == Severity.QUERY)

    @property
    def children(self) -> int:
        """Children with anything to put right that is in the score, each counted once."""
        return self.gains[ALL].children if ALL in self.gains else 0

    @property
    def headline(self) -> str:
        return (
            f"{self.name}: {self.errors:,} error{'' if self.errors == 1 else 's'}, "
            f"{self.queries:,} quer{'y' if self.queries == 1 else 'ies'}"
        )

    def totals(self, **only: str) -> tuple[int, int]:
        """Records tested and failed on all sides of quality together, of those scorecards alone."""
        cards = [c for c in self.cards if c.dimension == ALL and all(getattr(c, n) == v for n, v in only.items())]
        return sum(card.tested for card in cards), sum(card.failed for card in cards)

    def if_kept(self, line: Line) -> tuple[float | None, float | None]:
        """The score of the rule's family as it is, and as it would be if the rule were kept."""
        tested, failed = self.totals(family=line.rule.family)
        return score(tested, failed), score(tested, failed - line.gained)

    def _line(self, code: str, severity: str, found: Counter[str]) -> Line:
        rule, gain = by_code()[code], self.gains.get(code)
        if gain is None or severity == Severity.INFO is not rule.severity:
            return Line(rule, severity, found, 0, 0, 0)
        return Line(rule, severity, found, gain.records, gain.children, gain.gained)


@dataclass(frozen=True)
class Report:
    """The latest run, as it is reported: `year` is the last one that was over and of which anything was posted."""

    run: QualityRun
    synthetic: bool
    agencies: Mapping[str, Agency]
    reasons: Sequence[Any]

    @property
    def made_up(self) -> str:
        return MADE_UP if self.synthetic else ""

    @cached_property
    def years(self) -> list[str]:
        """Every year that any record tells of, in order."""
        return sorted({card.year for agency in self.agencies.values() for card in agency.cards})

    @cached_property
    def year(self) -> str:
        (last,) = complete_by(self.run.today, 1)
        over = [year for year in self.years if year <= name_of(last)]
        return (over or self.years or [name_of(last)])[-1]


def gathered(connection: Connection) -> Report:
    """What the latest run said of every agency; raises NothingToReport."""
    run = scorecards.latest_run(connection)
    if run is None or run.run is None:
        raise NothingToReport("There is no quality run yet: make one with kith quality run.")
    agencies = _Agencies()
    for card in scorecards.all_cards(connection, run.run):
        agencies[card.source_agency].cards.append(card)
    for gain in scorecards.gains(connection, run.run):
        agencies[gain.source_agency].gains[gain.rule] = gain
    for found in scorecards.open_counts(connection):
        agencies[found.source_agency].open[found.rule, found.severity][found.source] += found.findings
    synthetic = sources.about(connection, "synthetic") == "true"
    return Report(run, synthetic, dict(sorted(agencies.items())), scorecards.reasons(connection, run.run))


class _Agencies(dict[str, Agency]):
    """Agencies by code, each made where it is first spoken of."""

    def __missing__(self, code: str) -> Agency:
        row = code_list("agencies").rows.get(code, {})
        kind, _, own_name = code.partition("-")
        self[code] = Agency(code, row.get("label", own_name.replace("-", " ").capitalize()), row.get("kind", kind))
        return self[code]
