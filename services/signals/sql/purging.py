"""Statements that forget what was kept long enough."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.db import Tx


@dataclass(frozen=True)
class Terms:
    """How long is long enough."""

    now: datetime
    by_municipality: Mapping[str, timedelta]  # as its policy says
    hashes: Mapping[str, str]  # of those policies

    @property
    def shortest(self) -> timedelta:
        """Of what may be of any municipality: the strictest holds."""
        return min(self.by_municipality.values())

    @property
    def longest(self) -> timedelta:
        """Of a municipality that has no policy any more: nothing goes sooner than it had asked."""
        return max(self.by_municipality.values())

    def before(self, municipality: str) -> datetime:
        """What came before is old."""
        return self.now - self.by_municipality.get(municipality, self.longest)


async def purge_bodies(tx: Tx, terms: Terms, limit: int) -> Counter[str]:
    """Forget bodies and salts of so many events; how many of each municipality.

    The rows stay, so that an id is never new again. Locks no row that somebody else has locked: the
    next round takes it.
    """
    rows = await tx.fetch(
        """
        with old as (
          select fact_id from event
            left join unnest($1::text[], $2::timestamptz[]) as term (municipality, before)
              on term.municipality = event.municipality
          where document is not null and received_at < $4
            and received_at < coalesce(term.before, $5)
          order by fact_id limit $6 for update of event skip locked),
        purged as (
          update event set document = null, salt = null, purged_at = $3
          from old where event.fact_id = old.fact_id returning municipality)
        select municipality, count(*) as bodies from purged group by municipality
        """,
        list(terms.by_municipality),
        [terms.before(name) for name in terms.by_municipality],
        terms.now,
        terms.now - terms.shortest,
        terms.now - terms.longest,
        limit,
    )
    return Counter({row["municipality"]: row["bodies"] for row in rows})


async def insert_purges(tx: Tx, terms: Terms, purged: Mapping[str, int]) -> None:
    """Report what was purged of each municipality, and under which policy."""
    names = sorted(purged)
    await tx.execute(
        """
        insert into purge (at, municipality, received_before, bodies, policy_sha256)
        select $1, * from unnest($2::text[], $3::timestamptz[], $4::bigint[], $5::text[])
        on conflict (at, municipality) do update set bodies = purge.bodies + excluded.bodies
        """,
        terms.now,
        names,
        [terms.before(name) for name in names],
        [purged[name] for name in names],
        [terms.hashes.get(name, "none") for name in names],
    )


async def purge_statuses(tx: Tx, terms: Terms, limit: int) -> int:
    """Forget so many statuses that are as old as a body that goes; how many went."""
    purged: int = await tx.fetchval(
        """
        with old as (
          select status.fact_id, status.event_id from status
            left join event on event.fact_id = status.fact_id
            left join unnest($1::text[], $2::timestamptz[]) as term (municipality, before)
              on term.municipality = event.municipality
          where status.recorded_at < $3 and status.recorded_at < coalesce(term.before, $4)
          order by status.fact_id, status.event_id limit $5 for update of status skip locked),
        gone as (
          delete from status using old
          where status.fact_id = old.fact_id and status.event_id = old.event_id returning 1)
        select count(*) from gone
        """,
        list(terms.by_municipality),
        [terms.before(name) for name in terms.by_municipality],
        terms.now - terms.shortest,
        terms.now - terms.longest,
        limit,
    )
    return purged


async def purge_refusals(tx: Tx, seen_before: datetime, limit: int) -> int:
    """Forget so many refusals; how many went."""
    purged: int = await tx.fetchval(
        """
        with old as (
          select id from refusal where seen_at < $1
          order by id limit $2 for update skip locked),
        gone as (delete from refusal using old where refusal.id = old.id returning 1)
        select count(*) from gone
        """,
        seen_before,
        limit,
    )
    return purged
