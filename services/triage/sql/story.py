"""Statements that tell a household's, case's or signal's way."""

from typing import Any
from uuid import UUID

from shared.db import Tx


async def find_household(tx: Tx, wanted: str) -> UUID | None:
    """The household by its own id, or by that of a case, a signal, another fact or an alert."""
    household_id: UUID | None = await tx.fetchval(
        """
        select id from household where id::text = $1
        union all select household_id from household_case where id::text = $1 or reference = $1
        union all select household_id from signal where id::text = $1
        union all select household_id from fact where id::text = $1
        union all select household_id from household_case
          where id = (select case_id from alert_log where alert_id::text = $1 limit 1)
        limit 1
        """,
        wanted,
    )
    return household_id


async def list_case_ids(tx: Tx, household_id: UUID) -> list[UUID]:
    """The cases of a household, oldest first."""
    rows = await tx.fetch(
        "select id from household_case where household_id = $1 order by opened_at limit 100",
        household_id,
    )
    return [row["id"] for row in rows]


async def list_reports(tx: Tx, household_id: UUID) -> list[dict[str, Any]]:
    """Signals and facts of a household, with what became of each signal."""
    rows = await tx.fetch(
        """
        select id, 'signal' as kind, partner_id, received_at as at, reported_on, arrears_cents,
          null::timestamptz as happens_at,
          array(select status from signal_status where signal_id = signal.id order by status_no)
            as statuses
        from signal where household_id = $1
        union all
        select id, kind, partner_id, received_at, reported_on, null, at, '{}'
        from fact where household_id = $1
        order by at limit 1000
        """,
        household_id,
    )
    return [dict(row) for row in rows]


async def list_work(tx: Tx, case_ids: list[UUID]) -> list[dict[str, Any]]:
    """What was decided, assigned, answered, planned and tried in cases, in order."""
    rows = await tx.fetch(
        """
        select decided_at as at, revision, 'decided' as what,
          jsonb_build_object('track', track, 'priority', priority, 'reason', reason,
            'fired', fired, 'failed', failed) as details
        from decision where case_id = any($1::uuid[])
        union all
        select assigned_at, revision, 'assigned', jsonb_build_object('who', assignee_id,
          'reason', reason)
        from assignment where case_id = any($1::uuid[])
        union all
        select answered_at, revision, answer, jsonb_build_object('who', assignee_id,
          'reason', reason)
        from assignment_answer where case_id = any($1::uuid[])
        union all
        select visit_change.changed_at, visit_change.revision, 'visit ' || what,
          jsonb_build_object('who', changed_by, 'starts_at', visit_change.starts_at)
        from visit_change join visit on visit.id = visit_id where case_id = any($1::uuid[])
        union all
        select recorded_at, 0, 'attempt', jsonb_build_object('who', recorded_by, 'kind', kind,
          'part_of_day', part_of_day, 'was_reached', was_reached)
        from contact_attempt where case_id = any($1::uuid[])
        union all
        select at, 0, 'alert ' || what, jsonb_build_object('who', recipient_id,
          'template', template, 'reason', reason)
        from alert_log where case_id = any($1::uuid[])
        union all
        select given_at, 0, 'replied ' || answer, '{}'
        from resident_reply where case_id = any($1::uuid[])
        order by at, revision limit 2000
        """,
        case_ids,
    )
    return [dict(row) for row in rows]


async def count_cases(tx: Tx) -> dict[str, int]:
    """The figures of the start page."""
    row = await tx.fetchrow(
        """
        select (select count(*) from household) as households,
          (select count(*) from household_case where is_open) as open_cases,
          (select count(*) from household_case where is_open and track = 'legal') as legal_cases,
          (select count(*) from household_case where is_open and answer = 'awaited') as unanswered
        """
    )
    assert row is not None
    return dict(row)
