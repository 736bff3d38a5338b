"""A case as it stands, and what was done in it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from services.triage.addresses import Address
from services.triage.assignment import Answer
from shared.contracts.triage import ClockKind, ContactRestriction, Track

BY_MERGE = "samenvoeging"  # who closed a case whose household became another's


class Help(StrEnum):
    """What the household said to the offer of help."""

    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    DECLINED = "declined"


@dataclass(frozen=True)
class Work:
    """What was done in a case, as far as its terms ask."""

    first_attempt_on: date | None = None
    help_accepted_on: date | None = None  # None too once it was declined after that
    paused_since: date | None = None  # partners pause collection; None too once the end was told
    collection_paused_until: date | None = None
    first_talk_on: date | None = None
    review_on: date | None = None  # the first day on which somebody is to look again


NOTHING_DONE = Work()


@dataclass(frozen=True)
class Deadline:
    """A term: of which clock, from which fact, until which day."""

    name: str
    clock: ClockKind
    starting_fact: str  # Dutch
    starts_on: date
    due_on: date  # the last day
    near_on: date  # from this day on it is near
    was_said: bool = field(default=False, compare=False)  # that it is near, or missed


@dataclass(frozen=True)
class Case:
    """A case as it stands."""

    id: UUID
    household_id: UUID
    address: Address
    revision: int
    is_open: bool
    opened_on: date
    track: Track  # in force: what the machine proposes until a person confirms or overrides it
    track_since: date
    priority: int
    proposed_track: Track
    proposed_priority: int
    confirmed_by: str | None  # None: no person agreed with the track yet
    override_reason: str | None
    legal_stage: str
    is_multiple: bool
    is_consecutive: bool
    has_objection: bool
    was_reached: bool
    is_touched: bool  # a worker accepted, planned or tried something
    assignee_id: str
    assigned_on: date
    lead_id: str
    answer: Answer
    weight_tenths: int
    reason: str
    help: Help = Help.UNKNOWN
    paused_until: date | None = None  # a pause of our own work: the day to look again
    reopened_on: date | None = None  # the last time
    restrictions: frozenset[ContactRestriction] = frozenset()  # what nobody does towards them
    details_told: str | None = None  # fingerprint of the contact data that notify heard last
    closed_by: str | None = None
    result: str | None = None  # DDAS 1.2 eindresultaat
    work: Work = NOTHING_DONE

    @property
    def since(self) -> date:
        """The day from which its terms run: what was done before a reopening is history."""
        return self.reopened_on or self.opened_on

    @property
    def reference(self) -> str:
        """A short name for mails, which says nothing of the household."""
        return f"Z-{self.id.hex[:8].upper()}"


@dataclass(frozen=True)
class Visit:
    """A visit of a case."""

    id: UUID
    case_id: UUID
    starts_at: datetime
    ends_at: datetime
    state: str  # planned, cancelled or made
    second_worker_id: str | None = None


Running = Mapping[str, Deadline]  # the terms of a case that run, by name
