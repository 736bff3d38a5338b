"""Going live: how far messages to residents go, the one switch, guests, and what waits."""

from datetime import time
from typing import Annotated, Any, cast

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.notify.api import alerts, going_live
from services.notify.api.alerts import WaitingAlert
from services.notify.api.desk import policy_of
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
from services.notify.pages.steps import STATES, Standing, ceiling_of, lines_of
from services.notify.sql import live as live_sql
from shared import clock
from shared.policy import Channel
from shared.workdays import at_hour

router = APIRouter(include_in_schema=False)
Done = Annotated[str, Query(max_length=40)]
ALERTS_MAX = 100  # of a state, on one page
# To stop is never held up by having to say why; to go on again is.
UNEXPLAINED = "stilgezet, zonder toelichting"


@router.get("/live")
async def show_live(request: Request, desk: At, who: PageLead, done: Done = "") -> Response:
    """How far messages go by each channel, on whose decision, and what waits for a person."""
    modes = await going_live.show_modes(who.municipality, desk.api)
    waiting = await _waiting(desk, who)
    return desk.shell.page(
        request,
        "live.html",
        municipality=await _name_of(desk, who),
        lines=lines_of(modes),
        history=modes.history,
        stop=await going_live.show_stop(desk.api),
        guests=(await going_live.list_guests(who.municipality, desk.api)).guests,
        standing=await _standing(desk, who),
        waiting=waiting,
        most=ALERTS_MAX,
        done=done,
        words=words,
    )


async def _name_of(desk: PageDesk, who: LeadAccount) -> str:
    async with desk.api.core.pool.acquire() as connection:
        return (await policy_of(connection, desk.api, who.municipality)).name


async def _waiting(desk: PageDesk, who: LeadAccount) -> dict[str, list[WaitingAlert]]:
    found = {}
    for state in STATES:
        told = await alerts.list_alerts(desk.api, cast(Any, state), who.municipality, ALERTS_MAX)
        found[state] = told.alerts
    return found


async def _standing(desk: PageDesk, who: LeadAccount) -> Standing:
    async with desk.api.core.pool.acquire() as connection:
        rules = (await policy_of(connection, desk.api, who.municipality)).notify.residents
        since = at_hour(clock.today(), time())
        sent = await live_sql.count_sent(connection, [who.municipality], since)
        minutes = int(rules.freshness_minutes.value) if rules else 0
        return Standing(
            ceiling=ceiling_of(sent, who.municipality, rules.daily_ceiling.value)
            if rules
            else None,
            alive_at=await live_sql.load_alive(connection),
            is_stale=await desk.freshness.is_stale(connection, minutes, patient=False),
            freshness_minutes=minutes,
        )


@router.post("/live/modes/{channel}")
async def change_mode(channel: Channel, desk: At, who: PageLead, form: SignedForm) -> Response:
    """Let messages by a channel go further, or less far."""
    body = read_decision(going_live.NewMode, who, form.filled("mode", "reason"))
    await going_live.change_mode(who.municipality, channel, body, desk.api)
    return back_to("/live", "mode")


@router.post("/live/stop")
async def change_stop(desk: At, who: PageLead, form: SignedForm) -> Response:
    """Stop all messages to residents now, or let them go again."""
    is_stopped = form.one("to") == "stopped"
    reason = form.one("reason") or (UNEXPLAINED if is_stopped else "")
    body = read_decision(going_live.Switch, who, {"isStopped": is_stopped, "reason": reason})
    await going_live.change_stop(body, desk.api)
    return back_to("/live", "stopped" if is_stopped else "going")


@router.post("/live/guests")
async def replace_guests(desk: At, who: PageLead, form: SignedForm) -> Response:
    """Say who has messages while a channel is for guests; one a line."""
    contacts = [one.strip() for one in form.one("contacts").splitlines() if one.strip()]
    body = read_decision(going_live.Guests, who, {"contacts": contacts, **form.filled("reason")})
    await going_live.replace_guests(who.municipality, body, desk.api)
    return back_to("/live", "guests")
