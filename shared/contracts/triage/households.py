"""What concerns whole households or a municipality rather than one case."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from shared.contracts.envelope import Event, Lane
from shared.contracts.triage.words import URGENT_ONLY


class PolicyActivated(Event):
    """A municipality's policy holds from a day on; carries the whole document."""

    owner: ClassVar[str] = "triage"
    consumers: ClassVar[tuple[str, ...]] = ("signals", "notify")

    municipality: str
    valid_from: date
    sha256: str  # of the document
    document: str  # YAML
    activated_by: str
    activated_at: AwareDatetime

    @property
    def natural_key(self) -> str:
        return (
            f"{self.municipality}:{self.valid_from}:{self.sha256}:{self.activated_at.isoformat()}"
        )


class TriageAlive(Event):
    """triage says that it works and publishes.

    Without a late one of these, notify cannot know that what it is about to send still holds. What
    a replica was publishing when it was killed comes up to half a minute later.
    """

    owner: ClassVar[str] = "triage"
    consumers: ClassVar[tuple[str, ...]] = ("notify",)
    lanes: ClassVar[tuple[Lane, ...]] = URGENT_ONLY

    said_at: AwareDatetime  # real time, as leases are

    @property
    def natural_key(self) -> str:
        return self.said_at.isoformat()


class HouseholdErased(Event):
    """A household is to be forgotten: whoever keeps something of it erases and answers."""

    owner: ClassVar[str] = "triage"
    consumers: ClassVar[tuple[str, ...]] = ("signals", "notify")

    household_id: UUID
    fact_ids: tuple[UUID, ...]  # of what partners reported of it
    case_ids: tuple[UUID, ...]

    @property
    def natural_key(self) -> str:
        return str(self.household_id)


class HouseholdPurged(Event):
    """A household was kept long enough: notify forgets its cases, signals has a term of its own."""

    owner: ClassVar[str] = "triage"
    consumers: ClassVar[tuple[str, ...]] = ("notify",)

    household_id: UUID
    case_ids: tuple[UUID, ...]

    @property
    def natural_key(self) -> str:
        return str(self.household_id)
