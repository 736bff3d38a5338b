"""From when a summons may follow a signal, by court: advice from a dated table, no right. Pure.

The table is summons_terms.yaml, beside this file; each line has its source.
"""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts import partners
from shared.contracts.signals import PartnerKind
from shared.files import read_yaml

TABLE = Path(__file__).with_name("summons_terms.yaml")
MONTHS_A_YEAR = 12


class Term(BaseModel):
    """What a court asks, for a time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    courts: tuple[str, ...]  # empty: every court without a line of its own
    valid_from: date
    valid_until: date | None = None
    months_min: int = Field(ge=0, le=24)
    months_max: int | None = Field(None, ge=1, le=60)
    severity: Literal["block", "warn"]
    text: str
    source: str = Field(min_length=3)

    def holds_on(self, day: date) -> bool:
        """Whether this line holds on a day."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


class Terms(BaseModel):
    """The whole table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    terms: tuple[Term, ...]

    @property
    def courts(self) -> list[str]:
        """Every court that is named."""
        return sorted({court for term in self.terms for court in term.courts})


@dataclass(frozen=True)
class Advice:
    """When a summons may follow one signal at one court."""

    court: str
    from_day: date
    until_day: date | None
    term: Term


def read_terms() -> Terms:
    """The table of this release; raises StartupFault naming every fault."""
    return read_yaml(TABLE, Terms)


def may_summon(event_type: str, kind: str | None, statuses: Sequence[str]) -> bool:
    """Whether a summons may follow an event at all: a signal of rent that was not withdrawn.

    The courts' terms are about rent only. `kind` is None once the body was purged: then nobody can
    tell any more, and nothing is advised.
    """
    is_signal = event_type == partners.ArrearsReported.wire_type()
    return is_signal and kind == PartnerKind.RENT and "withdrawn" not in statuses


def advise(terms: Terms, court: str, reported_on: date, today: date) -> Advice | None:
    """The advice of today's line for a court, else of the line for all; None when none holds."""
    holding = [term for term in terms.terms if term.holds_on(today)]
    own = [term for term in holding if court in term.courts]
    term = _newest(own) or _newest([term for term in holding if not term.courts])
    if term is None:
        return None
    until = add_months(reported_on, term.months_max) if term.months_max else None
    return Advice(court, add_months(reported_on, term.months_min), until, term)


def _newest(terms: Sequence[Term]) -> Term | None:
    return max(terms, key=lambda term: term.valid_from, default=None)


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last day of a month that is too short."""
    month = day.month - 1 + months
    year, month = day.year + month // MONTHS_A_YEAR, month % MONTHS_A_YEAR + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
