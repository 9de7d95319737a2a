"""Every error that an answer can be, each with its status and a sentence a person can act on."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any


@dataclass(frozen=True)
class Remark:
    """One thing wrong, or worth knowing, at one place of a record.

    `pointer` is a JSON pointer from the record's root; `rule` a code of the
    catalogue; `allowed` where the codes that may stand there are listed.
    """

    pointer: str
    code: str
    rule: str | None
    detail: str
    hint: str | None = None
    allowed: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None or name == "rule"}


class Problem(Exception):
    """An answer that is not a success; a subclass for each kind."""

    status = 500
    name = "internal"
    title = "Something went wrong on our side; it is on record under the request's id"
    retryable = False

    def __init__(
        self,
        title: str = "",
        *,
        detail: str = "",
        errors: Sequence[Remark] = (),
        warnings: Sequence[Remark] = (),
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(title or self.title)
        self.title = title or self.title
        self.detail = detail
        self.errors, self.warnings = errors, warnings
        self.headers = dict(headers or {})
        self.members = dict(members or {})

    def as_json(self, request_id: str) -> dict[str, Any]:
        """The body of application/problem+json (RFC 9457)."""
        body: dict[str, Any] = {
            "type": f"/problems/{self.name}",
            "title": self.title,
            "status": self.status,
            "instance": f"urn:uuid:{request_id}",
            "retryable": self.retryable,
        }
        if self.detail:
            body["detail"] = self.detail
        return (
            body
            | self.members
            | {
                "errors": [remark.as_json() for remark in self.errors],
                "warnings": [remark.as_json() for remark in self.warnings],
            }
        )


class BadRequest(Problem):
    """The request itself is not well formed."""

    status, name, title = 400, "bad-request", "The request is not well formed"


class PurposeRequired(Problem):
    """A call about a child that does not say what for and for whom, or says what does not go together."""

    status, name, title = 400, "purpose-required", "Calls about a child need the headers Kith-Purpose and Kith-Worker"


class Unauthorised(Problem):
    """No token, or one that is no longer good."""

    status, name = 401, "unauthorised"
    title = "A valid bearer token is needed; get one from POST /oauth/token"

    def __init__(self, title: str = "", **rest: Any) -> None:
        super().__init__(title, headers={"WWW-Authenticate": 'Bearer realm="kith"'}, **rest)


class UnknownClient(Unauthorised):
    """Client credentials that do not fit."""

    name, title = "unknown-client", "The client id and secret do not fit, or the client was revoked"


class Forbidden(Problem):
    """A known client without the scope that the call needs."""

    status, name, title = 403, "scope-missing", "The token lacks the scope that this call needs"


class NotFound(Problem):
    """Nothing there, or nothing that the asker may know of."""

    status, name, title = 404, "not-found", "There is nothing here that you may see"


class NoSuchAddress(NotFound):
    """An address that the service does not have."""

    title = "There is no such address; /docs has them all, and /v1/schemas the families"


class NotAllowed(Problem):
    """A method that the address does not take."""

    status, name, title = 405, "method-not-allowed", "This address does not take that method"


class Gone(Problem):
    """A record that its source retracted."""

    status, name, title = 410, "retracted", "The source has retracted this record; its versions are kept"


class Erased(Problem):
    """A record, or a version of it, that was erased; what is sent was recorded before that."""

    status, name = 410, "erased"
    title = "This record was erased; take it out of what you send: only what is recorded after the erasure is taken"


class Stale(Problem):
    """A later version is held; nothing to do for the sender."""

    status, name = 409, "older-than-held"
    title = "A later version of this record is held; it was delivered, do not send it again"


class ClosedByData(Problem):
    """A finding that the data have closed: nothing is left to explain."""

    status, name = 409, "closed-by-data"
    title = "The last quality run did not find this any more; there is nothing left to explain"


class NotSigned(Problem):
    """A sign-off that cannot be prepared, signed or reopened as things stand."""

    status, name, title = 409, "not-signed", "This cannot be signed off as things stand"


class PreconditionFailed(Problem):
    """If-Match names another version than the one held."""

    status, name, title = 412, "version-differs", "The version held is not the one that If-Match names"


class TooSlow(Problem):
    """A body that was too long in coming; nothing was kept."""

    status, name, retryable = 408, "too-slow", True
    title = "The body was too long in coming; nothing of it was kept; try again over a better line, or in smaller parts"


class TooLarge(Problem):
    """A body over the limit; nothing was kept."""

    status, name, title = 413, "too-large", "The body is over the limit; nothing of it was kept"


class UnsupportedMediaType(Problem):
    """A content type that the call does not take."""

    status, name, title = 415, "unsupported-media-type", "This call does not take that Content-Type"


class Invalid(Problem):
    """A record, or a batch, that breaks rules that refuse."""

    status, name, title = 422, "validation", "The record breaks rules that refuse it"


class IdempotencyKeyReused(Problem):
    """A key that another batch was sent under."""

    status, name = 422, "idempotency-key-reused"
    title = "This Idempotency-Key was sent with another batch, or with other parameters; use a new key for each batch"


class TooManyRequests(Problem):
    """More requests than the limit allows, or too many wrong secrets of one client; nothing was kept."""

    status, name, retryable = 429, "too-many-requests", True
    title = "Requests of this source come too fast; nothing of this one was kept: wait as long as Retry-After says"

    def __init__(self, wait_seconds: float = 1, title: str = "") -> None:
        super().__init__(title, headers={"Retry-After": str(ceil(wait_seconds))})


class Unavailable(Problem):
    """The store cannot be reached now; trying again will help.

    Whether anything was kept is not known where the connection broke at the commit.
    """

    status, name, retryable = 503, "unavailable", True
    title = "The service cannot reach its store just now; try again: nothing is kept twice"

    def __init__(self, title: str = "", **rest: Any) -> None:
        super().__init__(title, headers={"Retry-After": "5"}, **rest)


class StoreBehind(Exception):
    """The store no longer has what an export of its audit signed: it was restored, or somebody cut it."""


class UnreadableExport(Exception):
    """A file of an audit's export that is not what an export writes; the message is its name."""


ALL: tuple[type[Problem], ...] = (
    Problem,
    BadRequest,
    PurposeRequired,
    Unauthorised,
    UnknownClient,
    Forbidden,
    NotFound,
    NotAllowed,
    Gone,
    Erased,
    Stale,
    ClosedByData,
    NotSigned,
    PreconditionFailed,
    TooSlow,
    TooLarge,
    UnsupportedMediaType,
    Invalid,
    IdempotencyKeyReused,
    TooManyRequests,
    Unavailable,
)
