"""Keys of others, as clients and issuers have them: each made once."""

import json
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

ALGORITHM = {"rsa": "RS256", "ec": "ES256", "ed25519": "EdDSA"}


def private_key(kind: str, number: int = 0) -> Any:
    """A private key of a kind: `number` makes it another."""
    return _made(kind, number)


@cache
def _made(kind: str, number: int) -> Any:
    made = {
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "small rsa": lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505
        "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
        "ec of another curve": lambda: ec.generate_private_key(ec.SECP384R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
    }
    return made[kind]()


def public_pem(kind: str, number: int = 0) -> str:
    public = private_key(kind, number).public_key()
    return str(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def private_pem(kind: str) -> str:
    key = private_key(kind)
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


def jwk(kind: str, number: int = 0, *, private: bool = False, **more: str) -> dict[str, Any]:
    """A key as a JWK, the public half if nothing else is said."""
    key = private_key(kind, number)
    algorithm = jwt.get_algorithm_by_name(ALGORITHM[kind])
    return {**json.loads(algorithm.to_jwk(key if private else key.public_key())), **more}
