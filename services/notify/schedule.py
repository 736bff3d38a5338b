"""Which alerts there should be about a subject, and which no longer: pure.

A subject is something that a case's people are told about. Its revision is that of the case event
which told it; the highest holds. Whatever was planned for an older one is superseded, and who was
told of an older one is told that it changed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from shared.clock import AMSTERDAM
from shared.contracts import triage
from shared.contracts.envelope import derived_id
from shared.contracts.triage import CaseEvent, Person, Role
from shared.policy import Policy
from shared.workdays import add_workdays, at_hour, is_workday, next_digest, workday_before


class State(StrEnum):
    """Where a subject stands."""

    HOLDS = "holds"
    CANCELLED = "cancelled"
    OVER = "over"  # done or answered: nobody needs to hear of it any more


@dataclass(frozen=True)
class CaseFile:
    """Who works on a case, as triage last told."""

    case_id: UUID
    municipality: str
    reference: str
    revision: int
    is_open: bool
    has_objection: bool
    assignee: Person
    lead: Person

    def recipient(self, role: str) -> Person:
        """Who fills a role now."""
        return self.assignee if role == "assignee" else self.lead


@dataclass(frozen=True)
class Subject:
    """Something to tell about a case."""

    case_id: UUID
    kind: str
    key: UUID
    revision: int
    state: State
    is_urgent: bool = False
    at: datetime | None = None  # of a visit, hearing or eviction
    ends_at: datetime | None = None
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Alert:
    """A message to one person about one subject."""

    id: UUID
    case_id: UUID
    kind: str
    key: UUID
    subject_revision: int
    template: str
    recipient_id: str
    recipient_role: str
    due_at: datetime
    expires_at: datetime | None
    bundle: str | None
    policy_sha256: str
    state: str = "scheduled"


@dataclass(frozen=True)
class Plan:
    """What has to change for a subject."""

    superseded: tuple[UUID, ...]
    wanted: tuple[Alert, ...]


def case_file_of(event: CaseEvent) -> CaseFile:
    """The case as an event tells it."""
    return CaseFile(
        case_id=event.case_id,
        municipality=event.municipality,
        reference=event.reference,
        revision=event.revision,
        is_open=not isinstance(event, triage.CaseClosed),
        has_objection=event.has_objection,
        assignee=event.assignee,
        lead=event.lead,
    )


def unknown_case(case_id: UUID) -> CaseFile:
    """A case of which nothing is known: of revision 0, so that whatever is told is newer."""
    nobody = Person(id="", name="", email="", role=Role.GENERALIST)
    return CaseFile(case_id, "", "", 0, False, False, nobody, nobody)


def subject_of(event: CaseEvent) -> Subject | None:
    """What an event gives to tell; None for an event that only says who works on the case."""
    if told := _dated(event) or _told_once(event):
        kind, key, fields = told
        return Subject(event.case_id, kind, key, event.revision, **fields)
    return None


Told = tuple[str, UUID, dict[str, Any]]  # kind, key, and the fields that it has
CALLED_OFF: dict[str, Any] = {"state": State.CANCELLED, "is_urgent": True}


def _told_once(event: CaseEvent) -> Told | None:
    match event:
        case triage.GeneralistAssigned():
            return "assignment", event.case_id, _holds(event.urgent, reason=event.reason)
        case triage.GeneralistReassigned():
            return "assignment", event.case_id, _holds(True, reason=event.reason)
        case triage.AssignmentAccepted():
            return "assignment", event.case_id, {"state": State.OVER}
        case triage.TrackProposed():
            details = {"reason": event.reason, "track": event.track.value}
            return "track", event.case_id, _holds(event.urgent, **details)
        case triage.CaseSummonsRecorded():
            key = derived_id("summons", event.court, event.case_number)
            return "summons", key, _holds(True, court=event.court, on=event.served_on.isoformat())
        case triage.CaseJudgmentRecorded():
            key = derived_id("judgment", event.court, event.case_number)
            details = {"court": event.court, "outcome": event.outcome.value}
            return "judgment", key, _holds(True, on=event.given_on.isoformat(), **details)
        case triage.ObjectionRecorded():
            return "objection", event.case_id, _holds(True)
    return None


def _dated(event: CaseEvent) -> Told | None:
    match event:
        case triage.VisitPlanned() | triage.VisitMoved():
            return "visit", event.visit_id, _at(event.starts_at, event.ends_at)
        case triage.VisitCancelled():
            return "visit", event.visit_id, CALLED_OFF
        case triage.VisitMade():
            return "visit", event.visit_id, {"state": State.OVER}
        case triage.CaseHearingSet() | triage.CaseHearingMoved():
            where = {"court": event.court, "place": event.place, "kind": event.kind.value}
            return "hearing", event.hearing_id, _at(event.at, None, **where)
        case triage.CaseHearingCancelled():
            details = {"court": event.court, "kind": event.kind.value, **_unknown(event.is_unknown)}
            return "hearing", event.hearing_id, {**CALLED_OFF, "details": details}
        case triage.CaseEvictionSet():
            return "eviction", event.eviction_id, _at(event.at, None, bailiff=event.bailiff)
        case triage.CaseEvictionCalledOff():
            details = _unknown(event.is_unknown)
            return "eviction", event.eviction_id, {**CALLED_OFF, "details": details}
        case triage.CaseEvictionCarriedOut():
            return "eviction", event.eviction_id, {"state": State.OVER}
    return None


def _unknown(is_unknown: bool) -> dict[str, str]:
    """What was called off goes on, at a time that nobody knows yet."""
    return {"unknown": "yes"} if is_unknown else {}


def _holds(is_urgent: bool, **details: str) -> dict[str, Any]:
    return {"state": State.HOLDS, "is_urgent": is_urgent, "details": details}


def _at(at: datetime, ends_at: datetime | None, **details: str) -> dict[str, Any]:
    return {
        "state": State.HOLDS,
        "is_urgent": True,
        "at": at,
        "ends_at": ends_at,
        "details": details,
    }


@dataclass(frozen=True)
class Moment:
    """What a plan is made from, besides the subject."""

    case: CaseFile
    existing: Sequence[Alert]  # all about the subject so far, whatever became of them
    policy: Policy
    now: datetime


def plan(subject: Subject, moment: Moment) -> Plan:
    """What to supersede and what to schedule about a subject."""
    superseded = tuple(
        alert.id
        for alert in moment.existing
        if alert.state == "scheduled" and not _still_fits(alert, subject, moment.case)
    )
    return Plan(superseded, tuple(_wanted(subject, moment)))


def _still_fits(alert: Alert, subject: Subject, case: CaseFile) -> bool:
    """Whether a scheduled alert still says what holds, to whom it concerns."""
    is_about_end = alert.template.endswith("_cancelled")
    return (
        case.is_open
        and alert.subject_revision == subject.revision
        and subject.state is (State.CANCELLED if is_about_end else State.HOLDS)
        and alert.recipient_id == case.recipient(alert.recipient_role).id
    )


def _wanted(subject: Subject, moment: Moment) -> Iterator[Alert]:
    case = moment.case
    if not case.is_open or subject.state is State.OVER:
        return
    told_roles = {alert.recipient_role for alert in _told(subject, moment)}
    for role in _roles(subject, moment, told_roles):
        if subject.state is State.CANCELLED:
            if role in told_roles:
                template = f"{subject.kind}_cancelled"
                yield from _unless_there(subject, moment, role, template, moment.now)
        elif subject.at is None or subject.at > moment.now:
            for template, due_at in _times(subject, moment, was_told=role in told_roles):
                yield from _unless_there(subject, moment, role, template, due_at)


def _roles(subject: Subject, moment: Moment, told_roles: set[str]) -> list[str]:
    """The assignee; the lead too at short notice, and once told also of what changes."""
    roles = ["assignee"]
    short = timedelta(hours=moment.policy.notify.short_notice_hours.value)
    is_short = subject.at is not None and subject.at < moment.now + short
    is_other = moment.case.lead.id != moment.case.assignee.id
    if is_other and (is_short or "lead" in told_roles):
        roles.append("lead")
    return roles


def _told(subject: Subject, moment: Moment) -> Iterator[Alert]:
    """Alerts of older revisions that went out, or may have, to who is concerned now."""
    for alert in moment.existing:
        is_older = alert.subject_revision < subject.revision
        is_theirs = alert.recipient_id == moment.case.recipient(alert.recipient_role).id
        if is_older and is_theirs and alert.state in {"sent", "claimed"}:
            yield alert


def _times(subject: Subject, moment: Moment, *, was_told: bool) -> Iterator[tuple[str, datetime]]:
    """Template and instant of the first word and of the reminders; two that coincide are one."""
    seen: set[datetime] = set()
    digest_at, now = moment.policy.notify.digest_at, moment.now
    for offset in moment.policy.notify.offsets(subject.kind):
        due_at = due(offset, subject, digest_at, now)
        is_first = offset in {"at once", "digest"}
        if due_at in seen or (not is_first and due_at <= now):
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


def _unless_there(
    subject: Subject, moment: Moment, role: str, template: str, due_at: datetime
) -> Iterator[Alert]:
    """The alert, unless its like is under way or went out; what was superseded may come again."""
    recipient = moment.case.recipient(role)
    is_reminder = template.endswith("_reminder")
    alike = [
        alert
        for alert in moment.existing
        if alert.subject_revision == subject.revision
        and alert.template == template
        and alert.recipient_id == recipient.id
        and (alert.due_at == due_at or not is_reminder)
    ]
    if any(alert.state not in {"superseded", "stopped"} for alert in alike):
        return
    natural_key = (subject.case_id, subject.kind, subject.key, subject.revision, template)
    occasion = due_at.isoformat() if is_reminder else ""
    is_digest = subject.at is None and not subject.is_urgent
    yield Alert(
        id=derived_id("alert", *natural_key, recipient.id, occasion, len(alike)),
        case_id=subject.case_id,
        kind=subject.kind,
        key=subject.key,
        subject_revision=subject.revision,
        template=template,
        recipient_id=recipient.id,
        recipient_role=role,
        due_at=due_at,
        expires_at=subject.at,
        bundle=f"{recipient.id}:{due_at.isoformat()}" if is_digest else None,
        policy_sha256=moment.policy.sha256,
    )


def why_stopped(alert: Alert, subject: Subject | None, case: CaseFile, now: datetime) -> str | None:
    """The gate, just before sending: why this alert may not go out; None when it may."""
    if not case.is_open:
        return "de zaak is gesloten"
    if alert.recipient_id != case.recipient(alert.recipient_role).id:
        return "iemand anders behandelt de zaak nu"
    if subject is None or not _still_fits(alert, subject, case):
        return "het feit is veranderd of vervallen"
    if alert.expires_at and alert.expires_at <= now:
        return "het tijdstip is voorbij"
    return None
