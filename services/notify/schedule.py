"""Which alerts there should be about a subject, and which no longer: pure.

Whatever was planned for an older revision of a subject is superseded, and who was told of an older
one is told that it changed.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from uuid import UUID

from services.notify.hours import due, outside_quiet
from services.notify.recipients import (
    FIRST_CONTACT,
    RESIDENT,
    Recipient,
    former_of,
    recipient_of,
)
from services.notify.subjects import CaseFile, State, Subject
from shared.clock import AMSTERDAM
from shared.contracts.envelope import derived_id
from shared.policy import AlertRule, Channel, Policy, ReceiptTerms
from shared.workdays import add_workdays, at_hour

REMINDER = "_reminder"
PASSED_ON = "_passed_on"
FIRST_WORDS = frozenset({"at once", "digest"})
# A letter that arrives when it is over does harm; the post takes that long (working days).
LETTER_WORKDAYS = 3
ASK_PAUSE = timedelta(hours=1)  # the shortest between two questions about one message
# What may have reached somebody, as far as anybody knows.
OUT = frozenset({"claimed", "sent", "delivered", "unknown"})
# What became of an alert that may come again in another form.
GONE = frozenset({"superseded", "stopped"})
# What concerned who had the part at that moment: nobody who comes after them hears it too.
MOMENTARY = frozenset({"undelivered", "bounced", "reply", "not_accepted"})

# Whatever a policy names: what did not arrive is told to somebody.
UNASKED = (
    AlertRule(about="undelivered", offsets=("at once",), source="DESIGN 6"),
    AlertRule(about="bounced", to="lead", offsets=("at once",), source="DESIGN 6"),
)


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
    sequence: int = 0  # of its entry in a calendar: higher with each word to the same person
    attempts_before: int = 0  # made before a person let it go once more
    was_taken: bool = False  # by a gateway, which gave it an id

    @property
    def is_to_resident(self) -> bool:
        return self.recipient_id == RESIDENT

    @property
    def is_passed_on(self) -> bool:
        """Whether it says that somebody need not come any more."""
        return self.template.endswith(PASSED_ON)

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

    def without(self, superseded: Collection[UUID]) -> "Moment":
        """The moment after these were taken back."""
        existing = [
            replace(one, state="superseded") if one.id in superseded else one
            for one in self.existing
        ]
        return replace(self, existing=existing)


def plan(subject: Subject, moment: Moment) -> Plan:
    """What to supersede and what to schedule about a subject."""
    waiting = [one for one in moment.existing if one.state in {"scheduled", "held"}]
    outdated = {one.id for one in waiting if not still_fits(one, subject, moment.case)}
    to_residents = [one for one in waiting if one.is_to_resident and one.id not in outdated]
    others = moment.without({one.id for one in waiting})
    gone = outdated | _rerouted(subject, others, to_residents)
    # What is superseded here may come again, by another channel.
    superseded = tuple(one.id for one in waiting if one.id in gone)
    return Plan(superseded, tuple(_wanted(subject, moment.without(gone))))


def _rerouted(subject: Subject, moment: Moment, planned: Sequence[Alert]) -> set[UUID]:
    """Those of these alerts that would go by another channel, were they planned at this moment.

    What would not be planned any more stays: a reminder that is due, or what follows a failure.
    """
    if not planned:
        return set()
    channels = {_saying(one): one.channel for one in _wanted(subject, moment)}
    return {one.id for one in planned if channels.get(_saying(one), one.channel) is not one.channel}


def _saying(alert: Alert) -> tuple[str, str, datetime | None]:
    """By which alerts are known that say the same: to whom, what; of reminders, when."""
    due_at = alert.due_at if alert.template.endswith(REMINDER) else None
    return alert.recipient_id, alert.template, due_at


def still_fits(alert: Alert, subject: Subject, case: CaseFile) -> bool:
    """Whether an alert still says what holds, to whom it concerns, by a way to reach them."""
    recipient = addressee_of(alert, case, subject)
    if recipient is None or alert.channel not in recipient.contacts:
        return False
    if alert.is_passed_on:
        # Whatever becomes of it, what they had was taken from them; unless it is over.
        return subject.may_be_told(case) and subject.state is not State.OVER
    is_about_end = alert.template.endswith("_cancelled")
    return (
        subject.may_be_told(case)
        and alert.subject_revision == subject.revision
        and subject.state is (State.CANCELLED if is_about_end else State.HOLDS)
    )


def tried(alert: Alert, existing: Sequence[Alert]) -> set[Channel]:
    """The channels by which this was to be said, one after another, whatever became of it."""
    return {one.channel for one in existing if one.intent == alert.intent}


def addressee_of(alert: Alert, case: CaseFile, subject: Subject) -> Recipient | None:
    """To whom an alert goes, who has the part it is for; None when they have it no more.

    Of one that says so it is the other way round.
    """
    if alert.is_passed_on:
        return former_of(alert.recipient_id, case, subject)
    recipient = recipient_of(alert.recipient_role, case, subject)
    return recipient if recipient and recipient.id == alert.recipient_id else None


def _wanted(subject: Subject, moment: Moment) -> Iterator[Alert]:
    case = moment.case
    if not subject.may_be_told(case) or subject.state is State.OVER or subject.is_past(moment.now):
        return
    before = list(_told(subject, moment))
    told = {alert.recipient_id for alert in before}
    heard: set[str] = set()  # a lead who is the assignee hears it once
    for rule in _rules(subject, moment, before):
        recipient = recipient_of(rule.to, case, subject)
        if recipient is None or recipient.id in heard:
            continue
        heard.add(recipient.id)
        if subject.kind in MOMENTARY and _was_heard(rule.to, subject, moment):
            continue
        if subject.state is State.CANCELLED:
            if recipient.id in told and (subject.until is None or subject.until > moment.now):
                words = (f"{subject.kind}_cancelled", moment.now)
                yield from _unless_there(subject, moment, rule, recipient, words)
        elif subject.at is None or subject.at > moment.now:
            knows_it = recipient.is_resident and _know_it(before, subject)
            for words in _times(subject, moment, rule, was_told=recipient.id in told):
                if not (knows_it and words[0].endswith("_moved")):
                    yield from _unless_there(subject, moment, rule, recipient, words)


def concerned(subject: Subject, moment: Moment) -> set[str]:
    """Who has a part in a subject now, by their ids."""
    rules = _rules(subject, moment, list(_told(subject, moment)))
    found = (recipient_of(rule.to, moment.case, subject) for rule in rules)
    return {one.id for one in found if one}


def _was_heard(role: str, subject: Subject, moment: Moment) -> bool:
    """Whether whoever had this part by then has heard of it, or may have."""
    return any(
        one.recipient_role == role and one.subject_revision == subject.revision and one.state in OUT
        for one in moment.existing
    )


def counts(alert: Alert) -> bool:
    """Whether somebody may have it in their calendar; of what takes it out, whether it will."""
    return alert.state in OUT or (alert.is_passed_on and not alert.may_come_again)


def _taken_at(recipient_id: str, existing: Sequence[Alert]) -> int:
    """The sequence of the last word to somebody that they need not come; -1: never."""
    mine = (one for one in existing if one.recipient_id == recipient_id and one.is_passed_on)
    return max((one.sequence for one in mine if counts(one)), default=-1)


def _rules(subject: Subject, moment: Moment, told: Sequence[Alert]) -> list[AlertRule]:
    """The policy's; the lead too at short notice, and once told also of what changes."""
    rules = list(moment.policy.notify.rules(subject.kind))
    rules = rules or [rule for rule in UNASKED if rule.about == subject.kind]
    short = timedelta(hours=moment.policy.notify.short_notice_hours.value)
    is_short = subject.at is not None and subject.at < moment.now + short
    to_lead = (rule for rule in rules if rule.to == "assignee")
    as_lead = {one.recipient_id for one in told if one.recipient_role == "lead"}
    if (is_short or moment.case.lead.id in as_lead) and not any(
        rule.to == "lead" for rule in rules
    ):
        rules += [rule.model_copy(update={"to": "lead"}) for rule in to_lead]
    return rules


def _told(subject: Subject, moment: Moment) -> Iterator[Alert]:
    """Alerts of older revisions that went out, or may have, and were not taken back since."""
    for alert in moment.existing:
        is_older = alert.subject_revision < subject.revision
        is_theirs = alert.sequence > _taken_at(alert.recipient_id, moment.existing)
        if is_older and is_theirs and alert.state in OUT:
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
    taken_at = _taken_at(recipient.id, moment.existing)
    if not all(alert.may_come_again or alert.sequence <= taken_at for alert in alike):
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
        sequence=_next_sequence(subject, moment.existing, recipient),
    )


def _next_sequence(subject: Subject, existing: Sequence[Alert], recipient: Recipient) -> int:
    """Above whatever this person may have in their calendar; else the subject's revision."""
    mine = (one.sequence for one in existing if one.recipient_id == recipient.id and counts(one))
    return max(subject.revision, max(mine, default=0) + 1)


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
    """The channels that can still bring it in time: the preferred one, then as the policy says."""
    for channel in sorted(wanted, key=lambda one: one is not recipient.prefers):
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
