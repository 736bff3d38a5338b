"""Statements on what is stored of households, as far as a simulation looks: nothing of who."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import asyncpg

from services.triage.reports import Fact, FactKind, Signal
from services.triage.rules import History
from services.triage.simulation.households import Standing, Team, Teams, Told
from shared.contracts.signals import PartnerKind
from shared.contracts.triage import Track
from shared.db import Tx

NOBODY = UUID(int=0)  # comes before every household


@dataclass(frozen=True)
class Period:
    """Of which municipality, and from which day on."""

    municipality: str
    since: date
    with_age: bool  # a policy of the trial may ask for an age band


HOUSEHOLDS = """
    select household.id, left(postcode, 4) as district, last_case.id as case_id,
      coalesce(reference, 'household ' || left(household.id::text, 8)) as name,
      coalesce(is_open, false) as is_open,
      case when confirmed_by is not null then track end as confirmed,
      coalesce(was_reached, false) as was_reached,
      (select count(*) from household_case
       where household_id = household.id and not household_case.is_open) as closed_cases,
      is_new
    from household join address on address.id = household.address_id
      left join lateral (
        select id, reference, is_open, confirmed_by, track, was_reached from household_case
        where household_id = household.id order by is_open desc, opened_at desc limit 1)
        as last_case on true
      cross join lateral (
        select exists (
            select from signal where household_id = household.id and reported_on >= $2)
          or exists (
            select from fact where household_id = household.id and reported_on >= $2)
          as is_new) as news
    where address.municipality = $1 and household.id > $3 and (is_open or is_new)
    order by household.id limit $4
    """


async def list_households(
    tx: Tx, period: Period, after: UUID, limit: int
) -> tuple[list[Told], UUID | None]:
    """Households with an open case, or of which something was reported in the period, by id.

    None beside them: there are no more.
    """
    rows = await tx.fetch(
        HOUSEHOLDS,
        period.municipality,
        period.since,
        after,
        limit,
    )
    ids = [row["id"] for row in rows]
    signals, facts = await _list_signals(tx, ids), await _list_facts(tx, ids)
    born = await _list_birth_dates(tx, ids) if period.with_age else {}
    households = [
        _told(row, signals.get(row["id"], []), facts.get(row["id"], []), born.get(row["id"], ()))
        for row in rows
    ]
    return households, ids[-1] if len(ids) == limit else None


def _told(
    row: asyncpg.Record,
    signals: list[tuple[Signal, UUID | None]],
    facts: list[tuple[Fact, UUID | None]],
    born: tuple[date, ...],
) -> Told:
    standing = Standing.OPEN if row["is_open"] else Standing.CLOSED
    standing = standing if row["case_id"] else Standing.NEVER
    # As the last case saw it: what earlier ones dealt with counts no more.
    dealt_with = [(signal.id, case_id) for signal, case_id in signals]
    dealt_with += [(fact.id, case_id) for fact, case_id in facts]
    return Told(
        name=row["name"],
        district=row["district"],
        signals=[signal for signal, _ in signals],
        facts=[fact for fact, _ in facts],
        history=History(
            handled=frozenset(
                one for one, case_id in dealt_with if case_id and case_id != row["case_id"]
            ),
            closed_cases=row["closed_cases"] - (standing is Standing.CLOSED),
            birth_dates=born,
        ),
        standing=standing,
        in_period=row["is_new"],
        confirmed=Track(row["confirmed"]) if row["confirmed"] else None,
        was_reached=row["was_reached"],
    )


async def _list_signals(
    tx: Tx, household_ids: Collection[UUID]
) -> Mapping[UUID, list[tuple[Signal, UUID | None]]]:
    """The signals of households, each with the closed case that dealt with it."""
    rows = await tx.fetch(
        """
        select household_id, case_id, id, partner_id, partner_kind, contract, arrears_cents,
          arrears_since, reported_on, recorded_at, is_crisis, is_warm_handover, tenancy_start
        from signal where household_id = any($1::uuid[])
        """,
        list(household_ids),
    )
    found: dict[UUID, list[tuple[Signal, UUID | None]]] = {}
    for row in rows:
        household_id, case_id, *fields = row.values()
        names = list(row.keys())[2:]
        told = {**dict(zip(names, fields, strict=True)), "partner_kind": PartnerKind(fields[2])}
        found.setdefault(household_id, []).append((Signal(**told), case_id))
    return found


async def _list_facts(
    tx: Tx, household_ids: Collection[UUID]
) -> Mapping[UUID, list[tuple[Fact, UUID | None]]]:
    """The other facts of households, each with the closed case that dealt with it."""
    rows = await tx.fetch(
        """
        select household_id, case_id, id, kind, partner_id, contract, reported_on, recorded_at,
          sequence, refers_to, court, case_number, detail, place, at, day, until
        from fact where household_id = any($1::uuid[])
        """,
        list(household_ids),
    )
    found: dict[UUID, list[tuple[Fact, UUID | None]]] = {}
    for row in rows:
        household_id, case_id, *fields = row.values()
        told = {**dict(zip(list(row.keys())[2:], fields, strict=True)), "kind": FactKind(fields[1])}
        found.setdefault(household_id, []).append((Fact(**told), case_id))
    return found


async def _list_birth_dates(
    tx: Tx, household_ids: Collection[UUID]
) -> Mapping[UUID, tuple[date, ...]]:
    """The birth dates of households, for a policy that names ground and DPIA."""
    rows = await tx.fetch(
        """
        select household_id, array_agg(birth_date) as born from signal
        where household_id = any($1::uuid[]) and birth_date is not null group by household_id
        """,
        list(household_ids),
    )
    return {row["household_id"]: tuple(row["born"]) for row in rows}


async def load_teams(tx: Tx, municipality: str, today: date) -> Teams | None:
    """The teams of a municipality with the bands of who works there now; None: it has none."""
    rows = await tx.fetch(
        """
        select team.id, team.name, districts, count(worker.id) as generalists,
          coalesce(sum(load_min_tenths), 0) as min_tenths,
          coalesce(sum(load_max_tenths), 0) as max_tenths
        from team left join worker on team_id = team.id and role = 'generalist'
          and (left_on is null or left_on > $2)
        where municipality = $1 group by team.id order by team.id limit 10000
        """,
        municipality,
        today,
    )
    if not rows:
        return None
    teams = [Team(*(row[name] for name in TEAM)) for row in rows]
    districts = {name: row["id"] for row in rows for name in row["districts"]}
    return Teams(teams, districts)


TEAM = ("id", "name", "generalists", "min_tenths", "max_tenths")
