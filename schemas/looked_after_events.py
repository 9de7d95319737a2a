"""Looked-after events: what happened to a looked-after child, worked out, never typed.

One event for the start, for each change and for the end of a care episode. Its
kind follows from what changed: the set of legal reasons in force (with their
measures), the placement, the carer (list `looked_after_event_kinds`).
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, TypeVar

from schemas.codelists import code_list
from schemas.fields import Code, OnDate, Role, Text
from schemas.record import Item

if TYPE_CHECKING:
    from schemas.families.care_episodes import CareEpisode, LegalReason, Placement

T = TypeVar("T")
LegalState = tuple[str, frozenset[str]]
"""A power, and the measures that go with it."""


class LookedAfterEvent(Item):
    """One start, change or end in a period of being looked after, worked out from the care episode."""

    kind: Annotated[str, Code("looked_after_event_kinds")]
    """What changed: S start, L, P, T, B or U change, E end."""
    happened_on: OnDate
    """When it happened."""
    care_reason: Annotated[str, Code("care_reasons")] | None = None
    """For a start, why the child came into care."""
    change_reason: Annotated[str, Code("change_reasons")] | None = None
    """For a move, why where the child is cared for changed."""
    legal_change_reason: Annotated[str, Code("legal_change_reasons")] | None = None
    """For a legal change, why."""
    end_reason: Annotated[str, Code("end_reasons")] | None = None
    """For an end, why the child ceased to be looked after."""
    is_planned: bool | None = None
    """Whether it was planned; empty where neither the code nor the source says."""
    decided_by_role: Role | None = None
    """The role of who decided."""
    child_view: Text = None
    """What the child thinks of it."""
    child_view_method: Annotated[str, Code("child_view_methods")] | None = None
    """How the child's view was given."""
    previous_placement_type: Annotated[str, Code("placement_types")] | None = None
    """The kind of placement before."""
    placement_type: Annotated[str, Code("placement_types")] | None = None
    """The kind of placement from then on; empty at the end."""


@dataclass(frozen=True)
class Move:
    """From one placement to the next."""

    left: "Placement"
    joined: "Placement"

    @property
    def same_carer(self) -> bool:
        """Whether the carer stayed the same; two unknown carers are not the same."""
        said_so = self.left.change_reason in code_list("change_reasons").flagged("same_carer")
        return said_so or (self.left.carer is not None and self.left.carer == self.joined.carer)


def looked_after_events(episode: "CareEpisode") -> Sequence[LookedAfterEvent]:
    """The events of one care episode, in order of date; those of one day in the order they are worked out."""
    return sorted([_start(episode), *_changes(episode), *_end(episode)], key=lambda event: event.happened_on)


def _start(episode: "CareEpisode") -> LookedAfterEvent:
    return LookedAfterEvent.model_construct(
        kind=kind_of(starts=True),
        happened_on=episode.started_on,
        care_reason=episode.primary_reason,
        decided_by_role=episode.decided_by_role,
        child_view=episode.child_view,
        child_view_method=episode.child_view_method,
        placement_type=_in_order(episode)[0].type,
    )


def _end(episode: "CareEpisode") -> Iterator[LookedAfterEvent]:
    last = _in_order(episode)[-1]
    if episode.ended_on is not None:
        yield LookedAfterEvent.model_construct(
            kind=kind_of(ends=True),
            happened_on=episode.ended_on,
            end_reason=episode.end_reason,
            is_planned=planned("end_reasons", episode.end_reason),
            decided_by_role=last.decided_by_role,
            child_view=last.child_view,
            child_view_method=last.child_view_method,
            previous_placement_type=last.type,
        )


def _changes(episode: "CareEpisode") -> Iterator[LookedAfterEvent]:
    in_order = _in_order(episode)
    moves = [Move(left, joined) for left, joined in pairwise(in_order)]
    moved = _by_day((move.joined.started_on, move) for move in moves)
    behind = _legal_behind(episode)
    last_day = episode.ended_on or date.max
    legal = {on for on in _legal_changes(episode) if episode.started_on < on < last_day}
    for on in sorted(legal | moved.keys()):
        todays = moved.get(on, [])
        for move in todays[:-1]:
            yield _moved(on, move, ended_legal=None)
        ended_legal = behind[on] if on in legal else None
        yield _moved(on, todays[-1], ended_legal) if todays else _legal_only(in_order, on, ended_legal)


