"""plans: the child's plan for each duty, with its partners, actions and reviews.

A looked-after plan's reviews follow the placement (2009 Regulations, reg 45):
the clock starts again with each move; at home the frequency is agreed.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from random import Random

from quality.functions import months_after
from schemas.codelists import code_list
from seed.days import AS_OF, LAST_EVENT, between, days, due, later, working_day_from, working_day_to
from seed.histories.referrals import main_referral
from seed.identifiers import opaque
from seed.postings import Case, Posting, Record, id_of, posting, role_of
from seed.reference import Line, fits, grouped, happens, lines, pick
from seed.views import child_view, family_view, took_part

ADULT_AHEAD = 16
ORDINALS = {"girfec": 0, "cp": 10, "step_down": 20, "lac": 30, "pathway": 50, "csp": 60}


def records(case: Case, before: Sequence[Posting]) -> Iterator[Posting]:
    """The child's plans; `before` are the postings that they follow from."""
    if not case.story.has("plan") or case.story.is_quiet:
        return
    processes = [p.record for p in before if p.family == "child_protection"]
    registered = [process for process in processes if "registered_on" in process]
    episodes = [p for p in before if p.family == "care_episodes"]
    for place, process in enumerate(registered):
        yield from _protection_plans(case, process, place, is_last=process is processes[-1])
    if not registered and not episodes:
        yield _girfec(case, _started_after(case))
    for place, episode in enumerate(episodes):
        yield from _care_plans(_keeper(case, episode), episode, place)
    if case.person.support_needs and "education" in case.holders and happens("co_ordinated_plan", case.rng("csp")):
        yield from _co_ordinated(case)


def _keeper(case: Case, episode: Posting) -> Case:
    """The child as the council knows it that holds the episode."""
    return case.moved if case.moved and episode.source != case.holders["social_work"] else case


def _started_after(case: Case) -> date:
    assert case.story.concern_on is not None
    return min(LAST_EVENT, later(case.rng("plan start"), case.story.concern_on, 6, 24))


def _girfec(case: Case, started_on: date) -> Posting:
    """A child's plan of the named person or of social work, whichever leads."""
    rng = case.rng("girfec")
    kind = pick("plan_source", rng)
    kind = kind if kind in case.holders else "social_work"
    ended_on = later(rng, started_on, 90, 560)
    plan = _plan(case, "girfec", kind, started_on, ended_on if ended_on <= LAST_EVENT else None, rng)
    plan["reviews"] = list(_every(started_on, int(plan["review_every_months"]), plan.get("ended_on"), case, rng))
    _accept(plan, rng)
    return posting(case, kind, "plans", plan, rng, ORDINALS["girfec"])


def _accept(plan: Record, rng: Random) -> None:
    """The family's answer; a plan that the family refused is neither agreed nor acted on."""
    plan["consent"] = pick("plan_consent", rng)
    if plan["consent"] in code_list("plan_consents").flagged("allows_actions", "false"):
        for field in ("actions", "reviews", "agreed_on"):
            plan.pop(field, None)


def _protection_plans(case: Case, process: Record, place: int, is_last: bool) -> Iterator[Posting]:
    """The plan while registered, and for many a step-down plan after it."""
    rng = case.rng(f"cp plan {place}")
    plan = _plan(case, "cp", "social_work", process["registered_on"], process.get("deregistered_on"), rng)
    reviews = [m for m in process["meetings"] if m["type"] == "review"]
    plan["reviews"] = [_as_review(meeting, process, rng) for meeting in reviews]
    plan["consent"] = pick("plan_consent_protection", rng)
    yield posting(case, "social_work", "plans", plan, rng, ORDINALS["cp"] + place)
    if is_last and plan.get("ended_on") and plan["ended_on"] < LAST_EVENT - days(20) and case.story.care_on is None:
        yield _step_down(case, plan["ended_on"], place)


def _as_review(meeting: Record, process: Record, rng: Random) -> Record:
    """A review meeting as the plan holds it."""
    held: Record = {
        name: meeting[name] for name in ("due_on", "held_on", "late_reason", "child_took_part") if name in meeting
    }
    if "held_on" in held:
        last = held["held_on"] == process.get("deregistered_on")
        held["outcome"] = pick("last_review_outcome" if last else "review_outcome", rng)
        held.setdefault("child_took_part", pick("took_part_infant", rng))
    return held


def _step_down(case: Case, on: date, place: int) -> Posting:
    rng = case.rng("step down")
    ended_on = later(rng, on, 90, 240)
    plan = _plan(case, "girfec", "social_work", on, ended_on if ended_on <= LAST_EVENT else None, rng)
    plan["reviews"] = list(_every(on, int(plan["review_every_months"]), plan.get("ended_on"), case, rng))
    plan["supersedes"] = id_of(case.person, case.holders["social_work"], "plans", ORDINALS["cp"] + place)
    plan["consent"] = pick("plan_consent_accepted", rng)
    return posting(case, "social_work", "plans", plan, rng, ORDINALS["step_down"])


