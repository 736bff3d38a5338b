"""Statements on who read which case and why, and on the chain that seals it."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.triage.seals import Read, Seal
from shared.db import Tx

# Any number: who reads shares it, who seals has it alone, so that no row comes after its seal.
SEALING_LOCK = 7_061_985
STILL = timedelta(hours=1)  # a page that stays open is noted again after this

# Who reads, why, which cases, and when.
Note = Callable[[Tx, str, str, Collection[UUID], datetime], Awaitable[None]]


async def note_read(
    tx: Tx, actor: str, purpose: str, case_ids: Collection[UUID], now: datetime
) -> None:
    """Note that somebody reads these cases, in the transaction that reads them.

    The row is sealed with the minute of `now`, or with the first that is not sealed yet.
    """
    if not case_ids:
        return
    await tx.execute("select pg_advisory_xact_lock_shared($1)", SEALING_LOCK)
    await tx.execute(
        """
        insert into read_log (actor, purpose, case_ids, read_at, minute)
        select $1, $2, $3, $4, greatest(
          date_trunc('minute', $4::timestamptz),
          (select max(minute) + interval '1 minute' from read_seal))
        """,
        actor,
        purpose,
        sorted(case_ids),
        now,
    )


async def note_still_read(
    tx: Tx, actor: str, purpose: str, case_ids: Collection[UUID], now: datetime
) -> None:
    """Note who goes on reading: what they read for this purpose within the hour is on file."""
    rows = await tx.fetch(
        """
        select distinct unnest(case_ids) as id from read_log
        where case_ids && $1::uuid[] and actor = $2 and purpose = $3 and read_at > $4
        """,
        list(case_ids),
        actor,
        purpose,
        now - STILL,
    )
    on_file = {row["id"] for row in rows}
    await note_read(tx, actor, purpose, [one for one in case_ids if one not in on_file], now)


async def lock_seals(tx: Tx) -> None:
    """Wait for everybody who is reading a case, and let nobody begin until this is over."""
    await tx.execute("select pg_advisory_xact_lock($1)", SEALING_LOCK)


async def last_seal(tx: Tx) -> Seal | None:
    """The newest seal."""
    row = await tx.fetchrow(
        """
        select minute, rows, last_no, hash, is_anchor from read_seal
        order by minute desc limit 1
        """
    )
    return Seal(**row) if row else None


async def list_seals(tx: Tx, after: datetime | None, limit: int) -> list[Seal]:
    """Seals after a minute, or from the first on, in order."""
    rows = await tx.fetch(
        """
        select minute, rows, last_no, hash, is_anchor from read_seal
        where $1::timestamptz is null or minute > $1 order by minute limit $2
        """,
        after,
        limit,
    )
    return [Seal(**row) for row in rows]


async def list_minutes(
    tx: Tx, after: datetime | None, before: datetime, limit: int
) -> list[datetime]:
    """Minutes with reads after one (None: all) and before an instant, in order."""
    rows = await tx.fetch(
        """
        select distinct minute from read_log
        where ($1::timestamptz is null or minute > $1) and minute < $2 order by minute limit $3
        """,
        after,
        before,
        limit,
    )
    return [row["minute"] for row in rows]


async def list_reads(tx: Tx, first: datetime | None, last: datetime) -> list[Read]:
    """The reads of the minutes from `first` (None: the very first) to `last`, in order."""
    rows = await tx.fetch(
        """
        select no, actor, purpose, case_ids, read_at, minute from read_log
        where ($1::timestamptz is null or minute >= $1) and minute <= $2 order by minute, no
        """,
        first,
        last,
    )
    return [Read(**{**row, "case_ids": tuple(row["case_ids"])}) for row in rows]


async def insert_seals(tx: Tx, seals: Sequence[Seal]) -> None:
    """Add seals to the chain; `lock_seals` comes first."""
    await tx.execute(
        """
        insert into read_seal (minute, rows, last_no, hash)
        select * from unnest($1::timestamptz[], $2::int[], $3::bigint[], $4::bytea[])
        """,
        [one.minute for one in seals],
        [one.rows for one in seals],
        [one.last_no for one in seals],
        [one.hash for one in seals],
    )


async def has_seal(tx: Tx, digest: bytes) -> bool:
    """Whether the chain has this seal."""
    found: bool = await tx.fetchval("select exists (select from read_seal where hash = $1)", digest)
    return found


async def list_readers(tx: Tx, case_id: UUID, limit: int) -> list[dict[str, Any]]:
    """Who read a case, when and why, the newest first."""
    rows = await tx.fetch(
        """
        select read_at, actor, purpose from read_log where case_ids @> array[$1::uuid]
        order by read_at desc, no desc limit $2
        """,
        case_id,
        limit,
    )
    return [dict(row) for row in rows]


async def purge_reads(tx: Tx, before: datetime, limit: int) -> int:
    """Forget reads of so many sealed minutes before an instant; how many minutes went.

    The last of them keeps its seal, from which the chain goes on. `lock_seals` comes first.
    """
    cut: datetime | None = await tx.fetchval(
        """
        select max(minute) from (
          select minute from read_seal where minute < $1 and not is_anchor
          order by minute limit $2) as old
        """,
        before,
        limit,
    )
    if cut is None:
        return 0
    await tx.execute("delete from read_log where minute <= $1", cut)
    gone: str = await tx.execute("delete from read_seal where minute < $1", cut)
    await tx.execute("update read_seal set is_anchor = true where minute = $1", cut)
    return int(gone.rsplit(maxsplit=1)[-1])