def _moved(on: date, move: Move, ended_legal: "LegalReason | None") -> LookedAfterEvent:
    left = move.left
    settled = planned("change_reasons", left.change_reason)
    return LookedAfterEvent.model_construct(
        kind=kind_of(legal_changed=ended_legal is not None, placement_changed=True, carer_changed=not move.same_carer),
        happened_on=on,
        change_reason=left.change_reason,
        legal_change_reason=ended_legal.change_reason if ended_legal else None,
        is_planned=left.is_planned if settled is None else settled,
        decided_by_role=left.decided_by_role,
        child_view=left.child_view,
        child_view_method=left.child_view_method,
        previous_placement_type=left.type,
        placement_type=move.joined.type,
    )


def _legal_only(in_order: Sequence["Placement"], on: date, behind: "LegalReason | None") -> LookedAfterEvent:
    begun = bisect_right(in_order, on, key=lambda placement: placement.started_on)
    lived_in = in_order[begun - 1].type if begun else None
    return LookedAfterEvent.model_construct(
        kind=kind_of(legal_changed=True),
        happened_on=on,
        legal_change_reason=behind.change_reason if behind else None,
        previous_placement_type=lived_in,
        placement_type=lived_in,
    )


def kind_of(**what: bool) -> str:
    """The kind of event, from what changed, starts or ends."""
    for code, row in code_list("looked_after_event_kinds").rows.items():
        if all((row[name] == "true") == what.get(name, False) for name in EVENT_FLAGS):
            return code
    raise LookupError(f"no kind of event for {what}")


EVENT_FLAGS = ("starts", "ends", "legal_changed", "placement_changed", "carer_changed")


def planned(codelist: str, code: str | None) -> bool | None:
    """Whether a reason settles that the change was planned; None where it does not."""
    if code is None:
        return None
    return {"true": True, "false": False}.get(code_list(codelist).rows[code]["is_planned"])


def _in_order(episode: "CareEpisode") -> list["Placement"]:
    return sorted(episode.placements, key=lambda one: (one.started_on, one.ended_on or date.max))


def _legal_changes(episode: "CareEpisode") -> Iterator[date]:
    """The days on which other powers, or other measures of them, were in force than the day before."""
    in_force: Counter[LegalState] = Counter()
    steps = _by_day(_steps(episode))
    for on in sorted(steps):
        before = {state: in_force[state] > 0 for state, _ in steps[on]}
        for state, step in steps[on]:
            in_force[state] += step
        if any(is_so != (in_force[state] > 0) for state, is_so in before.items()):
            yield on


def _steps(episode: "CareEpisode") -> Iterator[tuple[date, tuple[LegalState, int]]]:
    """When each legal reason came into force (1) and ceased to be (-1); one of no day's length never was."""
    for legal in episode.legal_reasons:
        state = (legal.legal_reason, frozenset(legal.measures))
        if legal.ended_on is None or legal.ended_on > legal.started_on:
            yield legal.started_on, (state, 1)
            if legal.ended_on is not None:
                yield legal.ended_on, (state, -1)


def _legal_behind(episode: "CareEpisode") -> dict[date, "LegalReason"]:
    """The legal reason whose change reason explains each day: one that ended, else one that began."""
    ended = [(legal.ended_on, legal) for legal in episode.legal_reasons if legal.ended_on]
    began = [(legal.started_on, legal) for legal in episode.legal_reasons]
    days = _by_day([*ended, *began])
    return {on: min(legals, key=lambda legal: legal.change_reason is None) for on, legals in days.items()}


def _by_day(dated: Iterable[tuple[date, T]]) -> dict[date, list[T]]:
    found: dict[date, list[T]] = {}
    for on, each in dated:
        found.setdefault(on, []).append(each)
    return found
