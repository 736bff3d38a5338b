"""What a simulation is told of a household: what rules may look at, and who would work on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.triage.reports import Fact, Signal
from services.triage.rules import NO_HISTORY, History
from shared.contracts.triage import Track


class Standing(StrEnum):
    """Whether somebody works on a household now."""

    OPEN = "open"
    CLOSED = "closed"
    NEVER = "never"  # it had no case so far


@dataclass(frozen=True)
class Told:
    """A household of a trial. Who they are is not among it."""

    name: str  # of the case, or of a generated household; says nothing of them
    district: str  # four digits of the postcode: whose team; no rule sees it
    signals: Sequence[Signal]
    facts: Sequence[Fact]
    history: History = NO_HISTORY
    standing: Standing = Standing.OPEN
    in_period: bool = True  # something of it was reported in the period
    confirmed: Track | None = None  # a person confirmed this track
    was_reached: bool = False


@dataclass(frozen=True)
class Team:
    """A team, and the band that it agreed for its generalists together, in tenths of a case."""

    id: str
    name: str
    generalists: int
    min_tenths: int | None
    max_tenths: int | None  # None: no band is known


@dataclass(frozen=True)
class Teams:
    """The teams of a municipality; a district that is nobody's falls to the first."""

    teams: Sequence[Team]  # at least one
    by_district: Mapping[str, str]

    def of(self, district: str) -> str:
        """Whose team."""
        return self.by_district.get(district, self.teams[0].id)
