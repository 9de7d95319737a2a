"""The made-up population beside the published figures: what was counted in its records, and by how much it is off."""

from collections import Counter
from collections.abc import Callable, Iterator

from seed import calibration_page
from seed.figures import Item, figure
from seed.generate import events, no_progress
from seed.histories import children as known
from seed.population import Household, households
from seed.postings import Posting
from seed.reference import lines
from seed.story import stories
from seed.tally import counts

page = calibration_page.page


def report(children: int, seed: int, progress: Callable[[int], None] = no_progress) -> list[Item]:
    """Every figure of published_figures.csv beside a made-up population; one household is in memory at a time.

    `progress` is called with the children done since. Stock is counted on 31
    July 2025, what happens in a year over the twelve months before.
    """
    found: Counter[str] = Counter()
    for household in households(seed, children):
        for postings in _records(household):
            found.update(counts(postings))
        progress(len(household.members))
    return [figure(line, found) for line in lines("published_figures")]


def _records(household: Household) -> Iterator[list[Posting]]:
    """Each child's records, but for plans and chronologies, of which nothing is counted."""
    cases = known.household_cases(household, stories(household))
    for case in cases.values():
        about = [*known.records(case, cases), *events(case)]
        moved = case.moved and any(posting.source == case.moved.holders["social_work"] for posting in about)
        yield [*about, *(known.records(case.moved, {}) if case.moved and moved else ())]
