"""What cannot be handled waits in the table, comes back with growing pauses, and is parked."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from shared import db, waiting
from shared.contracts.envelope import Event, derived_id, to_wire
from shared.contracts.signals import ArrearsSettled
from shared.db import Tx
from shared.dead import serve_dead_letters
from shared.door import Door, Follow
from shared.outbox import Outbox, Row
from shared.topology import dead_queue
from shared.waiting import PAUSES_SECONDS, Delivery, Park
from tests import builders
from tests.builders import NOW

QUEUE = "triage.from.signals.arrears_settled.v1"


class Nowhere:
    """A publisher for doors that announce nothing."""

    async def publish(self, rows: Sequence[Row]) -> list[int]:
        return [row.id for row in rows]


class Handler:
    """Notes which contracts it was given; some it cannot take."""

    def __init__(self) -> None:
        self.faults: dict[str, Exception] = {}
        self.handled: list[str] = []

    async def __call__(self, events: Sequence[ArrearsSettled], tx: Tx) -> Follow:
        """Raise what is planted for a contract."""
        for event in events:
            if fault := self.faults.get(event.contract):
                raise fault
        self.handled += [event.contract for event in events]
        return ()

    __name__ = "handler"


@pytest.fixture
async def pool(databases: dict[str, str]) -> AsyncIterator[db.Pool]:
    opened = await db.open_pool(databases["triage"], service="triage", size=4)
    yield opened
    await opened.close()


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
def door(pool: db.Pool, handler: Handler) -> Door:
    made = Door("triage", pool, Outbox("urn:nld:oin:0:systeem:triage", pool, Nowhere(), 50_000))
    made.on(ArrearsSettled)(handler)
    serve_dead_letters(made)
    return made


def deliveries(*contracts: str) -> list[Delivery]:
    events: list[Event] = [
        builders.fact(ArrearsSettled, fact_id=derived_id("test", contract), contract=contract)
        for contract in contracts
    ]
    return [
        Delivery(
            queue=QUEUE,
            body=to_wire(event, source="urn:nld:oin:0:systeem:signals", recorded_at=NOW),
            message_id=str(event.wire_id),
            routing_key="signals.arrears_settled.v1",
            user_id=None,
            content_type="application/cloudevents+json",
            redelivered=False,
        )
        for event in events
    ]


async def rows(pool: db.Pool) -> list[asyncpg.Record]:
    return await pool.fetch("select *, due_at - now() as pause from waiting order by key")


async def make_due(pool: db.Pool) -> None:
    await pool.execute("update waiting set due_at = now() - interval '1 s'")


async def test_only_the_culprit_of_a_batch_waits(
    pool: db.Pool, door: Door, handler: Handler
) -> None:
    handler.faults = {"c5": RuntimeError("Voorbeeldlaan 1")}
    batch = deliveries(*(f"c{number}" for number in range(10)))
    await door.take(door.consumers[QUEUE], batch)
    assert set(handler.handled) == {f"c{number}" for number in range(10)} - {"c5"}
    assert len(handler.handled) == 9, "each once"
    (row,) = await rows(pool)
    assert (row["state"], row["attempts"], row["queue"]) == ("later", 0, QUEUE)
    assert row["fault"].startswith("RuntimeError at ")
    assert "Voorbeeldlaan" not in row["fault"]


async def test_it_comes_back_with_growing_pauses_and_is_parked_after_the_last(
    pool: db.Pool, door: Door, handler: Handler
) -> None:
    handler.faults = {"c1": RuntimeError()}
    await door.take(door.consumers[QUEUE], deliveries("c1"))
    assert not await door.retry_one(), "it is not due yet"
    for attempts, pause in enumerate(PAUSES_SECONDS[1:], 1):
        await make_due(pool)
        assert await door.retry_one()
        (row,) = await rows(pool)
        assert (row["state"], row["attempts"]) == ("later", attempts)
        assert pause - 5 < row["pause"].total_seconds() <= pause
    await make_due(pool)
    await door.retry_one()
    (row,) = await rows(pool)
    assert row["state"] == "parked"
    await make_due(pool)
    assert not await door.retry_one(), "a person must look"


async def test_what_comes_back_and_is_handled_leaves_no_row(
    pool: db.Pool, door: Door, handler: Handler
) -> None:
    handler.faults = {"c1": asyncpg.UndefinedColumnError()}
    await door.take(door.consumers[QUEUE], deliveries("c1"))
    handler.faults.clear()
    await make_due(pool)
    assert await door.retry_one()
    assert handler.handled == ["c1"]
    assert not await rows(pool)
    assert await pool.fetchval("select count(*) from inbox") == 1
    await door.take(door.consumers[QUEUE], deliveries("c1"))
    assert handler.handled == ["c1"], "the inbox knows it"


@pytest.mark.parametrize("broken", [{"body": b"{}"}, {"body": b"\xff"}, {"message_id": "no id"}])
async def test_what_no_retry_can_help_is_parked_at_once(
    pool: db.Pool, door: Door, broken: dict[str, Any]
) -> None:
    (delivery,) = deliveries("c1")
    await door.take(door.consumers[QUEUE], [replace(delivery, **broken)])
    (row,) = await rows(pool)
    assert row["state"] == "parked"


async def test_a_handler_may_park_in_words(pool: db.Pool, door: Door, handler: Handler) -> None:
    handler.faults = {"c1": Park("the policy knows no such kind")}
    await door.take(door.consumers[QUEUE], deliveries("c1"))
    (row,) = await rows(pool)
    assert (row["state"], row["fault"]) == ("parked", "the policy knows no such kind")


async def test_a_known_id_with_another_body_is_refused_loudly(
    pool: db.Pool, door: Door, handler: Handler
) -> None:
    (delivery,) = deliveries("c1")
    other = replace(delivery, body=delivery.body + b" ")
    await door.take(door.consumers[QUEUE], [delivery])
    await door.take(door.consumers[QUEUE], [other])
    await door.take(door.consumers[QUEUE], [replace(other, body=other.body + b" "), delivery])
    assert handler.handled == ["c1"]
    assert [row["state"] for row in await rows(pool)] == ["parked", "parked"]


async def test_a_dead_letter_is_parked_under_the_queue_it_died_in(
    pool: db.Pool, door: Door
) -> None:
    (delivery,) = deliveries("c1")
    dead = replace(delivery, queue=dead_queue("triage"), died_in=QUEUE)
    await door.take(door.consumers[dead_queue("triage")], [dead])
    (row,) = await rows(pool)
    assert (row["queue"], row["state"]) == (QUEUE, "parked")
    async with pool.acquire() as connection:
        assert await waiting.count(connection) == {"parked": 1}
