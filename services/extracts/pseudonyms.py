"""Pseudonyms: keyed, the same in every release, and of no use without the key.

A pseudonym is an HMAC-SHA-256 of a message: what kind of thing it stands for,
whose it is, and its id, parted by U+001F, which no id can hold but the last.
DuckDB has no HMAC, so the distinct messages are worked out here and joined in.
"""

import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import duckdb
import pyarrow as pa

from services.extracts.refusal import NotReleased
from services.settings import Settings

FILE = "pseudonym.key"
LENGTH = 32
"""Hexadecimal characters kept: 128 bits."""
SHORTEST_KEY = 32
ROWS_AT_ONCE = 100_000


def key_of(settings: Settings) -> bytes:
    """The key, made once and kept under KITH_HOME where none is set."""
    key = settings.pseudonym_key or _kept(settings.home / FILE)
    if len(key) < SHORTEST_KEY:
        raise NotReleased(
            f"The pseudonym key is shorter than {SHORTEST_KEY} characters: set a longer KITH_PSEUDONYM_KEY."
        )
    return key.encode()


def key_id(key: bytes) -> str:
    """A short name of the key, by which releases made with the same one are known; tells nothing of it."""
    return hmac.digest(key, b"kith key id", "sha256").hex()[:8]


def pseudonym(key: bytes, message: str) -> str:
    return hmac.digest(key, message.encode(), hashlib.sha256).hex()[:LENGTH]


def message(kind: str, *parts: str) -> str:
    """DuckDB SQL for a message; null where a part is. `kind` is a word, each part SQL."""
    return " || chr(31) || ".join([f"'{kind}'", *parts])


def looked_up(message: str) -> str:
    """DuckDB SQL for a message's pseudonym."""
    return f"(SELECT found.pseudonym FROM pseudonym AS found WHERE found.message = {message})"


def make(connection: duckdb.DuckDBPyConnection, key: bytes, queries: Iterable[str]) -> None:
    """Make the table `pseudonym` (message, pseudonym) of every message, the one column, that the queries give."""
    connection.execute("CREATE OR REPLACE TEMP TABLE pseudonym (message VARCHAR, pseudonym VARCHAR)")
    distinct = " UNION ".join(queries)
    messages = connection.execute(f"SELECT * FROM ({distinct}) AS messages(message) WHERE message IS NOT NULL")
    for made in list(_made(messages, key)):
        connection.register("made", made)
        connection.execute("INSERT INTO pseudonym SELECT message, pseudonym FROM made")
        connection.unregister("made")


def _made(messages: duckdb.DuckDBPyConnection, key: bytes) -> Iterator[pa.Table]:
    while rows := messages.fetchmany(ROWS_AT_ONCE):
        texts = [text for (text,) in rows]
        yield pa.table({"message": texts, "pseudonym": [pseudonym(key, text) for text in texts]})


def _kept(path: Path) -> str:
    """The key in a file that only its owner may read, made where there is none."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _create(path, secrets.token_hex(32))
    return path.read_text(encoding="ascii").strip()


def _create(path: Path, key: str) -> None:
    """Written whole before it has its name, so that of two builds at once both use the first one's key."""
    draft, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(draft, "w", encoding="ascii") as file:
        file.write(key + "\n")
    with suppress(FileExistsError):
        os.link(name, path)
    os.unlink(name)
