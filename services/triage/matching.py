"""Which facts are of one household: pure.

A household is an address and a period of residence. A tenancy that starts, or an eviction that was
carried out, begins a new one, so that nobody inherits the file of who lived there before.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from shared.contracts.envelope import derived_id

ALWAYS = date.min  # the start of a period of which no start is known


@dataclass(frozen=True)
class Address:
    """Where a household lives, in one spelling."""

    municipality: str
    postcode: str
    house_number: int
    suffix: str  # letter and addition, upper case, without spaces and signs

    @property
    def id(self) -> UUID:
        return derived_id(
            "address", self.municipality, self.postcode, self.house_number, self.suffix
        )


def normalise_suffix(letter: str, addition: str) -> str:
    """`"a"` and `"-2 hs"` is `"A2HS"`."""
    return re.sub(r"[^A-Z0-9]", "", (letter + addition).upper())


@dataclass(frozen=True)
class Trace:
    """What tells of a fact whose household it concerns."""

    fact_id: UUID
    reported_on: date
    tenancy_start: date | None  # as the landlord states it
    evicted_on: date | None  # of an eviction that was carried out
    household_id: UUID | None  # where it was put before; None when it is new


@dataclass(frozen=True)
class Residence:
    """A household: who lived at an address from a day on, and the facts that concern them."""

    household_id: UUID
    since: date  # ALWAYS when no start is known
    fact_ids: tuple[UUID, ...]
    is_new: bool


def residences(address_id: UUID, traces: Sequence[Trace]) -> list[Residence]:
    """The households of an address, oldest first; the same for every order of the traces.

    A household that exists keeps its id as long as its earliest fact stays in its period.
    """
    starts = {trace.tenancy_start for trace in traces if trace.tenancy_start}
    starts |= {trace.evicted_on + timedelta(days=1) for trace in traces if trace.evicted_on}
    by_period: dict[date, list[Trace]] = {}
    for trace in sorted(traces, key=lambda trace: (trace.reported_on, trace.fact_id)):
        by_period.setdefault(_period(trace, starts), []).append(trace)
    keepers = _keepers(by_period)
    found = []
    for since, inside in sorted(by_period.items()):
        kept = keepers.get(since)
        first = derived_id("household", address_id, since, inside[0].fact_id)
        fact_ids = tuple(trace.fact_id for trace in inside)
        found.append(Residence(kept or first, since, fact_ids, is_new=kept is None))
    return found


def _period(trace: Trace, starts: set[date]) -> date:
    if trace.tenancy_start:
        return trace.tenancy_start
    day = trace.evicted_on or trace.reported_on
    return max((start for start in starts if start <= day), default=ALWAYS)


def _keepers(by_period: Mapping[date, Sequence[Trace]]) -> dict[date, UUID]:
    """Which household that exists stays with which period: that of its earliest fact."""
    home: dict[UUID, date] = {}
    for since, inside in sorted(by_period.items()):
        for trace in inside:
            if trace.household_id:
                home.setdefault(trace.household_id, since)
    keepers: dict[date, UUID] = {}
    for household_id, since in sorted(home.items()):
        keepers.setdefault(since, household_id)
    return keepers
