"""What became of a case: opened, decided, assigned, restricted, closed; and its terms."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import PositiveInt

from shared.contracts.envelope import Event, Lane
from shared.contracts.triage.words import (
    BOTH_LANES,
    URGENT_ONLY,
    ClockKind,
    ContactRestriction,
    Person,
    Resident,
    Track,
)


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
    is_confirmed: bool = False  # a person agreed with the track: residents may hear from us
    paused_until: date | None = None  # our own work rests until that day
    restrictions: tuple[ContactRestriction, ...] = ()  # what nobody does towards the household

    @property
    def natural_key(self) -> str:
        return f"{self.case_id}:{self.revision}"


class CaseOpened(CaseEvent):
    """A household's signal was taken up, or its legal path began."""

    lanes: ClassVar[tuple[Lane, ...]] = BOTH_LANES

    urgent: bool
    # In words, Dutch. In every event a reason is a sentence of ours or of the policy, never what
    # somebody typed: that stays with their team.
    reason: str

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


class TrackConfirmed(CaseEvent):
    """A person agreed with the proposed track: from now on residents may hear from us."""

    confirmed_by: str


class TrackOverridden(CaseEvent):
    """A person chose another track than the machine proposed."""

    proposed_track: Track
    overridden_by: str
    reason: str


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


class LeadReplaced(CaseEvent):
    """Another lead leads the case, because the one who did has left or leads no longer."""

    lanes: ClassVar[tuple[Lane, ...]] = URGENT_ONLY

    previous_lead_id: str


class AssignmentAccepted(CaseEvent):
    """The assignee took the case on; that confirms its track."""


class AssignmentDeclined(CaseEvent):
    """The assignee passed the case on, or did not answer in time; who has it now follows."""

    lanes: ClassVar[tuple[Lane, ...]] = URGENT_ONLY

    declined_by: str
    is_timeout: bool


class CaseClosed(CaseEvent):
    """The case is over: a person closed it, or every signal was withdrawn before anybody acted."""

    lanes: ClassVar[tuple[Lane, ...]] = URGENT_ONLY

    reason: str
    result: str | None = None  # DDAS 1.2 eindresultaat, spelled exactly; None: void or merged


class CaseReopened(CaseEvent):
    """A closed case goes on: an amount rose, a merge was undone, or a person said so."""

    lanes: ClassVar[tuple[Lane, ...]] = URGENT_ONLY

    reason: str


class DeadlineFact(CaseEvent):
    """A term of a case: which, of which clock, and its last day."""

    lanes: ClassVar[tuple[Lane, ...]] = URGENT_ONLY

    name: str
    clock: ClockKind
    due_on: date  # the last day, Amsterdam calendar
    starting_fact: str  # in words, Dutch


class DeadlineNear(DeadlineFact):
    """A term ends soon and nothing has met it."""


class DeadlineMissed(DeadlineFact):
    """A term has ended and nothing met it."""

    consumers: ClassVar[tuple[str, ...]] = ("notify", "signals")

    signal_ids: tuple[UUID, ...]  # of the case; empty unless their partners may know of it


class DeadlineMet(DeadlineFact):
    """A term of which it was said that it is near or missed runs no longer.

    It was met, though late perhaps, or fell away: what started it no longer holds, it ended on its
    day, or its case is about to be closed.
    """


class ObjectionRecorded(CaseEvent):
    """A tenant of the household objects to being reported: nothing goes to a resident."""

    lanes: ClassVar[tuple[Lane, ...]] = URGENT_ONLY


class MoratoriumRecorded(CaseEvent):
    """The court forbade the eviction for a time (Fw art. 287b), or that time ended."""

    lanes: ClassVar[tuple[Lane, ...]] = URGENT_ONLY

    granted_on: date
    until: date  # the last day; the current rent must be paid meanwhile


class WorkPaused(CaseEvent):
    """Our own work on the case rests until `paused_until`; without a day it goes on."""

    lanes: ClassVar[tuple[Lane, ...]] = URGENT_ONLY


class ContactDetailsKnown(CaseEvent):
    """How to reach the household of a case that a person confirmed; the newest holds."""

    lanes: ClassVar[tuple[Lane, ...]] = URGENT_ONLY  # a wrong number must not wait behind a month

    resident: Resident
    kin: tuple[UUID, ...] = ()  # households that turned out to be this one: what they asked holds


class ContactRestricted(CaseEvent):
    """What nobody may do towards this household changed; `restrictions` has the whole list."""

    lanes: ClassVar[tuple[Lane, ...]] = URGENT_ONLY
