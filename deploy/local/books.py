"""What each party wrote down: the sender's journal, three databases, the gateway's store."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx

PAGE = 1000


@dataclass(frozen=True)
class Books:
    """What each party wrote down."""

    journal: Sequence[Mapping[str, Any]]
    signals: Mapping[str, Sequence[asyncpg.Record]]
    triage: Mapping[str, Sequence[asyncpg.Record]]
    notify: Mapping[str, Sequence[asyncpg.Record]]
    mails: Sequence[Mapping[str, Any]]
    notifications: Sequence[Mapping[str, Any]]  # SMS and letters


EVERYWHERE = {
    "waiting": "select queue, state, fault from waiting",
    "outbox": "select id from outbox",
    "inbox": "select queue, count(*) as n from inbox group by queue",
    "deadlock": "select deadlocks as n from pg_stat_database where datname = current_database()",
}
SIGNALS = {
    **EVERYWHERE,
    "event": "select fact_id, partner_id, source, event_id, times_seen, received_at from event",
    "refusal": "select partner_id, event_id, encode(body_hash, 'hex') as sha256, faults, times_seen"
    " from refusal",
    "status": "select fact_id, status_no, status from status where status_no is not null",
}
TRIAGE = {
    **EVERYWHERE,
    "report": "select id from signal union all select id from fact",
    # What an uncertain match holds back, no partner hears.
    "status": """
        select signal_id, status_no, status from signal_status
        where signal_id not in (select id from signal where is_match_uncertain)""",
    "household": """
        select household.id,
          (exists (select from signal where household_id = household.id and 'taken_up' = (
             select status from signal_status where signal_id = signal.id
             order by status_no desc limit 1))
           or exists (select from fact where household_id = household.id and kind in ('summons',
             'hearing_scheduled', 'judgment', 'eviction_scheduled', 'eviction_carried_out')))
            as is_taken_up,
          (select count(*) from household_case where household_id = household.id and is_open)
            as open_cases
        from household""",
    "case": "select id, household_id, revision, is_open, track, assignee_id, lead_id,"
    " weight_tenths, opened_at from household_case",
    "worker": "select id, role, load_tenths from worker",
    "assignment": "select case_id, assignee_id, assigned_at from assignment order by assigned_at",
    "step": "select case_id, kind, key, court, case_number, detail from legal_step",
    "visit_change": "select visit_id, what, starts_at, changed_at from visit_change"
    " order by changed_at, revision",
    "alert_log": "select alert_id, what from alert_log",
}
NOTIFY = {
    **EVERYWHERE,
    "case_file": "select case_id, revision, is_open, assignee_id from case_file",
    "alert": "select id, coalesce(intent, id) as intent, case_id, kind, key, template, state,"
    " due_at, message_id, recipient_id, recipient_role, channel,"
    " expires_at <= greatest(changed_at, asked_at) as was_over from alert",
    "attempt": "select alert_id, message_id, outcome from attempt",
}


async def read_books(journal: Path, urls: Mapping[str, str], gateway: str) -> Books:
    """Read everything. `urls` has the database of signals, triage and notify."""
    return Books(
        journal=read_journal(journal),
        signals=await _read_tables(urls["signals"], SIGNALS),
        triage=await _read_tables(urls["triage"], TRIAGE),
        notify=await _read_tables(urls["notify"], NOTIFY),
        **await _read_gateway(gateway),
    )


async def read_alert_books(database: str, gateway: str) -> Books:
    """Read those of notify and the gateway, where nobody else wrote any."""
    return Books(
        journal=(),
        signals={},
        triage={},
        notify=await _read_tables(database, NOTIFY),
        **await _read_gateway(gateway),
    )


def read_journal(path: Path) -> list[dict[str, Any]]:
    """What was sent, a line an event."""
    return [json.loads(line) for line in path.read_text().splitlines()]


async def _read_tables(url: str, queries: Mapping[str, str]) -> dict[str, Sequence[asyncpg.Record]]:
    connection = await asyncpg.connect(url, timeout=20)
    try:
        return {name: await connection.fetch(query) for name, query in queries.items()}
    finally:
        await connection.close()


async def _read_gateway(gateway: str) -> dict[str, list[dict[str, Any]]]:
    return {name: await _read_pages(gateway, name) for name in ("mails", "notifications")}


async def _read_pages(gateway: str, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    async with httpx.AsyncClient(base_url=gateway, timeout=60) as client:
        after = 0
        while True:
            answer = await client.get(f"/v1/{name}", params={"after": after, "limit": PAGE})
            answer.raise_for_status()
            page = answer.json()
            if not page[name]:
                return rows
            rows += page[name]
            after = page["next_after"]
