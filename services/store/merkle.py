"""Hash trees as in RFC 6962: one root for many leaves, which none can leave, enter or pass another without changing.

A leaf's hash begins with a byte that no node's begins with, so that a node can
never be given out as a leaf.
"""

from collections.abc import Sequence
from hashlib import sha256


def leaf(content: bytes) -> bytes:
    """The hash of one leaf."""
    return sha256(b"\0" + content).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The hash over all leaves' hashes, in their order."""
    level = list(leaves)
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        alone = level[-1:] if len(level) % 2 else []
        level = [sha256(b"\1" + left + right).digest() for left, right in pairs] + alone
    return level[0] if level else sha256().digest()
