"""Statements that count for the monitor.

Each has one text for two scopes, a municipality and some households, so that what is counted before
a purge is to the last figure what was counted as long as it was there. Parameters: municipality or
household ids, and the first and last day.
"""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from services.triage.cases import BY_MERGE
from services.triage.counts import Counted, Measure, Period, refine
from shared.db import Tx

ALWAYS = Period(date.min, date.max)

# How a signal and the case it counts in belong together. A case that was closed because its
# household became another's is that other one's now.
_ITS_CASE = f"""
    left join household_case on household_case.household_id = signal.household_id
      and (household_case.id = signal.case_id or (signal.case_id is null and is_open))
      and closed_by is distinct from '{BY_MERGE}'
    """
_HAS_ATTEMPT = "exists (select from contact_attempt where case_id = household_case.id)"

_SIGNALS = f"""
    select municipality, month, jsonb_build_object('partner_kind', partner_kind, 'stage', stage)
      as facets, count(*) as count
    from (
      select address.municipality, date_trunc('month', reported_on)::date as month, partner_kind,
        case when 'taken_up' is distinct from (
            select status from signal_status where signal_id = signal.id
            order by status_no desc limit 1) then 'signalled'
          when help = 'accepted' then 'accepted'
          when was_reached or help = 'declined' then 'reached'
          when {_HAS_ATTEMPT} then 'attempted'
          else 'taken_up' end as stage
      from signal join address on address.id = signal.address_id {_ITS_CASE}
      where {{of_signals}} and reported_on between $2 and $3) as told
    group by municipality, month, partner_kind, stage
    """  # noqa: S608 - texts of ours

_CASES = f"""
    select municipality, month, jsonb_build_object('stage', stage) as facets, count(*) as count
    from (
      select municipality, date_trunc('month', opened_on)::date as month,
        case when help = 'accepted' then 'accepted'
          when was_reached or help = 'declined' then 'reached'
          when {_HAS_ATTEMPT} then 'attempted'
          else 'opened' end as stage
      from household_case
      where {{of_cases}} and opened_on between $2 and $3
        and closed_by is distinct from '{BY_MERGE}') as opened
    group by municipality, month, stage
    """  # noqa: S608 - texts of ours

_ATTEMPTS = """
    select municipality, month, jsonb_build_object('channel', kind, 'part_of_day', part_of_day,
      'stage', stage) as facets, count(*) as count
    from (
      select municipality, date_trunc('month', day)::date as month, kind, part_of_day,
        case when not contact_attempt.was_reached then 'attempted'
          when help = 'accepted' and contact_attempt.id = (
            select id from contact_attempt where case_id = household_case.id and was_reached
            order by attempted_at, id limit 1) then 'accepted'
          else 'reached' end as stage
      from contact_attempt join household_case on household_case.id = case_id
        cross join lateral (select (attempted_at at time zone 'Europe/Amsterdam')::date as day)
          as local
      where {of_cases} and day between $2 and $3) as made
    group by municipality, month, kind, part_of_day, stage
    """

# A case without a signal that counts, one of the legal path, is counted from its opening.
_FIRST = f"""
    select municipality, date_trunc('month', opened_on)::date as month,
      jsonb_build_object('since', coalesce(signalled_on, opened_on), 'until', until) as facets,
      count(*) as count
    from household_case
      cross join lateral (
        select (min(attempted_at) at time zone 'Europe/Amsterdam')::date as until
        from contact_attempt where case_id = household_case.id and {{counts}}) as first_attempt
      cross join lateral (
        select min(reported_on) as signalled_on from signal
        where signal.household_id = household_case.household_id
          and (signal.case_id = household_case.id or (signal.case_id is null and is_open))
          and (select status from signal_status where signal_id = signal.id
               order by status_no desc limit 1) not in ('repeated', 'unjustified', 'withdrawn'))
        as first_signal
    where {{of_cases}} and opened_on between $2 and $3 and until is not null
      and closed_by is distinct from '{BY_MERGE}'
    group by municipality, month, signalled_on, opened_on, until
    """  # noqa: S608 - texts of ours

# A term that was dropped in time never ended; one that was met late was missed.
_TERMS = """
    select municipality, month, jsonb_build_object('clock', clock, 'name', name,
      'outcome', outcome, 'due_on', case when outcome = 'running' then due_on end) as facets,
      count(*) as count
    from (
      select municipality, date_trunc('month', due_on)::date as month, clock, name, due_on,
        case when (met_at at time zone 'Europe/Amsterdam')::date <= due_on then 'met'
          when met_at is not null or missed_said_at is not null
            or (dropped_at at time zone 'Europe/Amsterdam')::date > due_on then 'missed'
          when dropped_at is null then 'running' end as outcome
      from deadline join household_case on household_case.id = case_id
      where {of_cases} and due_on between $2 and $3) as ended
    where outcome is not null
    group by municipality, month, clock, name, outcome,
      case when outcome = 'running' then due_on end
    """

