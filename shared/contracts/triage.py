"""What triage publishes: what became of a signal, of a case, of its visits and its legal path.

Every case event carries the case's revision, raised under the household lock: consumers take the
highest and assume no order. Each carries all that a consumer needs, so that nobody has to ask back.
"""

from datetime import date
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, PositiveInt

from shared.contracts.envelope import Event, Lane
from shared.contracts.signals import HearingKind, JudgmentOutcome

URGENT_ONLY: tuple[Lane, ...] = (Lane.URGENT,)
BOTH_LANES: tuple[Lane, ...] = (Lane.BULK, Lane.URGENT)


class Track(StrEnum):
    """How a household is approached (Dutch: aanpak), lightest first."""

    LETTER = "letter"
    VISIT = "visit"
    LEGAL = "legal"


class Role(StrEnum):
    """Who an assignee is: a generalist, or the team lead when no generalist has room."""

    GENERALIST = "generalist"
    LEAD = "lead"


class NotTakenUpReason(StrEnum):
    """Why a signal was not taken up, as far as arithmetic decides (DDAS 1.2 signaalstatus)."""

    REPEATED = "repeated"  # same partner, same contract, amount not higher
    UNJUSTIFIED = "unjustified"  # outside the window or under the floor
    WITHDRAWN = "withdrawn"  # reported in error, says its partner
    OTHER = "other"  # a person decided so; a partner may never know why


class ContactKind(StrEnum):
    """How contact was tried; the values are DDAS 1.2's, spelled exactly."""

    LETTER = "Brief"
    VISIT = "Huisbezoek"
    CARD = "Kaartje"
    MAIL = "Mail"
    TEXT = "SMS/Whatsapp"
    PHONE = "Telefoon"


class PartOfDay(StrEnum):
    """Part of the day of an attempt, DDAS 1.2: before 12, until 18, after."""

    MORNING = "Ochtend"
    AFTERNOON = "Middag"
    EVENING = "Avond"


class Person(BaseModel):
    """Somebody who works on cases; never a resident."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    email: str
    role: Role


class SignalStatus(Event):
    """What became of one signal. A later `status_no` corrects an earlier one."""

    owner: ClassVar[str] = "triage"
    consumers: ClassVar[tuple[str, ...]] = ("signals",)

    signal_id: UUID
    status_no: PositiveInt

    @property
    def natural_key(self) -> str:
        return f"{self.signal_id}:{self.status_no}"


class SignalTakenUp(SignalStatus):
    """The signal counts in a case (DDAS: Opgepakt)."""


class SignalNotTakenUp(SignalStatus):
    """The signal does not count (DDAS: Niet opgepakt)."""

    reason: NotTakenUpReason


class CaseEvent(Event):
    """Something happened to a case; carries the case as it was right after."""

    owner: ClassVar[str] = "triage"
    consumers: ClassVar[tuple[str, ...]] = ("notify",)

    case_id: UUID
    revision: PositiveInt  # unique within the case
    reference: str  # short name of the case in mails; says nothing of the household
    municipality: str
    household_id: UUID
    track: Track
    priority: PositiveInt  # 1 comes first
    assignee: Person
    lead: Person
    has_objection: bool

    @property
    def natural_key(self) -> str:
        return f"{self.case_id}:{self.revision}"


class CaseOpened(CaseEvent):
    """A household's signal was taken up, or its legal path began."""

    lanes: ClassVar[tuple[Lane, ...]] = BOTH_LANES

    urgent: bool
    reason: str  # in words, Dutch

    @property
    def is_urgent(self) -> bool:
        return self.urgent


class TrackProposed(CaseEvent):
    """New facts made the machine propose another track or priority for an open case."""

    lanes: ClassVar[tuple[Lane, ...]] = BOTH_LANES

    urgent: bool
    reason: str

    @property
    def is_urgent(self) -> bool:
        return self.urgent


class GeneralistAssigned(CaseEvent):
    """The case has its first assignee: a generalist, or the lead when there is no room."""

    lanes: ClassVar[tuple[Lane, ...]] = BOTH_LANES

    urgent: bool
    reason: str

    @property
    def is_urgent(self) -> bool:
        return self.urgent


class GeneralistReassigned(CaseEvent):
    """The case went to somebody else."""

    lanes: ClassVar[tuple[Lane, ...]] = URGENT_ONLY

    previous_assignee_id: str
    reason: str


class AssignmentAccepted(CaseEvent):
    """The assignee took the case on; that confirms its track."""


class CaseClosed(CaseEvent):
    """The case is over. For now only: every signal was withdrawn before anybody acted."""

    lanes: ClassVar[tuple[Lane, ...]] = URGENT_ONLY

    reason: str


