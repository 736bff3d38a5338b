"""Tells partners what a household said to the offer of help, and keeps what they have heard.

While it is uncertain whose a signal is, its partner hears nothing. Once a person said whose it is,
its partner hears what stands by then, and nothing that it heard before.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from uuid import UUID

from services.triage.casework import Outcome
from services.triage.reports import Status
from services.triage.sql import telling as telling_sql
from services.triage.sql.telling import Standing
from shared import clock
from shared.contracts import triage
from shared.contracts.envelope import Event
from shared.db import Tx


async def tell_help_answer(
    tx: Tx, household_id: UUID, answer_id: UUID, paused_until: date | None
) -> Event:
    """That help was accepted, and until when collection is paused; None: it was declined."""
    answer = "accepted" if paused_until else "declined"
    named = {
        "answer_id": answer_id,
        "signal_ids": await _tellable(tx, household_id, answer_id, answer),
    }
    if paused_until is None:
        return triage.HelpDeclined(**named)
    return triage.HelpAccepted(**named, collection_paused_until=paused_until)


async def tell_pause_ended(tx: Tx, answer_id: UUID) -> Event:
    """That the pause of collection is over, which this answer began: to whoever heard that."""
    signals = await telling_sql.load_told(tx, answer_id)
    await telling_sql.note_answer_told(tx, signals, answer_id, "pause_ended")
    return triage.PauseEnded(answer_id=answer_id, signal_ids=tuple(signals))


async def _tellable(tx: Tx, household_id: UUID, answer_id: UUID, answer: str) -> tuple[UUID, ...]:
    """The signals whose partners hear this, which is noted."""
    signals = await telling_sql.load_tellable(tx, household_id)
    await telling_sql.note_answer_told(tx, signals, answer_id, answer)
    return tuple(signals)


async def tell_what_stands(tx: Tx, outcomes: Sequence[Outcome]) -> list[Event]:
    """What partners hear of help now that it is certain whose their signals are."""
    certain = {
        signal_id
        for outcome in outcomes
        for signal_id in outcome.known.doubtful_before - outcome.known.doubtful
        if outcome.decision.statuses.get(signal_id) is Status.TAKEN_UP
    }
    if not certain:
        return []
    standing = await telling_sql.list_standing(tx, certain)
    for one in standing:
        await telling_sql.note_answer_told(tx, [one.signal_id], one.answer_id, one.answer)
    return list(_late_answers(standing, clock.now()))


def _late_answers(standing: Sequence[Standing], now: datetime) -> Iterator[Event]:
    for _, group in groupby(standing, key=lambda one: one.answer_id):
        told = list(group)
        signals = tuple(one.signal_id for one in told)
        named = {"answer_id": told[0].answer_id, "signal_ids": signals, "told_at": now}
        match told[0].answer:
            case "declined":
                yield triage.HelpDeclined(**named)
            case "pause_ended":
                yield triage.PauseEnded(**named)
            case _:
                until = told[0].paused_until
                yield triage.HelpAccepted(**named, collection_paused_until=until)
