"""A load client that costs little: prepared requests over kept connections, each answer read to its end."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import quantiles


@dataclass(frozen=True)
class Load:
    """What a load brought: how long it took, the answers' statuses, and each request's seconds."""

    seconds: float
    statuses: dict[int, int]
    latencies: Sequence[float]

    def a_second(self, records: int) -> float:
        """Records a second, where every request was answered with success."""
        failed = {status: number for status, number in self.statuses.items() if status >= 300}
        if failed:
            raise RuntimeError(f"not every request succeeded: {failed}")
        return records / self.seconds

    def percentile(self, percent: int) -> float:
        """Milliseconds within which that share of the requests was answered."""
        return round(quantiles(self.latencies, n=100)[percent - 1] * 1000, 2)


@dataclass(frozen=True)
class Request:
    """One request, ready to be sent."""

    method: str
    path: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()

    def encoded(self) -> bytes:
        headers = (("Host", "127.0.0.1"), ("Content-Length", str(len(self.body))), *self.headers)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers)
        return f"{self.method} {self.path} HTTP/1.1\r\n{head}\r\n".encode() + self.body


def run(port: int, requests: Sequence[Request], connections: int) -> Load:
    """Send requests over so many connections, each taking the next when it has its answer."""
    return asyncio.run(_run(port, [request.encoded() for request in requests], connections))


async def _run(port: int, requests: Sequence[bytes], connections: int) -> Load:
    streams = [await asyncio.open_connection("127.0.0.1", port, limit=2**20) for _ in range(connections)]
    waiting, statuses, latencies = iter(requests), dict[int, int](), list[float]()
    started = time.perf_counter()
    await asyncio.gather(*(_send(reader, writer, waiting, statuses, latencies) for reader, writer in streams))
    seconds = time.perf_counter() - started
    for _, writer in streams:
        writer.close()
    return Load(seconds, statuses, latencies)


async def _send(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    waiting: Iterable[bytes],
    statuses: dict[int, int],
    latencies: list[float],
) -> None:
    for request in waiting:
        began = time.perf_counter()
        writer.write(request)
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        length = _length(head)
        await (reader.readuntil(b"\r\n0\r\n\r\n") if length is None else reader.readexactly(length))
        latencies.append(time.perf_counter() - began)
        status = int(head[9:12])
        statuses[status] = statuses.get(status, 0) + 1


def _length(head: bytes) -> int | None:
    """The length that an answer names; None where it comes in chunks."""
    named = (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return next((int(line[15:]) for line in named), None)
