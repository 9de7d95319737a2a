"""HTTP by hand, over a raw socket: requests that no client library would send."""

import json
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from select import select
from typing import Any
from urllib.parse import urlsplit

PIECE = 65_536


@dataclass(frozen=True)
class Answer:
    """What came back: status 0 is a connection that was closed without an answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    sent: int
    """How many bytes went out before the answer was there."""

    def json(self) -> Any:
        return json.loads(self.body)


def request(method: str, target: str, headers: Mapping[str, str] = {}, body: bytes | None = None) -> bytes:
    """A request as bytes; with a body, its Content-Length is right unless the headers say another."""
    own = {"Host": "kith.test"} | ({} if body is None else {"Content-Length": str(len(body))})
    held = {name: value for name, value in own.items() if name not in headers} | dict(headers)
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in held.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + (body or b"")


def exchange(address: str, sent: bytes | Iterable[bytes], patience: float = 30) -> Answer:
    """Send the pieces until there is an answer, and read it."""
    place = urlsplit(address)
    pieces = cut(sent) if isinstance(sent, bytes) else sent
    began, count = time.monotonic(), 0
    with socket.create_connection((place.hostname, place.port), timeout=patience) as connection:
        for piece in pieces:
            if has_answered(connection):
                break
            try:
                connection.sendall(piece)
            except ConnectionError:
                break
            count += len(piece)
        head, body = read(connection)
    return answer_of(head, body, time.monotonic() - began, count)


def cut(sent: bytes) -> Iterable[bytes]:
    return (sent[start : start + PIECE] for start in range(0, len(sent), PIECE))


def has_answered(connection: socket.socket) -> bool:
    """Whether there is something to read, an answer or the connection's end."""
    return bool(select([connection], [], [], 0)[0])


def read(connection: socket.socket) -> tuple[bytes, bytes]:
    """The head and the body of one answer, as far as they came."""
    held = b""
    try:
        while b"\r\n\r\n" not in held and (more := connection.recv(PIECE)):
            held += more
        head, _, body = held.partition(b"\r\n\r\n")
        length = int(headers_of(head).get("content-length", "0"))
        while len(body) < length and (more := connection.recv(PIECE)):
            body += more
    except ConnectionError:
        head, _, body = held.partition(b"\r\n\r\n")
    return head, body


def headers_of(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def answer_of(head: bytes, body: bytes, seconds: float, sent: int) -> Answer:
    status = int(head.split(b" ")[1]) if head.startswith(b"HTTP/") else 0
    return Answer(status, headers_of(head), body, seconds, sent)
