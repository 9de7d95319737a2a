"""The door: one record checked against its contract, the rules that refuse, and the clock.

Everything wrong is said at once: where the contract is broken somewhere, the
rules that do not read that part are tested all the same.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from quality.door import failures
from quality.functions import local_date
from quality.rule import Severity
from schemas.fields import SOURCE_ID
from schemas.record import Family, Record
from schemas.retraction import RetractionBody
from services.errors import Remark
from services.intake import remarks
from services.intake.sound_part import sound_part
from services.intake.strict_json import NotJson, canonical, sha256, without_blanks
from services.store.writing import Change, Put, Retraction

RESERVED = "digest"
LARGEST_RECORD = 1024 * 1024
AHEAD = timedelta(minutes=10)


@dataclass(frozen=True)
class Checked:
    """What the door says of one change: the change where nothing refuses it, and every remark."""

    change: Change | None
    errors: Sequence[Remark]
    warnings: Sequence[Remark]

    def in_short(self) -> "Checked":
        """The same with the first error and the first warning only."""
        return Checked(self.change, self.errors[:1], self.warnings[:1])


def check(family: Family, source_id: str, body: Any, at: datetime) -> Checked:
    """Check a parsed record at an instant."""
    form = _canonical_form(body)
    if isinstance(form, Remark):
        return Checked(None, [form], [])
    checked = _checked(family, source_id, without_blanks(body, form), form, at)
    problem = _source_id_problem(source_id)
    return Checked(None, [problem, *checked.errors], checked.warnings) if problem else checked


def check_retraction(family: Family, source_id: str, body: Any, at: datetime) -> Checked:
    """Check a parsed retraction at an instant; one that names no recorded_at is recorded when it is received."""
    form = _canonical_form(body)
    problem = form if isinstance(form, Remark) else _source_id_problem(source_id)
    if isinstance(form, Remark) or problem:
        return Checked(None, [problem] if problem else [], [])
    try:
        said = RetractionBody.model_validate(without_blanks(body, form))
    except ValidationError as error:
        return Checked(None, list(remarks.of_shape(family, error)), [])
    recorded_at = said.recorded_at or at
    if recorded_at > at + AHEAD:
        return Checked(None, [_in_the_future()], [])
    change = Retraction(family, source_id, recorded_at, said.replaced_by, form.decode(), sha256(form))
    return Checked(change, [], [])


def _canonical_form(body: Any) -> bytes | Remark:
    """The RFC 8785 form of an object of an allowed size, or what is wrong with it."""
    if not isinstance(body, dict):
        return remarks.of_rule("SH01", "", "malformed", "a record is one JSON object")
    try:
        form = canonical(body)
    except NotJson as error:
        return remarks.of_rule("SH01", "", "malformed", str(error))
    if len(form) > LARGEST_RECORD:
        return remarks.of_rule("SH06", "", "too-large", "a record is at most 1 MiB")
    return form


def _in_the_future() -> Remark:
    return remarks.of_rule("SH08", "/recorded_at", "in-the-future", "this is ahead of the service's clock")


def _checked(family: Family, source_id: str, body: dict[str, Any], form: bytes, at: datetime) -> Checked:
    try:
        record = family.contract.model_validate(body)
    except ValidationError as error:
        return _broken(family, body, error, at)
    rows = family.rows(record)
    errors, warnings = _by_severity(failures(family.name, rows, local_date(at)))
    errors = [*_record_errors(record, at), *errors]
    put = None if errors else Put(family, source_id, record, rows, form.decode(), sha256(form))
    return Checked(put, errors, warnings)


def _broken(family: Family, body: dict[str, Any], error: ValidationError, at: datetime) -> Checked:
    """A record that breaks its contract: what broke, and what else is wrong in the part that did not."""
    part = sound_part(family, body, error)
    errors, warnings = _by_severity(part.failures(local_date(at))) if part else ([], [])
    more = _record_errors(part.record, at) if part else []
    return Checked(None, [*remarks.of_shape(family, error), *more, *errors], warnings)


def _record_errors(record: Record, at: datetime) -> list[Remark]:
    """What refuses a record beside its shape and its family's rules: `absent`, and the clock."""
    errors = [remarks.of_absent(name, kind) for name, kind in record.wrongly_absent()]
    if record.recorded_at is not None and record.recorded_at > at + AHEAD:
        errors.append(_in_the_future())
    return errors


def _by_severity(found: Any) -> tuple[list[Remark], list[Remark]]:
    errors: list[Remark] = []
    warnings: list[Remark] = []
    for failure in found:
        refuses = failure.rule.severity is Severity.REJECT
        (errors if refuses else warnings).append(remarks.of_failure(failure))
    return errors, warnings


def _source_id_problem(source_id: str) -> Remark | None:
    if re.fullmatch(SOURCE_ID, source_id) and source_id != RESERVED:
        return None
    detail = "a source_id is 1 to 128 of A-Z a-z 0-9 . _ ~ : - and not the word digest"
    return remarks.of_rule("SH09", "", "bad-source-id", detail, "use the source's own id of the record")