def _care_plans(case: Case, episode: Posting, place: int) -> Iterator[Posting]:
    """The looked-after child's plan and, from 16, the pathway plan."""
    rng, care = case.rng(f"lac plan {place}"), episode.record
    plan = _plan(case, "lac", "social_work", care["started_on"], care.get("ended_on"), rng)
    plan |= {"care_episode": episode.source_id, "consent": _care_consent(care, rng)}
    plan["reviews"] = list(_care_reviews(case, care, rng))
    yield posting(case, "social_work", "plans", plan, rng, ORDINALS["lac"] + place)
    ends = care.get("ended_on", LAST_EVENT)
    starts = max(care["started_on"], case.person.birthday(ADULT_AHEAD))
    if starts < ends - days(30):
        yield _pathway(case, episode, starts, place)


def _care_consent(care: Record, rng: Random) -> str:
    compulsory = code_list("legal_reasons").flagged("is_compulsory")
    is_compulsory = care["legal_reasons"][-1]["legal_reason"] in compulsory
    return pick("plan_consent_compulsory" if is_compulsory else "plan_consent_accepted", rng)


def _pathway(case: Case, episode: Posting, starts: date, place: int) -> Posting:
    rng = case.rng(f"pathway {place}")
    plan = _plan(case, "pathway", "social_work", starts, None, rng)
    plan |= {"care_episode": episode.source_id, "consent": pick("plan_consent_accepted", rng)}
    plan["lead_professional"] = _worker(case, "social_work", "pathway-coordinator", starts, rng)
    plan["reviews"] = list(_every(starts, 6, None, case, rng))
    referred_on = later(rng, starts, 60, 200)
    if referred_on <= LAST_EVENT and happens("adult_service", rng):
        plan["transition"] = _transition(referred_on, rng)
    return posting(case, "social_work", "plans", plan, rng, ORDINALS["pathway"] + place)


def _transition(referred_on: date, rng: Random) -> Record:
    accepted_on = later(rng, referred_on, 20, 90)
    transition: Record = {"adult_service": "Adult social work", "referred_on": referred_on}
    return transition | ({"accepted_on": accepted_on} if accepted_on <= LAST_EVENT else {})


def _co_ordinated(case: Case) -> Iterator[Posting]:
    """A co-ordinated support plan, which the education authority keeps."""
    rng = case.rng("csp")
    starts = max(case.person.birthday(6), AS_OF - days(rng.randint(120, 900)))
    if starts < LAST_EVENT - days(60) and case.person.age_on(starts) <= 16:
        plan = _plan(case, "csp", "education", starts, None, rng)
        plan |= {"consent": pick("plan_consent_accepted", rng), "review_every_months": 12}
        plan["reviews"] = list(_every(starts, 12, None, case, rng))
        yield posting(case, "education", "plans", plan, rng, ORDINALS["csp"])


def _plan(case: Case, plan_type: str, kind: str, started_on: date, ended_on: date | None, rng: Random) -> Record:
    """What every plan has, whatever its duty."""
    age = max(0, case.person.age_on(started_on))
    agreed_on = working_day_from(later(rng, started_on, 7, 30))
    parts = _parts(case, age, rng)
    role = role_of(kind, age, "leads")
    plan: Record = {
        "recorded_by_role": role,
        "plan_type": plan_type,
        "started_on": started_on,
        "reason": rng.choice(grouped("plan_reasons", "plan")[plan_type])["text"],
        "lead_professional": _worker(case, kind, role, started_on, rng),
        "partners": _partners(case, kind, started_on, ended_on, rng),
        "needs": [{"indicator": part["indicator"], "description": part["need"]} for part in parts],
        "actions": [_action(case, part, started_on, ended_on, rng) for part in parts],
        "review_every_months": rng.choice((3, 6, 6)),
        "advocacy": pick("advocacy", rng),
    }
    if agreed_on <= min(LAST_EVENT, ended_on or LAST_EVENT):
        plan["agreed_on"] = agreed_on
    if kind == "social_work" and plan_type != "pathway" and not case.is_moved:
        plan["referral"] = main_referral(case)
    plan |= _views(case, age, rng)
    return plan | ({"ended_on": ended_on, "end_reason": pick(f"plan_end_{plan_type}", rng)} if ended_on else {})


def _views(case: Case, age: int, rng: Random) -> Record:
    """The child's view or why there is none, and the family's."""
    view = child_view("plan", age, rng) if happens("view_in_plan", rng) else {}
    missing: Record = {} if view else {"absent": {"child_view": pick("absent_view", rng)}}
    return view | missing | (family_view("plan", rng) if happens("family_view_in_plan", rng) else {})


