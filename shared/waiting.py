"""The table `waiting`: every event that could not be handled yet, with its fault.

`later` rows come back with growing pauses; after the last one a row is `parked` for a person.
Committed first, then acked: nothing is lost, and one bad event holds up no other.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared import clock
from shared.db import Tx
from shared.inbox import body_hash

# Seconds before each further attempt; after the last the row is parked.
PAUSES_SECONDS = (10, 60, 600, 3600, 6 * 3600)


class Park(Exception):
    """No retry will help: a person must look. The text names fields and faults, never values."""


@dataclass(frozen=True)
class Delivery:
    """A message as the broker delivered it, or as `waiting` kept it."""

    queue: str
    body: bytes
    message_id: str
    routing_key: str
    user_id: str | None
    content_type: str | None
    redelivered: bool
    has_copies: bool = False  # CC or BCC headers were set, which get round topic permissions
    died_in: str | None = None  # the queue that gave it up, of a dead letter
    # CloudEvents attributes that came as headers, without their prefix: binary mode.
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Names the delivery within its queue; a partner may use one message id twice."""
        return f"{self.message_id}:{body_hash(self.body).hex()}"

    def properties(self) -> dict[str, Any]:
        """What a row in `waiting` keeps besides queue, id and body."""
        return {
            "message_id": self.message_id,
            "routing_key": self.routing_key,
            "user_id": self.user_id,
            "content_type": self.content_type,
            "has_copies": self.has_copies,
            "attributes": dict(self.attributes),
        }


async def put(tx: Tx, delivery: Delivery, fault: str, *, parked: bool) -> None:
    """Keep a delivery; one that is kept already stays as it is."""
    await tx.execute(
        """
        insert into waiting (queue, key, body, properties, state, fault, due_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (queue, key) do nothing
        """,
        delivery.queue,
        delivery.key,
        delivery.body,
        delivery.properties(),
        "parked" if parked else "later",
        fault,
        clock.lease_until(PAUSES_SECONDS[0]),
    )


async def take_due(tx: Tx) -> tuple[int, Delivery] | None:
    """Lock the row that is due longest, and return its attempts so far and its delivery."""
    row = await tx.fetchrow(
        """
        select queue, body, properties, attempts from waiting
        where state = 'later' and due_at <= $1
        order by due_at limit 1 for update skip locked
        """,
        clock.lease_now(),
    )
    if row is None:
        return None
    delivery = Delivery(
        queue=row["queue"],
        body=row["body"],
        redelivered=True,
        **row["properties"],
    )
    return row["attempts"], delivery


async def settle(tx: Tx, delivery: Delivery) -> None:
    """The delivery was handled: the row goes, in the transaction of its effects."""
    await tx.execute(
        "delete from waiting where queue = $1 and key = $2",
        delivery.queue,
        delivery.key,
    )


async def postpone(tx: Tx, delivery: Delivery, fault: str, *, attempts: int, park: bool) -> None:
    """Note one more failed attempt; park after the last."""
    is_last = attempts + 1 >= len(PAUSES_SECONDS)
    pause = PAUSES_SECONDS[min(attempts + 1, len(PAUSES_SECONDS) - 1)]
    await tx.execute(
        """
        update waiting set attempts = $3, fault = $4, state = $5, due_at = $6, last_at = now()
        where queue = $1 and key = $2
        """,
        delivery.queue,
        delivery.key,
        attempts + 1,
        fault,
        "parked" if park or is_last else "later",
        clock.lease_until(pause),
    )


async def purge_parked(tx: Tx, before: datetime, limit: int) -> int:
    """Forget so many parked rows that first came before an instant; how many went.

    Nobody acted on them for as long as such bodies may be kept: they must not stay for ever.
    """
    status: str = await tx.execute(
        """
        delete from waiting where (queue, key) in (
          select queue, key from waiting where state = 'parked' and first_at < $1
          order by first_at limit $2 for update skip locked)
        """,
        before,
        limit,
    )
    return int(status.rsplit(maxsplit=1)[-1])


async def forget(tx: Tx, names: Collection[Collection[str]]) -> int:
    """Forget rows whose body has all texts of one of these, such as `["<id>"]`; how many went."""
    told = [(no, text.encode()) for no, texts in enumerate(names) for text in texts]
    status: str = await tx.execute(
        """
        delete from waiting where exists (
          select from unnest($1::int[], $2::bytea[]) as name (no, text)
          group by no having bool_and(position(text in body) > 0))
        """,
        [no for no, _ in told],
        [text for _, text in told],
    )
    return int(status.rsplit(maxsplit=1)[-1])


async def count(tx: Tx) -> dict[str, int]:
    """How many rows wait, by state."""
    rows = await tx.fetch("select state, count(*) as n from waiting group by state")
    return {row["state"]: row["n"] for row in rows}
