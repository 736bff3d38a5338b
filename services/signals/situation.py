"""What the checks of an event look at: who sent it, what could be read, and when. Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.signals.arrivals import Arrival
from services.signals.reading import Reading
from shared.clock import amsterdam_day
from shared.contracts.signals import LegalGround, PartnerKind
from shared.policy import Policies, Policy


@dataclass(frozen=True)
class Agreement:
    """A partner may report to a municipality on a ground, for a time."""

    municipality: str
    legal_ground: LegalGround
    valid_from: date
    valid_until: date | None  # None: until further notice

    def covers(self, municipality: str, ground: LegalGround, day: date) -> bool:
        """Whether this agreement lets a partner report that, on that day."""
        is_in_time = self.valid_until is None or day <= self.valid_until
        is_about_it = self.legal_ground is ground
        return is_in_time and is_about_it and self.began(municipality, day)

    def began(self, municipality: str, day: date) -> bool:
        """Whether it runs or ever ran with a municipality, on that day."""
        return self.municipality == municipality and self.valid_from <= day


@dataclass(frozen=True)
class Partner:
    """Who may report what."""

    id: str
    kvk: str
    kinds: frozenset[PartnerKind]
    is_suspended: bool
    wants_feedback: bool
    agreements: tuple[Agreement, ...]
    requests_per_minute: int = 600  # over HTTP, of each replica


@dataclass(frozen=True)
class Situation:
    """What the checks look at. Parts of `event` may be None where its form is wrong."""

    arrival: Arrival
    reading: Reading
    partner: Partner | None
    policies: Policies
    now: datetime

    @property
    def event(self) -> Any:
        return self.reading.envelope.data

    @property
    def today(self) -> date:
        return amsterdam_day(self.now)

    @property
    def policy(self) -> Policy | None:
        """The policy of the municipality on the day of the report."""
        if self.event.municipality:
            return self.policies.on(self.event.municipality, self.day)
        return None

    @property
    def day(self) -> date:
        """The day of the report; today while that cannot be read."""
        day: date = self.event.reported_on or self.today
        return day
