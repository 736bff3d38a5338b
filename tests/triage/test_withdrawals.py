"""A signal that is withdrawn is withdrawn, whichever of both is let in first, or both at once."""

import asyncio
from uuid import UUID

import pytest

from services.triage.sql import withdrawals as withdrawal_sql
from services.triage.sql.withdrawals import WITHDRAWAL_LOCKS_MAX
from shared import db
from shared.contracts.envelope import Event
from shared.contracts.signals import SignalWithdrawn
from shared.door import Door
from tests.builders import arrears_reported, fact
from tests.triage.planting import delivery, take

SIGNAL = arrears_reported(1, fact_id=UUID(int=7))
# Under another number: no lock of a building holds one of both up.
WITHDRAWAL = fact(SignalWithdrawn, 2, withdrawn_fact_id=SIGNAL.fact_id)


async def take_beside(pool: db.Pool, door: Door, first: Event, second: Event) -> bool:
    """Let two in over two connections, the first commits last; whether the second waited for it."""
    told = delivery(first)
    async with pool.acquire() as connection:
        async with connection.transaction():
            await door.consumers[told.queue].work(connection, [told])
            other = asyncio.create_task(take(door, second))
            _, waiting = await asyncio.wait([other], timeout=0.5)
        await asyncio.wait_for(other, 10)
    return bool(waiting)


async def newest_status(pool: db.Pool) -> str:
    status: str = await pool.fetchval(
        "select status from signal_status where signal_id = $1 order by status_no desc limit 1",
        SIGNAL.fact_id,
    )
    return status


@pytest.mark.parametrize("order", [(SIGNAL, WITHDRAWAL), (WITHDRAWAL, SIGNAL)])
async def test_a_withdrawal_that_races_its_signal_is_not_lost(
    pool: db.Pool, door: Door, order: tuple[Event, Event]
) -> None:
    assert await take_beside(pool, door, *order)
    assert await newest_status(pool) == "withdrawn"
    assert not await pool.fetchval("select count(*) from household_case where is_open")
    assert await pool.fetchval("select count(*) from waiting") == 0


@pytest.mark.parametrize("order", [(SIGNAL, WITHDRAWAL), (WITHDRAWAL, SIGNAL)])
async def test_a_withdrawal_under_another_address_finds_its_signal(
    pool: db.Pool, door: Door, order: tuple[Event, Event]
) -> None:
    await take(door, *order)
    assert await newest_status(pool) == "withdrawn"


async def test_signals_do_not_wait_for_each_other(pool: db.Pool) -> None:
    signals = {UUID(int=7), UUID(int=7 + WITHDRAWAL_LOCKS_MAX)}
    async with pool.acquire() as one, one.transaction(), pool.acquire() as other:
        await withdrawal_sql.lock_signals(one, signals, ())
        async with other.transaction(), asyncio.timeout(5):
            await withdrawal_sql.lock_signals(other, signals, ())