class VisitFact(CaseEvent):
    """A visit of a case, known by its id."""

    lanes: ClassVar[tuple[Lane, ...]] = URGENT_ONLY

    visit_id: UUID


class VisitPlanned(VisitFact):
    """A generalist will come between two instants."""

    starts_at: AwareDatetime
    ends_at: AwareDatetime


class VisitMoved(VisitFact):
    """The visit has another window; the old one holds no longer."""

    starts_at: AwareDatetime
    ends_at: AwareDatetime


class VisitCancelled(VisitFact):
    """The visit is off."""


class VisitMade(VisitFact):
    """Somebody went to the door; what came of it is a contact attempt."""


class ContactAttempted(Event):
    """Somebody tried to reach a household; says nothing of who works on it."""

    owner: ClassVar[str] = "triage"
    consumers: ClassVar[tuple[str, ...]] = ("signals",)

    attempt_id: UUID
    signal_ids: tuple[UUID, ...]  # the case's signals that count: their partners may know
    attempted_at: AwareDatetime
    kind: ContactKind
    part_of_day: PartOfDay
    was_reached: bool

    @property
    def natural_key(self) -> str:
        return str(self.attempt_id)


class HelpAnswer(Event):
    """What a household said to the offer of help, as far as the signals' partners may know."""

    owner: ClassVar[str] = "triage"
    consumers: ClassVar[tuple[str, ...]] = ("signals",)

    answer_id: UUID
    signal_ids: tuple[UUID, ...]  # the case's signals that count

    @property
    def natural_key(self) -> str:
        return str(self.answer_id)


class HelpAccepted(HelpAnswer):
    """The household accepted help: the partners pause collection (30 days, Divosa)."""

    collection_paused_until: date  # the last day of the pause, Amsterdam calendar


class HelpDeclined(HelpAnswer):
    """The household wants no help: collection may resume."""


class PauseEnded(HelpAnswer):
    """The pause of collection is over."""


class DeadlineMissed(Event):
    """Nobody acted on signals within the term that was agreed with their partners."""

    owner: ClassVar[str] = "triage"
    consumers: ClassVar[tuple[str, ...]] = ("signals",)

    deadline_id: UUID
    signal_ids: tuple[UUID, ...]

    @property
    def natural_key(self) -> str:
        return str(self.deadline_id)


class CaseLegalFact(CaseEvent):
    """A step of the legal path of a case."""

    lanes: ClassVar[tuple[Lane, ...]] = URGENT_ONLY

    court: str
    case_number: str


class CaseSummonsRecorded(CaseLegalFact):
    """The tenant was summoned."""

    served_on: date


class CaseHearingSet(CaseLegalFact):
    """A hearing of the case was set."""

    hearing_id: UUID  # of court, case number and kind
    kind: HearingKind
    place: str
    at: AwareDatetime


class CaseHearingMoved(CaseLegalFact):
    """The hearing is at another time or place; the old one holds no longer."""

    hearing_id: UUID
    kind: HearingKind
    place: str
    at: AwareDatetime


class CaseHearingCancelled(CaseLegalFact):
    """The hearing is off."""

    hearing_id: UUID
    kind: HearingKind


class CaseJudgmentRecorded(CaseLegalFact):
    """The court gave judgment. The case stays open."""

    given_on: date
    outcome: JudgmentOutcome


class CaseEvictionSet(CaseLegalFact):
    """The eviction of the household was announced, or moved to another time."""

    eviction_id: UUID  # of court and case number
    at: AwareDatetime
    bailiff: str


class CaseEvictionCalledOff(CaseLegalFact):
    """The eviction is off."""

    eviction_id: UUID


class CaseEvictionCarriedOut(CaseLegalFact):
    """The household was evicted. The case stays open: they need help all the more."""

    eviction_id: UUID
    carried_out_on: date


class ObjectionRecorded(CaseEvent):
    """A tenant of the household objects to being reported: nothing goes to a resident."""

    lanes: ClassVar[tuple[Lane, ...]] = URGENT_ONLY


EVENTS: tuple[type[Event], ...] = (
    SignalTakenUp,
    SignalNotTakenUp,
    CaseOpened,
    TrackProposed,
    GeneralistAssigned,
    GeneralistReassigned,
    AssignmentAccepted,
    CaseClosed,
    VisitPlanned,
    VisitMoved,
    VisitCancelled,
    VisitMade,
    ContactAttempted,
    HelpAccepted,
    HelpDeclined,
    PauseEnded,
    DeadlineMissed,
    CaseSummonsRecorded,
    CaseHearingSet,
    CaseHearingMoved,
    CaseHearingCancelled,
    CaseJudgmentRecorded,
    CaseEvictionSet,
    CaseEvictionCalledOff,
    CaseEvictionCarriedOut,
    ObjectionRecorded,
)
