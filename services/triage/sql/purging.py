"""Statements that forget households: what was kept long enough, and what is to be erased."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from services.triage.addresses import Building
from services.triage.sql import monitor
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
        """What ended before is old."""
        return self.now - self.by_municipality.get(municipality, self.longest)


# A household is due when nothing of it is younger: no open case, none that was closed since, no
# report. One whose reports became another's is due when that one is gone.
_IS_DUE = """
    not exists (select from household_case where household_id = household.id
      and (is_open or closed_at >= coalesce(term.before, $3)))
    and not exists (select from signal where household_id = household.id
      and received_at >= coalesce(term.before, $3))
    and not exists (select from fact where household_id = household.id
      and received_at >= coalesce(term.before, $3))
    and (moved_to is null
      or not exists (select from household as other where other.id = household.moved_to)
      or exists (select from signal where household_id = household.id)
      or exists (select from fact where household_id = household.id))
    """
_WITH_TERM = """
    household join address on address.id = address_id
      left join unnest($1::text[], $2::timestamptz[]) as term (municipality, before)
        on term.municipality = address.municipality
    """


async def list_due(tx: Tx, terms: Terms, after: UUID, limit: int) -> list[tuple[UUID, Building]]:
    """Households that are due, in order of their ids, from one on; nothing is locked."""
    rows = await tx.fetch(
        f"""
        select household.id, address.municipality, postcode, house_number from {_WITH_TERM}
        where household.id > $4 and {_IS_DUE} order by household.id limit $5
        """,  # noqa: S608 - a text of ours
        *_columns(terms),
        after,
        limit,
    )
    return [(row["id"], Building(*row[1:])) for row in rows]


def _columns(terms: Terms) -> tuple[list[str], list[datetime], datetime]:
    names = list(terms.by_municipality)
    return names, [terms.before(name) for name in names], terms.now - terms.longest


async def lock_free_buildings(tx: Tx, buildings: Collection[Building]) -> list[Building]:
    """Lock buildings, sorted, but for those that somebody else has: the next round takes them."""
    ordered = sorted(set(buildings))
    rows = await tx.fetch(
        """
        select municipality, postcode, house_number
        from building join unnest($1::text[], $2::text[], $3::int[])
          as wanted (municipality, postcode, house_number)
          using (municipality, postcode, house_number)
        order by municipality, postcode, house_number for update of building skip locked
        """,
        [one.municipality for one in ordered],
        [one.postcode for one in ordered],
        [one.house_number for one in ordered],
    )
    return [Building(*row) for row in rows]


async def still_due(tx: Tx, terms: Terms, household_ids: Collection[UUID]) -> list[UUID]:
    """Those that are due, now that their buildings are locked."""
    rows = await tx.fetch(
        f"""
        select household.id from {_WITH_TERM}
        where household.id = any($4::uuid[]) and {_IS_DUE} order by household.id
        """,  # noqa: S608 - a text of ours
        *_columns(terms),
        list(household_ids),
    )
    return [row["id"] for row in rows]


@dataclass(frozen=True)
class Holding:
    """What hangs on a household."""

    household_id: UUID
    municipality: str
    fact_ids: tuple[UUID, ...]  # signals and other facts
    case_ids: tuple[UUID, ...]
    signals: int


async def load_holdings(tx: Tx, household_ids: Collection[UUID]) -> list[Holding]:
    """What hangs on households, and on those of the same building that became them."""
    rows = await tx.fetch(
        """
        with recursive these (id, address_id) as (
          select id, address_id from household where id = any($1::uuid[])
          union
          select household.id, household.address_id
          from these join household on household.moved_to = these.id
            join address on address.id = household.address_id
            join address as theirs on theirs.id = these.address_id
              and (theirs.municipality, theirs.postcode, theirs.house_number)
                = (address.municipality, address.postcode, address.house_number)
          where not exists (select from signal where household_id = household.id)
            and not exists (select from fact where household_id = household.id))
        select these.id, municipality,
          array(select id from signal where household_id = these.id order by id) as signal_ids,
          array(select id from fact where household_id = these.id order by id) as fact_ids,
          array(select id from household_case where household_id = these.id order by id) as case_ids
        from these join address on address.id = address_id order by these.id
        """,
        list(household_ids),
    )
    return [
        Holding(
            row["id"],
            row["municipality"],
            (*row["signal_ids"], *row["fact_ids"]),
            tuple(row["case_ids"]),
            len(row["signal_ids"]),
        )
        for row in rows
    ]


async def lock_cases(tx: Tx, holdings: Sequence[Holding]) -> None:
    """Lock cases whose buildings are locked, against what is told of their alerts right now."""
    await tx.execute(
        "select from household_case where id = any($1::uuid[]) order by id for update",
        [case_id for one in holdings for case_id in one.case_ids],
    )


async def forget(tx: Tx, holdings: Sequence[Holding], today: date) -> None:
    """Delete households and all that hangs on them, but for counts; their buildings are locked."""
    await monitor.count_before_purge(tx, [one.household_id for one in holdings], today)
    await _delete_cases(tx, [case_id for one in holdings for case_id in one.case_ids])
    await _delete_reports(tx, [fact_id for one in holdings for fact_id in one.fact_ids])
    await _delete_households(tx, [one.household_id for one in holdings])


async def _delete_cases(tx: Tx, case_ids: Collection[UUID]) -> None:
    """Forget cases and everything that was decided, planned, tried and told in them."""
    await tx.execute(
        """
        with gone as (select id from household_case where id = any($1::uuid[])),
        decided as (delete from decision using gone where case_id = gone.id),
        assigned as (delete from assignment using gone where case_id = gone.id),
        answered as (delete from assignment_answer using gone where case_id = gone.id),
        stepped as (delete from legal_step using gone where case_id = gone.id),
        due as (delete from deadline using gone where case_id = gone.id),
        changed as (
          delete from visit_change using visit, gone
          where visit_id = visit.id and visit.case_id = gone.id),
        visited as (delete from visit using gone where case_id = gone.id),
        tried as (delete from contact_attempt using gone where case_id = gone.id),
        told as (delete from alert_log using gone where case_id = gone.id),
        replied as (delete from resident_reply using gone where case_id = gone.id),
        chosen as (delete from track_choice using gone where case_id = gone.id),
        helped as (delete from help_answer using gone where case_id = gone.id),
        planned as (delete from plan_item using gone where case_id = gone.id),
        advised as (delete from consultation using gone where case_id = gone.id),
        asked as (delete from task using gone where case_id = gone.id),
        commanded as (
          delete from command using gone where answer->>'case_id' = gone.id::text
            or answer->'results' @> jsonb_build_array(jsonb_build_object('case_id', gone.id))
            or answer->'cases' @> jsonb_build_array(jsonb_build_object('case_id', gone.id)))
        delete from household_case using gone where household_case.id = gone.id
        """,
        list(case_ids),
    )


async def _delete_reports(tx: Tx, fact_ids: Collection[UUID]) -> None:
    """Forget what partners reported and workers entered; a verdict keeps what is of others."""
    ids = list(fact_ids)
    await tx.execute(
        """
        with status as (delete from signal_status where signal_id = any($1::uuid[])),
        sampled as (delete from sample where signal_id = any($1::uuid[])),
        told as (delete from signal where id = any($1::uuid[]))
        delete from fact where id = any($1::uuid[])
        """,
        ids,
    )
    await tx.execute("delete from verdict where fact_ids && $1::uuid[] and fact_ids <@ $1", ids)
    await tx.execute(
        """
        update verdict set reason = 'Deels gewist.', undone_reason = left(undone_reason, 0),
          fact_ids = array(select one from unnest(fact_ids) as one where one <> all($1::uuid[]))
        where fact_ids && $1
        """,
        ids,
    )
    await tx.execute(
        """
        update verdict set
          known_ids = array(select one from unnest(known_ids) as one where one <> all($1::uuid[]))
        where known_ids && $1::uuid[]
        """,
        ids,
    )


async def _delete_households(tx: Tx, household_ids: Collection[UUID]) -> None:
    """Forget households and what hangs on them rather than on a case."""
    await tx.execute(
        """
        with knew as (delete from conflict where household_id = any($1::uuid[])),
        asked as (delete from need where household_id = any($1::uuid[])),
        kept_off as (delete from restriction where household_id = any($1::uuid[])),
        looked as (delete from task where household_id = any($1::uuid[]))
        delete from household where id = any($1::uuid[])
        """,
        list(household_ids),
    )


async def delete_judgements(tx: Tx, household_ids: Collection[UUID]) -> None:
    """Forget the answers to commands that put these households together or apart."""
    await tx.execute(
        """
        delete from command where answer->'household_ids' ?| $1::text[]
          or answer->>'household_id' = any($1)
        """,
        [str(one) for one in household_ids],
    )


async def delete_empty_places(tx: Tx, buildings: Collection[Building]) -> None:
    """Forget addresses where nobody is known any more, and buildings without an address.

    The buildings are locked. What people decided about an empty one goes with it.
    """
    ordered = sorted(buildings)
    columns = (
        [one.municipality for one in ordered],
        [one.postcode for one in ordered],
        [one.house_number for one in ordered],
    )
    await _delete_empty_addresses(tx, *columns)
    await tx.execute(
        """
        with place as (
          select * from unnest($1::text[], $2::text[], $3::int[])
            as place (municipality, postcode, house_number)
          where not exists (select from address
            where (address.municipality, address.postcode, address.house_number)
              = (place.municipality, place.postcode, place.house_number))),
        decided as (
          delete from verdict using place
          where (verdict.municipality, verdict.postcode, verdict.house_number)
            = (place.municipality, place.postcode, place.house_number))
        delete from building using place
        where (building.municipality, building.postcode, building.house_number)
          = (place.municipality, place.postcode, place.house_number)
        """,
        *columns,
    )


async def _delete_empty_addresses(
    tx: Tx, municipalities: list[str], postcodes: list[str], house_numbers: list[int]
) -> None:
    await tx.execute(
        """
        delete from address using unnest($1::text[], $2::text[], $3::int[])
          as place (municipality, postcode, house_number)
        where (address.municipality, address.postcode, address.house_number)
            = (place.municipality, place.postcode, place.house_number)
          and not exists (select from household where address_id = address.id)
          and not exists (select from household_case where address_id = address.id)
          and not exists (select from signal where address_id = address.id)
          and not exists (select from fact where address_id = address.id)
        """,
        municipalities,
        postcodes,
        house_numbers,
    )


async def list_empty_buildings(tx: Tx, limit: int) -> list[Building]:
    """Buildings without an address: a command came for a household that was gone by then."""
    rows = await tx.fetch(
        """
        select municipality, postcode, house_number from building
        where not exists (select from address
          where (address.municipality, address.postcode, address.house_number)
            = (building.municipality, building.postcode, building.house_number))
        order by municipality, postcode, house_number limit $1
        """,
        limit,
    )
    return [Building(*row) for row in rows]


async def insert_purges(tx: Tx, terms: Terms, purged: Sequence[Holding]) -> None:
    """Report how much was purged of each municipality, and under which policy."""
    names = sorted({one.municipality for one in purged})
    of = {name: [one for one in purged if one.municipality == name] for name in names}
    await tx.execute(
        """
        insert into purge
          (at, municipality, ended_before, households, cases, signals, policy_sha256)
        select $1, * from unnest($2::text[], $3::timestamptz[], $4::int[], $5::int[], $6::int[],
          $7::text[])
        on conflict (at, municipality) do update set
          households = purge.households + excluded.households,
          cases = purge.cases + excluded.cases, signals = purge.signals + excluded.signals
        """,
        terms.now,
        names,
        [terms.before(name) for name in names],
        [len(of[name]) for name in names],
        [sum(len(one.case_ids) for one in of[name]) for name in names],
        [sum(one.signals for one in of[name]) for name in names],
        [terms.hashes.get(name, "none") for name in names],
    )


async def purge_commands(tx: Tx, before: datetime, limit: int) -> int:
    """Forget so many commands that were taken before an instant; how many went."""
    status: str = await tx.execute(
        """
        delete from command where (actor, key) in (
          select actor, key from command where taken_at < $1 order by taken_at limit $2
          for update skip locked)
        """,
        before,
        limit,
    )
    return int(status.rsplit(maxsplit=1)[-1])
