"""How far messages to residents go, by municipality and channel; guests; the one switch."""

from datetime import datetime

from fastapi import APIRouter

from services.notify.api.desk import (
    Contacts,
    Decision,
    Desk,
    Municipality,
    Ops,
    Shared,
    Told,
    as_contacts,
    policy_of,
)
from services.notify.gate import Mode, is_step
from services.notify.sql import live as live_sql
from shared import log
from shared.db import Tx
from shared.door import Follow
from shared.policy import Channel, Policy
from shared.web.problems import Problem

router = APIRouter(dependencies=[Ops], tags=["going live"])
logger = log.get()


class NewMode(Decision):
    """How far messages by this channel go from now on."""

    mode: Mode


class Switch(Decision):
    """Whether all messages to residents stop now."""

    is_stopped: bool


class Guests(Decision):
    """Who has messages while a channel is for guests; nobody else."""

    contacts: Contacts


class ModeChange(Told):
    """A change of how far messages go."""

    channel: Channel
    mode: Mode
    changed_by: str
    reason: str
    changed_at: datetime


class Modes(Told):
    """How far messages of a municipality go by each channel, and the last changes, newest first."""

    municipality: str
    modes: dict[Channel, Mode]
    history: list[ModeChange]


class Turn(Told):
    """A turn of the one switch."""

    is_stopped: bool
    changed_by: str
    reason: str
    changed_at: datetime


class Stop(Told):
    """Whether all messages to residents are stopped, and the last turns, newest first."""

    is_stopped: bool
    history: list[Turn]


class Guest(Told):
    """Somebody who has messages while a channel is for guests."""

    contact: str
    added_by: str
    added_at: datetime


class GuestList(Told):
    """The guests of a municipality."""

    municipality: str
    guests: list[Guest]


@router.get(
    "/municipalities/{municipality}/modes",
    operation_id="showModes",
    summary="How far messages to residents go",
)
async def show_modes(municipality: Municipality, desk: Shared) -> Modes:
    """`off`: none is made. `shadow`: all but the sending. `guests`: only to those on the list."""
    async with desk.core.pool.acquire() as connection:
        await policy_of(connection, desk, municipality)
        return await _modes(connection, municipality)


async def _modes(tx: Tx, municipality: str) -> Modes:
    now = await live_sql.load_modes(tx, [municipality])
    return Modes(
        municipality=municipality,
        modes={one: now.get((municipality, one), Mode.OFF) for one in Channel},
        history=[ModeChange(**row) for row in await live_sql.list_modes(tx, municipality)],
    )


@router.put(
    "/municipalities/{municipality}/modes/{channel}",
    operation_id="changeMode",
    summary="Let messages by a channel go further, or less far",
)
async def change_mode(
    municipality: Municipality, channel: Channel, body: NewMode, desk: Shared
) -> Modes:
    """Further by one step at a time: off, shadow, guests, live; back anywhere at once."""

    async def work(tx: Tx) -> tuple[Modes, Follow]:
        await live_sql.hold_switches(tx)
        policy = await policy_of(tx, desk, municipality)
        modes = await live_sql.load_modes(tx, [municipality])
        before = modes.get((municipality, channel), Mode.OFF)
        if before is not body.mode:
            if reason := _why_not(desk, policy, channel, before, body.mode):
                raise Problem(409, reason)
            await live_sql.insert_mode(tx, municipality, channel, body.mode, body.as_change())
        return await _modes(tx, municipality), ()

    told = await desk.core.door.transact(work)
    logger.warning(
        "live_mode_set", municipality=municipality, channel=channel.value, state=body.mode.value
    )
    return told


def _why_not(desk: Desk, policy: Policy, channel: Channel, of: Mode, to: Mode) -> str | None:
    """Why messages may not go so far now."""
    if not is_step(of, to):
        return f"It is `{of}` now: go on by one step at a time."
    if to in {Mode.GUESTS, Mode.LIVE} and not (desk.has_notifynl or channel is Channel.MAIL):
        return f"It is `{of}` now, and no account of NotifyNL is set up."
    if to in {Mode.GUESTS, Mode.LIVE} and not (desk.callback_token or channel is Channel.MAIL):
        return f"It is `{of}` now, and NotifyNL cannot tell what arrived: NOTIFYNL_CALLBACK_TOKEN."
    if to is Mode.LIVE and policy.notify.residents is None:
        return f"It is `{of}` now, and the policy does not say how residents are written to."
    return None


@router.get(
    "/municipalities/{municipality}/guests",
    operation_id="listGuests",
    summary="Who has messages while a channel is for guests",
)
async def list_guests(municipality: Municipality, desk: Shared) -> GuestList:
    """Numbers and mail addresses of colleagues who try it out."""
    async with desk.core.pool.acquire() as connection:
        await policy_of(connection, desk, municipality)
        rows = await live_sql.list_guests(connection, municipality)
    return GuestList(municipality=municipality, guests=[Guest(**row) for row in rows])


@router.put(
    "/municipalities/{municipality}/guests",
    operation_id="replaceGuests",
    summary="Say who has messages while a channel is for guests",
)
async def replace_guests(municipality: Municipality, body: Guests, desk: Shared) -> GuestList:
    """The whole list; an empty one takes everybody off. A number never stands in a URL."""
    contacts = as_contacts(body.contacts)

    async def work(tx: Tx) -> tuple[GuestList, Follow]:
        await live_sql.hold_switches(tx)
        await policy_of(tx, desk, municipality)
        await live_sql.replace_guests(tx, municipality, contacts, body.as_change())
        rows = await live_sql.list_guests(tx, municipality)
        return GuestList(municipality=municipality, guests=[Guest(**row) for row in rows]), ()

    told = await desk.core.door.transact(work)
    logger.warning("guests_set", municipality=municipality, count=len(contacts))
    return told


@router.get(
    "/stop", operation_id="showStop", summary="Whether all messages to residents are stopped"
)
async def show_stop(desk: Shared) -> Stop:
    """With who turned the switch, and why."""
    async with desk.core.pool.acquire() as connection:
        return await _stop(connection)


async def _stop(tx: Tx) -> Stop:
    turns = [Turn(**row) for row in await live_sql.list_switches(tx)]
    return Stop(is_stopped=bool(turns and turns[0].is_stopped), history=turns)


@router.put(
    "/stop", operation_id="changeStop", summary="Stop all messages to residents now, or no longer"
)
async def change_stop(body: Switch, desk: Shared) -> Stop:
    """Of every municipality, by every channel. What is held meanwhile goes only when released."""

    async def work(tx: Tx) -> tuple[Stop, Follow]:
        await live_sql.hold_switches(tx)
        if await live_sql.is_all_stopped(tx) is not body.is_stopped:
            await live_sql.insert_switch(tx, body.as_change(), is_stopped=body.is_stopped)
        return await _stop(tx), ()

    told = await desk.core.door.transact(work)
    logger.warning("stop_set", state="stopped" if body.is_stopped else "open")
    return told
