"""Door 4 of notify, the calendar: due alerts. Claim, gate, send, commit the answer, in that order.

"Sent" is written after the gateway's answer. Where the answer never came, nobody knows: a worker's
mail goes again with the same Message-ID, for a worker would rather read it twice than never; a text
message or letter is looked up at the gateway first; a mail to a resident is left to a person, and
their generalist hears that they should go by.
"""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.notify.channels.answers import Answer, Outcome
from services.notify.delivery import Carrier
from services.notify.gating import Gate, Item
from services.notify.outcomes import Ending, failed, note_unknown, sent, stop_doubles
from services.notify.receipts import follow
from services.notify.sql import alerts as alert_sql
from services.notify.sql import cases as case_sql
from services.notify.sql.alerts import Claimed
from shared import clock, db, log
from shared.contracts.envelope import derived_id
from shared.db import Tx
from shared.door import Door, Follow
from shared.policy import Channel

POLL_SECONDS = 0.1
CLAIM_MAX = 500
CLAIM_SECONDS = 60  # longer than handing one message over may take
# Pauses after temporary failures; after the last the alert has failed.
PAUSES_SECONDS = (30, 120, 600, 1800, 3600, 3 * 3600, 6 * 3600)
PUT_OFF_SECONDS = 600  # before what failed in a way that nobody foresaw is tried again
# A gateway that hangs holds up only what goes its way.
WAYS = (frozenset({Channel.MAIL}), frozenset({Channel.SMS, Channel.LETTER}))

WORKER_ATTEMPTS_MAX = 30  # about a week: a weekend's outage must not silence who works on Monday

logger = log.get()


