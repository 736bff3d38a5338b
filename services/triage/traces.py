"""What tells of a fact whose household it concerns."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from services.triage.addresses import Address
from services.triage.persons import Person


@dataclass(frozen=True)
class Trace:
    """What tells of a fact whose household it concerns."""

    fact_id: UUID
    address: Address
    contract: tuple[str, str]  # partner and contract
    reported_on: date
    bag_id: str | None = None
    person: Person | None = None  # of a signal
    is_rent: bool = False
    tenancy_start: date | None = None  # as the landlord states it
    left_on: date | None = None  # the last day of who lived there
    follows: UUID | None = None  # the fact whose household it is of, of what a worker entered
    household_id: UUID | None = None  # where it was put before; None when it is new

    @property
    def order(self) -> tuple[date, UUID]:
        return self.reported_on, self.fact_id


@dataclass
class Group:
    """Traces that belong together so far, in order."""

    since: date
    traces: list[Trace]
    # Facts that people knew when they decided about it; empty when nobody did.
    known_ids: set[UUID] = field(default_factory=set)
