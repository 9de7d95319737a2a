"""Single changes: one record or one retraction a request, committed in groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from schemas.record import Family
from services.errors import Erased, Invalid, NotFound, PreconditionFailed
from services.intake.door import Checked, check, check_retraction
from services.intake.lines import malformed
from services.intake.strict_json import NotJson, parse
from services.intake.taking import Received, Taken, received, take
from services.store.engine import Store
from services.store.gathering import Gathering
from services.store.writing import Owner, Result, Sent

GROUPS_PATIENCE_MS, ALONE_PATIENCE_MS = 250, 5000
"""How long a group waits for a record that a batch, say, holds: then each waits alone, and not for ever."""


@dataclass(frozen=True, slots=True)
class Single:
    """One change that the door let in."""

    sent: Sent
    checked: Checked


def read_record(owner: Owner, family: Family, source_id: str, body: bytes, if_match: int | None = None) -> Single:
    """One record as it was put; raises Invalid."""
    return _single(owner, family, check(family, source_id, _parsed(body), datetime.now(UTC)), if_match)


def read_retraction(owner: Owner, family: Family, source_id: str, body: bytes, if_match: int | None = None) -> Single:
    """One retraction as it was posted; raises Invalid."""
    return _single(owner, family, check_retraction(family, source_id, _parsed(body), datetime.now(UTC)), if_match)


def gathering(store: Store) -> Gathering[Single, Taken]:
    """What takes single changes that come at about the same time in one transaction."""
    return Gathering(partial(take_together, store))


def take_together(store: Store, singles: Sequence[Single], validate_only: bool = False) -> list[Taken]:
    """Take changes in one transaction, or only say what would become of them; all or none."""
    sent = [single.sent for single in singles]
    patience_ms = GROUPS_PATIENCE_MS if len(sent) > 1 else ALONE_PATIENCE_MS

    def work(connection: Any) -> list[Taken]:
        return take(connection, sent, match=not validate_only, patience_ms=patience_ms)[1]

    return store.write(work, undo=validate_only)


def told(single: Single, taken: Taken) -> Received:
    """What the sender is told.

    Raises NotFound (nothing was ever held), Erased, or PreconditionFailed (another version is held).
    """
    outcome = taken.outcome
    if outcome.result is Result.UNKNOWN:
        raise NotFound
    if outcome.result is Result.ERASED:
        raise Erased
    if outcome.result is Result.DIFFERS:
        raise PreconditionFailed(headers={"ETag": f'"{outcome.version}"'} if outcome.version else {})
    return received(single.checked, single.sent, taken)


def receive(store: Store, single: Single, validate_only: bool = False) -> Received:
    """Take one change by itself; raises NotFound or PreconditionFailed."""
    (taken,) = take_together(store, [single], validate_only)
    return told(single, taken)


def _single(owner: Owner, family: Family, checked: Checked, if_match: int | None = None) -> Single:
    if checked.change is None:
        raise _refused(family, checked)
    return Single(Sent.by(owner, checked.change, if_match), checked)


def _refused(family: Family, checked: Checked) -> Invalid:
    """The problem that a refused change is answered with."""
    count = len(checked.errors)
    thing = "problem" if count == 1 else "problems"
    title = f"{count} {thing} in this {family.singular}"
    return Invalid(title, errors=checked.errors, warnings=checked.warnings)


def _parsed(body: bytes) -> Any:
    try:
        return parse(body)
    except NotJson as error:
        raise Invalid("The body is not a record", errors=[malformed(str(error))]) from None
