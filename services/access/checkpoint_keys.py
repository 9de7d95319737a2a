"""The key that checkpoints of the audit are signed with: Ed25519, kept outside the store that it bears witness on."""

import os
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from services.errors import BadRequest, NotFound

PublicKeys = Mapping[str, Ed25519PublicKey]
"""Public keys by their ids."""


def make_key(path: Path) -> Path:
    """Make a private key, for its owner's eyes only, and its public key beside it; raises BadRequest."""
    key = Ed25519PrivateKey.generate()
    public = path.with_suffix(".pub")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    except FileExistsError:
        raise BadRequest(f"There is a key at {path} already: what it signed needs it") from None
    public.write_bytes(as_pem(key.public_key()))
    return public


def private_key(path: Path) -> Ed25519PrivateKey:
    """The private key; raises NotFound."""
    if not path.exists():
        raise NotFound(f"There is no key at {path} (KITH_AUDIT_KEY): kith audit key makes it")
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise BadRequest(f"The key at {path} is not an Ed25519 key: kith audit key makes one")
    return key


def public_keys(paths: Iterable[Path]) -> PublicKeys:
    """Public keys from their files; raises NotFound."""
    found = {}
    for path in paths:
        if not path.exists():
            raise NotFound(f"There is no public key at {path}")
        key = load_pem_public_key(path.read_bytes())
        if isinstance(key, Ed25519PublicKey):
            found[key_id(key)] = key
    return found


def key_id(key: Ed25519PublicKey) -> str:
    """A short name of a key."""
    return sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def as_pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def is_signed(key: Ed25519PublicKey, signature: str, content: bytes) -> bool:
    """Whether a signature, in hexadecimal, is the key's over this content."""
    try:
        key.verify(bytes.fromhex(signature), content)
    except (InvalidSignature, ValueError):
        return False
    return True
