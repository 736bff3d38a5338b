"""What there is to tell about a case, and who works on it: as triage's events say it. Pure.

A subject's revision is that of the case event which told it; the highest holds.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any
from uuid import UUID

from shared.clock import amsterdam_day
from shared.contracts import triage
from shared.contracts.envelope import derived_id
from shared.contracts.triage import CaseEvent, ContactRestriction, Person, Resident, Role
from shared.policy import Channel

DATED = frozenset({"visit", "hearing", "eviction"})  # what stands in somebody's calendar
FORMER_MAX = 20  # of a case, the last ones: they may still have something in their calendar


class State(StrEnum):
    """Where a subject stands."""

    HOLDS = "holds"
    CANCELLED = "cancelled"
    OVER = "over"  # done or answered: nobody needs to hear of it any more


@dataclass(frozen=True)
class Wishes:
    """What a household asked of how we write to it."""

    has_opted_out: bool = False
    wrong_contacts: frozenset[str] = frozenset()  # numbers and addresses that are not theirs
    channel: Channel | None = None  # tried first; None: they did not say
    language: str | None = None  # "nl" or "en", whatever a partner told; None: they did not say
    preferred_at: datetime | None = None  # when these two were stated


NO_WISHES = Wishes()
UNKNOWN_HOUSEHOLD = UUID(int=0)  # of a case that was told of before households were


def together(asked: Iterable[Wishes]) -> Wishes:
    """What several ask of one household: all of it, and of what they prefer what was said last."""
    everybody = list(asked)
    stated = [one for one in everybody if one.preferred_at]
    newest = sorted(stated, key=attrgetter("preferred_at"), reverse=True)
    return Wishes(
        has_opted_out=any(one.has_opted_out for one in everybody),
        wrong_contacts=frozenset(contact for one in everybody for contact in one.wrong_contacts),
        channel=next((one.channel for one in newest if one.channel), None),
        language=next((one.language for one in newest if one.language), None),
        preferred_at=next((one.preferred_at for one in newest), None),
    )


@dataclass(frozen=True)
class CaseFile:
    """A case as triage last told of it, with how to reach its household."""

    case_id: UUID
    household_id: UUID
    municipality: str
    reference: str
    revision: int
    is_open: bool
    has_objection: bool
    assignee: Person
    lead: Person
    track: str = ""
    is_confirmed: bool = False
    paused_until: date | None = None
    restrictions: frozenset[ContactRestriction] = frozenset()
    resident: Resident | None = None  # None too until triage told, once a person had confirmed
    kin: frozenset[UUID] = frozenset()  # households that turned out to be this one
    resident_revision: int = 0  # of the event that told these two
    wishes: Wishes = NO_WISHES  # of the household and its kin
    former: tuple[Person, ...] = ()  # who had the case, led it or went along before; newest last

    @property
    def households(self) -> frozenset[UUID]:
        """Whose wishes hold."""
        return self.kin | {self.household_id}

    def left_by(self, *left: Person) -> "CaseFile":
        """The same, remembering who was replaced."""
        known = {one.id: one for one in self.former}
        for one in left:
            known.pop(one.id, None)
            known[one.id] = one
        return replace(self, former=tuple(known.values())[-FORMER_MAX:])


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

    @property
    def until(self) -> datetime | None:
        """The hour after which nobody needs to hear of it; of what is off, its last known hour."""
        was_at = (self.details or {}).get("was_at")
        return self.at or (datetime.fromisoformat(was_at) if was_at else None)

    def after(self, before: "Subject | None") -> "Subject":
        """The same with what only the subject before it said: when it was, and who went along."""
        if self.state is not State.CANCELLED or before is None:
            return self
        kept = {**(before.details or {}), **(self.details or {})}
        if before.at:
            kept["was_at"] = before.at.isoformat()
        return replace(self, details=kept)

    def may_be_told(self, case: CaseFile) -> bool:
        """Whether anything is told of it: of a case that ended, only that nobody comes any more."""
        return case.is_open or (self.kind == "visit" and self.state is State.CANCELLED)

    def is_past(self, now: datetime) -> bool:
        """Whether it is a term that is near no more: its last day is gone."""
        due_on = (self.details or {}).get("due_on")
        if self.kind != "deadline_near" or due_on is None:
            return False
        return date.fromisoformat(due_on) < amsterdam_day(now)

    @property
    def second(self) -> Person | None:
        """Who goes along, of a visit."""
        told = (self.details or {}).get("second")
        return Person.model_validate(told) if told else None


def case_file_of(event: CaseEvent) -> CaseFile:
    """The case as an event tells it; what only other events tell is left out."""
    return CaseFile(
        case_id=event.case_id,
        household_id=event.household_id,
        municipality=event.municipality,
        reference=event.reference,
        revision=event.revision,
        is_open=not isinstance(event, triage.CaseClosed),
        has_objection=event.has_objection,
        assignee=event.assignee,
        lead=event.lead,
        track=event.track.value,
        is_confirmed=event.is_confirmed,
        paused_until=event.paused_until,
        restrictions=frozenset(event.restrictions),
    )


def newer(stored: CaseFile | None, told: CaseFile) -> CaseFile:
    """The newer of both, with what only the stored one has."""
    if stored is None:
        return told
    if told.revision <= stored.revision:
        return stored
    left = [
        before
        for before, now in ((stored.assignee, told.assignee), (stored.lead, told.lead))
        if before.id not in {now.id, NOBODY.id}
    ]
    kept = replace(
        told,
        resident=stored.resident,
        kin=stored.kin,
        resident_revision=stored.resident_revision,
        wishes=stored.wishes,
        former=stored.former,
    )
    return kept.left_by(*left)


NOBODY = Person(id="", name="", email="", role=Role.GENERALIST)


def unknown_case(case_id: UUID) -> CaseFile:
    """A case of which nothing is known: of revision 0, so that whatever is told is newer."""
    return CaseFile(case_id, UNKNOWN_HOUSEHOLD, "", "", 0, False, False, NOBODY, NOBODY)


Told = tuple[str, UUID, dict[str, Any]]  # kind, key, and the fields that it has
OVER: dict[str, Any] = {"state": State.OVER}
CALLED_OFF: dict[str, Any] = {"state": State.CANCELLED, "is_urgent": True}


def subjects_of(event: CaseEvent) -> list[Subject]:
    """What an event gives to tell; nothing of one that only says how the case stands."""
    told = [*_dated(event), *_told_once(event), *_circumstances(event), *_terms(event)]
    return [
        Subject(event.case_id, kind, key, event.revision, **fields) for kind, key, fields in told
    ]


def _told_once(event: CaseEvent) -> Iterator[Told]:
    match event:
        case triage.GeneralistAssigned():
            yield "assignment", event.case_id, _holds(event.urgent, reason=event.reason)
        case triage.GeneralistReassigned():
            yield "assignment", event.case_id, _holds(True, reason=event.reason)
        case triage.AssignmentAccepted():
            yield "assignment", event.case_id, OVER
        case triage.TrackProposed():
            details = {"reason": event.reason, "track": event.track.value}
            yield "track", event.case_id, _holds(event.urgent, **details)
        case triage.CaseSummonsRecorded():
            key = derived_id("summons", event.court, event.case_number)
            yield "summons", key, _holds(True, court=event.court, on=event.served_on.isoformat())
        case triage.CaseJudgmentRecorded():
            key = derived_id("judgment", event.court, event.case_number)
            details = {"court": event.court, "outcome": event.outcome.value}
            yield "judgment", key, _holds(True, on=event.given_on.isoformat(), **details)


def _circumstances(event: CaseEvent) -> Iterator[Told]:
    """What everybody who works on the case must know."""
    match event:
        case triage.ObjectionRecorded():
            yield "objection", event.case_id, _holds(True)
        case triage.MoratoriumRecorded():
            yield "moratorium", event.case_id, _holds(True, until=event.until.isoformat())
        case triage.ContactRestricted():
            words = [one.value for one in event.restrictions]
            yield "restriction", event.case_id, _holds(True, restrictions=words)
        case triage.ContactDetailsKnown():
            yield "first_contact", event.case_id, _holds(False)


def _terms(event: CaseEvent) -> Iterator[Told]:
    """Terms that are near, over, or run no longer; one that is over is near no more."""
    if not isinstance(event, triage.DeadlineFact):
        return
    key = derived_id("term", event.name)
    missed = "not_accepted" if event.name == "acceptance" else "deadline_missed"
    match event:
        case triage.DeadlineNear():
            yield "deadline_near", key, _holds(False, **_term(event))
        case triage.DeadlineMissed():
            yield "deadline_near", key, OVER
            yield missed, key, _holds(False, **_term(event))
        case triage.DeadlineMet():
            yield "deadline_near", key, OVER
            yield missed, key, OVER


def _term(event: triage.DeadlineFact) -> dict[str, Any]:
    return {
        "term": event.name,
        "clock": event.clock.value,
        "due_on": event.due_on.isoformat(),
        "starting_fact": event.starting_fact,
    }


def _dated(event: CaseEvent) -> Iterator[Told]:
    match event:
        case triage.VisitPlanned() | triage.VisitMoved():
            second = event.second.model_dump(mode="json") if event.second else None
            yield "visit", event.visit_id, _at(event.starts_at, event.ends_at, second=second)
        case triage.VisitCancelled():
            yield "visit", event.visit_id, CALLED_OFF
        case triage.VisitMade():
            yield "visit", event.visit_id, OVER
        case triage.CaseHearingSet() | triage.CaseHearingMoved():
            where = {"court": event.court, "place": event.place, "kind": event.kind.value}
            yield "hearing", event.hearing_id, _at(event.at, None, **where)
        case triage.CaseHearingCancelled():
            details = {"court": event.court, "kind": event.kind.value, **_unknown(event.is_unknown)}
            yield "hearing", event.hearing_id, {**CALLED_OFF, "details": details}
        case triage.CaseEvictionSet():
            yield "eviction", event.eviction_id, _at(event.at, None, bailiff=event.bailiff)
        case triage.CaseEvictionCalledOff():
            details = _unknown(event.is_unknown)
            yield "eviction", event.eviction_id, {**CALLED_OFF, "details": details}
        case triage.CaseEvictionCarriedOut():
            yield "eviction", event.eviction_id, OVER


def _unknown(is_unknown: bool) -> dict[str, str]:
    """What was called off goes on, at a time that nobody knows yet."""
    return {"unknown": "yes"} if is_unknown else {}


def _holds(is_urgent: bool, **details: Any) -> dict[str, Any]:
    return {"state": State.HOLDS, "is_urgent": is_urgent, "details": details}


def _at(at: datetime, ends_at: datetime | None, **details: Any) -> dict[str, Any]:
    return {
        "state": State.HOLDS,
        "is_urgent": True,
        "at": at,
        "ends_at": ends_at,
        "details": details,
    }
