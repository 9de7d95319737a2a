"""Following changes: an agency's own records, and others' while it may see them."""

from services.access.policy import decide
from services.store import feed
from services.store.engine import Store
from services.store.feed import Page
from services.store.relationships import Facts
from services.store.visible import Others


def page(store: Store, agency: str, after: int, limit: int) -> Page:
    """What an agency may follow after a number."""
    return feed.page(store, agency, after, limit, others_seen)


def others_seen(facts: Facts) -> Others:
    """Each agency that sees items of other holders of a child, by what they say, with whose.

    Broken glass and being an officer are a worker's, and open nothing here.
    """
    named = {one.named for one in facts.namings}
    seen = {agency: _others(agency, facts) for agency in sorted(named)}
    return {agency: others for agency, others in seen.items() if others}


def _others(agency: str, facts: Facts) -> frozenset[str]:
    allowed = decide(agency, facts)
    return allowed.agencies.intersection(facts.holders) - {agency} if allowed else frozenset()
