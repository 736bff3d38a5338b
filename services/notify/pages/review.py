"""One alert that waits for a person: reviewed, then decided of; and what its household wants."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.notify.api import alerts, households
from services.notify.api.alerts import AlertDecision
from services.notify.api.households import NewWishes
from services.notify.pages import words
from services.notify.pages.desk import (
    At,
    LeadAccount,
    PageDesk,
    PageLead,
    SignedForm,
    back_to,
    read_decision,
)
from services.notify.pages.steps import decisions_of
from services.notify.sql import reviewing as review_sql
from services.notify.sql.reviewing import Reviewed
from shared.web.problems import Problem

router = APIRouter(include_in_schema=False)
Done = Annotated[str, Query(max_length=40)]


@router.get("/live/alerts/{alert_id}")
async def show_alert(
    request: Request, alert_id: UUID, desk: At, who: PageLead, done: Done = ""
) -> Response:
    """What it is, why it waits, and what may be decided."""
    alert = await _find(desk, who, alert_id)
    async with desk.api.core.pool.acquire() as connection:
        history = await review_sql.list_decisions(connection, alert_id)
    return desk.shell.page(
        request,
        "review.html",
        alert=alert,
        choices=decisions_of(alert.state),
        history=history,
        wishes=await _wishes(desk, alert),
        is_lead_of_case=alert.lead_id == who.id,
        done=done,
        words=words,
    )


async def _find(desk: PageDesk, who: LeadAccount, alert_id: UUID) -> Reviewed:
    """The alert; raises Problem for one of elsewhere, as for one that does not exist."""
    async with desk.api.core.pool.acquire() as connection:
        found = await review_sql.load_reviewed(connection, alert_id, who.municipality)
    if found is None:
        raise Problem(404, "There is no such alert.")
    return found


async def _wishes(desk: PageDesk, alert: Reviewed) -> households.HouseholdWishes | None:
    return (
        await households.show_wishes(alert.household_id, desk.api) if alert.household_id else None
    )


@router.post("/live/alerts/{alert_id}/decisions")
async def decide_alert(alert_id: UUID, desk: At, who: PageLead, form: SignedForm) -> Response:
    """Decide of this one alert."""
    alert = await _find(desk, who, alert_id)
    body = read_decision(AlertDecision, who, form.filled("decision", "reason"))
    if body.decision not in decisions_of(alert.state):
        raise Problem(409, "Somebody decided of this alert before you; nothing was changed.")
    await alerts.decide_alert(alert_id, body, desk.api)
    return back_to("/live", "decided")


@router.post("/live/alerts/{alert_id}/wishes")
async def change_wishes(alert_id: UUID, desk: At, who: PageLead, form: SignedForm) -> Response:
    """Note that the household of this alert wants no messages, or wants them again.

    Only for who leads the team that has the case. The rest of what it asked stays as it is.
    """
    alert = await _find(desk, who, alert_id)
    if alert.lead_id != who.id or alert.household_id is None:
        raise Problem(403, "Only the lead of the team that has the case does this.")
    wishes = await households.show_wishes(alert.household_id, desk.api)
    told = wishes.model_dump(by_alias=True, exclude={"household_id"})
    told |= {"hasOptedOut": form.one("to") == "none", **form.filled("reason")}
    body = read_decision(NewWishes, who, told)
    await households.change_wishes(alert.household_id, body, desk.api)
    return back_to(f"/live/alerts/{alert_id}", "wishes")
