"""Sign-offs as tests need them: signed by two people, with no run and no look at what is held."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

from services.store.engine import Store
from services.store.runs import RUN
from services.store.sign_offs import HOLDING, SIGN_OFF

COVERS_FROM, COVERS_TO = date(2010, 8, 1), date(2025, 7, 31)


def signed_off(
    store: Store,
    agency: str,
    families: Iterable[str],
    covers_from: date = COVERS_FROM,
    covers_to: date = COVERS_TO,
) -> int:
    """An agency's sign-off of these families; its number."""
    at = datetime.now(UTC)
    with store.writing() as connection:
        (run,) = connection.execute(RUN.insert().values(started_at=at, today=at.date())).inserted_primary_key or (0,)
        said = {"covers_from": covers_from, "covers_to": covers_to, "digest": "", "run": run, "as_at": at}
        people = {"prepared_at": at, "prepared_by": "one", "signed_at": at, "signed_by": "two"}
        row = {"source_agency": agency} | said | people
        (number,) = connection.execute(SIGN_OFF.insert().values(row)).inserted_primary_key or (0,)
        held = {"sign_off": number, "source": "a-source", "records": 0, "digest": ""}
        connection.execute(HOLDING.insert(), [held | {"family": family} for family in families])
    return int(number)
