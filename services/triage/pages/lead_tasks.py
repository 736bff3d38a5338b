"""What a person has to look at: whose signals these are, and other tasks."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.triage.api import households, neighbours, staff
from services.triage.api.households import MatchConfirmation, Merge, MultiLet, Split, Undoing
from services.triage.api.staff import Outcome
from services.triage.matches import Doubt
from services.triage.pages.desk import (
    At,
    PageLead,
    SignedForm,
    back_to,
    new_key,
    read_body,
    taking_of,
)
from services.triage.pages.lead import names_of, read_loads

router = APIRouter(include_in_schema=False)
Done = Annotated[str, Query(max_length=40)]

SHOWN = 100


class Taken(Undoing):
    """Which verdict is taken back, and why."""

    verdict_id: UUID


DOUBTS = frozenset(one.value for one in Doubt)


@router.get("/lead/tasks")
async def show_tasks(request: Request, desk: At, who: PageLead, done: Done = "") -> Response:
    """Uncertain matches apart from what can be closed with an outcome; the oldest first."""
    found = (await staff.list_tasks(who, desk.counter, SHOWN + 1)).tasks
    shown = found[:SHOWN]
    return desk.shell.page(
        request,
        "lead_tasks.html",
        doubts=[one for one in shown if one.kind in DOUBTS],
        others=[one for one in shown if one.kind not in DOUBTS],
        has_more=len(found) > SHOWN,
        shown=SHOWN,
        key=new_key(),
        done=done,
    )


@router.post("/lead/tasks/{task_id}")
async def close_task(
    request: Request, task_id: UUID, desk: At, who: PageLead, form: SignedForm
) -> Response:
    """What came of a task."""
    body = read_body(Outcome, form.filled("outcome"))
    await staff.close_task(task_id, body, taking_of(request, form, who, desk))
    return back_to("/lead/tasks", "closed")


@router.get("/lead/households/{household_id}")
async def show_household(
    request: Request, household_id: UUID, desk: At, who: PageLead, done: Done = ""
) -> Response:
    """A household beside its neighbours in the building, and what was decided about them."""
    told = await neighbours.show_household(household_id, who, desk.counter)
    names = names_of(await read_loads(who, desk.counter))
    return desk.shell.page(
        request, "lead_household.html", told=told, names=names, key=new_key(), done=done
    )


@router.post("/lead/households/{household_id}/merges")
async def merge_households(
    request: Request, household_id: UUID, desk: At, who: PageLead, form: SignedForm
) -> Response:
    """They are one household."""
    told: dict[str, Any] = {"household_id": form.one("other"), "reason": form.one("reason")}
    body = read_body(Merge, told)
    await households.merge_households(household_id, body, taking_of(request, form, who, desk))
    return back_to("/lead/tasks", "merged")


@router.post("/lead/households/{household_id}/splits")
async def split_household(
    request: Request, household_id: UUID, desk: At, who: PageLead, form: SignedForm
) -> Response:
    """Some signals are of other people."""
    told = {"signal_ids": form.all("signal"), "reason": form.one("reason")}
    body = read_body(Split, told)
    await households.split_household(household_id, body, taking_of(request, form, who, desk))
    return back_to("/lead/tasks", "split")


@router.post("/lead/households/{household_id}/match-confirmations")
async def confirm_match(
    request: Request, household_id: UUID, desk: At, who: PageLead, form: SignedForm
) -> Response:
    """The household is right as it is."""
    body = read_body(MatchConfirmation, form.filled("reason"))
    await households.confirm_match(household_id, body, taking_of(request, form, who, desk))
    return back_to("/lead/tasks", "as_is")


@router.post("/lead/households/{household_id}/multi-lets")
async def let_apart(
    request: Request, household_id: UUID, desk: At, who: PageLead, form: SignedForm
) -> Response:
    """Rooms of the building are let apart, or are not."""
    body = read_body(MultiLet, {"is_multi_let": form.one("is_multi_let") == "yes"})
    await households.let_apart(household_id, body, taking_of(request, form, who, desk))
    return back_to(f"/lead/households/{household_id}", "multi_let")


@router.post("/lead/households/{household_id}/undoings")
async def undo_verdict(
    request: Request, household_id: UUID, desk: At, who: PageLead, form: SignedForm
) -> Response:
    """Take a merge, split or confirmation back."""
    taken = read_body(Taken, form.filled("verdict_id", "reason"))
    body = Undoing(reason=taken.reason)
    await households.undo_verdict(taken.verdict_id, body, taking_of(request, form, who, desk))
    return back_to("/lead/tasks", "undone")
