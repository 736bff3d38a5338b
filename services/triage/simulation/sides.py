"""What comes of households under one policy, counted as they come by. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.triage import assignment
from services.triage.legal_path import StepKind, StepState
from services.triage.rules import TRACKS, Decision, LivePolicy, PolicyBook, decide
from services.triage.simulation import figures
from services.triage.simulation.households import Standing, Teams, Told
from shared.contracts.signals import PartnerKind
from shared.contracts.triage import ContactKind, Track

NO_CASE = "no case"


def label(decision: Decision) -> str:
    """The track that is proposed, or that no case is needed."""
    return decision.track.value if decision.needs_case else NO_CASE


@dataclass
class Estimates:
    """Sums of chances over the cases of a period."""

    visits_first: float = 0
    visits: float = 0  # until somebody is reached or the ladder ends
    alerts: float = 0
    alerts_at_once: float = 0
    reached: float = 0
    accepted: float = 0
    evictions: float = 0  # to be expected among those who would accept, without help


@dataclass
class Side:
    """One policy, as though it had been in force all along."""

    live: LivePolicy
    teams: Teams
    tracks: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)  # of signals
    fired: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    # Rules that named different tracks for one household: the heavier, and the lighter.
    conflicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    loads: Counter[str] = field(default_factory=Counter)  # tenths, by team
    estimates: Estimates = field(default_factory=Estimates)

    def __post_init__(self) -> None:
        self._book = PolicyBook([self.live])

    def decide(self, told: Told) -> Decision:
        """What this policy says, whatever the day."""
        return decide(told.signals, told.facts, self._book, told.history)

    def add(self, told: Told, decision: Decision) -> None:
        """Count a household."""
        self.tracks[label(decision)] += 1
        self.statuses.update(status.value for status in decision.statuses.values())
        if not decision.needs_case:
            return
        self.fired.update(rule.name for rule in decision.fired)
        self.failed.update(rule.name for rule in decision.failed)
        heaviest = decision.fired[0] if decision.fired else None
        for rule in decision.fired:
            if heaviest and rule.track is not heaviest.track:
                self.conflicts[heaviest.name, rule.name] += 1
        if told.standing is not Standing.CLOSED:
            self.loads[self.teams.of(told.district)] += assignment.weight_tenths(
                self.live.policy.triage, in_force(told, decision), was_reached=told.was_reached
            )
        if told.in_period:
            self._estimate(decision)

    def _estimate(self, decision: Decision) -> None:
        told, policy = self.estimates, self.live.policy
        steps = policy.triage.ladder_of(decision.track)
        visits = sum(step.kind is ContactKind.VISIT for step in steps)
        chance = figures.REACHED_BY_VISIT.value
        expected = (1 - (1 - chance) ** visits) / chance
        told.visits_first += min(visits, 1)
        told.visits += expected
        for name, count in alerts_of(decision, expected).items():
            rules = policy.notify.rules(name)
            offsets = [
                offset
                for rule in rules
                if rule.to in {"assignee", "lead"}
                for offset in rule.offsets
            ]
            at_once = [one for one in offsets if is_at_once(one, decision)]
            told.alerts += count * len(offsets)
            told.alerts_at_once += count * len(at_once)
        reached = REACH[decision.track]
        accepted = reached * figures.ACCEPTED.value
        told.reached += reached
        told.accepted += accepted
        told.evictions += accepted * risk_of(decision)


def in_force(told: Told, decision: Decision) -> Track:
    """The track that would hold: a lighter proposal never takes the place of a confirmed one."""
    if told.confirmed and TRACKS.index(decision.track) <= TRACKS.index(told.confirmed):
        return told.confirmed
    return decision.track


REACH: Mapping[Track, float] = {
    Track.NONE: 0,
    Track.LETTER: figures.REACHED_BY_LETTER.value,
    Track.VISIT: figures.REACHED_BY_VISIT.value,
    Track.LEGAL: figures.REACHED_BY_VISIT.value,
}
RISKS: Mapping[str, float] = {
    "summons": figures.EVICTED_FROM_SUMMONS.value,
    "hearing": figures.EVICTED_FROM_SUMMONS.value,
    "judgment": figures.EVICTED_FROM_JUDGMENT.value,
    "eviction": figures.EVICTED_FROM_NOTICE.value,
    "evicted": 0,
}


def risk_of(decision: Decision) -> float:
    """The chance of an eviction without help; none of who owes no rent and was not summoned."""
    facts = decision.facts
    if facts.legal_stage in RISKS:
        return RISKS[facts.legal_stage]
    return figures.EVICTED_FROM_ARREARS.value if PartnerKind.RENT in facts.partner_kinds else 0


def alerts_of(decision: Decision, visits: float) -> dict[str, float]:
    """How often there is something to tell, by what it is about."""
    stands = Counter((step.kind, step.state) for step in decision.steps)
    return {
        "assignment": 1,
        "visit": visits,
        "summons": stands[StepKind.SUMMONS, StepState.DONE],
        "hearing": stands[StepKind.HEARING, StepState.SET],
        "judgment": stands[StepKind.JUDGMENT, StepState.DONE],
        "eviction": stands[StepKind.EVICTION, StepState.SET],
        "objection": int(decision.has_objection),
    }


def is_at_once(offset: str, decision: Decision) -> bool:
    """Whether an alert interrupts somebody; of what is urgent the digest does not wait."""
    is_urgent = decision.facts.legal_stage != "none" or decision.facts.is_crisis
    return offset == "at once" or (offset == "digest" and is_urgent)
