"""What was kept long enough goes, all of it, and of nobody else; nothing comes back by itself."""

import asyncio
from datetime import datetime, timedelta

import asyncpg
import pytest

from deploy.local.driver import Clock
from services.triage import purging
from services.triage.addresses import Building
from services.triage.sql import purging as purge_sql
from services.triage.sql import roster as roster_sql
from shared import db
from shared.contracts import signals
from shared.door import Door
from shared.policy.shelf import Shelf
from tests.builders import MUNICIPALITY, NOW, POLICY, arrears_reported, fact
from tests.searching import in_tables
from tests.triage.planting import POLICIES, count_rows, plant, take, until

DAYS = timedelta(days=POLICY.triage.case_days.value)
SECOND = timedelta(seconds=1)


async def purge(door: Door) -> tuple[int, int, int]:
    """Purge, and tell how much went."""
    figures = await purging.purge(door, POLICIES)
    of = figures.get(MUNICIPALITY, purging.Figures())
    return of.households, of.cases, of.signals


async def test_everything_of_a_household_goes_and_nothing_of_another(
    pool: db.Pool, door: Door, triage_url: str
) -> None:
    other = await plant(pool, "Blijftsma", 1, NOW)
    alone = await count_rows(pool)
    assert all(alone.values()), "every table that can hold something has something"
    gone = await plant(pool, "Weggaard", 2, NOW - DAYS - SECOND)
    both = await count_rows(pool)
    found = await in_tables(triage_url, gone.marks)
    assert set(found) >= {table for table in both if both[table] > alone[table]} - {
        "address", "building",
    }, "the search can find it"  # fmt: skip
    assert both == dict.fromkeys(both, 2)

    assert await purge(door) == (1, 1, 1)
    assert await count_rows(pool) == alone
    left = await in_tables(triage_url, gone.marks)
    assert set(left) == {"outbox"}, "what tells notify"
    assert left["outbox"] == {str(gone.household_id), str(gone.case_id)}
    assert set(await in_tables(triage_url, other.marks)) == set(found) - {"outbox"}


async def test_who_lives_in_the_same_building_stays(
    pool: db.Pool, door: Door, triage_url: str
) -> None:
    await plant(pool, "Blijftsma", 1, NOW)
    gone = await plant(pool, "Weggaard", 1, NOW - DAYS - SECOND)
    both = await count_rows(pool)
    assert await purge(door) == (1, 1, 1)
    left = await count_rows(pool)
    assert left == dict.fromkeys(both, 1)
    assert set(await in_tables(triage_url, gone.marks)) == {"outbox"}


OLD, YOUNG = NOW - DAYS - SECOND, NOW - DAYS
WITHOUT_CASE = "delete from household_case"
BORDERS = [
    # closed at, last report at, open, has a case: is it due?
    (OLD, OLD, False, True, True),
    (YOUNG, OLD, False, True, False),
    (OLD, YOUNG, False, True, False),
    (OLD, OLD, True, True, False),
    (None, OLD, False, False, True),
    (None, YOUNG, False, False, False),
]


@pytest.mark.parametrize(("closed_at", "reported_at", "is_open", "has_case", "is_due"), BORDERS)
@pytest.mark.parametrize("reported_as", ["signal", "fact"])
async def test_when_a_household_is_due(
    pool: db.Pool, door: Door, reported_as: str, closed_at: datetime | None, reported_at: datetime,
    is_open: bool, has_case: bool, is_due: bool,
) -> None:  # fmt: skip
    await plant(pool, "Grensma", 1, OLD, closed_at=closed_at, is_open=is_open)
    await pool.execute(f"update {reported_as} set received_at = $1", reported_at)
    if not has_case:
        await pool.execute(WITHOUT_CASE)
    async with pool.acquire() as tx, tx.transaction():
        foretold = await purging.count_due(tx, POLICIES)
    assert bool(foretold) is is_due
    assert await purge(door) == ((1, int(has_case), 1) if is_due else (0, 0, 0))
    assert await pool.fetchval("select count(*) from household") == (not is_due)


