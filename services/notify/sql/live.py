"""Statements on how far messages to residents go, and on what tells whether facts still hold."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.notify.gate import Mode
from shared.db import Tx
from shared.policy import Channel

SWITCHES_LOCK = 0x6C697665  # one for all municipalities: changes are rare


async def note_alive(tx: Tx, said_at: datetime) -> None:
    """Note when triage was last heard of (real time)."""
    await tx.execute(
        """
        insert into triage_alive (said_at) values ($1)
        on conflict (only_one) do update set said_at = greatest(triage_alive.said_at, $1)
        """,
        said_at,
    )


async def load_alive(tx: Tx) -> datetime | None:
    """When triage was last heard of (real time)."""
    found: datetime | None = await tx.fetchval("select said_at from triage_alive")
    return found


async def note_replica(tx: Tx, replica_id: UUID, now: datetime) -> None:
    """Note that a running notify works (real time), over a connection that it keeps."""
    await tx.execute(
        """
        insert into replica (id, backend_pid, seen_at) values ($1, pg_backend_pid(), $2)
        on conflict (id) do update set backend_pid = pg_backend_pid(), seen_at = $2
        """,
        replica_id,
        now,
    )


async def has_silent_replica(tx: Tx, since: datetime, until: datetime) -> bool:
    """Whether a notify that is connected still was last seen between these instants."""
    found: bool = await tx.fetchval(
        """
        select exists (
          select from replica join pg_stat_activity on pid = backend_pid
          where seen_at between $1 and $2)
        """,
        since,
        until,
    )
    return found


async def forget_replicas(tx: Tx, before: datetime) -> None:
    """Forget those that were last seen before an instant."""
    await tx.execute("delete from replica where seen_at < $1", before)


async def load_modes(tx: Tx, municipalities: Collection[str]) -> dict[tuple[str, Channel], Mode]:
    """The mode of each municipality and channel that has one; the others are off."""
    rows = await tx.fetch(
        """
        select distinct on (municipality, channel) municipality, channel, mode from live_mode
        where municipality = any($1::text[]) order by municipality, channel, id desc
        """,
        list(municipalities),
    )
    return {(row["municipality"], Channel(row["channel"])): Mode(row["mode"]) for row in rows}


@dataclass(frozen=True)
class Change:
    """Who changed something, and why."""

    by: str
    reason: str
    at: datetime


async def insert_mode(
    tx: Tx, municipality: str, channel: Channel, mode: Mode, change: Change
) -> None:
    """Let messages to residents go so far from now on."""
    await tx.execute(
        """
        insert into live_mode (municipality, channel, mode, changed_by, reason, changed_at)
        values ($1, $2, $3, $4, $5, $6)
        """,
        municipality,
        channel.value,
        mode.value,
        change.by,
        change.reason,
        change.at,
    )


async def is_all_stopped(tx: Tx) -> bool:
    """Whether the one switch stops all messages to residents."""
    found: bool | None = await tx.fetchval(
        "select is_stopped from stop_switch order by id desc limit 1"
    )
    return bool(found)


async def insert_switch(tx: Tx, change: Change, *, is_stopped: bool) -> None:
    """Stop all messages to residents, or let them go again."""
    await tx.execute(
        """
        insert into stop_switch (is_stopped, changed_by, reason, changed_at)
        values ($1, $2, $3, $4)
        """,
        is_stopped,
        change.by,
        change.reason,
        change.at,
    )


async def replace_guests(
    tx: Tx, municipality: str, contacts: Sequence[str], change: Change
) -> None:
    """Let these, and nobody else, have messages while a channel is for guests; who was stays."""
    await tx.execute(
        "delete from guest where municipality = $1 and contact <> all($2::text[])",
        municipality,
        list(contacts),
    )
    await tx.execute(
        """
        insert into guest (municipality, contact, added_by, added_at)
        select $1, contact, $3, $4 from unnest($2::text[]) as told (contact) order by contact
        on conflict do nothing
        """,
        municipality,
        list(contacts),
        change.by,
        change.at,
    )
    await tx.execute(
        """
        insert into guests_change (municipality, guests, changed_by, reason, changed_at)
        values ($1, $2, $3, $4, $5)
        """,
        municipality,
        len(contacts),
        change.by,
        change.reason,
        change.at,
    )


async def list_guests(tx: Tx, municipality: str) -> list[dict[str, Any]]:
    """The guests of a municipality."""
    rows = await tx.fetch(
        """
        select contact, added_by, added_at from guest where municipality = $1
        order by contact limit 1000
        """,
        municipality,
    )
    return [dict(row) for row in rows]


async def hold_switches(tx: Tx) -> None:
    """Let nobody else change how far messages go, until the end of this transaction."""
    await tx.execute("select pg_advisory_xact_lock($1)", SWITCHES_LOCK)


async def list_switches(tx: Tx) -> list[dict[str, Any]]:
    """Every turn of the one switch, the newest first."""
    rows = await tx.fetch(
        """
        select is_stopped, changed_by, reason, changed_at from stop_switch
        order by id desc limit 200
        """
    )
    return [dict(row) for row in rows]


async def load_guests(tx: Tx, municipalities: Collection[str]) -> set[tuple[str, str]]:
    """The guests of municipalities."""
    rows = await tx.fetch(
        "select municipality, contact from guest where municipality = any($1::text[])",
        list(municipalities),
    )
    return {(row["municipality"], row["contact"]) for row in rows}


async def count_sent(tx: Tx, municipalities: Collection[str], since: datetime) -> Mapping[str, int]:
    """How many messages went to residents since an instant, by municipality."""
    rows = await tx.fetch(
        """
        select municipality, count(*) as n from alert join case_file using (case_id)
        where recipient_role = 'resident' and state in ('sent', 'delivered', 'unknown')
          and alert.changed_at >= $2 and municipality = any($1::text[])
        group by 1
        """,
        list(municipalities),
        since,
    )
    return {row["municipality"]: row["n"] for row in rows}


async def list_waiting_cases(tx: Tx, case_ids: Collection[UUID]) -> set[UUID]:
    """Those of these cases of which an event waits, or was put aside for a person."""
    ids = list(case_ids)
    rows = await tx.fetch(
        """
        select id from unnest($1::uuid[], $2::bytea[]) as told (id, text)
        where exists (select from waiting where position(text in body) > 0)
        """,
        ids,
        [f'"{one}"'.encode() for one in ids],
    )
    return {row["id"] for row in rows}


async def list_municipalities(tx: Tx) -> list[str]:
    """The municipalities of which a mode was ever set."""
    rows = await tx.fetch(
        "select distinct municipality from live_mode order by municipality limit 1000"
    )
    return [row["municipality"] for row in rows]


async def list_modes(tx: Tx, municipality: str) -> list[dict[str, Any]]:
    """Every change of how far messages go, the newest first."""
    rows = await tx.fetch(
        """
        select channel, mode, changed_by, reason, changed_at from live_mode
        where municipality = $1 order by id desc limit 200
        """,
        municipality,
    )
    return [dict(row) for row in rows]