def _worker(case: Case, kind: str, role: str, from_on: date, rng: Random) -> Record:
    """A lead professional, by an opaque id; the telephone number is one set aside for fiction."""
    return {
        "worker": f"w-{opaque(case.person.seed, case.holders[kind].name, rng.randrange(60))}",
        "role": role,
        "agency": case.holders[kind].agency,
        "contact": f"01632 960{rng.randrange(1000):03}",
        "from_on": from_on,
    }


def _partners(case: Case, lead: str, from_on: date, to_on: date | None, rng: Random) -> list[Record]:
    """The agencies that take part: those that hold the child, but for the police."""
    age = max(0, case.person.age_on(from_on))
    until = {"to_on": to_on} if to_on else {}
    return [
        {"agency": source.agency, "role": role_of(kind, age, "takes_part"), "from_on": from_on} | until
        for kind, source in case.holders.items()
        if kind not in ("police", lead) and happens("partner", rng)
    ]


def _parts(case: Case, age: int, rng: Random) -> list[Line]:
    """One to three needs, each with its action, under different wellbeing indicators."""
    fitting = [row for row in lines("plan_parts") if fits(row, age)]
    chosen = rng.sample(fitting, min(len(fitting), rng.randint(1, 3)))
    return list({row["indicator"]: row for row in chosen}.values())


def _action(case: Case, part: Line, started_on: date, ended_on: date | None, rng: Random) -> Record:
    kind = part["owner_kind"] if part["owner_kind"] in case.holders else "social_work"
    role = part["owner_role"] if kind == part["owner_kind"] else role_of(kind, 0, "takes_part")
    owner = case.holders.get(kind) or next(iter(case.holders.values()))
    due_on = later(rng, started_on, 42, 180)
    action: Record = {
        "action": part["action"],
        "outcome_wanted": part["outcome_wanted"],
        "owner_agency": owner.agency,
        "owner_role": role,
        "due_on": due_on,
    }
    return action | _progress(due_on, started_on, ended_on, rng)


def _progress(due_on: date, started_on: date, ended_on: date | None, rng: Random) -> Record:
    """How an action stands: none is open on a plan that has ended, or long after it was due."""
    is_past = ended_on is not None or due_on < LAST_EVENT - days(20)
    status = pick("action_closed" if is_past else "action_open", rng)
    if status not in code_list("action_statuses").flagged("is_done"):
        return {"status": status}
    done_on = between(rng, started_on + days(7), min(due_on, ended_on or LAST_EVENT, LAST_EVENT))
    return {"status": status, "done_on": min(max(done_on, started_on), ended_on or LAST_EVENT, LAST_EVENT)}


def _every(start: date, months: int, end: date | None, case: Case, rng: Random) -> Iterator[Record]:
    """Reviews at an agreed frequency, from the start to the end or now."""
    last, until = start, end or LAST_EVENT
    while (due_on := months_after(last, months)) <= until:
        review = _review(case, due_on, rng)
        yield review
        last = review.get("held_on", LAST_EVENT)
    if end is None and last < LAST_EVENT:
        yield {"due_on": months_after(last, months)}


def _care_reviews(case: Case, care: Record, rng: Random) -> Iterator[Record]:
    """Reviews of each placement: the clock starts again with it; at home every six months, as agreed."""
    at_home = code_list("placement_types").flagged("is_at_home")
    for placement in care["placements"]:
        until = placement.get("ended_on", LAST_EVENT)
        steps = ["later_review"] if placement["type"] in at_home else ["placement_review", "second_review"]
        last = placement["started_on"]
        while (due_on := due(steps[0], last)) < until:
            review = _review(case, due_on, rng)
            yield review
            last = review.get("held_on", LAST_EVENT)
            steps = [*steps[1:], "later_review"][:2]
    if "ended_on" not in care and last < LAST_EVENT:
        yield {"due_on": due(steps[0], last)}


def _review(case: Case, due_on: date, rng: Random) -> Record:
    """A review that fell due: held in time, or late with a reason."""
    is_late = happens("review_late", rng)
    apart = rng.randint(1, 18)
    held_on = working_day_from(due_on + days(apart)) if is_late else working_day_to(due_on - days(apart // 2))
    if held_on > LAST_EVENT:
        return {"due_on": due_on}
    review: Record = {"due_on": due_on, "held_on": held_on, "outcome": pick("review_outcome", rng)}
    if is_late:
        review["late_reason"] = pick("late_reason", rng)
    age = max(0, case.person.age_on(held_on))
    return review | {"child_took_part": pick(took_part(age, rng), rng)}
