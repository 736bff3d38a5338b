"""Who takes a case: pure, one function whoever asks, and the reason in words.

The generalist whom the household already has; else the least loaded of the district's team who
has room and, where the resident stated a language, speaks it; else of the next team; else the team
lead. Somebody always does, and only one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared.contracts.triage import Person, Role, Track
from shared.policy import TriagePolicy

OWN_LANGUAGE = "nl"


class Answer(StrEnum):
    """What the assignee said."""

    AWAITED = "awaited"
    NOT_ASKED = "not_asked"  # letter tracks ask no acceptance
    ACCEPTED = "accepted"
    DECLINED = "declined"


@dataclass(frozen=True)
class Worker:
    """Somebody who can be assigned to, with their load in tenths of a case."""

    id: str
    team_id: str
    name: str
    email: str
    role: Role
    languages: frozenset[str]
    load_tenths: int
    load_max_tenths: int
    absent_from: date | None
    absent_until: date | None  # the last day of absence
    left_on: date | None  # the first day on which they are gone

    def is_there(self, day: date) -> bool:
        """Whether they work on this day."""
        if self.left_on and day >= self.left_on:
            return False
        is_absent = self.absent_from and self.absent_from <= day
        return not (is_absent and (self.absent_until is None or day <= self.absent_until))

    def person(self) -> Person:
        """As events name them."""
        return Person(id=self.id, name=self.name, email=self.email, role=self.role)


@dataclass(frozen=True)
class Team:
    """A team, the districts (four digits of the postcode) it works in, and its lead."""

    id: str
    municipality: str
    name: str
    districts: frozenset[str]
    lead_id: str


class Roster:
    """The teams and workers of one municipality, as locked, with the loads as they change."""

    def __init__(self, teams: Iterable[Team], workers: Iterable[Worker]) -> None:
        self.teams = {team.id: team for team in teams}
        self.workers = {worker.id: worker for worker in workers}
        self.loads = {worker.id: worker.load_tenths for worker in self.workers.values()}
        self._generalists: dict[str, list[Worker]] = {team_id: [] for team_id in self.teams}
        for worker in self.workers.values():
            if worker.role is Role.GENERALIST:
                self._generalists[worker.team_id].append(worker)

    def generalists(self, team: Team) -> Sequence[Worker]:
        """The generalists of a team."""
        return self._generalists[team.id]

    def add_load(self, worker_id: str, tenths: int) -> None:
        """Note that somebody's load changed."""
        self.loads[worker_id] += tenths

    def changed_loads(self) -> dict[str, int]:
        """The loads that are not as they were, by worker."""
        return {
            worker_id: load
            for worker_id, load in self.loads.items()
            if load != self.workers[worker_id].load_tenths
        }


@dataclass(frozen=True)
class Wanted:
    """What is asked of an assignee."""

    postcode: str
    language: str | None  # as stated by the resident
    weight_tenths: int
    current_id: str | None  # whom the household has or had
    declined_ids: frozenset[str]


@dataclass(frozen=True)
class Choice:
    """Who it is, who leads, and why."""

    assignee: Worker
    lead: Worker
    reason: str


def choose_assignee(wanted: Wanted, roster: Roster, day: date) -> Choice:
    """Exactly one assignee, with the reason in words. The roster has at least one team."""
    teams = list(_teams_in_order(wanted.postcode, roster))
    lead = roster.workers[teams[0].lead_id]
    if kept := _who_is_known(wanted, roster, day):
        return Choice(kept, lead, f"{kept.name} heeft dit huishouden al.")
    for team in teams:
        if worker := _least_loaded(team, wanted, roster, day):
            place = f"wijk {wanted.postcode[:4]}" if team is teams[0] else "heeft wel ruimte"
            return Choice(worker, lead, f"{team.name} ({place}): {_in_words(worker, roster)}.")
    return Choice(lead, lead, f"Geen generalist heeft ruimte: {lead.name} leidt {teams[0].name}.")


def _teams_in_order(postcode: str, roster: Roster) -> Iterator[Team]:
    """The team of the district first, then the others by id."""
    own = [team for team in roster.teams.values() if postcode[:4] in team.districts]
    yield from own
    yield from (team for team in roster.teams.values() if team not in own)


def _who_is_known(wanted: Wanted, roster: Roster, day: date) -> Worker | None:
    worker = roster.workers.get(wanted.current_id or "")
    if worker is None or worker.id in wanted.declined_ids or not worker.is_there(day):
        return None
    return worker if worker.role is Role.GENERALIST else None


def _least_loaded(team: Team, wanted: Wanted, roster: Roster, day: date) -> Worker | None:
    with_room = [
        worker
        for worker in roster.generalists(team)
        if roster.loads[worker.id] + wanted.weight_tenths <= worker.load_max_tenths
        and worker.id not in wanted.declined_ids
        and worker.is_there(day)
    ]
    return min(
        with_room,
        key=lambda one: (not _speaks(one, wanted.language), roster.loads[one.id], one.id),
        default=None,
    )


def _speaks(worker: Worker, language: str | None) -> bool:
    return language in {None, OWN_LANGUAGE} or language in worker.languages


def _in_words(worker: Worker, roster: Roster) -> str:
    load, most = roster.loads[worker.id] / 10, worker.load_max_tenths / 10
    return f"{worker.name} heeft de minste zaken ({load:.1f} van {most:.0f})".replace(".", ",")


def weight_tenths(policy: TriagePolicy, track: Track, *, was_reached: bool) -> int:
    """What a case weighs: a letter is light until somebody was reached."""
    if track is Track.LETTER and was_reached:
        return policy.weight_tenths(Track.VISIT)
    return policy.weight_tenths(track)


def answer_wanted(track: Track, role: Role) -> Answer:
    """Whether an assignee is asked to accept: not for a letter, and a lead cannot pass on."""
    return Answer.NOT_ASKED if track is Track.LETTER or role is Role.LEAD else Answer.AWAITED
