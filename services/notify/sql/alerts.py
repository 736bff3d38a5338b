"""Statements on alerts: scheduled, claimed, answered, told."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.notify.channels.answers import Answer
from services.notify.schedule import Alert
from shared.db import Tx
from shared.policy import Channel

COLUMNS = """
    alert.id, coalesce(intent, alert.id) as intent, case_id, kind, key, subject_revision, template,
    recipient_id, recipient_role, channel, due_at, expires_at, bundle, policy_sha256, state,
    decision, coalesce(sequence, subject_revision) as sequence, attempts_before,
    gateway_id is not null as was_taken
    """


async def load_alerts(tx: Tx, case_ids: Collection[UUID]) -> list[Alert]:
    """All alerts about cases, whatever became of them."""
    rows = await tx.fetch(
        f"""
        select {COLUMNS}, state = 'scheduled' and attempts > 0 and (
            select coalesce(outcome, 'unknown') = 'unknown' from attempt
            where alert_id = alert.id order by attempt_no desc limit 1) as may_be_out
        from alert where case_id = any($1::uuid[])
        """,  # noqa: S608 - a text of ours
        list(case_ids),
    )
    return [_as_planned(dict(row)) for row in rows]


def _as_planned(row: dict[str, Any]) -> Alert:
    """What waits to be looked up may have reached them: to a plan it is on its way."""
    may_be_out = row.pop("may_be_out")
    return as_alert({**row, "state": "claimed"} if may_be_out else row)


def as_alert(row: Mapping[str, Any] | asyncpg.Record) -> Alert:
    """An alert by its columns."""
    return Alert(**{**dict(row), "channel": Channel(row["channel"])})


async def insert_alerts(tx: Tx, alerts: Sequence[Alert], now: datetime) -> int:
    """Schedule alerts; how many were not there before."""
    status: str = await tx.execute(
        """
        insert into alert (id, case_id, kind, key, subject_revision, template, recipient_id,
          recipient_role, due_at, expires_at, bundle, policy_sha256, intent, channel, sequence,
          state, scheduled_at, changed_at, free_at)
        select *, 'scheduled', $16, $16, '-infinity' from unnest($1::uuid[], $2::uuid[], $3::text[],
          $4::uuid[], $5::int[], $6::text[], $7::text[], $8::text[], $9::timestamptz[],
          $10::timestamptz[], $11::text[], $12::text[], $13::uuid[], $14::text[], $15::int[])
        on conflict do nothing
        """,
        [alert.id for alert in alerts],
        [alert.case_id for alert in alerts],
        [alert.kind for alert in alerts],
        [alert.key for alert in alerts],
        [alert.subject_revision for alert in alerts],
        [alert.template for alert in alerts],
        [alert.recipient_id for alert in alerts],
        [alert.recipient_role for alert in alerts],
        [alert.due_at for alert in alerts],
        [alert.expires_at for alert in alerts],
        [alert.bundle for alert in alerts],
        [alert.policy_sha256 for alert in alerts],
        [alert.intent for alert in alerts],
        [alert.channel.value for alert in alerts],
        [alert.sequence for alert in alerts],
        now,
    )
    return int(status.rsplit(maxsplit=1)[-1])


async def supersede(tx: Tx, alert_ids: Collection[UUID], now: datetime) -> None:
    """Take back alerts that were not sent; one that was claimed meanwhile is left to the gate."""
    await tx.execute(
        """
        with mine as (select id from alert where id = any($1::uuid[]) order by id for update)
        update alert set state = 'superseded', changed_at = $2
        from mine where alert.id = mine.id and state in ('scheduled', 'held')
        """,
        sorted(alert_ids),
        now,
    )


@dataclass(frozen=True)
class Claimed:
    """An alert that this process may send now."""

    alert: Alert
    message_id: str | None  # of an earlier claim that ended without an answer
    attempt_no: int  # of the attempt that is made if the gate lets it through
    until: datetime  # end of the claim, real time; whose it is tells whose claim it is
    was_unanswered: bool = False  # it went out before, and nobody knows what became of it
    is_double: bool = False  # to a resident, who has its intent by another channel: not claimed


# A row that the index on intents forbids to claim is passed over, with a pause: it must not make
# the claim of all others fail.
_CLAIM = f"""
    with due as (
      select id, intent, state, recipient_role = 'resident' as is_to_resident
      from alert
      where state in ('scheduled', 'claimed') and due_at <= $1 and free_at <= $2
        and channel = any($5::text[])
      order by due_at, bundle, id limit $4 for update skip locked),
    told as (
      select id, is_to_resident and (
          row_number() over (partition by intent order by state = 'claimed' desc, id) > 1
          or exists (
            select from alert as other
            where other.intent = due.intent and other.id <> due.id
              and other.recipient_role = 'resident'
              and other.state in ('claimed', 'sent', 'delivered', 'unknown'))) as is_double,
        coalesce((
          select coalesce(outcome, 'unknown') = 'unknown' from attempt
          where alert_id = due.id order by attempt_no desc limit 1), false) as was_unanswered
      from due)
    update alert set state = case when is_double then alert.state else 'claimed' end,
      free_at = $3
    from told where alert.id = told.id
    returning {COLUMNS}, message_id, attempts, was_unanswered, is_double
    """  # noqa: S608 - a text of ours


async def claim_due(
    tx: Tx,
    now: datetime,
    real_now: datetime,
    until: datetime,
    limit: int,
    *,
    channels: Collection[Channel] = tuple(Channel),
) -> list[Claimed]:
    """Claim due alerts until `until` (real time), also those whose claim ended unanswered.

    A claim is no attempt: a service that is killed over and over with hundreds in hand uses up
    nobody's attempts.
    """
    names = [one.value for one in channels]
    claimed = []
    for row in await tx.fetch(_CLAIM, now, real_now, until, limit, names):
        fields = dict(row)
        own = {name: fields.pop(name) for name in ("message_id", "was_unanswered", "is_double")}
        attempt_no = fields.pop("attempts") + 1
        claimed.append(Claimed(as_alert(fields), attempt_no=attempt_no, until=until, **own))
    return sorted(claimed, key=lambda one: (one.alert.due_at, one.alert.id))


async def stop_doubles(
    tx: Tx, alert_ids: Collection[UUID], reason: str, now: datetime
) -> set[UUID]:
    """Stop alerts to residents of which another channel brought the intent; which of them."""
    rows = await tx.fetch(
        """
        update alert set state = 'stopped', reason = $2, changed_at = $3
        where id = any($1::uuid[]) and state = 'scheduled' and exists (
          select from alert as other
          where other.intent = alert.intent and other.id <> alert.id
            and other.recipient_role = 'resident'
            and other.state in ('sent', 'delivered', 'unknown'))
        returning id
        """,
        sorted(alert_ids),
        reason,
        now,
    )
    return {row["id"] for row in rows}


async def renew(tx: Tx, claimed: Sequence[Claimed], until: datetime) -> set[UUID]:
    """Prolong claims, and return the ids that are still ours: a slow sender loses its claim."""
    rows = await tx.fetch(
        """
        with mine as (
          select id from unnest($1::uuid[], $2::timestamptz[]) as held (held_id, until)
          join alert on alert.id = held_id and alert.free_at = until and state = 'claimed'
          order by id for update of alert)
        update alert set free_at = $3 from mine where alert.id = mine.id
        returning alert.id
        """,
        [one.alert.id for one in claimed],
        [one.until for one in claimed],
        until,
    )
    return {row["id"] for row in rows}


async def insert_attempts(
    tx: Tx, claimed: Sequence[Claimed], message_id: str, now: datetime
) -> None:
    """Note, before anything is sent, that these alerts go out as this mail."""
    ids = [one.alert.id for one in claimed]
    await tx.execute(
        """
        insert into attempt (alert_id, attempt_no, message_id, claimed_at)
        select alert_id, attempt_no, $3, $4
        from unnest($1::uuid[], $2::int[]) as claimed (alert_id, attempt_no)
        """,
        ids,
        [one.attempt_no for one in claimed],
        message_id,
        now,
    )
    await tx.execute(
        """
        update alert set message_id = $3, attempts = attempt_no
        from unnest($1::uuid[], $2::int[]) as claimed (alert_id, attempt_no)
        where id = alert_id
        """,
        ids,
        [one.attempt_no for one in claimed],
        message_id,
    )


async def save_answers(tx: Tx, claimed: Sequence[Claimed], answer: Answer, now: datetime) -> None:
    """Note what the gateway answered to these attempts, and which text it was."""
    await tx.execute(
        """
        update attempt set outcome = $3, answer = $4, answered_at = $5, text_version = $6
        from unnest($1::uuid[], $2::int[]) as mine (alert_id, attempt_no)
        where attempt.alert_id = mine.alert_id and attempt.attempt_no = mine.attempt_no
          and outcome is null
        """,
        [one.alert.id for one in claimed],
        [one.attempt_no for one in claimed],
        answer.outcome.value,
        answer.code,
        now,
        answer.text_version,
    )


async def settle(
    tx: Tx,
    alert_ids: Iterable[UUID],
    state: str,
    reason: str,
    now: datetime,
    *,
    gateway_id: str | None = None,
) -> list[UUID]:
    """End claimed alerts; the ids that were still ours to end."""
    rows = await tx.fetch(
        """
        with mine as (select id from alert where id = any($1::uuid[]) order by id for update)
        update alert set state = $2, reason = $3, changed_at = $4, gateway_id = $5
        from mine where alert.id = mine.id and state = 'claimed'
        returning alert.id
        """,
        sorted(alert_ids),
        state,
        reason,
        now,
        gateway_id,
    )
    return [row["id"] for row in rows]


async def postpone(
    tx: Tx, claimed: Sequence[Claimed], free_at: datetime, reason: str, *, counts: bool = True
) -> None:
    """Let claimed alerts come again after a pause (real time); unless it `counts`, as untried."""
    await tx.execute(
        """
        with mine as (
          select id, attempt_no from unnest($1::uuid[], $2::int[]) as claimed (alert_id, attempt_no)
          join alert on alert.id = alert_id and state = 'claimed'
          order by id for update of alert)
        update alert set state = 'scheduled', free_at = $3, reason = $4,
          attempts = case when $5 then attempt_no else attempts end
        from mine where alert.id = mine.id
        """,
        [one.alert.id for one in claimed],
        [one.attempt_no for one in claimed],
        free_at,
        reason,
        counts,
    )


async def take_apart(tx: Tx, alert_ids: Collection[UUID]) -> None:
    """Let alerts that were to go out as one message go each by itself."""
    await tx.execute(
        """
        with mine as (select id from alert where id = any($1::uuid[]) order by id for update)
        update alert set bundle = null, message_id = null
        from mine where alert.id = mine.id and state = 'scheduled'
        """,
        sorted(alert_ids),
    )


@dataclass(frozen=True)
class NewLink:
    """A link by which a resident answers an alert; only its hash is kept."""

    token_hash: bytes
    alert: Alert
    contact: str | None  # the number or mail address that the alert goes to; None: a letter


async def put_off_until(tx: Tx, alert_id: UUID, due_at: datetime, reason: str) -> None:
    """Let a claimed alert come again at another business instant; it was not tried."""
    await tx.execute(
        """
        update alert set state = 'scheduled', due_at = $2, reason = $3, free_at = '-infinity'
        where id = $1 and state = 'claimed'
        """,
        alert_id,
        due_at,
        reason,
    )


async def insert_links(tx: Tx, links: Sequence[NewLink], now: datetime) -> None:
    """Let residents answer alerts by a link."""
    await tx.execute(
        """
        insert into reply_link (token_hash, alert_id, case_id, contact, made_at)
        select *, $5 from unnest($1::bytea[], $2::uuid[], $3::uuid[], $4::text[])
        """,
        [link.token_hash for link in links],
        [link.alert.id for link in links],
        [link.alert.case_id for link in links],
        [link.contact for link in links],
        now,
    )


async def find_next_due(tx: Tx) -> datetime | None:
    """The business instant at which the next alert is due; past when one is due now."""
    due_at: datetime | None = await tx.fetchval(
        "select min(due_at) from alert where state in ('scheduled', 'claimed')"
    )
    return due_at


async def count_alerts(tx: Tx) -> dict[str, int]:
    """How many alerts there are, by state."""
    rows = await tx.fetch("select state, count(*) as n from alert group by state")
    states = (
        "scheduled", "claimed", "sent", "delivered", "superseded", "stopped", "failed", "unknown",
        "held", "shadowed",
    )  # fmt: skip
    return dict.fromkeys(states, 0) | {row["state"]: row["n"] for row in rows}


async def find_cases(tx: Tx, wanted: str) -> list[UUID]:
    """The cases that an id belongs to: a case, its reference, an alert or a mail."""
    rows = await tx.fetch(
        """
        select case_id from case_file where case_id::text = $1 or reference = $1
        union select case_id from alert where id::text = $1 or message_id = $1
        limit 20
        """,
        wanted,
    )
    return [row["case_id"] for row in rows]


async def list_story(tx: Tx, case_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """The alerts of cases, each with its attempts."""
    rows = await tx.fetch(
        """
        select id, template, recipient_id, recipient_role, due_at, state, reason, scheduled_at,
          changed_at, asked_at, message_id,
          (select coalesce(jsonb_agg(jsonb_build_object('claimed_at', claimed_at,
             'outcome', outcome, 'answer', answer, 'answered_at', answered_at,
             'message_id', attempt.message_id) order by attempt_no), '[]')
           from attempt where alert_id = alert.id) as attempts,
          (select coalesce(jsonb_agg(jsonb_build_object('received_at', received_at,
             'status', status) order by received_at), '[]')
           from receipt where alert_id = alert.id) as receipts
        from alert where case_id = any($1::uuid[]) order by scheduled_at, due_at limit 1000
        """,
        list(case_ids),
    )
    return [dict(row) for row in rows]
