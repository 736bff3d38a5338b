"""Who takes a case: pure, one function whoever asks, and the reason in words.

The generalist whom the household already has; else, of the district's team, whoever has room: first
who speaks the language and has the skills that are asked for, then who is furthest under the band
that the team agreed, then the least loaded; else of the next team; else the team lead. Who knows
the household too well, is absent or has left is never chosen. Somebody always is, and only one.
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
    NOT_ASKED = "not_asked"  # there is nothing to accept, or nobody to pass it on to
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
    skills: frozenset[str] = frozenset()
    own_postcodes: frozenset[str] = frozenset()  # where they live: never a case of neighbours
    load_min_tenths: int = 0  # the band that the team agreed; under it somebody comes first
    noted_absent_from: date | None = None  # as they or their lead noted it, beside the roster
    noted_absent_until: date | None = None
    noted_on: date | None = None  # goes over what the roster says of an absence that began by then

    def has_left(self, day: date) -> bool:
        """Whether they work here no longer."""
        return self.left_on is not None and day >= self.left_on

    def is_there(self, day: date) -> bool:
        """Whether they work on this day."""
        if self.has_left(day):
            return False
        if _is_within(day, self.noted_absent_from, self.noted_absent_until):
            return False
        if self.noted_on and self.absent_from and self.absent_from <= self.noted_on:
            return True
        return not _is_within(day, self.absent_from, self.absent_until)

    def person(self) -> Person:
        """As events name them."""
        return Person(id=self.id, name=self.name, email=self.email, role=self.role)


def _is_within(day: date, first: date | None, last: date | None) -> bool:
    """Whether a day lies in an absence: none without a first day, no end without a last one."""
    return bool(first and first <= day) and (last is None or day <= last)


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

    def worker_or_lead(self, worker_id: str, postcode: str) -> Worker:
        """Somebody who works here; for who works elsewhere by now, the lead of the district."""
        team = next(_teams_in_order(postcode, self))
        return self.workers.get(worker_id) or self.workers[team.lead_id]

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
    excluded_ids: frozenset[str] = frozenset()  # who declined, or has a conflict of interest
    skills: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Choice:
    """Who it is, who leads, and why."""

    assignee: Worker
    lead: Worker
    reason: str


def choose_assignee(wanted: Wanted, roster: Roster, day: date) -> Choice:
    """Exactly one assignee, with the reason in words. The roster has at least one team."""
    teams = list(_teams_in_order(wanted.postcode, roster))
    lead = choose_lead(wanted.postcode, roster, day)
    if kept := _who_is_known(wanted, roster, day):
        return Choice(kept, lead, f"{kept.name} heeft dit huishouden al.")
    for team in teams:
        if worker := _least_loaded(team, wanted, roster, day):
            place = f"wijk {wanted.postcode[:4]}" if team is teams[0] else "heeft wel ruimte"
            words = _in_words(worker, wanted, roster)
            return Choice(worker, lead, f"{team.name} ({place}): {words}.")
    last = _lead_who_takes(wanted, roster, day)
    team_name = roster.teams[last.team_id].name
    return Choice(last, lead, f"Geen generalist heeft ruimte: {last.name} leidt {team_name}.")


def choose_lead(postcode: str, roster: Roster, day: date) -> Worker:
    """Who leads a case: of the district's team, or, where they have left, of the next one's."""
    leads = _leads_in_order(postcode, roster)
    return next((one for one in leads if not one.has_left(day)), leads[0])


def _leads_in_order(postcode: str, roster: Roster) -> list[Worker]:
    return [roster.workers[team.lead_id] for team in _teams_in_order(postcode, roster)]


def _lead_who_takes(wanted: Wanted, roster: Roster, day: date) -> Worker:
    """The first lead who is there and may have it; else who is there; else who leads."""
    leads = _leads_in_order(wanted.postcode, roster)
    may = (one for one in leads if _may_have(one, wanted, day))
    is_there = (one for one in leads if one.is_there(day))
    return next(may, None) or next(is_there, None) or choose_lead(wanted.postcode, roster, day)


def _teams_in_order(postcode: str, roster: Roster) -> Iterator[Team]:
    """The team of the district first, then the others by id."""
    own = [team for team in roster.teams.values() if postcode[:4] in team.districts]
    yield from own
    yield from (team for team in roster.teams.values() if team not in own)


def _who_is_known(wanted: Wanted, roster: Roster, day: date) -> Worker | None:
    worker = roster.workers.get(wanted.current_id or "")
    if worker is None or not _may_have(worker, wanted, day):
        return None
    return worker if worker.role is Role.GENERALIST else None


def _may_have(worker: Worker, wanted: Wanted, day: date) -> bool:
    is_neighbour = wanted.postcode in worker.own_postcodes
    return worker.is_there(day) and worker.id not in wanted.excluded_ids and not is_neighbour


def _least_loaded(team: Team, wanted: Wanted, roster: Roster, day: date) -> Worker | None:
    with_room = [
        worker
        for worker in roster.generalists(team)
        if roster.loads[worker.id] + wanted.weight_tenths <= worker.load_max_tenths
        and _may_have(worker, wanted, day)
    ]
    return min(with_room, key=lambda one: _order(one, wanted, roster), default=None)


def _order(worker: Worker, wanted: Wanted, roster: Roster) -> tuple[bool, int, bool, int, str]:
    load = roster.loads[worker.id]
    return (
        not _speaks(worker, wanted.language),
        len(wanted.skills - worker.skills),
        load >= worker.load_min_tenths,
        load,
        worker.id,
    )


def choose_second(first_id: str, wanted: Wanted, roster: Roster, day: date) -> Worker | None:
    """Who goes along where two must go: the least loaded other of the same team, then of others."""
    home = roster.workers[first_id].team_id
    others = [
        worker
        for worker in roster.workers.values()
        if worker.role is Role.GENERALIST and may_go_along(worker.id, first_id, wanted, roster, day)
    ]
    return min(
        others,
        key=lambda one: (one.team_id != home, roster.loads[one.id], one.id),
        default=None,
    )


def may_go_along(worker_id: str, first_id: str, wanted: Wanted, roster: Roster, day: date) -> bool:
    """Whether somebody else can go along on this day."""
    worker = roster.workers.get(worker_id)
    return worker is not None and worker_id != first_id and _may_have(worker, wanted, day)


def _speaks(worker: Worker, language: str | None) -> bool:
    return language in {None, OWN_LANGUAGE} or language in worker.languages


def _in_words(worker: Worker, wanted: Wanted, roster: Roster) -> str:
    load, most = roster.loads[worker.id] / 10, worker.load_max_tenths / 10
    told = f"{worker.name} heeft de minste zaken ({load:.1f} van {most:.0f})".replace(".", ",")
    if wanted.language not in {None, OWN_LANGUAGE} and _speaks(worker, wanted.language):
        told += ", spreekt de taal van de bewoner"
    if skills := sorted(wanted.skills & worker.skills):
        told += f", kan wat nodig is: {', '.join(skills)}"
    return told


def weight_tenths(policy: TriagePolicy, track: Track, *, was_reached: bool) -> int:
    """What a case weighs: a letter is light until somebody was reached."""
    if track is Track.LETTER and was_reached:
        return policy.weight_tenths(Track.VISIT)
    return policy.weight_tenths(track)


def answer_wanted(track: Track, role: Role) -> Answer:
    """Whether an assignee is asked to accept: where they are to go by, and could pass it on."""
    is_asked = track in {Track.VISIT, Track.LEGAL} and role is not Role.LEAD
    return Answer.AWAITED if is_asked else Answer.NOT_ASKED
