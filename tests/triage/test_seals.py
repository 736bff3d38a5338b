"""Who read what is sealed by the minute: whatever is changed afterwards is found, and where."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from deploy.local.driver import Clock
from services.triage import sealing, seals
from services.triage.seals import BEGINNING, Check, Read, Seal
from services.triage.sql import reading as reading_sql
from shared import db
from tests.builders import NOW
from tests.triage.planting import until

MINUTE = timedelta(minutes=1)
TERM = timedelta(days=sealing.READ_DAYS)
CASE = UUID(int=7)


def read(no: int, minute: int = 0, **changes: Any) -> Read:
    at = NOW + minute * MINUTE
    fields = {"actor": "anna", "purpose": "case work", "case_ids": (CASE,), "read_at": at}
    return Read(**{"no": no, "minute": at, **fields, **changes})


def chain(*reads: Read) -> list[Seal]:
    return seals.seals_of(BEGINNING, reads)


def check() -> Check:
    return Check(NOW + timedelta(hours=1), TERM)


@pytest.mark.parametrize(
    "changes",
    [
        {"actor": "bram"},
        {"purpose": "access request"},
        {"case_ids": (CASE, UUID(int=8))},
        {"case_ids": ()},
        {"read_at": NOW + timedelta(microseconds=1)},
    ],
)
def test_every_field_of_a_read_is_sealed(changes: dict[str, Any]) -> None:
    reads = [read(1), read(2, 5)]
    made = chain(*reads)
    assert check().take(made, reads) is None
    fault = check().take(made, [read(1, **changes), reads[1]])
    assert fault
    assert fault.minute == NOW


def test_two_reads_do_not_seal_as_one() -> None:
    """Where one field ends and the next begins is sealed too."""
    one = read(1, actor="anna", purpose="b")
    other = read(1, actor="annab", purpose="")
    assert chain(one)[0].hash != chain(other)[0].hash


def test_a_chain_is_checked_part_by_part() -> None:
    reads = [read(no, no) for no in range(1, 7)]
    made, going = chain(*reads), check()
    for first in (0, 2, 4):
        assert going.take(made[first : first + 2], reads[first : first + 2]) is None
    assert (going.seals, going.reads, going.previous) == (6, 6, made[-1].hash)
    fresh = check()
    fresh.take(made[0:2], reads[0:2])
    assert fresh.take(made[3:5], reads[3:5]), "a part was left out"


def test_a_minute_without_a_seal_is_found_once_it_is_long_over() -> None:
    going = check()
    at = going.now - MINUTE - seals.LATE
    assert going.end([at]) is None
    fault = going.end([at - timedelta(seconds=1)])
    assert fault
    assert "no seal" in fault.words


def test_the_chain_may_begin_anew_only_with_what_is_older_than_its_term() -> None:
    old = NOW + timedelta(hours=1) - TERM
    for at, is_fine in ((old, True), (old + timedelta(seconds=1), False)):
        anchor = Seal(at, 1, 1, b"x" * 32, is_anchor=True)
        assert (check().take([anchor], []) is None) is is_fine
    middle = Seal(NOW + MINUTE, 1, 2, b"x" * 32, is_anchor=True)
    assert check().take([*chain(read(1)), middle], [read(1)])


async def note(pool: db.Pool, at: datetime, actor: str = "anna", *cases: UUID) -> None:
    async with pool.acquire() as tx, tx.transaction():
        await reading_sql.note_read(tx, actor, "case work", cases or [CASE], at)


async def verdict(pool: db.Pool) -> tuple[datetime | None, str]:
    async with pool.acquire() as tx:
        found = await sealing.verify(tx)
    return (found.fault.minute, found.fault.words) if found.fault else (None, "")


async def sealed_hour(pool: db.Pool, clock: Clock) -> None:
    """Reads in minutes 0, 1 (two of them), 5 and 9, all sealed."""
    for minute in (0, 1, 1, 5, 9):
        await note(pool, NOW + minute * MINUTE + timedelta(seconds=3))
    clock.move(NOW + timedelta(minutes=10))
    assert await sealing.seal_some(pool) == 4
    assert await sealing.seal_some(pool) == 0
    assert await verdict(pool) == (None, "")


TAMPERED = {
    "a row is changed": ("update read_log set actor = 'bram' where minute = $1", 5, 5),
    "a row is taken away": ("delete from read_log where no = 2 and minute = $1", 1, 1),
    "all rows of a minute are taken away": ("delete from read_log where minute = $1", 5, 5),
    "a seal is taken away": ("delete from read_seal where minute = $1", 1, 1),
    "a minute is taken away with its seal": (
        "with gone as (delete from read_seal where minute = $1) "
        "delete from read_log where minute = $1", 1, 5),
    "the first minute is taken away with its seal": (
        "with gone as (delete from read_seal where minute = $1) "
        "delete from read_log where minute = $1", 0, 1),
    "a seal is put in": (
        "insert into read_seal select minute + interval '1 minute', rows, last_no, hash, false "
        "from read_seal where minute = $1", 5, 6),
    "a seal is another": (
        "update read_seal set hash = sha256(hash) where minute = $1", 9, 9),
    "the chain is said to begin here": (
        "with gone as (delete from read_log where minute <= $1), "
        "seals as (delete from read_seal where minute < $1) "
        "update read_seal set is_anchor = true where minute = $1", 5, 5),
    "a row comes late": (
        "insert into read_log (actor, purpose, case_ids, read_at, minute) "
        "select actor, purpose, case_ids, read_at, minute from read_log where minute = $1", 5, 5),
    "a row comes late in a minute without reads": (
        "insert into read_log (actor, purpose, case_ids, read_at, minute) select actor, purpose, "
        "case_ids, read_at, minute + interval '2 minutes' from read_log where minute = $1", 5, 7),
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERED)
async def test_what_is_done_to_the_log_is_found(
    pool: db.Pool, stepped_clock: Clock, how: str
) -> None:
    await sealed_hour(pool, stepped_clock)
    statement, at, found_at = TAMPERED[how]
    assert await pool.execute(statement, NOW + at * MINUTE) not in {"UPDATE 0", "DELETE 0"}
    assert (await verdict(pool))[0] == NOW + found_at * MINUTE


async def test_a_chain_that_was_written_anew_lacks_the_seals_that_were_noted(
    pool: db.Pool, stepped_clock: Clock
) -> None:
    await sealed_hour(pool, stepped_clock)
    async with pool.acquire() as tx:
        noted = await reading_sql.last_seal(tx)
        assert noted
        assert await reading_sql.has_seal(tx, noted.hash)
    await pool.execute("delete from read_seal; update read_log set actor = 'bram' where no = 1")
    await sealing.seal_some(pool)
    assert await verdict(pool) == (None, ""), "in itself it fits"
    async with pool.acquire() as tx:
        assert not await reading_sql.has_seal(tx, noted.hash)


async def test_a_minute_is_sealed_once_it_is_over(pool: db.Pool, stepped_clock: Clock) -> None:
    await note(pool, NOW + timedelta(seconds=59))
    for seconds, sealed in ((59, 0), (60, 1)):
        stepped_clock.move(NOW + timedelta(seconds=seconds))
        assert await sealing.seal_some(pool) == sealed


async def test_a_read_of_a_sealed_minute_goes_with_the_first_that_is_not(
    pool: db.Pool, stepped_clock: Clock
) -> None:
    """The clocks of replicas differ, and a read may have begun before its minute was sealed."""
    await sealed_hour(pool, stepped_clock)
    await note(pool, NOW + 4 * MINUTE, "bram")
    row = await pool.fetchrow("select minute, read_at from read_log where actor = 'bram'")
    assert tuple(row) == (NOW + 10 * MINUTE, NOW + 4 * MINUTE)
    stepped_clock.move(NOW + 11 * MINUTE)
    assert await sealing.seal_some(pool) == 1
    assert await verdict(pool) == (None, "")


async def test_who_reads_while_a_minute_is_sealed_is_waited_for(
    pool: db.Pool, stepped_clock: Clock, triage_url: str
) -> None:
    stepped_clock.move(NOW + 5 * MINUTE)
    async with pool.acquire() as reader:
        reading = reader.transaction()
        await reading.start()
        await reading_sql.note_read(reader, "anna", "case work", [CASE], NOW)
        sealer = await asyncpg.connect(triage_url)
        await sealer.execute("set lock_timeout = '200ms'")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await reading_sql.lock_seals(sealer)
        await sealer.close()
        await reading.commit()
    assert await sealing.seal_some(pool) == 1
    assert await verdict(pool) == (None, "")


async def test_reads_go_after_their_term_and_the_chain_still_fits(
    pool: db.Pool, stepped_clock: Clock
) -> None:
    await sealed_hour(pool, stepped_clock)
    for minutes, left in ((0, 5), (1, 4), (5, 2), (6, 1), (9, 1), (10, 0)):
        stepped_clock.move(NOW + TERM + minutes * MINUTE)
        while await sealing.purge_some(pool):
            pass
        assert await pool.fetchval("select count(*) from read_log") == left
        assert await verdict(pool) == (None, "")
    later = NOW + TERM + timedelta(days=1)
    await note(pool, later)
    stepped_clock.move(later + MINUTE)
    assert await sealing.seal_some(pool) == 1
    assert await verdict(pool) == (None, "")
    assert await pool.fetchval("select count(*) from read_seal") == 2, "the anchor, and the new one"


async def test_the_service_seals_forgets_and_logs_the_newest_seal(
    pool: db.Pool, stepped_clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    await note(pool, NOW)
    await note(pool, NOW + MINUTE)
    stepped_clock.move(NOW + TERM + MINUTE)
    running = asyncio.create_task(sealing.Sealing(pool).run())
    await until(pool, "select count(*) from read_log", 1)
    await asyncio.sleep(0.3)
    running.cancel()
    said = capsys.readouterr().out
    head = await pool.fetchval("select hash from read_seal order by minute desc limit 1")
    assert head.hex() in said
    assert await verdict(pool) == (None, "")


async def test_readers_of_a_case_are_listed_the_newest_first(pool: db.Pool) -> None:
    other = uuid4()
    await note(pool, NOW, "anna")
    await note(pool, NOW + MINUTE, "bram", other, CASE)
    await note(pool, NOW + 2 * MINUTE, "chris", other)
    await note(pool, NOW + 3 * MINUTE, "dora")
    async with pool.acquire() as tx:
        found = await reading_sql.list_readers(tx, CASE, 10)
    assert [row["actor"] for row in found] == ["dora", "bram", "anna"]