# By court and case number: what two cases of a household say of one eviction, the later one says.
_EVICTIONS = f"""
    select municipality, date_trunc('month', day)::date as month,
      jsonb_build_object('outcome', outcome) as facets, count(*) as count
    from (
      select distinct on (household_id, lower(court), lower(case_number)) municipality,
        case state when 'done' then 'carried_out' when 'cancelled' then 'called_off'
          else 'standing' end as outcome,
        coalesce((
          select min(reported_on) from fact
          where fact.household_id = household_case.household_id
            and kind in ('eviction_scheduled', 'eviction_cancelled', 'eviction_unknown',
                         'eviction_carried_out')
            and (lower(fact.court), lower(fact.case_number))
              = (lower(legal_step.court), lower(legal_step.case_number))), opened_on) as day
      from legal_step join household_case on household_case.id = case_id
      where {{of_cases}} and kind = 'eviction' and closed_by is distinct from '{BY_MERGE}'
      order by household_id, lower(court), lower(case_number), opened_at desc) as told
    where day between $2 and $3
    group by municipality, month, outcome
    """  # noqa: S608 - texts of ours

# Once in each month; visited when somebody went by in a case in which a signal of the month counts.
_HOUSEHOLDS = f"""
    select municipality, month, jsonb_build_object('{{facet}}', {{facet}},
      'is_visited', is_visited) as facets, count(*) as count
    from (
      select address.municipality, date_trunc('month', reported_on)::date as month,
        left(min(postcode), 4) as district,
        extract(year from age(max(reported_on), max(birth_date)))::int as age,
        bool_or(exists (select from contact_attempt where case_id = household_case.id
                        and kind = 'Huisbezoek')) as is_visited
      from signal join address on address.id = signal.address_id {_ITS_CASE}
      where {{of_signals}} and reported_on between $2 and $3
      group by address.municipality, month, signal.household_id) as household
    group by municipality, month, {{facet}}, is_visited
    """  # noqa: S608 - texts of ours


def _scoped(of_signals: str, of_cases: str) -> dict[Measure, str]:
    """Every statement for one scope."""
    scope = {"of_signals": of_signals, "of_cases": of_cases}
    return {
        Measure.SIGNALS: _SIGNALS.format(**scope),
        Measure.CASES: _CASES.format(**scope),
        Measure.ATTEMPTS: _ATTEMPTS.format(**scope),
        Measure.FIRST_ATTEMPT: _FIRST.format(**scope, counts="true"),
        Measure.FIRST_REACHED: _FIRST.format(**scope, counts="was_reached"),
        Measure.TERMS: _TERMS.format(**scope),
        Measure.EVICTIONS: _EVICTIONS.format(**scope),
        Measure.BY_DISTRICT: _HOUSEHOLDS.format(**scope, facet="district"),
        Measure.BY_AGE: _HOUSEHOLDS.format(**scope, facet="age"),
    }


OF_MUNICIPALITY = _scoped("address.municipality = $1", "household_case.municipality = $1")
OF_HOUSEHOLDS = _scoped(
    "signal.household_id = any($1::uuid[])", "household_case.household_id = any($1::uuid[])"
)
STATEMENTS = (*OF_MUNICIPALITY.values(), *OF_HOUSEHOLDS.values())


async def load_counts(tx: Tx, municipality: str, period: Period, today: date) -> list[Counted]:
    """Everything that is counted of a municipality: what is there, and what was before a purge."""
    kept = await _load_kept(tx, municipality, period)
    return kept + await _count(tx, OF_MUNICIPALITY, municipality, period, today)


async def count_before_purge(tx: Tx, household_ids: Collection[UUID], today: date) -> None:
    """Keep the counts of households that this transaction is about to delete.

    Call it first, in the transaction that deletes everything of them, and with all households
    among which people moved signals together: figures then do not change by purging.
    """
    await _add(tx, await _count(tx, OF_HOUSEHOLDS, list(household_ids), ALWAYS, today))


async def _count(
    tx: Tx, statements: dict[Measure, str], scope: str | list[UUID], period: Period, today: date
) -> list[Counted]:
    rows = []
    for measure, statement in statements.items():
        for row in await tx.fetch(statement, scope, period.starts_on, period.ends_on):
            rows.append(Counted(row["municipality"], row["month"], measure, *row[2:]))
    return refine(rows, today)


async def _load_kept(tx: Tx, municipality: str, period: Period) -> list[Counted]:
    rows = await tx.fetch(
        """
        select municipality, month, measure, facets, count from monitor_count
        where municipality = $1 and month between $2 and $3
        """,
        municipality,
        period.starts_on,
        period.ends_on,
    )
    return [Counted(row[0], row[1], Measure(row[2]), *row[3:]) for row in rows]


async def _add(tx: Tx, rows: Sequence[Counted]) -> None:
    await tx.execute(
        """
        insert into monitor_count (municipality, month, measure, facets, count)
        select * from unnest($1::text[], $2::date[], $3::text[], $4::jsonb[], $5::bigint[])
        on conflict (municipality, month, measure, facets)
        do update set count = monitor_count.count + excluded.count
        """,
        [row.municipality for row in rows],
        [row.month for row in rows],
        [row.measure.value for row in rows],
        [dict(row.facets) for row in rows],
        [row.count for row in rows],
    )


async def count_purged_signals(tx: Tx, municipality: str, first_on: date, last_on: date) -> int:
    """How many signals were counted before a purge, in the months that these days lie in."""
    found: int = await tx.fetchval(
        """
        select coalesce(sum(count), 0)::bigint from monitor_count
        where municipality = $1 and measure = 'signals'
          and month between date_trunc('month', $2::date)::date and $3
        """,
        municipality,
        first_on,
        last_on,
    )
    return found
