"""Which alerts there should be about a subject, and which no longer: pure.

Whatever was planned for an older revision of a subject is superseded, and who was told of an older
one is told that it changed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from uuid import UUID

from services.notify.recipients import FIRST_CONTACT, RESIDENT, Recipient, recipient_of
from services.notify.subjects import CaseFile, State, Subject
from shared.clock import AMSTERDAM
from shared.contracts.envelope import derived_id
from shared.policy import AlertRule, Channel, Policy, QuietHours, ReceiptTerms
from shared.workdays import add_workdays, at_hour, is_workday, next_digest, workday_before

REMINDER = "_reminder"
FIRST_WORDS = frozenset({"at once", "digest"})
# A letter that arrives when it is over does harm; the post takes that long (working days).
LETTER_WORKDAYS = 3
ASK_PAUSE = timedelta(hours=1)  # the shortest between two questions about one message
# What may have reached somebody, as far as anybody knows.
OUT = frozenset({"claimed", "sent", "delivered", "unknown"})
# What became of an alert that may come again in another form.
GONE = frozenset({"superseded", "stopped"})


@dataclass(frozen=True)
class Alert:
    """A message to one person about one subject, by one channel."""

    id: UUID
    intent: UUID  # the same for the channels that are tried one after another
    case_id: UUID
    kind: str
    key: UUID
    subject_revision: int
    template: str
    recipient_id: str
    recipient_role: str
    channel: Channel
    due_at: datetime
    expires_at: datetime | None
    bundle: str | None
    policy_sha256: str
    state: str = "scheduled"
    decision: str | None = None  # what a person decided of it last
    attempts_before: int = 0  # made before a person let it go once more
    was_taken: bool = False  # by a gateway, which gave it an id

    @property
    def is_to_resident(self) -> bool:
        return self.recipient_id == RESIDENT

    @property
    def is_released(self) -> bool:
        """Whether a person let it go, be there ever so many on that day."""
        return self.decision in {"send", "not_arrived", "again"}

    @property
    def may_come_again(self) -> bool:
        """Whether its like may be scheduled anew; not of what a person took back."""
        return self.state in GONE and self.decision != "drop"


@dataclass(frozen=True)
class Plan:
    """What has to change for a subject."""

    superseded: tuple[UUID, ...]
    wanted: tuple[Alert, ...]


@dataclass(frozen=True)
class Moment:
    """What a plan is made from, besides the subject."""

    case: CaseFile
    existing: Sequence[Alert]  # all about the subject so far, whatever became of them
    policy: Policy
    now: datetime
    to_residents: frozenset[Channel] = frozenset()  # by which they are written to here, or on trial


def plan(subject: Subject, moment: Moment) -> Plan:
    """What to supersede and what to schedule about a subject."""
    superseded = tuple(
        alert.id
        for alert in moment.existing
        if alert.state in {"scheduled", "held"} and not still_fits(alert, subject, moment.case)
    )
    # What is superseded here may come again, by another channel.
    existing = [
        replace(alert, state="superseded") if alert.id in superseded else alert
        for alert in moment.existing
    ]
    return Plan(superseded, tuple(_wanted(subject, replace(moment, existing=existing))))


def still_fits(alert: Alert, subject: Subject, case: CaseFile) -> bool:
    """Whether an alert still says what holds, to whom it concerns, by a way to reach them."""
    is_about_end = alert.template.endswith("_cancelled")
    recipient = recipient_of(alert.recipient_role, case, subject)
    return (
        subject.may_be_told(case)
        and alert.subject_revision == subject.revision
        and subject.state is (State.CANCELLED if is_about_end else State.HOLDS)
        and recipient is not None
        and alert.recipient_id == recipient.id
        and alert.channel in recipient.contacts
    )


def _wanted(subject: Subject, moment: Moment) -> Iterator[Alert]:
    case = moment.case
    if not subject.may_be_told(case) or subject.state is State.OVER:
        return
    before = list(_told(subject, moment))
    told = {alert.recipient_role for alert in before}
    heard: set[str] = set()  # a lead who is the assignee hears it once
    for rule in _rules(subject, moment, told):
        recipient = recipient_of(rule.to, case, subject)
        if recipient is None or recipient.id in heard:
            continue
        heard.add(recipient.id)
        if subject.state is State.CANCELLED:
            if rule.to in told and (subject.until is None or subject.until > moment.now):
                words = (f"{subject.kind}_cancelled", moment.now)
                yield from _unless_there(subject, moment, rule, recipient, words)
        elif subject.at is None or subject.at > moment.now:
            knows_it = recipient.is_resident and _know_it(before, subject)
            for words in _times(subject, moment, rule, was_told=rule.to in told):
                if not (knows_it and words[0].endswith("_moved")):
                    yield from _unless_there(subject, moment, rule, recipient, words)


def _rules(subject: Subject, moment: Moment, told: set[str]) -> list[AlertRule]:
    """The policy's; the lead too at short notice, and once told also of what changes."""
    rules = list(moment.policy.notify.rules(subject.kind))
    short = timedelta(hours=moment.policy.notify.short_notice_hours.value)
    is_short = subject.at is not None and subject.at < moment.now + short
    to_lead = (rule for rule in rules if rule.to == "assignee")
    if (is_short or "lead" in told) and not any(rule.to == "lead" for rule in rules):
        rules += [rule.model_copy(update={"to": "lead"}) for rule in to_lead]
    return rules


