"""Statements on teams and workers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from services.triage.addresses import Building
from services.triage.assignment import Roster, Team, Worker
from shared.clock import amsterdam_day
from shared.contracts.triage import Role
from shared.db import Tx


@dataclass(frozen=True)
class Login:
    """A worker as sign-in knows them."""

    worker_id: str
    team_id: str
    municipality: str
    role: Role


async def lock_roster(tx: Tx, municipality: str) -> Roster:
    """Lock the teams of a municipality, sorted, and load them with their workers.

    Assignments of one team are serial; that is meant.
    """
    teams = await tx.fetch(
        """
        select id, municipality, name, districts, lead_id from team
        where municipality = $1 order by id for update
        """,
        municipality,
    )
    return _as_roster(teams, await _load_workers(tx, [team["id"] for team in teams]))


async def load_roster(tx: Tx, municipality: str) -> Roster:
    """The teams of a municipality with their workers, to read."""
    teams = await tx.fetch(
        """
        select id, municipality, name, districts, lead_id from team
        where municipality = $1 order by id limit 10000
        """,
        municipality,
    )
    return _as_roster(teams, await _load_workers(tx, [team["id"] for team in teams]))


async def _load_workers(tx: Tx, team_ids: Sequence[str]) -> list[asyncpg.Record]:
    return await tx.fetch(
        """
        select id, team_id, name, email, role, languages, load_tenths, load_max_tenths,
          absent_from, absent_until, left_on, skills, own_postcodes, load_min_tenths,
          noted_absent_from, noted_absent_until, noted_on
        from worker where team_id = any($1::text[]) order by id
        """,
        team_ids,
    )


def _as_roster(teams: Sequence[asyncpg.Record], workers: Sequence[asyncpg.Record]) -> Roster:
    return Roster(
        (Team(**{**team, "districts": frozenset(team["districts"])}) for team in teams),
        (
            Worker(
                **{
                    **worker,
                    "role": Role(worker["role"]),
                    "languages": frozenset(worker["languages"]),
                    "skills": frozenset(worker["skills"]),
                    "own_postcodes": frozenset(worker["own_postcodes"]),
                }
            )
            for worker in workers
        ),
    )


async def save_loads(tx: Tx, loads: Mapping[str, int]) -> None:
    """Write loads that changed; their teams are locked."""
    ids = sorted(loads)
    await tx.execute(
        """
        update worker set load_tenths = now_is.load_tenths
        from unnest($1::text[], $2::int[]) as now_is (id, load_tenths)
        where worker.id = now_is.id
        """,
        ids,
        [loads[worker_id] for worker_id in ids],
    )


LOGIN = """
    select worker.id as worker_id, team_id, municipality,
      case when exists (select from team where lead_id = worker.id) then 'lead'
        else 'generalist' end as role
    from worker join team on team.id = team_id
    """
STAYS = "(left_on is null or left_on > $2)"


async def find_login(tx: Tx, token_hash: bytes, today: date) -> Login | None:
    """The worker with this token, until the day on which they leave; a lead is who leads a team."""
    row = await tx.fetchrow(f"{LOGIN} where token_hash = $1 and {STAYS}", token_hash, today)
    return _as_login(row)


async def find_worker(tx: Tx, worker_id: str, today: date) -> Login | None:
    """The worker with this id, until the day on which they leave."""
    row = await tx.fetchrow(f"{LOGIN} where worker.id = $1 and {STAYS}", worker_id, today)
    return _as_login(row)


def _as_login(row: asyncpg.Record | None) -> Login | None:
    return Login(**{**row, "role": Role(row["role"])}) if row else None


async def load_leads(tx: Tx, case_id: UUID) -> frozenset[str]:
    """Who leads a case now: of its assignee's team, and who was to lead it, if they lead still."""
    rows = await tx.fetch(
        """
        select team.lead_id from household_case join team using (municipality)
          left join worker on worker.id = assignee_id
        where household_case.id = $1
          and (team.id = worker.team_id or team.lead_id = household_case.lead_id)
        """,
        case_id,
    )
    return frozenset(row["lead_id"] for row in rows)


