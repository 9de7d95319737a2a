"""Public keys that others sign with: which kinds are taken, and with which algorithms."""

import json
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from services.errors import BadRequest

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey
SMALLEST_RSA_BITS = 2048
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
"""The closed list; a key takes those that fit its kind. Never `none`, and never one whose key both sides hold."""
KINDS = "RSA of 2048 bits or more, EC on P-256, or Ed25519"
NOT_JSON = (ValueError, RecursionError)


def algorithms_for(key: object) -> list[str]:
    """The algorithms of the list that fit a key; none where it is no public key of a kind that is taken."""
    if isinstance(key, RSAPublicKey) and key.key_size >= SMALLEST_RSA_BITS:
        return ["RS256", "PS256"]
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return ["ES256"]
    return ["EdDSA"] if isinstance(key, Ed25519PublicKey) else []


def as_pem(text: str) -> str:
    """A public key, given as PEM or as a JWK, in the form in which it is kept; raises BadRequest."""
    key: PublicKey = _from_jwk(text) if text.lstrip().startswith("{") else from_pem(text)
    if not algorithms_for(key):
        raise BadRequest(f"A client's key is {KINDS}")
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def from_pem(text: str) -> Any:
    """The key in a PEM text; raises BadRequest."""
    if "PRIVATE KEY" in text:
        raise BadRequest("That is a private key, which stays with its owner: give the public one that belongs to it")
    try:
        return load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadRequest("That is no public key: give one as PEM (BEGIN PUBLIC KEY) or as a JWK") from error


def _from_jwk(text: str) -> Any:
    try:
        given = json.loads(text)
        if {"d", "k"} & given.keys():
            raise BadRequest("That JWK holds a private or a shared key: give the public one that belongs to it")
        return jwt.PyJWK(given).key
    except (*NOT_JSON, jwt.PyJWTError) as error:
        raise BadRequest(f"That is no JWK of a kind that is taken: {KINDS}") from error
