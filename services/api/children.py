"""What may be seen of a child: merged across sources, scoped by who asks, on the log before it leaves."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from schemas.codelists import code_list
from schemas.fields import is_agency
from schemas.registry import BY_NAME, FAMILIES
from services.access.asker import Asker
from services.access.refusals import refusals_logged
from services.api.answers import answer
from services.api.asking import ASKING, asks
from services.api.described import CURSOR, AboutAnswer, ChronologyAnswer, ItemsAnswer, PlanAnswer, SummaryAnswer
from services.api.requests import PAGING, limit_of, paging, the_logbook, the_store
from services.children import looked_after, looks, plans
from services.children.chronology import MULTI, SINGLE, chronology
from services.children.looking import Look, look
from services.children.reading import Asked, Cursor, Json, listed
from services.children.summary import summary
from services.errors import BadRequest
from services.store.audit import Act
from services.store.engine import Store

router = APIRouter(prefix="/v1/children", tags=["children"])
ChildId = Annotated[str, Path(description="The opaque id of the child")]
EVERYTHING = tuple(family.name for family in FAMILIES if family.is_about_child)
DRAWN_ON = tuple(dict.fromkeys(["chronologies", *(row["family"] for row in code_list("system_events").rows.values())]))
"""The families that a chronology draws on."""
PAGED, CHOSEN = ("limit", "after"), ("view", "agency")
"""The parameters of a list, and those of a chronology beside them."""


@dataclass(frozen=True)
class View:
    """One thing that can be seen of a child: its place in the address, how it is read, and what it answers.

    `is_numbered`: its pages go on after a number, not after a cursor.
    """

    path: str
    look: Look
    answer: type[AboutAnswer]
    takes: tuple[str, ...] = PAGED
    is_numbered: bool = False


def _listing(family: str, happened: str) -> View:
    """A view that is a family's records themselves; `happened` is the column that says when."""
    show = partial(listed, family=family, happened=happened)
    show.__doc__ = f"The {BY_NAME[family].singular} records, the earliest first: each {BY_NAME[family].one_record_is}."
    return View(f"/{BY_NAME[family].segment}", Look(family, show, [family]), ItemsAnswer)


VIEWS = (
    View("", Look("child", summary, EVERYTHING), SummaryAnswer),
    View("/chronology", Look("chronology", chronology, DRAWN_ON), ChronologyAnswer, (*PAGED, *CHOSEN)),
    View("/plan", Look("plan", plans.single_plan, ["plans"]), PlanAnswer, ()),
    View("/plans", Look("plans", plans.list_of_plans, ["plans"]), ItemsAnswer),
    _listing("referrals", "received_at"),
    View("/looked-after-events", Look("looked_after_events", looked_after.events, ["care_episodes"]), ItemsAnswer),
    _listing("child_protection", "concern_on"),
    View("/team", Look("team", plans.team, ["plans"]), ItemsAnswer, ()),
    View("/access-log", Look("access_log", looks.access_log, []), ItemsAnswer, is_numbered=True),
)


def _add(view: View) -> None:
    @router.get(
        f"/{{child}}{view.path}",
        name=f"child_{view.look.name}" if view.path else "child",
        description=view.look.show.__doc__,
        responses=view.answer.answers(),
        openapi_extra={"parameters": [*ASKING, *_parameters(view)]},
    )
    async def read(
        request: Request,
        child: ChildId,
        asker: Annotated[Asker, Depends(asks("records.read", *view.takes, checks=(partial(_asked, view=view),)))],
    ) -> Response:
        asked, at = _asked(request, view, asker.owner.agency), datetime.now(UTC)
        body, act = await run_in_threadpool(_looked, the_store(request), asker, child, at, view.look, asked)
        await the_logbook(request)(act)
        return answer(body)


def _looked(store: Store, asker: Asker, child: str, at: datetime, what: Look, asked: Asked) -> tuple[Json, Act]:
    with refusals_logged(store, asker, what.name, child), store.snapshot() as connection:
        return look(connection, asker, child, at, what, asked)


def _asked(request: Request, view: View, own: str = "") -> Asked:
    """What is asked of a view, by somebody of their `own` agency; raises BadRequest."""
    if view.is_numbered:
        entry, limit = paging(request)
        return Asked(limit, entry=entry)
    given = request.query_params
    cursor = Cursor.read(given["after"], datetime.now(UTC)) if "after" in given else None
    chosen, agency = _chosen(given.get("view", MULTI), given.get("agency"), own)
    return Asked(limit_of(request), cursor, view=chosen, agency=agency)


def _chosen(view: str, agency: str | None, own: str) -> tuple[str, str | None]:
    """Which chronology, and whose where it is a single agency's; raises BadRequest."""
    if view not in (MULTI, SINGLE):
        raise BadRequest(f"The parameter view takes {MULTI} or {SINGLE}")
    if agency is not None and (view != SINGLE or not is_agency(agency)):
        raise BadRequest(f"The parameter agency takes the code of an agency, and view={SINGLE} with it")
    return view, (agency or own) if view == SINGLE else None


def _parameters(view: View) -> list[dict[str, Any]]:
    """What OpenAPI says of the parameters that a view takes."""
    known = {one["name"]: one for one in (*PAGING["parameters"], *CHOICE)} | ({} if view.is_numbered else CURSOR)
    return [known[name] for name in view.takes]


CHOICE: list[dict[str, Any]] = [
    {
        "name": "view",
        "in": "query",
        "description": "The chronology for sharing, or all that a single agency says.",
        "schema": {"enum": [MULTI, SINGLE], "default": MULTI},
    },
    {
        "name": "agency",
        "in": "query",
        "description": "Whose single-agency chronology; the asker's own where it is left out.",
        "schema": {"type": "string"},
    },
]

for one in VIEWS:
    _add(one)
