"""What stands in the file of one case, as its team reads it."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from shared.contracts.notify import Answer
from shared.contracts.triage import AttemptResult, ContactKind, PartOfDay, Track
from shared.policy import Policy


class Contact(BaseModel):
    """Whom to ask for and where to reach them, as a partner has it; the newest first."""

    signal_id: UUID
    partner_id: str
    reported_on: date
    surname: str
    surname_infix: str
    initials: str
    phone: str | None
    email: str | None
    language: str | None
    is_match_uncertain: bool
    is_verified: bool = Field(
        False, description="never, of what a partner says: ask who it is before you say why"
    )


class Attempted(BaseModel):
    """How somebody tried to reach the household, and what came of it."""

    id: UUID
    visit_id: UUID | None
    kind: ContactKind
    part_of_day: PartOfDay
    attempted_at: datetime
    was_reached: bool
    result: AttemptResult | None
    is_first_talk: bool
    recorded_by: str


class StatedNeed(BaseModel):
    """A language or skill that the resident asked for."""

    kind: str
    value: str
    stated_at: datetime
    recorded_by: str


class HelpAnswered(BaseModel):
    """What the household said to the offer of help."""

    id: UUID
    answer: str
    answered_on: date
    collection_paused_until: date | None
    pause_ended_at: datetime | None
    recorded_by: str


class Consulted(BaseModel):
    """Whom a worker asked, and what came of it."""

    id: UUID
    kind: str
    with_whom: str
    held_on: date
    outcome: str
    recorded_by: str


class Granted(BaseModel):
    """A time in which the court forbade the eviction, with who says so; the last one holds."""

    id: UUID
    granted_on: date
    until: date
    source: str
    recorded_by: str


class Replied(BaseModel):
    """What was answered to a message, by who had it; nobody signs in for it."""

    id: UUID
    answer: Answer
    given_at: datetime


class Assigned(BaseModel):
    """Who had or has the case, and why, in words."""

    assignee_id: str
    reason: str
    assigned_at: datetime


class FiredRule(BaseModel):
    """A rule of the policy that holds for this case, in words; the heaviest first."""

    rule: str
    track: Track
    priority: int
    reason: str


def fired_rules(names: list[str], policy: Policy | None) -> list[FiredRule]:
    """Rules by name in the words of the policy that decided; none once that policy is gone."""
    rules = {rule.name: rule for rule in policy.triage.rules} if policy else {}
    return [
        FiredRule(rule=name, track=rule.track, priority=rule.priority, reason=rule.reason.nl)
        for name in names
        if (rule := rules.get(name))
    ]
