"""What the OpenAPI description says of bodies and answers; the answers themselves are made by hand."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from quality.rule import Severity
from schemas.explanation import ExplanationBody
from schemas.record import Family, Item
from schemas.registry import BY_NAME, FAMILIES
from schemas.retraction import RetractionBody
from schemas.safeguards import BreakGlassBody, ReviewBody, SharingDecisionBody
from schemas.search import ChildSearch
from schemas.sign_off import ReopeningBody, SignatureBody, SignOffBody
from services.api.asking import ASKING
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
PROBLEMS = problems(400, 401, 403, 404, 429, 503)
BODY_PROBLEMS = problems(400, 401, 403, 404, 408, 413, 415, 422, 429, 503)
QUALITY_PROBLEMS = problems(400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 503)
WRITE_PROBLEMS = problems(400, 401, 403, 404, 408, 409, 412, 413, 415, 422, 429, 503)


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
        return {200: {"model": cls}, **BODY_PROBLEMS}


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


class GrantAnswer(Answer):
    """That a worker may see a child's records, and until when."""

    grant: str
    expires_at: str

    @classmethod
    def answers(cls) -> dict[int | str, dict[str, Any]]:
        return {201: {"model": cls}, **BODY_PROBLEMS}


class DecisionAnswer(Answer):
    """A decision on sharing as it is kept."""

    id: int
    at: str
    agency: str
    role: str
    purpose: str
    is_shared: bool
    shared_with: str
    shared_with_role: str | None
    what: str
    reason: str
    lawful_basis: str | None
    consent: str

    @classmethod
    def answers(cls) -> dict[int | str, dict[str, Any]]:
        return {201: {"model": cls}, **BODY_PROBLEMS}


class NoticeAnswer(Answer):
    """A notice to an agency's officers, and what they made of it."""

    id: int
    at: str
    kind: str
    child: str
    by_agency: str
    grant: str | None
    state: str
    note: str | None
    reviewed_at: str | None
    reviewed_by: str | None
    worker: str | None
    role: str | None
    purpose: str | None
    reason: str | None
    expires_at: str | None

    @classmethod
    def answers(cls) -> dict[int | str, dict[str, Any]]:
        return {200: {"model": cls}, **BODY_PROBLEMS}


class Freshness(BaseModel):
    """When an agency in sight last sent a record of a family about the child; a gap is no proof of calm."""

    agency: str
    agency_name: str
    family: str
    count: int
    last_recorded_at: str | None
    last_received_at: str | None
    days_silent: int | None
    is_gap: bool


class Ask(BaseModel):
    """Whom to ask."""

    agency: str
    name: str


class Withheld(BaseModel):
    """How many records of an agency stay behind, and whom to ask for them."""

    count: int
    ask: Ask


class AboutAnswer(Answer):
    """What may be seen of a child, and what may not."""

    child: str
    freshness: list[Freshness]
    withheld: list[Withheld]
    restriction: str
    left_out: list[str]
    """Classes of fields that the child's restriction leaves out."""

    @classmethod
    def answers(cls) -> dict[int | str, dict[str, Any]]:
        return {200: {"model": cls}, **PROBLEMS}


class ItemsAnswer(AboutAnswer):
    """A page of what is known, each item with its source agency and dates."""

    items: list[dict[str, Any]]
    next: int | str | None


class SummaryAnswer(ItemsAnswer):
    """The child as each source knows them, and the fields on which sources differ."""

    differs: list[str]


class ChronologyAnswer(ItemsAnswer):
    """A page of a chronology."""

    view: str


class PlanAnswer(AboutAnswer):
    """The single plan, and others that are in force beside it."""

    plan: dict[str, Any] | None
    others: list[dict[str, Any]]
    is_single: bool


class SearchAnswer(Answer):
    """What a search came to: match, review, many or none; the child only where it is a match."""

    status: str
    child: str | None

    @classmethod
    def answers(cls) -> dict[int | str, dict[str, Any]]:
        return {200: {"model": cls}, **problems(400, 401, 403, 408, 413, 415, 422, 429, 503)}


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
        return {200: {"model": cls}, **problems(400, 401, 408, 413, 415, 429, 503)}


def body_of(family: Family) -> dict[str, Any]:
    """The request body of a put of that family."""
    return takes(family.contract) | {"parameters": [VALIDATE]}


def takes(contract: type[Item]) -> dict[str, Any]:
    """What OpenAPI says of a call whose body is of that contract."""
    schema = {"$ref": REF + contract.__name__}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


SAID: tuple[type[Item], ...] = (RetractionBody, ExplanationBody, SignOffBody, SignatureBody, ReopeningBody)
RETRACTION, EXPLANATION, SIGN_OFF, SIGNATURE, REOPENING = map(takes, SAID)
POSTED: tuple[type[Item], ...] = (*SAID, ChildSearch, BreakGlassBody, ReviewBody, SharingDecisionBody)
"""The contracts of bodies that are no records."""
SEARCH = takes(ChildSearch) | {"parameters": ASKING}
CURSOR: dict[str, dict[str, Any]] = {
    "after": {
        "name": "after",
        "in": "query",
        "description": "The `next` of the page before; good for a day, in which the list stays as it was at first.",
        "schema": {"type": "string"},
    }
}


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
    """The JSON Schemas of every contract and of their parts, by name."""
    posted: list[type[Item]] = [*(family.contract for family in FAMILIES), *POSTED]
    _, described = models_json_schema([(each, "validation") for each in posted], ref_template=REF + "{model}")
    found: dict[str, Any] = described["$defs"]
    return found


def schema_of(family: Family) -> dict[str, Any]:
    """The JSON Schema of one family's record."""
    schema = family.contract.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "x-family": family.name}
