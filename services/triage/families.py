"""A household with those that turned out to be it: what hangs on one of them holds for all.

Needs, conflicts of interest and restrictions stay with the household for which they were stated, so
that a merge that is undone leaves each its own; until then they are looked up through where the
reports of that household went.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.triage.cases import Case
from services.triage.casework import Needs
from services.triage.matching import Residence
from services.triage.reports import Report
from services.triage.sql.households import StoredHousehold
from shared.contracts.triage import ContactRestriction

Kin = Sequence[StoredHousehold]


@dataclass(frozen=True)
class Family:
    """A household, those that became it, and how that was before what came in now."""

    own: StoredHousehold | None  # None: it is new
    kin: Kin
    kin_before: Kin
    had_reports: bool  # before what came in now; else it was another's

    @property
    def everybody(self) -> Kin:
        return [*([self.own] if self.own else []), *self.kin]

    @property
    def has_grown(self) -> bool:
        """Whether another household turned out to be this one."""
        return any(one not in self.kin_before for one in self.kin)

    def generalist_id(self, open_cases: Mapping[UUID, Case]) -> str | None:
        """Who has the household: by a case that ends now, else who had its last."""
        has = (open_cases[one.id].assignee_id for one in self.kin if one.id in open_cases)
        had = (one.generalist_id for one in self.everybody if one.generalist_id)
        return next(has, None) or next(had, None)

    def needs(self, told: str | None) -> Needs:
        """What any of them asked: the language as stated last, else as a partner told."""
        spoken = [(one.language_at, one.language) for one in self.everybody if one.language_at]
        return Needs(
            max(spoken)[1] if spoken else told,
            frozenset(skill for one in self.everybody for skill in one.skills),
            frozenset(worker_id for one in self.everybody for worker_id in one.conflicts),
        )

    @property
    def restrictions(self) -> frozenset[ContactRestriction]:
        return _restrictions(self.everybody)

    @property
    def restrictions_before(self) -> frozenset[ContactRestriction]:
        if self.own is None or not self.had_reports:
            return frozenset()
        return _restrictions([self.own, *self.kin_before])

    def review_on(self, own: date | None) -> date | None:
        """The first day on which somebody is to look again, also at what came in now."""
        new = [one.review_on for one in self.kin if one not in self.kin_before]
        return min((day for day in (own, *new) if day), default=None)


def _restrictions(kin: Kin) -> frozenset[ContactRestriction]:
    return frozenset(ContactRestriction(kind) for one in kin for kind in one.restrictions)


def families_of(
    stored: Mapping[UUID, StoredHousehold],
    found: Sequence[Residence],
    reports: Mapping[UUID, Report],
) -> dict[UUID, Family]:
    """The households of a building with those that became them, by now and before."""
    became = {
        reports[fact_id].household_id: residence.household_id
        for residence in found
        for fact_id in residence.fact_ids
    }
    moves = {one.id: one.moved_to for one in stored.values() if one.moved_to}
    before = _by_home(stored, homes(moves, became.keys()))
    moves |= {one: other for one, other in became.items() if one and one != other}
    ids = [residence.household_id for residence in found]
    now = _by_home(stored, homes(moves, ids))
    return {one: Family(stored.get(one), now[one], before[one], one in became) for one in ids}


def _by_home(
    stored: Mapping[UUID, StoredHousehold], home_of: Mapping[UUID, UUID]
) -> defaultdict[UUID, list[StoredHousehold]]:
    found: defaultdict[UUID, list[StoredHousehold]] = defaultdict(list)
    for one, home in home_of.items():
        if one in stored:
            found[home].append(stored[one])
    return found


def homes(moved_to: Mapping[UUID, UUID], alive: Collection[UUID | None]) -> dict[UUID, UUID]:
    """The household that each one became that has no reports left, however many moves ago."""
    found = {one: _home(one, moved_to, alive) for one in moved_to if one not in alive}
    return {one: home for one, home in found.items() if home}


def _home(one: UUID, moved_to: Mapping[UUID, UUID], alive: Collection[UUID | None]) -> UUID | None:
    passed: set[UUID] = set()
    here: UUID | None = one
    while here and here not in alive and here not in passed:
        passed.add(here)
        here = moved_to.get(here)
    return here if here in alive else None
