"""Statements on what stands in the file of one case, beside its line in a list."""

from uuid import UUID

import asyncpg

from shared.db import Tx

FILE = """
    select
      (select coalesce(jsonb_agg(to_jsonb(told) order by reported_on desc, signal_id), '[]')
       from (
         select distinct on (surname, surname_infix, initials, phone, email, language)
           id as signal_id, partner_id, reported_on, surname, surname_infix, initials,
           phone, email, language, is_match_uncertain
         from signal where household_id = $2
         order by surname, surname_infix, initials, phone, email, language,
           reported_on desc, id) as told) as contacts,
      (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'visit_id', visit_id,
         'kind', kind, 'part_of_day', part_of_day, 'attempted_at', attempted_at,
         'was_reached', was_reached, 'result', nullif(result, ''),
         'is_first_talk', is_first_talk, 'recorded_by', recorded_by)
         order by attempted_at, id), '[]')
       from contact_attempt where case_id = $1) as contact_attempts,
      (select coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'value', value,
         'stated_at', stated_at, 'recorded_by', recorded_by) order by stated_at, value), '[]')
       from need where household_id = $2) as needs,
      (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'answer', answer,
         'answered_on', answered_on, 'collection_paused_until', paused_until,
         'pause_ended_at', pause_ended_at, 'recorded_by', recorded_by)
         order by recorded_at, id), '[]')
       from help_answer where case_id = $1) as help_answers,
      (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'kind', kind,
         'with_whom', with_whom, 'held_on', held_on, 'outcome', outcome,
         'recorded_by', recorded_by) order by held_on, id), '[]')
       from consultation where case_id = $1) as consultations,
      (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'granted_on', day,
         'until', until, 'source', source, 'recorded_by', recorded_by)
         order by recorded_at, id), '[]')
       from fact where household_id = $2 and kind = 'moratorium') as moratoria,
      (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'answer', answer,
         'given_at', given_at) order by given_at, id), '[]')
       from resident_reply where case_id = $1) as resident_replies,
      (select coalesce(jsonb_agg(jsonb_build_object('assignee_id', assignee_id,
         'reason', reason, 'assigned_at', assigned_at) order by revision), '[]')
       from assignment where case_id = $1) as assignments
    """  # of case $1, of household $2


async def load_file(tx: Tx, case_id: UUID, household_id: UUID) -> asyncpg.Record:
    """Whom to ask for, what was tried, asked, answered, advised and granted, and why who has it."""
    row = await tx.fetchrow(FILE, case_id, household_id)
    assert row is not None
    return row
