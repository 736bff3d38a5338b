"""Visits of a case."""

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from shared.contracts.envelope import Lane
from shared.contracts.triage.cases import CaseEvent
from shared.contracts.triage.words import URGENT_ONLY, Person


class VisitFact(CaseEvent):
    """A visit of a case, known by its id."""

    lanes: ClassVar[tuple[Lane, ...]] = URGENT_ONLY

    visit_id: UUID


class VisitPlanned(VisitFact):
    """A generalist will come between two instants, perhaps with a second person."""

    starts_at: AwareDatetime
    ends_at: AwareDatetime
    second: Person | None = None


class VisitMoved(VisitFact):
    """The visit has another window or second person; the old one holds no longer."""

    starts_at: AwareDatetime
    ends_at: AwareDatetime
    second: Person | None = None


class VisitCancelled(VisitFact):
    """The visit is off."""


class VisitMade(VisitFact):
    """Somebody went to the door; what came of it is a contact attempt."""
