"""What follows when an alert ends: its state, the event for triage, and who must act now.

Whatever does not reach a household is told to its generalist, who goes by; whatever does not reach
a worker is told to the lead. Case files are locked by whoever calls.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.notify.channels.answers import Answer
from services.notify.gate import Mode, open_channels
from services.notify.hours import outside_quiet
from services.notify.recipients import recipient_of, worker_of
from services.notify.schedule import Alert, by_channel, channels_for, first_ask_at, tried
from services.notify.sql import alerts as alert_sql
from services.notify.sql import cases as case_sql
from services.notify.sql import live as live_sql
from services.notify.sql import receipts as receipt_sql
from services.notify.sql.alerts import Claimed
from services.notify.subjects import CaseFile, State, Subject
from shared import clock, log
from shared.contracts import notify
from shared.contracts.envelope import Event, derived_id
from shared.db import Tx
from shared.policy import RECEIPTS, Channel, ReceiptTerms
from shared.policy.shelf import Shelf

UNDELIVERED, BOUNCED = "undelivered", "bounced"
logger = log.get()


@dataclass(frozen=True)
class Ending:
    """What ending an alert needs."""

    tx: Tx
    shelf: Shelf
    now: datetime


async def sent(ending: Ending, message: Sequence[Claimed], answer: Answer) -> list[Event]:
    """The gateway took it."""
    ended = set(
        await alert_sql.settle(
            ending.tx, _ids(message), "sent", "", ending.now, gateway_id=answer.gateway_id
        )
    )
    took = [one.alert for one in message if one.alert.id in ended]
    for alert in took:
        if alert.is_to_resident and alert.channel is not Channel.MAIL:
            ask_at = first_ask_at(ending.now, await receipt_terms(ending, alert))
            await receipt_sql.await_receipt(ending.tx, alert.id, ask_at)
    return [notify.AlertSent(**names_of(alert), sent_at=ending.now) for alert in took]


async def receipt_terms(ending: Ending, alert: Alert) -> ReceiptTerms:
    """How long may pass untold what became of a text message or letter."""
    files = await case_sql.load_case_files(ending.tx, [alert.case_id])
    policies = await ending.shelf.current(ending.tx)
    day = clock.amsterdam_day(ending.now)
    policy = policies.on(files[alert.case_id].municipality, day)
    rules = policy.notify.residents if policy else None
    return (rules.receipts if rules else RECEIPTS).of(alert.channel)


async def note_untold(ending: Ending, alert: Alert, code: str) -> None:
    """The gateway took it and never tells what became of it: a person decides, somebody goes by."""
    reason = f"onbekend of het is aangekomen: geen ontvangstbericht ({code})"
    if not await receipt_sql.give_up(ending.tx, alert.id, reason):
        return
    logger.warning("alert_untold", alert_id=str(alert.id), reason=code)
    if not _is_over(ending, alert):
        await tell_generalist(ending, alert)


async def stopped(ending: Ending, one: Claimed, reason: str) -> list[Event]:
    """It may not go out."""
    logger.info("alert_stopped", alert_id=str(one.alert.id), template=one.alert.template)
    return await _stop(ending, one, "stopped", reason)


async def shadowed(ending: Ending, one: Claimed, reason: str) -> list[Event]:
    """It would have gone out; a channel that is live brings it instead."""
    events = await _stop(ending, one, "shadowed", reason)
    if events and not await _try_next_channel(ending, one.alert, is_on_trial=True):
        existing = await alert_sql.load_alerts(ending.tx, [one.alert.case_id])
        if any(other.intent == one.alert.intent and other.state == "failed" for other in existing):
            await tell_generalist(ending, one.alert)  # a trial is no other way to reach them
    return events


async def _stop(ending: Ending, one: Claimed, state: str, reason: str) -> list[Event]:
    ended = await alert_sql.settle(ending.tx, [one.alert.id], state, reason, ending.now)
    told = {**names_of(one.alert), "reason": reason, "stopped_at": ending.now}
    return [notify.AlertStopped(**told) for _ in ended]


async def stop_doubles(ending: Ending, doubles: Sequence[Claimed]) -> list[Event]:
    """Their intent reached the household by another channel: it hears nothing twice."""
    if not doubles:
        return []
    ids, reason = _ids(doubles), "dit is al langs een andere weg verstuurd"
    ended = await alert_sql.stop_doubles(ending.tx, ids, reason, ending.now)
    told = {"reason": reason, "stopped_at": ending.now}
    return [
        notify.AlertStopped(**names_of(one.alert), **told)
        for one in doubles
        if one.alert.id in ended
    ]


async def held(ending: Ending, one: Claimed, reason: str) -> list[Event]:
    """A person has to look before it goes; meanwhile the household hears nothing from us."""
    logger.warning("alert_held", alert_id=str(one.alert.id), template=one.alert.template)
    if await alert_sql.settle(ending.tx, [one.alert.id], "held", reason, ending.now):
        await tell_generalist(ending, one.alert)
    return []


async def note_unknown(ending: Ending, message: Sequence[Claimed], answer: Answer) -> list[Event]:
    """It may have gone out and nobody knows: a person decides, and somebody goes by."""
    reason = f"onbekend of het is aangekomen ({answer.code})"
    ended = set(await alert_sql.settle(ending.tx, _ids(message), "unknown", reason, ending.now))
    for one in message:
        if one.alert.id in ended:
            await tell_generalist(ending, one.alert)
    return []


async def failed(ending: Ending, message: Sequence[Claimed], answer: Answer) -> list[Event]:
    """It cannot be delivered: by another channel then, or by somebody who goes by."""
    reason = f"{answer.outcome.value} {answer.code}"
    ended = set(await alert_sql.settle(ending.tx, _ids(message), "failed", reason, ending.now))
    events: list[Event] = []
    for one in message:
        if one.alert.id in ended:
            events += await say_failed(ending, one.alert, reason)
    return events


async def say_failed(ending: Ending, alert: Alert, reason: str) -> list[Event]:
    """What follows when an alert has failed; of what is over by now nobody has to hear more."""
    if alert.is_to_resident:
        if not _is_over(ending, alert) and not await _try_next_channel(ending, alert):
            await tell_generalist(ending, alert)
    elif alert.recipient_role != "lead" or alert.is_passed_on:  # that was another lead
        await _tell(ending, alert, BOUNCED, "lead")
    told = {**names_of(alert), "reason": reason, "failed_at": ending.now}
    return [notify.AlertFailed(**told)]


def _is_over(ending: Ending, alert: Alert) -> bool:
    return alert.expires_at is not None and alert.expires_at <= ending.now


async def _try_next_channel(ending: Ending, alert: Alert, *, is_on_trial: bool = False) -> bool:
    """Schedule it by the next channel of its rule that was not tried; False when there is none.

    After a trial only by one that is live: else the trial would go on and on.
    """
    files = await case_sql.load_case_files(ending.tx, [alert.case_id])
    case = files[alert.case_id]
    subject = (await _subjects(ending, alert)).get((alert.kind, alert.key))
    policies = await ending.shelf.current(ending.tx)
    policy = policies.on(case.municipality, clock.amsterdam_day(ending.now))
    recipient = recipient_of(alert.recipient_role, case, subject) if subject else None
    if policy is None or recipient is None or subject is None:
        return False
    due_at = ending.now
    if rules := policy.notify.residents:
        due_at = outside_quiet(due_at, rules.quiet, now=due_at, latest=subject.at)
    for rule in policy.notify.rules(alert.kind):
        if rule.to != alert.recipient_role or alert.channel not in rule.channels:
            continue
        before = tried(alert, await alert_sql.load_alerts(ending.tx, [alert.case_id]))
        modes = await live_sql.load_modes(ending.tx, [case.municipality])
        may = open_channels(modes, case.municipality) - before
        still = [one for one in rule.channels if one in may]
        if is_on_trial:
            still = [one for one in still if modes[case.municipality, one] is Mode.LIVE]
        for channel in channels_for(subject, still, recipient, due_at):
            again = replace(
                alert, id=by_channel(alert.intent, channel), channel=channel, due_at=due_at
            )
            # What was tried that way before, and had ended when this one went again, is no way.
            if await alert_sql.insert_alerts(ending.tx, [again], ending.now):
                return True
    return False


async def _subjects(ending: Ending, alert: Alert) -> Mapping[tuple[str, UUID], Subject]:
    """What there is to tell of the alert's case, by kind and key."""
    found = await case_sql.load_subjects(ending.tx, [alert.case_id])
    return {(one.kind, one.key): one for one in found}


