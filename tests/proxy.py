"""A real HTTP proxy before the service that fails as networks and gateways do, when told to."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

FORWARDER = httpx.Client(timeout=60)
HOP_BY_HOP = {"connection", "content-length", "date", "host", "keep-alive", "server", "transfer-encoding"}


@dataclass(frozen=True)
class Says:
    """Answers itself, without asking the service."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Drops:
    """Closes the connection, before the service has heard of the request or after it has answered."""

    after: bool = False


@dataclass
class Proxy:
    """A running proxy; `faults` are met by one posted batch each, None by one that goes through."""

    target: str
    address: str = ""
    faults: deque[Says | Drops | None] = field(default_factory=deque)
    keys: list[str] = field(default_factory=list)
    """The Idempotency-Key of every batch that came, in order."""
    paths: list[str] = field(default_factory=list)
    remembers: bool = False
    """Whether a key seen before gets the first answer, as the contract has it."""
    largest: int = 1 << 30
    answered: Callable[[], None] = lambda: None
    """Called when the service has answered a batch, before the sender hears of it."""
    first_answers: dict[str, httpx.Response] = field(default_factory=dict)

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> httpx.Response | None:
        """What the sender gets; None where the connection is dropped."""
        self.paths.append(path)
        key = headers.get("Idempotency-Key", "")
        is_batch = "/batches?" in f"{path}?" and method == "POST"
        fault = self.faults.popleft() if is_batch and self.faults else None
        if is_batch:
            self.keys.append(key)
        if isinstance(fault, Says):
            return httpx.Response(fault.status, headers=list(fault.headers))
        if is_batch and len(body) > self.largest:
            return httpx.Response(413)
        if isinstance(fault, Drops) and not fault.after:
            return None
        answer = self._forwarded(method, path, headers, body, key)
        if is_batch:
            self.answered()
        return None if isinstance(fault, Drops) else answer

    def _forwarded(self, method: str, path: str, headers: dict[str, str], body: bytes, key: str) -> httpx.Response:
        if self.remembers and key and key in self.first_answers:
            return self.first_answers[key]
        kept = {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}
        answer = FORWARDER.request(method, self.target + path, headers=kept, content=body)
        self.first_answers.setdefault(key, answer)
        return answer


@contextmanager
def proxying(target: str) -> Iterator[Proxy]:
    """A proxy before the service at an address."""
    proxy = Proxy(target.rstrip("/"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(proxy))
    proxy.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            answer = proxy.answer(self.command, self.path, dict(self.headers), body)
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = handle_any  # noqa: N815

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    return Handler
