"""A child's plans, the single plan among them, and the team that they name."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.children.reading import Json, Reading, Shown, agency_name
from services.store import about_child
from services.store.about_child import Said

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Plan:
    """A plan about the child, as it was sent; `superseded_by`: the source's own id of the one in its place."""

    said: Said
    record: Json
    superseded_by: str | None
    is_current: bool

    @property
    def key(self) -> Key:
        return self.said.key


def list_of_plans(reading: Reading) -> Shown:
    """Every plan, the earliest first, each with whether it is current and which plan took its place."""
    held = {plan.said.seq: plan for plan in _plans(reading, reading.scope)}
    page, after = reading.page(plan.said for plan in held.values())
    items = [_told(reading, held[one.seq]) for one in page]
    return Shown({"items": items, "next": after}, items)


def single_plan(reading: Reading) -> Shown:
    """The plan in force, whole, with the plans that it took the place of.

    Where several plans are in force, of one agency or of several, `is_single` is false: the one agreed last is `plan`,
    the others stand in `others`, the one agreed last first.
    """
    plans = _plans(reading, reading.now)
    current = _in_force(plans)
    items = [_told(reading, plan) | {"replaces": list(_replaces(plan, plans))} for plan in current]
    body = {"plan": items[0] if items else None, "others": items[1:], "is_single": len(items) == 1}
    return Shown(body, items)


def team(reading: Reading) -> Shown:
    """The team around the child: everyone whom a plan in force names now, since when, and who says so."""
    members: dict[tuple[Any, ...], Json] = {}
    plans = [_told(reading, plan) for plan in _in_force(_plans(reading, reading.now))]
    for told in plans:
        for member in _members(told["record"], reading.today.isoformat()):
            known = members.setdefault(tuple(member.values()), _first_told(told, member))
            known["said_by"].append({name: told[name] for name in SAID_BY})
    items = list(members.values())
    return Shown({"items": items, "next": None}, items, drawn_on=plans)


SAID_BY = ("agency", "source", "source_id", "recorded_at", "received_at")


def _first_told(told: Json, member: Json) -> Json:
    """A member as the plan agreed last names them; the item's own agency is the one that says so."""
    said = {name: told[name] for name in ("agency", "agency_name", "source", "recorded_at", "received_at")}
    return said | {"happened_on": member["since"], "member": member, "said_by": []}


def _members(plan: Mapping[str, Any], today: str) -> Iterator[Json]:
    """Whom a plan names now: its lead professional, its named person, its partners."""
    for part in ("lead_professional", "named_person"):
        if plan.get(part):
            yield _member(part, plan[part])
    for partner in plan.get("partners") or ():
        if (partner.get("from_on") or "") <= today <= (partner.get("to_on") or today):
            yield _member("partner", partner)


def _member(part: str, named: Mapping[str, Any]) -> Json:
    agency = named.get("agency")
    told = {name: named.get(name) for name in ("role", "worker", "contact")}
    return {
        "part": part,
        "agency": agency,
        "agency_name": agency and agency_name(agency),
        **told,
        "since": named.get("from_on"),
    }


def _plans(reading: Reading, scope: about_child.Scope) -> list[Plan]:
    said = about_child.records(reading.connection, scope, "plans", "started_on")
    bodies = about_child.bodies(reading.connection, scope, said)
    today = reading.today.isoformat()
    started = [one for one in said if bodies[one.seq]["started_on"] <= today]
    in_place = {(one.agency, one.source, bodies[one.seq].get("supersedes")): one.source_id for one in started}
    return [_plan(one, bodies[one.seq], in_place.get(one.key), today) for one in said]


def _plan(said: Said, record: Json, superseded_by: str | None, today: str) -> Plan:
    """Days are compared as they are written: YYYY-MM-DD."""
    is_in_force = record["started_on"] <= today and (record.get("ended_on") or "9999") > today
    return Plan(said, record, superseded_by, is_in_force and superseded_by is None)


def _in_force(plans: Sequence[Plan]) -> list[Plan]:
    """The plans in force, the one agreed last first; one that was not agreed yet comes last."""
    current = [plan for plan in plans if plan.is_current]
    agreed = [(plan.record.get("agreed_on") or "", plan.said.place) for plan in current]
    return [plan for _, plan in sorted(zip(agreed, current, strict=True), key=lambda one: one[0], reverse=True)]


def _replaces(plan: Plan, plans: Sequence[Plan]) -> Iterator[Json]:
    """The plans that it took the place of, one after the other, the latest first; also where one is not held."""
    held = {one.key: one for one in plans}
    seen = {plan.key}
    replaced = plan.record.get("supersedes")
    while replaced and (key := (*plan.key[:2], replaced)) not in seen:
        seen.add(key)
        before = held.get(key)
        record = before.record if before else {}
        told = {name: record.get(name) for name in ("plan_type", "started_on", "agreed_on", "ended_on")}
        yield {"source_id": replaced, "is_held": before is not None} | told
        replaced = record.get("supersedes")


def _told(reading: Reading, plan: Plan) -> Json:
    return reading.told(plan.said, plan.record, is_current=plan.is_current, superseded_by=plan.superseded_by)