async def test_a_purge_reports_counts_and_says_the_same_on_trial(
    pool: db.Pool, door: Door, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(purging, "PART_MAX", 2)
    for number in range(1, 6):
        await plant(pool, f"Weggaard{number}", number, OLD)
    before = await count_rows(pool)
    async with pool.acquire() as tx, tx.transaction():
        foretold = await purging.count_due(tx, POLICIES)
    assert await count_rows(pool) == before
    assert foretold == await purging.purge(door, POLICIES)
    (report,) = await pool.fetch("select * from purge")
    assert dict(report) == {
        "at": NOW, "municipality": MUNICIPALITY, "ended_before": NOW - DAYS, "households": 5,
        "cases": 5, "signals": 5, "policy_sha256": POLICY.sha256,
    }  # fmt: skip
    assert not any((await count_rows(pool)).values())
    said = capsys.readouterr()
    assert "households_purged" in said.out + said.err
    assert "Weggaard" not in said.out + said.err
    keys = await pool.fetch("select distinct routing_key from outbox")
    assert [row[0] for row in keys] == ["triage.household_purged.v1"]
    assert await purging.purge(door, POLICIES) == {}


async def test_the_service_purges_as_soon_as_it_starts(pool: db.Pool, door: Door) -> None:
    await plant(pool, "Weggaard", 1, OLD)
    running = asyncio.create_task(purging.Purging(door, Shelf(POLICIES)).run())
    await until(pool, "select count(*) from household", 0)
    running.cancel()


async def test_a_municipality_without_a_policy_loses_nothing_sooner_than_the_others(
    pool: db.Pool, door: Door
) -> None:
    await plant(pool, "Elders", 1, YOUNG, municipality="GM0001")
    assert await purging.purge(door, POLICIES) == {}
    await pool.execute("update signal set received_at = $1", OLD)
    await pool.execute("update fact set received_at = $1", OLD)
    await pool.execute("update household_case set closed_at = $1", OLD)
    assert set(await purging.purge(door, POLICIES)) == {"GM0001"}
    assert await pool.fetchval("select policy_sha256 from purge") == "none"


async def test_what_somebody_is_working_on_is_left_to_the_next_round(
    pool: db.Pool, door: Door
) -> None:
    await plant(pool, "Bezigsma", 1, OLD)
    await plant(pool, "Weggaard", 2, OLD)
    async with pool.acquire() as tx:
        working = tx.transaction()
        await working.start()
        await tx.execute("select from building where house_number = 1 for update")
        assert await purge(door) == (1, 1, 1)
        await working.rollback()
    assert await purge(door) == (1, 1, 1)


async def test_what_is_told_while_a_purge_runs_is_of_a_new_household(
    pool: db.Pool, door: Door, triage_url: str
) -> None:
    """It waits for the lock of a building that is gone once it has it."""
    await plant(pool, "Weggaard", 7, OLD)
    connection = await asyncpg.connect(triage_url)
    await db.prepare(connection)
    purging_it = connection.transaction()
    await purging_it.start()
    terms = purging.terms_of(POLICIES)
    await purge_sql.lock_free_buildings(connection, [Building(MUNICIPALITY, "9901AB", 7)])
    came = asyncio.create_task(take(door, arrears_reported(7, surname="Nieuwkomer")))
    await asyncio.sleep(0.3)
    (_, gone), _ = await purging._purge_part(connection, terms, purging.FIRST)
    assert len(gone) == 1
    assert not came.done()
    await purging_it.commit()
    await connection.close()
    await came
    assert await pool.fetchval("select count(*) from building where house_number = 7") == 1
    # The next one is of the same household and case: it is locked and loaded as it should be.
    again = arrears_reported(7, surname="Nieuwkomer", contract="C-8", partner_id="stroomnet")
    await take(door, again)
    assert await pool.fetchval("select count(*) from waiting") == 0
    assert await pool.fetchval("select count(*) from household_case") == 1
    assert await pool.fetchval("select count(*) from signal") == 2


async def test_what_comes_again_after_a_purge_takes_no_effect(
    pool: db.Pool, door: Door, stepped_clock: Clock
) -> None:
    told = [arrears_reported(3), fact(signals.ArrearsSettled, 3)]
    await take(door, *told)
    await pool.execute("update household_case set is_open = false, closed_at = $1", NOW)
    await pool.execute("update signal set received_at = $1", NOW)
    stepped_clock.move(NOW + DAYS + SECOND)
    assert await purge(door) == (1, 1, 1)
    await take(door, *told)
    assert not any((await count_rows(pool)).values())


async def test_alerts_that_are_told_late_leave_nothing(
    pool: db.Pool, door: Door, triage_url: str
) -> None:
    """Also when they are told while the purge runs: it waits for whoever tells."""
    gone = await plant(pool, "Weggaard", 1, OLD)
    row = (gone.id_of("late"), gone.case_id, "visit_set", "anna", "", NOW)
    connection = await asyncpg.connect(triage_url)
    telling = connection.transaction()
    await telling.start()
    await roster_sql.insert_alert_facts(connection, "sent", [row])
    going = asyncio.create_task(purge(door))
    await asyncio.sleep(0.3)
    assert not going.done()
    await telling.commit()
    assert await going == (1, 1, 1)
    await roster_sql.insert_alert_facts(connection, "failed", [row])
    await connection.close()
    assert await pool.fetchval("select count(*) from alert_log") == 0


async def test_a_household_that_became_another_goes_with_it(pool: db.Pool, door: Door) -> None:
    """Were it gone before, and the merge undone, a new case would get the id of an old one."""
    one = await plant(pool, "Samenstra", 1, OLD)
    other = await plant(pool, "Restma", 1, OLD)
    ids = [other.id_of("signal"), other.id_of("fact")]
    for table in ("signal", "fact"):
        await pool.execute(
            f"update {table} set household_id = $1 where id = any($2)", one.household_id, ids
        )
    await pool.execute(
        "update household set moved_to = $1 where id = $2", one.household_id, other.household_id
    )
    await pool.execute("update signal set received_at = $1 where id = $2", YOUNG, ids[0])
    assert await purge(door) == (0, 0, 0)
    await pool.execute("update signal set received_at = $1", OLD)
    assert await purge(door) == (2, 2, 2)


async def test_reports_that_move_say_whose_they_became(pool: db.Pool, door: Door) -> None:
    """Two households, until a third fact tells that they are behind one door."""
    bag = "9901010000000001"
    await take(
        door,
        arrears_reported(5, house_letter="A", contract="C-1", reported_on=NOW.date()),
        arrears_reported(5, house_letter="", contract="C-2", bag_id=bag),
        arrears_reported(5, house_letter="A", contract="C-3", bag_id=bag),
    )
    rows = await pool.fetch("select id, moved_to from household order by moved_to nulls first")
    assert len(rows) == 2
    assert rows[1]["moved_to"] == rows[0]["id"]
    living = {row[0] for row in await pool.fetch("select distinct household_id from signal")}
    assert living == {rows[0]["id"]}


async def test_what_people_decided_keeps_what_is_of_others(pool: db.Pool, door: Door) -> None:
    gone = await plant(pool, "Weggaard", 1, OLD)
    stays = await plant(pool, "Blijftsma", 1, NOW)
    ids = [gone.id_of("signal"), stays.id_of("signal")]
    await pool.execute(
        "update verdict set fact_ids = $1 where id = $2", ids, stays.id_of("verdict")
    )
    await purge(door)
    (row,) = await pool.fetch("select fact_ids, reason, undone_reason from verdict")
    assert tuple(row) == ([stays.id_of("signal")], "Deels gewist.", "")


async def test_what_no_household_holds_goes_by_its_own_term(
    pool: db.Pool, door: Door, stepped_clock: Clock
) -> None:
    await pool.execute(
        """
        insert into building (municipality, postcode, house_number) values ('GM9901', '9901ZZ', 9);
        insert into erasure (household_id, municipality, reason, asked_by, asked_at)
        select gen_random_uuid(), 'GM9901', 'request', 'noor', now() - interval '100 years'
      """
    )
    for days in (purging.COMMAND_DAYS, purging.COMMAND_DAYS + 1):
        await pool.execute(
            "insert into command (actor, key, request_hash, taken_at) values ('anna', $1, '', $2)",
            str(days),
            NOW - timedelta(days=days),
        )
    for state, age in (("parked", DAYS + SECOND), ("parked ", DAYS / 2), ("later", DAYS * 2)):
        await pool.execute(
            """
            insert into waiting (queue, key, body, properties, state, fault, due_at, first_at)
            values ('q', $1, '', '{}', trim($1), '', now(), now() - $2::interval)
            """,
            state, age,
        )  # fmt: skip
    await purge(door)
    assert await pool.fetchval("select count(*) from building") == 0
    assert await pool.fetchval("select count(*) from erasure") == 0
    assert [row[0] for row in await pool.fetch("select key from command")] == ["35"]
    left = {row[0] for row in await pool.fetch("select key from waiting")}
    assert left == {"parked ", "later"}
