"""What the OpenAPI description says of bodies and answers; the answers themselves are made by hand."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from quality.rule import Severity
from schemas.explanation import ExplanationBody
from schemas.record import Family, Item
from schemas.registry import BY_NAME, FAMILIES
from schemas.retraction import RetractionBody
from schemas.sign_off import ReopeningBody, SignatureBody, SignOffBody
from services.api.requests import PAGING

REF = "#/components/schemas/"
VALIDATE = {
    "name": "validate",
    "in": "query",
    "description": "Only say what would become of it; nothing is kept but a batch's report.",
    "schema": {"const": "only"},
}
ATOMIC = {
    "name": "atomic",
    "in": "query",
    "description": "Any line rejected, and nothing of the batch is kept.",
    "schema": {"const": "true"},
}


RANGE = {
    "parameters": [
        {"name": "family", "in": "query", "required": True, "schema": {"type": "string"}},
        {"name": "from", "in": "query", "description": "The first id of the range.", "schema": {"type": "string"}},
        {"name": "to", "in": "query", "description": "The last id of the range.", "schema": {"type": "string"}},
    ],
    "requestBody": {
        "required": True,
        "description": 'What the sender holds in that range, one line a record: {"source_id", "sha256"}; up to 100,000 '
        "lines and 32 MiB.",
        "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
    },
}


IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The sender's own key of this batch: sent again within 7 days, it gets the first answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


class RemarkBody(BaseModel):
    """One thing wrong, or worth knowing, at one place of a record."""

    pointer: str
    code: str
    rule: str | None = None
    detail: str
    hint: str | None = None
    allowed: str | None = None


class ProblemBody(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    instance: str
    retryable: bool
    detail: str | None = None
    errors: list[RemarkBody]
    warnings: list[RemarkBody]


_PROBLEM = {"model": ProblemBody, "content": {"application/problem+json": {"schema": {"$ref": REF + "ProblemBody"}}}}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that a call may answer with."""
    return dict.fromkeys(statuses, _PROBLEM)


OPEN_PROBLEMS = problems(400, 404, 503)
PROBLEMS = problems(400, 401, 403, 404, 503)
QUALITY_PROBLEMS = problems(400, 401, 403, 404, 408, 409, 413, 415, 422, 503)
WRITE_PROBLEMS = problems(400, 401, 403, 404, 408, 409, 412, 413, 415, 422, 503)


class Answer(BaseModel):
    """The body of a success."""

    @classmethod
    def answers(cls) -> dict[int | str, dict[str, Any]]:
        return {200: {"model": cls}, **PROBLEMS, **problems(410)}


class Put(Answer):
    """What became of a record."""

    result: str
    version: int
    sha256: str
    child: str | None
    link: str | None = None
    warnings: list[RemarkBody]

    @classmethod
    def answers(cls) -> dict[int | str, dict[str, Any]]:
        return {200: {"model": cls}, 201: {"model": cls}, **WRITE_PROBLEMS}


class RecordAnswer(Answer):
    """A record as it is held; a version that retracted it has `retraction` instead of `record`."""

    source: str
    family: str
    source_id: str
    version: int
    sha256: str
    child: str | None
    received_at: str
    record: dict[str, Any] | None = None
    retraction: dict[str, Any] | None = None


class BatchAnswer(Answer):
    """What became of a batch."""

    batch: str
    counts: dict[str, int]
    results_url: str

    @classmethod
    def answers(cls) -> dict[int | str, dict[str, Any]]:
        return {200: {"model": cls}, **problems(400, 401, 403, 404, 408, 413, 415, 422, 503)}


class DigestAnswer(Answer):
    """What is held of a family, in short."""

    count: int
    digest: str


class DifferencesAnswer(Answer):
    """Ids that the sender holds and Kith does not, that differ, and that only Kith holds."""

    missing: list[str]
    different: list[str]
    extra: list[str]

    @classmethod
    def answers(cls) -> dict[int | str, dict[str, Any]]:
        return {200: {"model": cls}, **PROBLEMS, **problems(413, 415, 422)}


class Page(Answer):
    """A page of a list."""

    items: list[dict[str, Any]]
    next: int | str | None


class FindingAnswer(Answer):
    """A finding, and what happened to it."""

    id: int
    rule: str
    severity: str
    agency: str
    source: str
    family: str
    source_id: str
    pointer: str
    fields: list[str]
    detail: str
    hint: str
    state: str
    explanation: dict[str, Any] | None
    first_seen: str
    last_seen: str
    changed_since_run: bool
    history: list[dict[str, Any]]

    @classmethod
    def written(cls) -> dict[int | str, dict[str, Any]]:
        return {200: {"model": cls}, **QUALITY_PROBLEMS}


class RunAnswer(Answer):
    """A quality run, and what became of each rule in it."""

    run: int
    started_at: str
    today: str
    statuses: dict[str, int]
    results: list[dict[str, Any]]


class SignOffAnswer(Answer):
    """A sign-off with its snapshot, and whether anything was received since that it would not cover."""

    id: int
    agency: str
    state: str
    families: list[str]
    covers_from: str
    covers_to: str
    as_at: str
    digest: str
    prepared: dict[str, Any]
    signed: dict[str, Any] | None
    reopened: dict[str, Any] | None
    changed_since: bool
    changes: dict[str, int]
    snapshot: dict[str, Any]

    @classmethod
    def written(cls, status: int = 200) -> dict[int | str, dict[str, Any]]:
        return {status: {"model": cls}, **QUALITY_PROBLEMS}


class TokenAnswer(Answer):
    """An access token."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str

    @classmethod
    def answers(cls) -> dict[int | str, dict[str, Any]]:
        return {200: {"model": cls}, **problems(400, 401, 408, 413, 415, 503)}


def body_of(family: Family) -> dict[str, Any]:
    """The request body of a put of that family."""
    schema = {"$ref": REF + family.contract.__name__}
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    return {"requestBody": body, "parameters": [VALIDATE]}


def _body(contract: type[Item]) -> dict[str, Any]:
    schema = {"$ref": REF + contract.__name__}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


SAID: tuple[type[Item], ...] = (RetractionBody, ExplanationBody, SignOffBody, SignatureBody, ReopeningBody)
"""Bodies that are no record."""
RETRACTION, EXPLANATION, SIGN_OFF, SIGNATURE, REOPENING = map(_body, SAID)


def _asked(**values: Any) -> dict[str, Any]:
    """A list's own parameters, beside those of every list."""
    own = [{"name": name, "in": "query", "schema": schema} for name, schema in values.items()]
    return {"parameters": [*own, *PAGING["parameters"]]}


WANTED_FINDINGS = _asked(
    state={"enum": ["open", "explained", "closed_by_data", "any"], "default": "open"},
    rule={"type": "string"},
    severity={"enum": [severity.value for severity in Severity]},
    family={"enum": list(BY_NAME)},
    source={"type": "string"},
    agency={"type": "string"},
)
WANTED_SIGN_OFFS = _asked(agency={"type": "string"})


def contract_schemas() -> dict[str, Any]:
    """The JSON Schemas of every contract, of their parts and of what is said beside records, by name."""
    posted: list[type[Item]] = [*(family.contract for family in FAMILIES), *SAID]
    _, described = models_json_schema([(each, "validation") for each in posted], ref_template=REF + "{model}")
    found: dict[str, Any] = described["$defs"]
    return found


def schema_of(family: Family) -> dict[str, Any]:
    """The JSON Schema of one family's record."""
    schema = family.contract.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "x-family": family.name}