async def tell_generalist(ending: Ending, alert: Alert) -> None:
    """Tell who has the case that this did not reach the household; once, however often asked."""
    await _tell(ending, alert, UNDELIVERED, "assignee")


async def _tell(ending: Ending, alert: Alert, kind: str, role: str) -> None:
    files = await case_sql.load_case_files(ending.tx, [alert.case_id])
    case, subjects = files[alert.case_id], await _subjects(ending, alert)
    if (kind, alert.id) in subjects:
        return  # they know; another revision of it would take the first one back
    about = subjects.get((alert.kind, alert.key))
    details = {"about": alert.kind, "channel": alert.channel.value}
    if worker := worker_of(alert.recipient_id, case, about):
        details["worker"] = worker.name  # whom it did not reach; a household is named nowhere
    subject = Subject(
        case_id=case.case_id,
        kind=kind,
        key=alert.id,
        revision=case.revision,
        state=State.HOLDS,
        is_urgent=True,
        at=about.at if about else None,
        details=details,
    )
    await case_sql.save_subjects(ending.tx, [subject])
    await alert_sql.insert_alerts(ending.tx, [_urgent(subject, case, role, alert)], ending.now)


def _urgent(subject: Subject, case: CaseFile, role: str, about: Alert) -> Alert:
    recipient = recipient_of(role, case, subject)
    assert recipient
    alert_id = derived_id("alert", subject.kind, subject.key, recipient.id)
    return Alert(
        id=alert_id,
        intent=alert_id,
        case_id=subject.case_id,
        kind=subject.kind,
        key=subject.key,
        subject_revision=subject.revision,
        template=f"{subject.kind}_set",
        recipient_id=recipient.id,
        recipient_role=role,
        channel=Channel.MAIL,
        due_at=about.due_at,
        expires_at=None,
        bundle=None,
        policy_sha256=about.policy_sha256,
    )


def names_of(alert: Alert) -> dict[str, object]:
    """What every event of an alert says."""
    return {
        "alert_id": alert.id,
        "case_id": alert.case_id,
        "template": alert.template,
        "recipient_id": alert.recipient_id,
        "attempts_before": alert.attempts_before,
    }


def _ids(message: Sequence[Claimed]) -> list[UUID]:
    return [one.alert.id for one in message]
