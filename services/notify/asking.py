"""Door 4 of notify, the calendar: what no receipt came of is asked at the gateway.

A gateway that takes a message and tells nothing more would leave it `sent` for ever. After the
hours of the policy it is asked; what it says counts as the receipt with that status. A message that
is still on its way is asked of again, after pauses that double. What the gateway does not have, or
does not tell in time, is unknown: its generalist goes by, and a person decides.
"""

import asyncio
from dataclasses import dataclass

from services.notify import receipts
from services.notify.channels.answers import Answer, Outcome
from services.notify.delivery import Carrier
from services.notify.outcomes import Ending, note_untold, receipt_terms
from services.notify.schedule import next_ask_at
from services.notify.sql import cases as case_sql
from services.notify.sql import receipts as receipt_sql
from services.notify.sql.receipts import Receipt, Untold
from shared import clock
from shared.db import Tx
from shared.door import Door, Follow
from shared.policy.shelf import Shelf

POLL_SECONDS = 1.0
CLAIM_SECONDS = 60  # longer than one answer may take
# One at a time, behind what is sent: a tenth of what the gateway takes in a minute (3,000).
PACE_SECONDS = 0.2
QUIET_SECONDS = 60.0  # before a gateway that does not answer is asked anything again


@dataclass
class Asking:
    """The loop that asks."""

    door: Door
    shelf: Shelf
    carrier: Carrier

    async def run(self) -> None:
        """Ask of whatever no receipt came of, for ever; a loop of the service."""
        while True:
            answer = await self.ask_next()
            if answer is None:
                pause = POLL_SECONDS
            else:
                pause = QUIET_SECONDS if answer.outcome is Outcome.UNKNOWN else PACE_SECONDS
            await asyncio.sleep(pause)

    async def ask_next(self) -> Answer | None:
        """Ask of the message that is due first; what the gateway said, or None: none is due."""

        async def claim(tx: Tx) -> tuple[Untold | None, Follow]:
            until = clock.lease_until(CLAIM_SECONDS)
            return await receipt_sql.claim_untold(tx, clock.now(), clock.lease_now(), until), ()

        untold = await self.door.transact(claim)
        if untold is None:
            return None
        answer = await self.carrier.look_up(untold.alert)
        await self._commit_answer(untold, answer)
        return answer

    async def _commit_answer(self, untold: Untold, answer: Answer) -> None:
        """Write what the gateway answered, and what follows from it."""
        alert = untold.alert

        async def write(tx: Tx) -> tuple[None, Follow]:
            now = clock.now()
            await case_sql.hold_case_files(tx, {alert.case_id})
            if not await receipt_sql.hold_untold(tx, untold):
                return None, ()  # a receipt came meanwhile, or the case is forgotten
            ending = Ending(tx, self.shelf, now)
            terms = await receipt_terms(ending, alert)
            is_there = answer.outcome is not Outcome.TEMPORARY
            ask_at = next_ask_at(untold.sent_at, terms, now) if is_there else None
            await receipt_sql.note_asked(tx, alert.id, ask_at, now)
            events: Follow = ()
            if answer.status and answer.gateway_id:
                told = Receipt(alert.id, answer.gateway_id, answer.status, completed_at=None)
                await receipt_sql.insert_receipt(tx, told, now)
                events = await receipts.follow(ending, [alert.id])
            if ask_at is None:
                await note_untold(ending, alert, answer.code)
            return None, events

        await self.door.transact(write)