@dataclass
class Sending:
    """The loop that sends."""

    door: Door
    gate: Gate
    carrier: Carrier

    async def run(self, channels: Collection[Channel]) -> None:
        """Send what is due by some channels, for ever; a loop of the service."""
        while True:
            while await self.send_due(channels):
                pass
            await asyncio.sleep(POLL_SECONDS)

    async def send_due(self, channels: Collection[Channel] = tuple(Channel)) -> int:
        """Claim due alerts and send them, message by message; how many alerts were claimed."""

        async def claim(tx: Tx) -> tuple[list[Claimed], Follow]:
            now, real_now = clock.now(), clock.lease_now()
            until = clock.lease_until(CLAIM_SECONDS)
            found = await alert_sql.claim_due(
                tx, now, real_now, until, CLAIM_MAX, channels=channels
            )
            ending = Ending(tx, self.gate.shelf, now)
            events = await stop_doubles(ending, [one for one in found if one.is_double])
            return [one for one in found if not one.is_double], events

        claimed = await self.door.transact(claim)
        for message in messages_of(claimed):
            await self._take_alone(message)
        return len(claimed)

    async def _take_alone(self, message: Sequence[Claimed]) -> None:
        """Take a message; one that cannot be taken is put off and holds up no other."""
        try:
            await self._take(message)
        except db.IN_PASSING:
            raise
        except Exception as error:
            fault = log.fault_of(error)
            logger.error("alert_put_off", alert_id=str(message[0].alert.id), fault=fault)
            await self._put_off(message, fault)

    async def _put_off(self, message: Sequence[Claimed], fault: str) -> None:
        """Let it come again; without an end, for even telling of its end has failed."""

        async def write(tx: Tx) -> tuple[None, Follow]:
            await alert_sql.postpone(tx, message, clock.lease_until(PUT_OFF_SECONDS), fault)
            return None, ()

        await self.door.transact(write)

    async def _take(self, message: Sequence[Claimed]) -> None:
        first = message[0]
        if first.was_unanswered:
            if first.alert.channel is not Channel.MAIL:
                answer = await self.carrier.look_up(first.alert)
                if answer.outcome is not Outcome.TEMPORARY:
                    await self._commit_answer(message, answer)
                    return
            elif first.alert.is_to_resident:
                await self._commit_answer(message, Answer(Outcome.UNKNOWN, "claim ended"))
                return
        await self._send(message)

    async def _send(self, message: Sequence[Claimed]) -> None:
        message_id = message[0].message_id or self.carrier.message_id_of(
            [one.alert.id for one in message],
            derived_id("mail", *(one.alert.id for one in message)),
        )

        if message[0].alert.is_to_resident:
            await self.gate.freshness.look_again()

        async def gate(tx: Tx) -> tuple[list[Item], Follow]:
            until = clock.lease_until(CLAIM_SECONDS)
            return await self.gate.pass_through(tx, message, message_id, until)

        try:
            items = await self.door.transact(gate)
        except db.IN_PASSING:
            raise
        except Exception as error:
            await self._give_up(message, error)
            return
        if not items:
            return
        passed = {item.alert.id for item in items}
        message = [one for one in message if one.alert.id in passed]
        try:
            answer = await self.carrier.carry(items, message_id)
        except Exception as error:
            await self._give_up(message, error)
            return
        await self._commit_answer(message, answer)

    async def _give_up(self, message: Sequence[Claimed], error: Exception) -> None:
        """Put off what cannot be written; nothing went out. It must not hold up all others.

        Of a digest nobody knows which part is the culprit, so its parts come again each by itself,
        unless it went out before: then nothing but the same mail may come again.
        """
        answer = Answer(Outcome.TEMPORARY, log.fault_of(error))
        await self._commit_answer(message, answer)
        if len(message) > 1 and not any(one.was_unanswered for one in message):

            async def take_apart(tx: Tx) -> tuple[None, Follow]:
                await alert_sql.take_apart(tx, [one.alert.id for one in message])
                return None, ()

            await self.door.transact(take_apart)

    async def _commit_answer(self, message: Sequence[Claimed], answer: Answer) -> None:
        """Write what the gateway answered, and what follows from it."""

        async def write(tx: Tx) -> tuple[None, Follow]:
            now = clock.now()
            await case_sql.hold_case_files(tx, {one.alert.case_id for one in message})
            await alert_sql.save_answers(tx, message, answer, now)
            ending = Ending(tx, self.gate.shelf, now)
            if answer.outcome is Outcome.ACCEPTED:
                told = await sent(ending, message, answer)
                return None, told + await follow(ending, _to_residents(message))
            logger.warning("alert_not_taken", outcome=answer.outcome.value, reason=answer.code)
            first = message[0].alert
            is_lost = answer.outcome is Outcome.UNKNOWN and first.is_to_resident
            if is_lost and (first.channel is Channel.MAIL or is_last_chance(message, now)):
                told = await note_unknown(ending, message, answer)
                return None, told + await follow(ending, _to_residents(message))
            if answer.outcome is Outcome.PERMANENT or is_last_chance(message, now):
                return None, await failed(ending, message, answer)
            pause = _pause(_attempts(message))
            reason = f"{answer.outcome.value} {answer.code}"
            await alert_sql.postpone(tx, message, clock.lease_until(pause), reason)
            return None, ()

        await self.door.transact(write)


def is_last_chance(message: Sequence[Claimed], now: datetime) -> bool:
    """Whether the next attempt would come too late, or too often."""
    attempts = _attempts(message)
    if attempts > (len(PAUSES_SECONDS) if message[0].alert.is_to_resident else WORKER_ATTEMPTS_MAX):
        return True
    next_at = now + timedelta(seconds=_pause(attempts))
    return all(one.alert.expires_at and one.alert.expires_at <= next_at for one in message)


def _attempts(message: Sequence[Claimed]) -> int:
    """How often it was tried, since a person let it go once more if one did."""
    return max(one.attempt_no - one.alert.attempts_before for one in message)


def _pause(attempts: int) -> int:
    """Seconds after so many attempts."""
    return PAUSES_SECONDS[min(attempts, len(PAUSES_SECONDS)) - 1]


def messages_of(claimed: Iterable[Claimed]) -> list[list[Claimed]]:
    """Group what goes out as one message: what did so before, or what shares a bundle."""
    groups: dict[str, list[Claimed]] = {}
    for one in claimed:
        key = one.message_id or one.alert.bundle or str(one.alert.id)
        groups.setdefault(key, []).append(one)
    return list(groups.values())


def _to_residents(message: Sequence[Claimed]) -> list[UUID]:
    """Those by a gateway that tells later what became of them."""
    return [one.alert.id for one in message if one.alert.is_to_resident]