def _told(subject: Subject, moment: Moment) -> Iterator[Alert]:
    """Alerts of older revisions that went out, or may have, to who is concerned now."""
    for alert in moment.existing:
        is_older = alert.subject_revision < subject.revision
        if is_older and alert.state in OUT:
            recipient = recipient_of(alert.recipient_role, moment.case, subject)
            if recipient and recipient.id == alert.recipient_id:
                yield alert


def _know_it(told: Sequence[Alert], subject: Subject) -> bool:
    """Whether the household knows this hour already: only who comes along has changed."""
    theirs = [alert for alert in told if alert.is_to_resident]
    newest = max(theirs, key=lambda alert: alert.subject_revision, default=None)
    if newest is None or newest.template.endswith("_cancelled"):
        return False
    return subject.at is not None and newest.expires_at == subject.at


def _times(
    subject: Subject, moment: Moment, rule: AlertRule, *, was_told: bool
) -> Iterator[tuple[str, datetime]]:
    """Template and instant of the first word and of the reminders; two that coincide are one."""
    seen: set[datetime] = set()
    notify, now = moment.policy.notify, moment.now
    for offset in rule.offsets:
        due_at = due(offset, subject, notify.digest_at, now)
        is_first = offset in FIRST_WORDS
        if not is_first and due_at <= now:
            continue
        if rule.to == RESIDENT and notify.residents:
            due_at = outside_quiet(due_at, notify.residents.quiet, now=now, latest=subject.at)
        if due_at in seen:
            continue
        seen.add(due_at)
        if is_first:
            is_moved = was_told and subject.at is not None
            yield f"{subject.kind}_{'moved' if is_moved else 'set'}", due_at
        else:
            yield f"{subject.kind}_reminder", due_at


def due(offset: str, subject: Subject, digest_at: time, now: datetime) -> datetime:
    """When an alert with this offset is due; days are told at the digest's hour."""
    if offset == "at once" or (offset == "digest" and subject.is_urgent):
        return now
    if offset == "digest":
        return next_digest(now, digest_at)
    assert subject.at is not None, f"{subject.kind} has no date to count back from"
    count, unit = offset.split()
    if unit == "hours":
        return subject.at - timedelta(hours=int(count))
    day = subject.at.astimezone(AMSTERDAM).date()
    if unit == "workdays":
        return at_hour(add_workdays(day, -int(count)), digest_at)
    day -= timedelta(days=int(count))
    # Nobody reads it on a Sunday: the working day before.
    return at_hour(day if is_workday(day) else workday_before(day), digest_at)


