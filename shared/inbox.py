"""The inbox: which events this service has handled, in the transaction of their effects."""

import hashlib
from collections.abc import Mapping
from uuid import UUID

from shared.db import Tx


class KnownIdOtherBody(Exception):
    """An id that was handled came again with another body; that is never swallowed."""


def body_hash(body: bytes) -> bytes:
    """What an inbox row remembers of a body."""
    return hashlib.blake2b(body, digest_size=16).digest()


async def claim(tx: Tx, queue: str, hashes: Mapping[UUID, bytes]) -> set[UUID]:
    """Note these ids as handled, sorted, and return those that are new.

    Locks the new rows until the transaction ends: a replica with the same event waits here. Raises
    KnownIdOtherBody when a known id has another body.
    """
    ids = sorted(hashes)
    fresh = {
        row["event_id"]
        for row in await tx.fetch(
            """
            insert into inbox (event_id, queue, body_hash)
            select event_id, $1, body_hash
            from unnest($2::uuid[], $3::bytea[]) as arrived (event_id, body_hash)
            on conflict do nothing
            returning event_id
            """,
            queue,
            ids,
            [hashes[event_id] for event_id in ids],
        )
    }
    known = [event_id for event_id in ids if event_id not in fresh]
    if known:
        await _refuse_other_bodies(tx, known, hashes)
    return fresh


async def _refuse_other_bodies(tx: Tx, known: list[UUID], hashes: Mapping[UUID, bytes]) -> None:
    rows = await tx.fetch(
        "select event_id, body_hash from inbox where event_id = any($1::uuid[])", known
    )
    if any(row["body_hash"] != hashes[row["event_id"]] for row in rows):
        raise KnownIdOtherBody("a known id came with another body")


async def prune(tx: Tx, days: int) -> int:
    """Forget ids older than `days`, but none younger than the oldest row in `waiting`."""
    status: str = await tx.execute(
        """
        delete from inbox where event_id in (
          select event_id from inbox
          where handled_at < least(now() - $1 * interval '1 day',
                                   (select min(first_at) from waiting))
          limit 10000)
        """,
        days,
    )
    return int(status.rsplit(maxsplit=1)[-1])
