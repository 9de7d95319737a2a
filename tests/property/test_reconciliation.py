"""Whatever is held and whatever is claimed, the answer is exactly the differences of the two sets."""

import json
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.registry import BY_NAME
from services.intake.claims import Range, differences, read_claims
from services.intake.receive import receive_batch
from services.store import digests
from services.store.engine import Store
from services.store.writing import Owner
from tests.examples import changed

REFERRALS = BY_NAME["referrals"]
NUMBERS = count()
ids = st.text("aB9.-~_:", min_size=1, max_size=3)
bounds = st.none() | ids


def line(source_id: str, content: int) -> str:
    record = changed("referrals", {"summary": f"Content {content}."})
    return json.dumps({"family": "referrals", "source_id": source_id, "record": record})


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ours=st.dictionaries(ids, st.integers(1, 2), max_size=12),
    theirs=st.dictionaries(ids, st.integers(1, 2), max_size=12),
    first=bounds,
    last=bounds,
)
def test_the_answer_is_the_set_differences(
    store: Store, ours: dict[str, int], theirs: dict[str, int], first: str | None, last: str | None
) -> None:
    owner, within = Owner(f"source-{next(NUMBERS)}", "S12000038"), Range(first, last)
    lines = [line(*one) for one in ours.items()]
    if lines:
        receive_batch(store, owner, "\n".join(lines).encode())
    with store.reading() as connection:
        everything = dict(digests.held(connection, owner, "referrals"))
        held = dict(digests.held(connection, owner, "referrals", first, last))
    assert list(everything) == sorted(ours)
    assert held == {one: sha256 for one, sha256 in everything.items() if within.holds(one)}
    sha256_of = {ours[one]: sha256 for one, sha256 in everything.items()}
    claimed = {one: sha256_of.get(content, f"{content:064}") for one, content in theirs.items() if within.holds(one)}
    body = "\n".join(json.dumps({"source_id": one, "sha256": sha256}) for one, sha256 in claimed.items())
    found = set(differences(read_claims(REFERRALS, within, body.encode()), held.items()))
    assert found == {
        *(("missing", one) for one in claimed.keys() - held.keys()),
        *(("extra", one) for one in held.keys() - claimed.keys()),
        *(("different", one) for one in held.keys() & claimed.keys() if held[one] != claimed[one]),
    }