def outside_quiet(
    due_at: datetime, quiet: QuietHours, *, now: datetime, latest: datetime | None
) -> datetime:
    """The instant, or when the quiet hours around it end; before they begin where that is too late.

    When both would be too late it is sent at once: better woken than not told.
    """
    local = due_at.astimezone(AMSTERDAM)
    if not quiet.holds_at(local.time()):
        return due_at
    is_evening = quiet.begins > quiet.ends and local.time() >= quiet.begins
    ends_on = local.date() + timedelta(days=1) if is_evening else local.date()
    ends_at = at_hour(ends_on, quiet.ends)
    if latest is None or ends_at < latest:
        return ends_at
    is_after_midnight = quiet.begins > quiet.ends and not is_evening
    begins_on = local.date() - timedelta(days=1) if is_after_midnight else local.date()
    return max(now, at_hour(begins_on, quiet.begins) - timedelta(minutes=1))


def _unless_there(
    subject: Subject,
    moment: Moment,
    rule: AlertRule,
    recipient: Recipient,
    words: tuple[str, datetime],
) -> Iterator[Alert]:
    """The alert, unless its like is under way or went out; what was superseded may come again."""
    template, due_at = words
    open_now = moment.to_residents if recipient.is_resident else frozenset(Channel)
    wanted = [one for one in rule.channels if one in open_now]
    channel = next(channels_for(subject, wanted, recipient, due_at), None)
    if channel is None:
        return
    alike = _alike(subject, moment.existing, recipient, words)
    if not all(alert.may_come_again for alert in alike):
        return
    natural_key = (subject.case_id, subject.kind, subject.key, subject.revision, template)
    occasion = due_at.isoformat() if template.endswith(REMINDER) else ""
    intent = derived_id("alert", *natural_key, recipient.id, occasion, len(alike))
    is_digest = subject.at is None and not subject.is_urgent and not recipient.is_resident
    yield Alert(
        id=by_channel(intent, channel),
        intent=intent,
        case_id=subject.case_id,
        kind=subject.kind,
        key=subject.key,
        subject_revision=subject.revision,
        template=template,
        recipient_id=recipient.id,
        recipient_role=rule.to,
        channel=channel,
        due_at=due_at,
        expires_at=subject.until,
        bundle=f"{recipient.id}:{due_at.isoformat()}" if is_digest else None,
        policy_sha256=moment.policy.sha256,
    )


def _alike(
    subject: Subject, existing: Sequence[Alert], recipient: Recipient, words: tuple[str, datetime]
) -> list[Alert]:
    """What was scheduled before to say the same to the same person; of reminders, at that hour."""
    template, due_at = words
    return [
        alert
        for alert in existing
        if (alert.subject_revision == subject.revision or template.startswith(FIRST_CONTACT))
        and alert.template == template
        and alert.recipient_id == recipient.id
        and (alert.due_at == due_at or not template.endswith(REMINDER))
    ]


def by_channel(intent: UUID, channel: Channel) -> UUID:
    """The id of an intent's alert by one channel."""
    return intent if channel is Channel.MAIL else derived_id("by", channel.value, intent)


def channels_for(
    subject: Subject, wanted: Sequence[Channel], recipient: Recipient, due_at: datetime
) -> Iterator[Channel]:
    """The channels that can still bring it in time, in the policy's order."""
    for channel in wanted:
        if channel not in recipient.contacts:
            continue
        if channel is Channel.LETTER and subject.until:
            arrives = add_workdays(due_at.astimezone(AMSTERDAM).date(), LETTER_WORKDAYS)
            if at_hour(arrives, time()) >= subject.until:
                continue
        yield channel


def first_ask_at(sent_at: datetime, terms: ReceiptTerms) -> datetime:
    """When the gateway is asked what became of a message that no receipt came of."""
    return sent_at + timedelta(hours=terms.ask_hours.value)


def next_ask_at(sent_at: datetime, terms: ReceiptTerms, now: datetime) -> datetime | None:
    """When it is asked again, after pauses that double; None: it was the last time."""
    last_at = sent_at + timedelta(hours=terms.unknown_hours.value)
    if now >= last_at:
        return None
    return min(now + max(ASK_PAUSE, now - first_ask_at(sent_at, terms)), last_at)
