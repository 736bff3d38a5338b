"""Statements that forget cases, and that gather what is kept of them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.db import Tx


async def list_forgotten(tx: Tx, case_ids: Collection[UUID]) -> set[UUID]:
    """Those of these cases that were forgotten; what is told of them now is late."""
    if not case_ids:
        return set()
    rows = await tx.fetch(
        "select case_id from forgotten_case where case_id = any($1::uuid[])", list(case_ids)
    )
    return {row["case_id"] for row in rows}


async def forget_cases(tx: Tx, case_ids: Collection[UUID], now: datetime) -> None:
    """Forget cases, whose files are locked, with all that was or is to be sent; the ids stay."""
    ids = sorted(case_ids)
    await tx.execute(
        """
        insert into forgotten_case (case_id, forgotten_at)
        select id, $2 from unnest($1::uuid[]) as id order by id
        on conflict do nothing
        """,
        ids,
        now,
    )
    household_ids = await _hold_wishes(tx, ids)
    # Locked first: the sender may hold some of them, and ends before they go.
    await tx.execute(
        "select from alert where case_id = any($1::uuid[]) order by id for update", ids
    )
    await tx.execute(
        """
        with tried as (
          delete from attempt using alert
          where alert_id = alert.id and alert.case_id = any($1::uuid[])),
        arrived as (
          delete from receipt using alert
          where alert_id = alert.id and alert.case_id = any($1::uuid[])),
        decided as (delete from alert_decision where case_id = any($1::uuid[])),
        told as (delete from alert where case_id = any($1::uuid[])),
        about as (delete from subject where case_id = any($1::uuid[])),
        whom as (delete from resident where case_id = any($1::uuid[])),
        links as (delete from reply_link where case_id = any($1::uuid[])),
        answers as (delete from reply where case_id = any($1::uuid[]))
        delete from case_file where case_id = any($1::uuid[])
        """,
        ids,
    )
    await _forget_wishes(tx, household_ids)


async def _hold_wishes(tx: Tx, case_ids: Collection[UUID]) -> list[UUID]:
    """Lock what the households of cases asked, and return these households.

    So of two that forget cases of one household, the later one sees which was the last.
    """
    rows = await tx.fetch(
        "select distinct household_id from case_file where case_id = any($1::uuid[])", case_ids
    )
    household_ids = [row["household_id"] for row in rows]
    await tx.execute(
        "select from wishes where household_id = any($1::uuid[]) order by household_id for update",
        household_ids,
    )
    return household_ids


async def _forget_wishes(tx: Tx, household_ids: Collection[UUID]) -> None:
    """Forget what households asked that have no case any more; an opt-out outlives a case."""
    await tx.execute(
        """
        with alone as (
          select id from unnest($1::uuid[]) as id
          where not exists (select from case_file where household_id = id)),
        changed as (delete from wishes_change using alone where household_id = alone.id)
        delete from wishes using alone where household_id = alone.id
        """,
        household_ids,
    )


async def purge_forgotten(tx: Tx, before: datetime, limit: int) -> int:
    """Forget so many ids of cases that were forgotten before an instant; how many went."""
    status: str = await tx.execute(
        """
        delete from forgotten_case where case_id in (
          select case_id from forgotten_case where forgotten_at < $1
          order by case_id limit $2 for update skip locked)
        """,
        before,
        limit,
    )
    return int(status.rsplit(maxsplit=1)[-1])


async def gather(tx: Tx, case_ids: Collection[UUID]) -> list[dict[str, Any]]:
    """All that is kept of cases, under Dutch names; with the names that are not to be told."""
    rows = await tx.fetch(
        """
        select case_id as zaak, municipality as gemeente, reference as kenmerk, is_open as open,
          has_objection as bezwaar, assignee_id as behandelaar, lead_id as teamleider,
          jsonb_build_object(assignee_name, assignee_id, lead_name, lead_id)
            || (select coalesce(jsonb_object_agg(one->>'name', one->>'id'), '{}')
                from (select jsonb_array_elements(former) as one
                      union all select details->'second' from subject
                      where subject.case_id = case_file.case_id) as others
                where one->>'name' is not null) as namen,
          (select coalesce(jsonb_agg(jsonb_build_object('soort', kind, 'stand', state, 'op', at,
             'tot', ends_at, 'bijzonderheden', details #- '{second,email}')
             order by kind, at), '[]')
           from subject where subject.case_id = case_file.case_id) as onderwerpen,
          (select coalesce(jsonb_agg(jsonb_build_object('bericht', template,
             'aan', recipient_id, 'voor', due_at, 'stand', state, 'reden', reason,
             'ontvangst', (select coalesce(jsonb_agg(jsonb_build_object('op', received_at,
                'stand', status) order by received_at), '[]')
              from receipt where alert_id = alert.id),
             'besluiten', (select coalesce(jsonb_agg(jsonb_build_object('op', decided_at,
                'besluit', decision, 'reden', reason) order by id), '[]')
              from alert_decision where alert_id = alert.id),
             'pogingen', (select coalesce(jsonb_agg(jsonb_build_object('op', claimed_at,
                'uitkomst', outcome, 'antwoord', answer) order by attempt_no), '[]')
              from attempt where alert_id = alert.id)) order by due_at, alert.id), '[]')
           from alert where alert.case_id = case_file.case_id) as berichten
        from case_file where case_id = any($1::uuid[]) order by reference
        """,
        list(case_ids),
    )
    theirs = await _gather_of_residents(tx, case_ids)
    return [{**row, **theirs[row["zaak"]]} for row in rows]


async def _gather_of_residents(tx: Tx, case_ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    """How the household of each case is reached, what it answered, and what it asked of us."""
    rows = await tx.fetch(
        """
        select case_id,
          (select jsonb_build_object('naam', name, 'postcode', postcode,
             'huisnummer', house_number, 'letterEnToevoeging', suffix, 'telefoonnummer', phone,
             'email', email, 'taal', language, 'nagegaan', is_verified,
             'ookHuishoudens', kin)
           from resident where resident.case_id = case_file.case_id) as bewoner,
          (select coalesce(jsonb_agg(jsonb_build_object('op', given_at, 'antwoord',
             case answer when 'other_time' then 'graag een andere tijd'
               when 'not_me' then 'dit ben ik niet' when 'no_messages' then 'geen berichten meer'
               when 'call_me' then 'bel mij' end) order by given_at, id), '[]')
           from reply where reply.case_id = case_file.case_id) as antwoorden,
          (select coalesce(jsonb_agg(distinct contact), '[]')
           from reply_link where reply_link.case_id = case_file.case_id and contact is not null)
           as "berichtenGingenNaar",
          (select jsonb_build_object('geenBerichten', has_opted_out,
             'nummersEnAdressenVanAnderen', wrong_contacts,
             'eerstPer', case channel when 'mail' then 'e-mail' when 'letter' then 'brief'
               else channel end,
             'taal', language)
           from wishes where wishes.household_id = case_file.household_id) as wensen
        from case_file where case_id = any($1::uuid[])
        """,
        list(case_ids),
    )
    return {(told := dict(row)).pop("case_id"): told for row in rows}