async def list_orphans(
    tx: Tx, now: datetime, after: UUID, limit: int
) -> list[tuple[UUID, Building]]:
    """Open cases, from one on, of which somebody has left or leads no longer.

    Who goes along to a visit that lies ahead counts too.
    """
    rows = await tx.fetch(
        """
        select household_case.id, address.municipality, postcode, house_number
        from household_case join address on address.id = address_id
          left join worker as assignee on assignee.id = assignee_id
          left join worker as lead on lead.id = lead_id
        where is_open and household_case.id > $1 and (
          assignee.left_on <= $2 or lead.left_on <= $2
          or not exists (select from team where team.municipality = household_case.municipality
                         and team.lead_id = household_case.lead_id)
          or exists (select from visit join worker as second on second.id = second_worker_id
                     where case_id = household_case.id and state = 'planned' and starts_at > $4
                       and second.left_on <= $2))
        order by household_case.id limit $3
        """,
        after,
        amsterdam_day(now),
        limit,
        now,
    )
    return [(row["id"], Building(*row[1:])) for row in rows]


async def lock_teams(tx: Tx) -> None:
    """Lock all teams, in the order in which everybody does."""
    await tx.execute("select from team order by municipality, id for update")


async def list_busy(tx: Tx, worker_ids: Collection[str]) -> dict[str, tuple[str, int]]:
    """In which municipality these workers have how many open cases, where they have any."""
    rows = await tx.fetch(
        """
        select assignee_id, municipality, count(*) as n from household_case
        where is_open and assignee_id = any($1::text[]) group by assignee_id, municipality
        """,
        list(worker_ids),
    )
    return {row["assignee_id"]: (row["municipality"], row["n"]) for row in rows}


async def list_unled(tx: Tx) -> list[str]:
    """Teams whose lead works in another municipality."""
    rows = await tx.fetch(
        """
        select team.id from team
        where not exists (select from worker join team as home on home.id = worker.team_id
                          where worker.id = team.lead_id and home.municipality = team.municipality)
        order by team.id
        """
    )
    return [row["id"] for row in rows]


async def save_team(tx: Tx, team: Team) -> None:
    """Insert or replace a team."""
    await tx.execute(
        """
        insert into team (id, municipality, name, districts, lead_id) values ($1, $2, $3, $4, $5)
        on conflict (id) do update
          set municipality = $2, name = $3, districts = $4, lead_id = $5
        """,
        team.id,
        team.municipality,
        team.name,
        sorted(team.districts),
        team.lead_id,
    )


async def save_worker(tx: Tx, worker: Worker, token_hash: bytes | None) -> None:
    """Insert or replace a worker; the load stays as it is, the token too when none is given.

    What was noted of their absence stays too: only what the roster says of it is replaced.
    """
    await tx.execute(
        """
        insert into worker (id, team_id, name, email, role, languages, load_max_tenths,
          absent_from, absent_until, left_on, token_hash, skills, own_postcodes, load_min_tenths)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        on conflict (id) do update set team_id = $2, name = $3, email = $4, role = $5,
          languages = $6, load_max_tenths = $7, absent_from = $8, absent_until = $9, left_on = $10,
          token_hash = coalesce($11, worker.token_hash), skills = $12, own_postcodes = $13,
          load_min_tenths = $14
        """,
        worker.id,
        worker.team_id,
        worker.name,
        worker.email,
        worker.role.value,
        sorted(worker.languages),
        worker.load_max_tenths,
        worker.absent_from,
        worker.absent_until,
        worker.left_on,
        token_hash,
        sorted(worker.skills),
        sorted(worker.own_postcodes),
        worker.load_min_tenths,
    )


async def has_token(tx: Tx, worker_id: str) -> bool:
    """Whether a worker can sign in."""
    found: bool | None = await tx.fetchval(
        "select token_hash is not null from worker where id = $1", worker_id
    )
    return bool(found)


async def insert_alert_facts(
    tx: Tx, what: str, rows: Sequence[tuple[object, object, str, str, str, datetime]]
) -> None:
    """Keep what became of alerts: alert, case, template, recipient, reason, when.

    Of a case that was purged meanwhile nothing is kept.
    """
    await tx.execute(
        """
        with known as (
          select id from household_case where id = any($3::uuid[]) order by id for key share)
        insert into alert_log (what, alert_id, case_id, template, recipient_id, reason, at)
        select $1, told.* from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[],
          $7::timestamptz[]) as told (alert_id, case_id, template, recipient_id, reason, at)
          join known on known.id = told.case_id
        on conflict do nothing
        """,
        what,
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        [row[3] for row in rows],
        [row[4] for row in rows],
        [row[5] for row in rows],
    )
