"""The net under the delivery limit: `<service>.dead` is drained into the table `waiting`, parked.

Who lands here was delivered too often without an answer: the service died of it, again and again.
"""

from collections.abc import Sequence
from dataclasses import replace

from pydantic import BaseModel

from shared import topology, waiting
from shared.contracts.envelope import Lane
from shared.db import Tx
from shared.door import Consumer, Door, Follow
from shared.waiting import Delivery

FAULT = "delivered too often without an answer"


class DeadLetter(BaseModel):
    """Any event at all."""


def serve_dead_letters(door: Door) -> None:
    """Let a door keep its service's dead letters."""
    queue = topology.dead_queue(door.service)

    async def keep(tx: Tx, deliveries: Sequence[Delivery]) -> Follow:
        """Park what was delivered too often."""
        for delivery in deliveries:
            original = replace(delivery, queue=delivery.died_in or delivery.queue)
            await waiting.put(tx, original, FAULT, parked=True)
        return ()

    door.add(
        Consumer(
            queue=queue,
            exchange=topology.DEAD_EXCHANGE,
            routing_key=queue,
            lane=Lane.BULK,
            model=DeadLetter,
            work=keep,
            name="on_dead_letter",
            describes=keep.__doc__,
        )
    )
