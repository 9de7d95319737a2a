"""Which public keys a client may have."""

import json
from collections.abc import Callable

import pytest

from services.access.credentials import by_public_key
from services.access.public_keys import ALGORITHMS, algorithms_for, from_pem
from services.errors import BadRequest
from tests.signing import ALGORITHM, jwk, private_pem, public_pem

DEEP = '{"kty":' + "[" * 100_000
REFUSED = {
    "a small RSA key": (lambda: public_pem("small rsa"), "2048 bits"),
    "another curve": (lambda: public_pem("ec of another curve"), "P-256"),
    "a private key": (lambda: private_pem("ec"), "private key"),
    "a private JWK": (lambda: json.dumps(jwk("rsa", private=True)), "private"),
    "a shared key": (lambda: '{"kty": "oct", "k": "c2hhcmVk"}', "shared"),
    "a JWK of no kind": (lambda: '{"kty": "DSA"}', "no JWK"),
    "a JWK for no algorithm of ours": (lambda: json.dumps(jwk("rsa", alg="RSA-OAEP")), "no JWK"),
    "half a JWK": (lambda: '{"kty": "EC", "crv": "P-256"}', "no JWK"),
    "no JSON": (lambda: "{", "no JWK"),
    "very deep JSON": (lambda: DEEP, "no JWK"),
    "no PEM": (lambda: "BEGIN PUBLIC KEY", "no public key"),
    "nothing": (lambda: "", "no public key"),
}


@pytest.mark.parametrize(("given", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_public_key_that_is_taken_is_refused_plainly(given: Callable[[], str], said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        by_public_key(given())


@pytest.mark.parametrize("kind", ALGORITHM)
def test_a_jwk_is_taken_like_a_pem(kind: str) -> None:
    assert by_public_key(json.dumps(jwk(kind))) == by_public_key(public_pem(kind))


@pytest.mark.parametrize("kind", ALGORITHM)
def test_a_key_takes_only_algorithms_of_its_kind_and_of_the_list(kind: str) -> None:
    fitting = algorithms_for(from_pem(public_pem(kind)))
    assert ALGORITHM[kind] in fitting and set(fitting) < set(ALGORITHMS)


def test_no_algorithm_of_the_list_is_open_or_shares_its_key() -> None:
    assert not [one for one in ALGORITHMS if one.lower() == "none" or one.startswith("HS")]
