"""Door 4 of notify: due alerts. Claim, gate, send, commit the answer; never the other way round.

"Sent" is written after the gateway's answer. A claim that ends without one makes the mail go out
again with the same Message-ID: a worker would rather read it twice than never.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.notify import texts
from services.notify.channels import Answer, Outcome, Smtp
from services.notify.schedule import why_stopped
from services.notify.sql import alerts as alert_sql
from services.notify.sql import cases as case_sql
from services.notify.sql.alerts import Claimed
from services.notify.texts import Item, Sender
from shared import clock, log
from shared.contracts import notify
from shared.contracts.envelope import Event, derived_id
from shared.db import Tx
from shared.door import Door, Follow

POLL_SECONDS = 0.1
CLAIM_MAX = 500
CLAIM_SECONDS = 60  # longer than handing one mail over may take
# Pauses after temporary failures; after the last the alert has failed.
PAUSES_SECONDS = (30, 120, 600, 1800, 3600, 3 * 3600, 6 * 3600)

logger = log.get()


@dataclass
class Sending:
    """The loop that sends."""

    door: Door
    smtp: Smtp
    sender: Sender

    async def run(self) -> None:
        """Send what is due, for ever; a loop of the service."""
        while True:
            while await self.send_due():
                pass
            await asyncio.sleep(POLL_SECONDS)

    async def send_due(self) -> int:
        """Claim due alerts and send them, mail by mail; how many alerts were claimed."""

        async def claim(tx: Tx) -> tuple[list[Claimed], Follow]:
            until = clock.lease_until(CLAIM_SECONDS)
            found = await alert_sql.claim_due(tx, clock.now(), clock.lease_now(), until, CLAIM_MAX)
            return found, ()

        claimed = await self.door.transact(claim)
        for mail in mails_of(claimed):
            await self._send_mail(mail)
        return len(claimed)

    async def _send_mail(self, mail: Sequence[Claimed]) -> None:
        message_id = mail[0].message_id or texts.message_id_of(
            [one.alert.id for one in mail],
            self.sender,
            derived_id("mail", *(one.alert.id for one in mail)),
        )

        async def gate(tx: Tx) -> tuple[list[Item], Follow]:
            return await self._gate(tx, mail, message_id)

        items = await self.door.transact(gate)
        if not items:
            return
        recipient = items[0].case.recipient(items[0].alert.recipient_role)
        try:
            written = texts.write_mail(items, recipient, self.sender, message_id, clock.now())
        except Exception as error:  # one that cannot be written must not hold up all others
            answer = Answer(Outcome.TEMPORARY, log.fault_of(error))
        else:
            answer = await self.smtp.send(written)
        sent_ids = {item.alert.id for item in items}
        sent = [one for one in mail if one.alert.id in sent_ids]
        await self._commit_answer(sent, answer)

    async def _gate(
        self, tx: Tx, mail: Sequence[Claimed], message_id: str
    ) -> tuple[list[Item], Follow]:
        """Check once more, just before sending; what no longer holds is stopped and says why."""
        now = clock.now()
        ours = await alert_sql.renew(tx, mail, clock.lease_until(CLAIM_SECONDS))
        mail = [one for one in mail if one.alert.id in ours]
        case_ids = {one.alert.case_id for one in mail}
        files = await case_sql.load_case_files(tx, case_ids)
        subjects = {
            (one.case_id, one.kind, one.key): one
            for one in await case_sql.load_subjects(tx, case_ids)
        }
        items, stopped, passed = [], [], []
        for one in mail:
            alert, case = one.alert, files[one.alert.case_id]
            subject = subjects.get((alert.case_id, alert.kind, alert.key))
            reason = why_stopped(alert, subject, case, now)
            if reason or subject is None:
                stopped += await self._stop(tx, one, reason or "het feit is onbekend")
            else:
                items.append(Item(alert, subject, case))
                passed.append(one)
        if passed:
            await alert_sql.insert_attempts(tx, passed, message_id, now)
        return items, stopped

    async def _stop(self, tx: Tx, one: Claimed, reason: str) -> list[Event]:
        now = clock.now()
        ended = await alert_sql.settle(tx, [one.alert.id], "stopped", reason, now)
        logger.info("alert_stopped", alert_id=str(one.alert.id), template=one.alert.template)
        return [notify.AlertStopped(**_names(one), reason=reason, stopped_at=now) for _ in ended]

    async def _commit_answer(self, sent: Sequence[Claimed], answer: Answer) -> None:
        """Write what the gateway answered, and what follows from it."""

        async def write(tx: Tx) -> tuple[None, Follow]:
            now = clock.now()
            await alert_sql.save_answers(tx, sent, answer.outcome.value, answer.code, now)
            if answer.outcome is Outcome.ACCEPTED:
                return None, await self._note_sent(tx, sent)
            logger.warning("alert_not_taken", outcome=answer.outcome.value, reason=answer.code)
            attempts = max(one.attempt_no for one in sent)
            if answer.outcome is Outcome.PERMANENT or attempts > len(PAUSES_SECONDS):
                return None, await self._note_failed(tx, sent, answer)
            free_at = clock.lease_until(PAUSES_SECONDS[attempts - 1])
            await alert_sql.postpone(
                tx, _ids(sent), free_at, f"{answer.outcome.value} {answer.code}"
            )
            return None, ()

        await self.door.transact(write)

    async def _note_sent(self, tx: Tx, sent: Sequence[Claimed]) -> list[Event]:
        now = clock.now()
        ended = set(await alert_sql.settle(tx, _ids(sent), "sent", "", now))
        return [
            notify.AlertSent(**_names(one), sent_at=now) for one in sent if one.alert.id in ended
        ]

    async def _note_failed(self, tx: Tx, sent: Sequence[Claimed], answer: Answer) -> list[Event]:
        now = clock.now()
        reason = f"{answer.outcome.value} {answer.code}"
        ended = set(await alert_sql.settle(tx, _ids(sent), "failed", reason, now))
        return [
            notify.AlertFailed(**_names(one), reason=reason, failed_at=now)
            for one in sent
            if one.alert.id in ended
        ]


def mails_of(claimed: Iterable[Claimed]) -> list[list[Claimed]]:
    """Group what goes out as one mail: what did so before, or what shares a bundle."""
    groups: dict[str, list[Claimed]] = {}
    for one in claimed:
        key = one.message_id or one.alert.bundle or str(one.alert.id)
        groups.setdefault(key, []).append(one)
    return list(groups.values())


def _ids(claimed: Sequence[Claimed]) -> list[UUID]:
    return [one.alert.id for one in claimed]


def _names(one: Claimed) -> dict[str, object]:
    alert = one.alert
    return {
        "alert_id": alert.id,
        "case_id": alert.case_id,
        "template": alert.template,
        "recipient_id": alert.recipient_id,
    }
