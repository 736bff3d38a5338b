"""Cases that triage erased or purged are forgotten; nothing that comes late brings them back."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.notify import handlers, purging
from services.notify.access import readable
from services.notify.sql import alerts as alert_sql
from services.notify.sql import cases as case_sql
from services.notify.sql import erasing as erase_sql
from shared import db, waiting
from shared.contracts import triage
from shared.contracts.envelope import Event, to_wire
from shared.door import Door
from shared.outbox import LeftToRelay, Outbox
from shared.policy import Policies
from shared.policy.shelf import Shelf
from shared.waiting import Delivery
from tests.builders import ANNA, BRAM, LEAD, MUNICIPALITY, NOW, POLICY, case_event
from tests.searching import in_tables

POLICIES = Policies({MUNICIPALITY: [POLICY]})
CASE, OTHER = UUID(int=0xCA5E), UUID(int=0x0DE)
VISIT = {"starts_at": NOW + timedelta(days=2), "ends_at": NOW + timedelta(days=2, hours=1)}
TABLES = ("case_file", "subject", "alert", "attempt")


@pytest.fixture(scope="module")
async def url(servers: Servers) -> AsyncIterator[str]:
    yield await servers.create_database_from_template("template_notify", "erasing", "notify")
    await servers.drop_database("erasing")


@pytest.fixture
async def pool(url: str, stepped_clock: Clock) -> AsyncIterator[db.Pool]:
    opened = await db.open_pool(url, service="notify", size=3)
    yield opened
    for table in (*TABLES, "forgotten_case", "inbox", "outbox", "waiting"):
        await opened.execute(f"delete from {table}")
    await opened.close()


@pytest.fixture
def door(pool: db.Pool) -> Door:
    source = "urn:nld:oin:0:systeem:notify"
    made = Door("notify", pool, Outbox(source, pool, LeftToRelay(), 50_000))
    handlers.register(made, Shelf(POLICIES))
    return made


def delivery(event: Event) -> Delivery:
    body = to_wire(event, source="urn:nld:oin:0:systeem:triage", recorded_at=NOW)
    queue = type(event).queue("notify", event.lane)
    return Delivery(queue, body, str(event.wire_id), "", None, None, redelivered=False)


async def take(door: Door, *events: Event) -> None:
    for told in map(delivery, events):
        await door.take(door.consumers[told.queue], [told])


def about(case_id: UUID, first: int = 1) -> list[Event]:
    """An assignment and a visit."""
    more: list[dict[str, Any]] = [{"urgent": True, "reason": "Anna heeft ruimte."}]
    assigned = case_event(triage.GeneralistAssigned, first, case_id=case_id, **more[0])
    visit = {"visit_id": UUID(int=first), **VISIT}
    return [assigned, case_event(triage.VisitPlanned, first + 1, case_id=case_id, **visit)]


def erased(*case_ids: UUID) -> Event:
    return triage.HouseholdErased(household_id=uuid4(), fact_ids=(), case_ids=case_ids)


async def rows(pool: db.Pool) -> dict[str, int]:
    return {name: await pool.fetchval(f"select count(*) from {name}") for name in TABLES}


async def claim(pool: db.Pool) -> list[alert_sql.Claimed]:
    async with pool.acquire() as tx:
        found = await alert_sql.claim_due(tx, NOW, NOW, NOW + timedelta(minutes=1), 100)
        await alert_sql.insert_attempts(tx, found, "<a@b>", NOW)
        return found


@pytest.mark.parametrize("why", [triage.HouseholdErased, triage.HouseholdPurged])
async def test_a_case_is_forgotten_whole_and_no_other(
    pool: db.Pool, door: Door, url: str, why: type[triage.HouseholdErased | triage.HouseholdPurged]
) -> None:
    await take(door, *about(OTHER))
    await claim(pool)
    alone = await rows(pool)
    assert all(alone.values())
    await take(door, *about(CASE))
    await claim(pool)
    assert set(await in_tables(url, [str(CASE)])) == set(TABLES) - {"attempt"}
    facts = {"fact_ids": ()} if why is triage.HouseholdErased else {}
    await take(door, why(household_id=UUID(int=5), case_ids=(CASE,), **facts))
    assert await rows(pool) == alone
    assert set(await in_tables(url, [str(CASE)])) == {"forgotten_case"}
    answers = [row["routing_key"] for row in await pool.fetch("select routing_key from outbox")]
    is_asked = why is triage.HouseholdErased
    assert answers == (["notify.alerts_erased.v1"] if is_asked else [])


async def test_who_has_nothing_answers_too(pool: db.Pool, door: Door) -> None:
    await take(door, erased(), erased(uuid4()))
    assert await pool.fetchval("select count(*) from outbox") == 2


async def test_what_is_told_late_brings_nothing_back(pool: db.Pool, door: Door, url: str) -> None:
    await take(door, *about(CASE), erased(CASE), *about(CASE, first=8))
    late = delivery(about(CASE, first=20)[1])
    mixed = delivery(about(OTHER)[1])
    await door.take(door.consumers[late.queue], [late, mixed])
    assert await rows(pool) == {"case_file": 1, "subject": 1, "alert": 3, "attempt": 0}
    assert set(await in_tables(url, [str(CASE)])) == {"forgotten_case"}


async def test_what_is_just_being_told_is_waited_for(pool: db.Pool, door: Door, url: str) -> None:
    """Whoever of the two comes first, nothing is left."""
    told = about(CASE)[1]
    assert isinstance(told, triage.CaseEvent)
    async with pool.acquire() as tx:
        telling = tx.transaction()
        await telling.start()
        await handlers.take_events(tx, [told], POLICIES)
        going = asyncio.create_task(take(door, erased(CASE)))
        await asyncio.sleep(0.2)
        assert not going.done()
        await telling.commit()
        await going
    assert set(await in_tables(url, [str(CASE)])) == {"forgotten_case"}

    async with pool.acquire() as tx:
        forgetting = tx.transaction()
        await forgetting.start()
        await handlers.on_household_erased([erased(OTHER)], tx)  # type: ignore[list-item]
        coming = asyncio.create_task(take(door, *about(OTHER)))
        await asyncio.sleep(0.2)
        assert not coming.done()
        await forgetting.commit()
        await coming
    assert set(await in_tables(url, [str(OTHER)])) == {"forgotten_case"}


async def test_an_alert_that_was_claimed_is_not_sent(pool: db.Pool, door: Door) -> None:
    await take(door, *about(CASE))
    claimed = await claim(pool)
    assert claimed
    await take(door, erased(CASE))
    async with pool.acquire() as tx:
        assert not await alert_sql.renew(tx, claimed, NOW + timedelta(minutes=2))


async def test_what_waits_of_a_case_goes_with_it(pool: db.Pool, door: Door) -> None:
    async with pool.acquire() as tx:
        for event in (about(CASE)[1], about(OTHER)[1]):
            await waiting.put(tx, delivery(event), "a fault", parked=True)
    await take(door, erased(CASE))
    left = await pool.fetch("select body from waiting")
    assert [str(OTHER).encode() in row["body"] for row in left] == [True]


async def test_ids_and_parked_events_go_once_nothing_can_come_of_them(
    pool: db.Pool, door: Door, stepped_clock: Clock
) -> None:
    await take(door, erased(CASE))
    term = timedelta(days=purging.FORGOTTEN_DAYS)
    for days, key in ((purging.PARKED_DAYS + 1, "old"), (purging.PARKED_DAYS - 1, "young")):
        await pool.execute(
            """
            insert into waiting (queue, key, body, properties, state, fault, due_at, first_at)
            values ('q', $1, '', '{}', 'parked', '', now(), now() - $2::interval)
            """,
            key, timedelta(days=days),
        )  # fmt: skip
    for after, left in ((term, 1), (term + timedelta(seconds=1), 0)):
        stepped_clock.move(NOW + after)
        await purging.purge(pool)
        assert await pool.fetchval("select count(*) from forgotten_case") == left
    assert [row["key"] for row in await pool.fetch("select key from waiting")] == ["young"]


async def test_an_export_names_no_worker(pool: db.Pool, door: Door) -> None:
    await take(door, *about(CASE), *about(OTHER))
    await claim(pool)
    async with pool.acquire() as tx:
        (row,) = await erase_sql.gather(tx, [CASE, uuid4()])
    told = readable(row)
    assert (told["kenmerk"], told["behandelaar"]) == ("Z-00000001", "anna")
    assert {one["soort"] for one in told["onderwerpen"]} == {"assignment", "visit"}
    assert {len(one["pogingen"]) for one in told["berichten"]} == {0, 1}
    assert "@" not in str(told).replace("<a@b>", "")
    assert "Anna" not in str(told)
    assert "anna heeft ruimte." in str(told)


async def test_an_export_names_nobody_who_went_along_or_had_the_case_before(
    pool: db.Pool, door: Door
) -> None:
    visit: dict[str, Any] = {"case_id": CASE, "visit_id": UUID(int=1), **VISIT}
    given = {"previous_assignee_id": "anna", "reason": "Anna had het te druk."}
    cas = BRAM.model_copy(update={"id": "cas", "name": "Cas"})
    await take(
        door, case_event(triage.VisitPlanned, 1, second=BRAM, **visit),
        case_event(triage.GeneralistReassigned, 2, case_id=CASE, assignee=LEAD, **given),
        case_event(triage.VisitMoved, 3, second=cas, assignee=LEAD, **visit),
    )  # fmt: skip
    async with pool.acquire() as tx:
        (row,) = await erase_sql.gather(tx, [CASE])
    told = str(readable(row))
    assert "anna had het te druk." in told
    assert not [name for name in ("Anna", "Bram", "Cas", "Noor", "@") if name in told]
    assert "'second': {'id': 'cas'" in told


async def test_who_was_replaced_is_remembered_whatever_comes_first_and_forgotten_with_the_case(
    pool: db.Pool, door: Door, url: str
) -> None:
    visit: dict[str, Any] = {"case_id": CASE, "visit_id": UUID(int=1), **VISIT}
    given = {"previous_assignee_id": "anna", "reason": "x"}
    alone = case_event(triage.VisitMoved, 2, **visit)
    handed = case_event(triage.GeneralistReassigned, 3, case_id=CASE, assignee=LEAD, **given)
    await take(door, case_event(triage.VisitPlanned, 1, second=BRAM, **visit))
    await take(door, handed, alone)
    async with pool.acquire() as tx:
        files = await case_sql.load_case_files(tx, [CASE])
    assert files[CASE].former == (ANNA, BRAM)
    assert files[CASE].revision == 3
    await take(door, erased(CASE))
    assert not await in_tables(url, [BRAM.email, ANNA.email])
