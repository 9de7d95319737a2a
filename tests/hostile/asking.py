"""Asking the service by hand, and what every answer to a hostile request must be."""

from tests.conftest import SOURCE, Service
from tests.hostile.bodies import SECRET
from tests.hostile.wire import Answer, exchange, request

OWN = f"/v1/sources/{SOURCE}"
JSON, NDJSON = "application/json", "application/x-ndjson"
PROBLEM = {"type", "title", "status", "instance", "retryable", "errors", "warnings"}
MIB = 1024 * 1024


def sound(answer: Answer, name: str = "", seconds: float = 15) -> Answer:
    """The answer, which is a success or a whole problem, soon, that repeats no personal data."""
    assert 200 <= answer.status < 500, (name, answer.status, answer.body[:200])
    assert answer.seconds < seconds, (name, answer.seconds)
    if answer.status >= 400 and answer.headers.get("content-length") != "0":
        assert answer.headers["content-type"] == "application/problem+json", (name, answer.body[:200])
        assert answer.json().keys() >= PROBLEM and answer.json()["status"] == answer.status, name
    assert SECRET.encode() not in answer.body and SECRET.split()[1].encode() not in answer.body, name
    return answer


def sent(service: Service, token: str, target: str, body: bytes, kind: str = JSON, method: str = "POST") -> Answer:
    headers = {"Authorization": token, "Content-Type": kind}
    return exchange(str(service.http.base_url), request(method, target, headers, body))


def put(service: Service, token: str, segment: str, body: bytes, query: str = "") -> Answer:
    return sent(service, token, f"{OWN}/{segment}/hostile{query}", body, method="PUT")
