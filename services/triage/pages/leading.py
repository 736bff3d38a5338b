"""What a lead's pages say of people, terms and rules: the geometry of bars, and groups. Pure."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.triage.api.cases import Case
from services.triage.api.staff import Load
from shared.policy import Policy

BAR_WIDTH = 200  # of a drawing, in units of its own
HANDLE_LENGTH = 10
TRACKS = ("legal", "visit", "letter", "none")  # heaviest first


@dataclass(frozen=True)
class Bar:
    """A load against the band that was agreed, as it is drawn."""

    value: float
    low: float
    high: float  # 0: no band was agreed
    width: float
    band_from: float
    band_width: float

    @property
    def state(self) -> str:
        """Where the load stands, for who sees no colour: under, in, over, or none."""
        if not self.high:
            return "none"
        if self.value > self.high:
            return "over"
        return "under" if self.value < self.low else "in"


def bar(value: float, low: float, high: float, *, most: float) -> Bar:
    """A bar on a scale that ends at `most`."""
    unit = BAR_WIDTH / most if most else 0
    return Bar(
        value=value,
        low=low,
        high=high,
        width=round(value * unit, 1),
        band_from=round(low * unit, 1),
        band_width=round((high - low) * unit, 1),
    )


def scale(values: Iterable[float]) -> float:
    """Where a scale ends on which all of these fit, with a little room."""
    return max(values, default=0) * 1.1


@dataclass(frozen=True)
class WorkerLine:
    """Somebody of a team, as a list of people shows them."""

    load: Load
    bar: Bar
    handle: str
    is_away: bool  # today


def handle_of(worker_id: str) -> str:
    """Stands for somebody in an address: names do not belong in one."""
    return hashlib.sha256(worker_id.encode()).hexdigest()[:HANDLE_LENGTH]


def worker_lines(loads: Sequence[Load], today: date) -> list[WorkerLine]:
    """Everybody's line, on one scale."""
    most = scale(one for load in loads for one in (load.load, load.load_max))
    return [
        WorkerLine(
            load,
            bar(load.load, load.load_min, load.load_max, most=most),
            handle_of(load.worker_id),
            load.absent_from is not None and load.absent_from <= today,
        )
        for load in loads
    ]


@dataclass(frozen=True)
class TermLine:
    """A term at risk, of one case."""

    case: Mapping[str, Any]
    name: str
    clock: str
    starting_fact: str
    due_on: date
    days_left: int

    @property
    def is_missed(self) -> bool:
        return self.days_left < 0


def term_lines(rows: Iterable[Mapping[str, Any]], today: date) -> list[TermLine]:
    """Terms as they stand on a day."""
    return [
        TermLine(
            row,
            row["name"],
            row["clock"],
            row["starting_fact"],
            row["due_on"],
            (row["due_on"] - today).days,
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Said:
    """A rule that fired, in the words of its policy."""

    name: str
    track: str
    priority: int
    reason: str


@dataclass(frozen=True)
class ConflictLine:
    """A case in whose last decision rules disagreed or failed."""

    case: Mapping[str, Any]
    rules: tuple[Said, ...]  # the heaviest first
    failed: tuple[str, ...]


@dataclass(frozen=True)
class ConflictGroup:
    """Cases in which the same rules disagreed or failed."""

    heavier: tuple[str, ...]  # tracks, as the rules name them
    rules: tuple[Said, ...]
    failed: tuple[str, ...]
    lines: tuple[ConflictLine, ...]


def rules_of(policies: Iterable[Policy]) -> list[tuple[str, str, str]]:
    """Every rule that is known: the hash of its policy, its name, its track."""
    return [
        (policy.sha256, rule.name, rule.track.value)
        for policy in policies
        for rule in policy.triage.rules
    ]


def conflict_groups(
    rows: Iterable[Mapping[str, Any]], policies: Iterable[Policy], language: str
) -> list[ConflictGroup]:
    """Cases by the rules that they share: what failed, then what differs most, then the largest."""
    known = {
        (policy.sha256, rule.name): Said(
            rule.name, rule.track.value, rule.priority, getattr(rule.reason, language)
        )
        for policy in policies
        for rule in policy.triage.rules
    }
    groups: dict[tuple[Any, ...], list[ConflictLine]] = defaultdict(list)
    for row in rows:
        told = [known.get((row["policy_sha256"], name)) for name in row["fired"]]
        rules = tuple(one for one in told if one)
        line = ConflictLine(row, rules, tuple(row["failed"]))
        groups[rules, line.failed].append(line)
    found = [
        ConflictGroup(tuple(dict.fromkeys(one.track for one in rules)), rules, failed, tuple(lines))
        for (rules, failed), lines in groups.items()
    ]
    return sorted(found, key=lambda one: (not one.failed, -len(one.heavier), -len(one.lines)))


def by_track(cases: Sequence[Case]) -> list[tuple[str, list[Case]]]:
    """Proposals by the track that is proposed, the heaviest first."""
    found: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        found[case.proposed_track].append(case)
    return sorted(found.items(), key=lambda one: TRACKS.index(one[0]))
