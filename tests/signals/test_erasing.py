"""Events of an erased household lose what they said and keep their ids."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.signals import handlers, timer
from services.signals.sql import erasing as erase_sql
from shared import db, waiting
from shared.contracts import triage
from shared.contracts.envelope import Event, to_wire
from shared.door import Door
from shared.outbox import LeftToRelay, Outbox
from shared.policy import Policies
from shared.waiting import Delivery
from tests.builders import MUNICIPALITY, NOW, POLICY
from tests.searching import in_tables

FACT, OTHER = UUID(int=0xFAC7), UUID(int=0x07E)
ROWS = """
    with one (fact_id) as (select unnest($1::uuid[])),
    events as (
      insert into event (fact_id, partner_id, source, event_id, event_type, municipality,
        reported_on, received_at, content_hash, unknown, document, salt, receipt, fingerprint)
      select fact_id, 'woonstad', 's', fact_id::text, 't', 'GM9901', '2026-01-01', $2, 'hash', '{}',
        '{"achternaam":"Zzyxwaert"}', 'Zzyxwaert', 'receipt', 'fingerprint' from one)
    insert into status (fact_id, event_id, status, recorded_at, decided_at)
    select fact_id, gen_random_uuid(), 'taken_up', $2, $2 from one"""


@pytest.fixture(scope="module")
async def url(servers: Servers) -> AsyncIterator[str]:
    yield await servers.create_database_from_template("template_signals", "erasing_s", "signals")
    await servers.drop_database("erasing_s")


@pytest.fixture
async def pool(url: str, stepped_clock: Clock) -> AsyncIterator[db.Pool]:
    opened = await db.open_pool(url, service="signals", size=3)
    await opened.execute(ROWS, [FACT, OTHER], NOW)
    yield opened
    for table in ("event", "status", "inbox", "outbox", "waiting"):
        await opened.execute(f"delete from {table}")
    await opened.close()


@pytest.fixture
def door(pool: db.Pool) -> Door:
    source = "urn:nld:oin:0:systeem:signals"
    made = Door("signals", pool, Outbox(source, pool, LeftToRelay(), 50_000))
    nothing: Any = None  # what partners send is not judged here
    handlers.register(made, nothing)
    return made


def delivery(event: Event) -> Delivery:
    body = to_wire(event, source="urn:nld:oin:0:systeem:triage", recorded_at=NOW)
    queue = type(event).queue("signals", event.lane)
    return Delivery(queue, body, str(event.wire_id), "", None, None, redelivered=False)


async def take(door: Door, *events: Event) -> None:
    for told in map(delivery, events):
        await door.take(door.consumers[told.queue], [told])


def erased(*fact_ids: UUID) -> Event:
    return triage.HouseholdErased(household_id=UUID(int=9), fact_ids=fact_ids, case_ids=())


async def test_an_event_loses_what_it_said_and_keeps_its_id(
    pool: db.Pool, door: Door, url: str
) -> None:
    assert set(await in_tables(url, ["Zzyxwaert"])) == {"event"}
    await take(door, erased(FACT, uuid4()))
    gone = await pool.fetchrow("select * from event where fact_id = $1", FACT)
    assert (gone["document"], gone["salt"], gone["erased_at"], gone["purged_at"]) == (
        None, None, NOW, NOW,
    )  # fmt: skip
    assert (gone["receipt"], gone["content_hash"], gone["fingerprint"]) == (
        "receipt", b"hash", b"fingerprint",
    )  # fmt: skip
    kept = await pool.fetchrow("select document, erased_at from event where fact_id = $1", OTHER)
    assert kept["document"]
    assert kept["erased_at"] is None
    assert [row["fact_id"] for row in await pool.fetch("select fact_id from status")] == [OTHER]
    (answer,) = await pool.fetch("select routing_key, body from outbox")
    assert answer["routing_key"] == "signals.signals_erased.v1"
    assert str(UUID(int=9)).encode() in answer["body"]


async def test_what_is_told_late_of_an_erased_event_is_not_kept(pool: db.Pool, door: Door) -> None:
    await take(door, erased(FACT))
    status = {"status_no": 2, "reason": triage.NotTakenUpReason.OTHER}
    await take(
        door,
        triage.SignalNotTakenUp(signal_id=FACT, **status),
        triage.SignalNotTakenUp(signal_id=OTHER, **status),
    )
    rows = await pool.fetch("select fact_id, status_no from status where status_no is not null")
    assert [tuple(row) for row in rows] == [(OTHER, 2)]


async def test_a_status_that_came_while_its_event_was_erased_goes_with_the_next_purge(
    pool: db.Pool, door: Door
) -> None:
    await take(door, erased(FACT))
    await pool.execute(
        "insert into status (fact_id, event_id, status, recorded_at, decided_at) "
        "values ($1, gen_random_uuid(), 'taken_up', $2, $2)",
        FACT, NOW,
    )  # fmt: skip
    await timer.purge(pool, Policies({MUNICIPALITY: [POLICY]}))
    assert [row["fact_id"] for row in await pool.fetch("select fact_id from status")] == [OTHER]


async def test_a_body_that_was_purged_before_keeps_its_day(
    pool: db.Pool, door: Door, stepped_clock: Clock
) -> None:
    await pool.execute("update event set document = null, salt = null, purged_at = $1", NOW)
    stepped_clock.move(NOW + timedelta(days=1))
    await take(door, erased(FACT))
    row = await pool.fetchrow("select purged_at, erased_at from event where fact_id = $1", FACT)
    assert tuple(row) == (NOW, NOW + timedelta(days=1))


async def test_what_waits_of_an_event_goes_with_it(pool: db.Pool, door: Door) -> None:
    async with pool.acquire() as tx:
        for signal_id in (FACT, OTHER):
            event = triage.SignalTakenUp(signal_id=signal_id, status_no=1)
            await waiting.put(tx, delivery(event), "a fault", parked=True)
    await take(door, erased(FACT))
    left = await pool.fetch("select body from waiting")
    assert [str(OTHER).encode() in row["body"] for row in left] == [True]


async def test_an_export_has_what_is_kept(pool: db.Pool, door: Door) -> None:
    await take(door, erased(FACT))
    async with pool.acquire() as tx:
        told = await erase_sql.gather(tx, [FACT, OTHER, uuid4()])
    assert {one["meldingId"]: bool(one["document"]) for one in told} == {FACT: False, OTHER: True}
    assert {one["meldingId"]: len(one["statussen"]) for one in told} == {FACT: 0, OTHER: 1}
