"""What partners reported, as far as rules look at it. Who the people are is not among it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.triage.addresses import Address
from services.triage.persons import Person
from shared.contracts import signals
from shared.contracts.signals import PartnerKind


class Status(StrEnum):
    """What became of a signal. Arithmetic gives the first four, a person the others."""

    TAKEN_UP = "taken_up"
    REPEATED = "repeated"
    UNJUSTIFIED = "unjustified"
    WITHDRAWN = "withdrawn"
    OTHER_REASON = "other_reason"
    KNOWN_TO_DEBT_HELP = "known_to_debt_help"
    DECEASED = "deceased"
    NOT_RESIDENT = "not_resident"


BY_PERSON = frozenset(
    {Status.OTHER_REASON, Status.KNOWN_TO_DEBT_HELP, Status.DECEASED, Status.NOT_RESIDENT}
)


class ResidenceResult(StrEnum):
    """What a residence check found, by a person or a register."""

    LIVES_HERE = "lives_here"
    MOVED_WITHIN = "moved_within"  # the municipality
    MOVED_OUT = "moved_out"
    DECEASED = "deceased"
    UNKNOWN = "unknown"


class FactKind(StrEnum):
    """What a partner can report besides arrears."""

    SETTLED = "settled"
    WITHDRAWN = "withdrawn"
    OBJECTION = "objection"
    ARRANGEMENT_MADE = "arrangement_made"
    ARRANGEMENT_BROKEN = "arrangement_broken"
    SUMMONS = "summons"
    HEARING_SCHEDULED = "hearing_scheduled"
    HEARING_CANCELLED = "hearing_cancelled"
    JUDGMENT = "judgment"
    EVICTION_SCHEDULED = "eviction_scheduled"
    EVICTION_CANCELLED = "eviction_cancelled"
    EVICTION_CARRIED_OUT = "eviction_carried_out"
    # What only workers enter.
    HEARING_UNKNOWN = "hearing_unknown"  # there is one; when is not known any more
    EVICTION_UNKNOWN = "eviction_unknown"
    MORATORIUM = "moratorium"
    RESIDENCE_CHECK = "residence_check"
    STATUS_DECIDED = "status_decided"  # of one signal, by a person; taken_up undoes it


@dataclass(frozen=True)
class Signal:
    """A signal as far as rules look at it. Who the people are is not among it."""

    id: UUID
    partner_id: str
    partner_kind: PartnerKind
    contract: str
    arrears_cents: int
    arrears_since: date
    reported_on: date
    recorded_at: datetime
    is_crisis: bool
    is_warm_handover: bool
    tenancy_start: date | None


@dataclass(frozen=True)
class Fact:
    """Any other fact, of a partner or entered by a worker with who says so."""

    id: UUID
    kind: FactKind
    partner_id: str
    contract: str
    reported_on: date
    recorded_at: datetime
    sequence: int | None
    refers_to: UUID | None = None  # the signal that is withdrawn, or decided on
    court: str = ""
    case_number: str = ""
    detail: str = ""  # kind of hearing, outcome of judgment or check, or the status decided
    place: str = ""  # of a hearing; for an eviction the bailiff
    at: datetime | None = None
    day: date | None = None
    until: date | None = None  # of a moratorium, or of who moved: the last day
    source: str = ""  # who says so, of what a worker entered
    recorded_by: str = ""  # the worker who entered it


@dataclass(frozen=True)
class Report:
    """A signal or another fact, where it is of, and the household it was put in, if it was."""

    what: Signal | Fact
    address: Address
    household_id: UUID | None = None  # None when it is new
    case_id: UUID | None = None  # the closed case that dealt with it
    bag_id: str | None = None
    person: Person | None = None  # of a signal
    status: tuple[Status, int] | None = None  # of a signal, with the number of the status
    doubt: bool = False  # of a signal that is stored: whether its match was uncertain
    is_untold: bool = False  # of a signal: its partner did not hear this status
    match_reason: str = ""  # of a signal that is stored
    language: str | None = None  # of a signal, as the resident stated it
    phone: str | None = None  # of a signal; unverified
    email: str | None = None  # of a signal; unverified
    event: signals.PartnerFact | None = None  # when a partner just sent it

    @property
    def is_new(self) -> bool:
        return self.household_id is None


def new_report(event: signals.PartnerFact, address: Address) -> Report:
    """A report that just came in."""
    if not isinstance(event, signals.ArrearsReported):
        return Report(as_fact(event), address, bag_id=event.bag_id, event=event)
    return Report(
        as_signal(event),
        address,
        bag_id=event.bag_id,
        person=Person(event.surname, event.surname_infix, event.initials, event.birth_date),
        language=event.language,
        phone=event.phone,
        email=event.email,
        event=event,
    )


def as_signal(event: signals.ArrearsReported) -> Signal:
    """The part of a signal that rules look at."""
    return Signal(
        id=event.fact_id,
        partner_id=event.partner_id,
        partner_kind=event.partner_kind,
        contract=event.contract,
        arrears_cents=event.arrears_cents,
        arrears_since=event.arrears_since,
        reported_on=event.reported_on,
        recorded_at=event.recorded_at,
        is_crisis=event.is_crisis,
        is_warm_handover=event.is_warm_handover,
        tenancy_start=event.tenancy_start,
    )


def as_fact(event: signals.PartnerFact) -> Fact:
    """Any other fact, in one form."""
    return Fact(
        id=event.fact_id,
        partner_id=event.partner_id,
        contract=event.contract,
        reported_on=event.reported_on,
        recorded_at=event.recorded_at,
        sequence=event.sequence,
        court=getattr(event, "court", ""),
        case_number=getattr(event, "case_number", ""),
        **_own_fields(event),
    )


def _own_fields(event: signals.PartnerFact) -> dict[str, Any]:
    match event:
        case signals.ArrearsSettled():
            return {"kind": FactKind.SETTLED, "day": event.settled_on}
        case signals.SignalWithdrawn():
            return {"kind": FactKind.WITHDRAWN, "refers_to": event.withdrawn_fact_id}
        case signals.ObjectionReceived():
            return {"kind": FactKind.OBJECTION, "day": event.received_on}
        case signals.PaymentArrangementMade():
            return {"kind": FactKind.ARRANGEMENT_MADE, "day": event.made_on}
        case signals.PaymentArrangementBroken():
            return {"kind": FactKind.ARRANGEMENT_BROKEN, "day": event.broken_on}
        case signals.LegalFact():
            return _legal_fields(event)
    raise TypeError(f"{type(event).__name__} is not a fact that triage knows")


def _legal_fields(event: signals.LegalFact) -> dict[str, Any]:
    match event:
        case signals.SummonsServed():
            return {"kind": FactKind.SUMMONS, "day": event.served_on}
        case signals.HearingScheduled():
            return {
                "kind": FactKind.HEARING_SCHEDULED,
                "detail": event.kind.value,
                "place": event.place,
                "at": event.at,
            }
        case signals.HearingCancelled():
            return {"kind": FactKind.HEARING_CANCELLED, "detail": event.kind.value}
        case signals.JudgmentGiven():
            outcome = event.outcome.value
            return {"kind": FactKind.JUDGMENT, "detail": outcome, "day": event.given_on}
        case signals.EvictionScheduled():
            return {"kind": FactKind.EVICTION_SCHEDULED, "place": event.bailiff, "at": event.at}
        case signals.EvictionCancelled():
            return {"kind": FactKind.EVICTION_CANCELLED}
        case signals.EvictionCarriedOut():
            return {"kind": FactKind.EVICTION_CARRIED_OUT, "day": event.carried_out_on}
    raise TypeError(f"{type(event).__name__} is not a step that triage knows")
