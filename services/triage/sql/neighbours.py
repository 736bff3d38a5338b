"""Statements on who lives in a building, and what people decided about who belongs together."""

from uuid import UUID

import asyncpg

from services.triage.addresses import Building
from shared.db import Tx

HOUSEHOLDS_MAX = 500  # of one building: a tower with a suffix for each door


async def list_neighbours(tx: Tx, building: Building) -> list[asyncpg.Record]:
    """The households of a building of which something is known now, by suffix and period."""
    return await tx.fetch(
        """
        select household.id, suffix, nullif(since, '-infinity') as since,
          (select coalesce(jsonb_agg(jsonb_build_object('id', signal.id, 'partner_id', partner_id,
             'partner_kind', partner_kind, 'contract', contract, 'reported_on', reported_on,
             'tenancy_start', tenancy_start, 'surname', surname, 'surname_infix', surname_infix,
             'initials', initials, 'born_on', birth_date, 'match_reason', match_reason,
             'is_match_uncertain', is_match_uncertain) order by reported_on, signal.id), '[]')
           from signal where household_id = household.id) as signals,
          (select coalesce(jsonb_agg(jsonb_build_object('id', fact.id, 'kind', kind,
             'partner_id', partner_id, 'contract', contract, 'reported_on', reported_on)
             order by reported_on, fact.id), '[]')
           from fact where household_id = household.id and recorded_by = '') as facts,
          (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'reference', reference,
             'is_open', is_open, 'assignee_id', assignee_id) order by opened_at, id), '[]')
           from household_case where household_id = household.id) as cases
        from household join address on address.id = address_id
        where municipality = $1 and postcode = $2 and house_number = $3
          and (exists (select from signal where household_id = household.id)
            or exists (select from fact where household_id = household.id))
        order by suffix, since, household.id limit $4
        """,
        *building,
        HOUSEHOLDS_MAX,
    )


async def list_verdicts(tx: Tx, building: Building) -> list[asyncpg.Record]:
    """What people decided about a building, also what was undone, in order."""
    return await tx.fetch(
        """
        select id, kind, fact_ids, reason, made_by, made_at, undone_by, undone_at, undone_reason,
          array(select distinct household_id from (
            select id, household_id from signal union all select id, household_id from fact)
            as report where report.id = any(fact_ids) order by household_id) as household_ids
        from verdict where municipality = $1 and postcode = $2 and house_number = $3
        order by made_at, id limit 1000
        """,
        *building,
    )


async def is_multi_let(tx: Tx, building: Building) -> bool:
    """Whether rooms of a building are let apart."""
    found: bool | None = await tx.fetchval(
        """
        select is_multi_let from building
        where municipality = $1 and postcode = $2 and house_number = $3
        """,
        *building,
    )
    return bool(found)


async def find_moved_to(tx: Tx, household_id: UUID) -> UUID | None:
    """Whose its reports became, of a household of which nothing is known any more."""
    found: UUID | None = await tx.fetchval(
        "select moved_to from household where id = $1", household_id
    )
    return found
