"""What triage decides about a household, from everything that is known of it: pure.

A decision is made from the set of facts, not from their order of arrival: for a fixed clock and
policy, statuses, case kind, track and legal path are the same however the facts came in.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from uuid import UUID

from services.triage.conditions import Answers, Condition, Facts, ask
from services.triage.legal_path import OPENING, Step, legal_path, legal_stage
from services.triage.reports import Fact, FactKind, Signal, Status
from shared.contracts.signals import PartnerKind
from shared.contracts.triage import Track
from shared.policy import Policy, Rule, TriagePolicy, Window

TRACKS = tuple(Track)  # lightest first
NO_PRIORITY = 9
MONTHS_A_YEAR = 12


@dataclass(frozen=True)
class LivePolicy:
    """A policy with its rules compiled."""

    policy: Policy
    conditions: Sequence[Condition]


@dataclass(frozen=True)
class Decision:
    """What holds for a household."""

    statuses: Mapping[UUID, Status]
    steps: tuple[Step, ...]
    facts: Facts
    needs_case: bool
    has_objection: bool
    track: Track
    priority: int
    reason: str
    fired: tuple[Rule, ...]
    failed: tuple[Rule, ...]
    live: LivePolicy  # the policy that decided


class PolicyBook:
    """The policies of one municipality, the newest first; never empty."""

    def __init__(self, policies: Sequence[LivePolicy]) -> None:
        self._policies = policies

    def on(self, day: date) -> LivePolicy:
        """The policy that is valid on a day; the oldest for a day before all of them."""
        fitting = (live for live in self._policies if live.policy.valid_from <= day)
        return next(fitting, self._policies[-1])


def decide(signals: Sequence[Signal], facts: Sequence[Fact], book: PolicyBook) -> Decision:
    """Everything that follows from what is known of a household. At least one of both is given."""
    ordered = sorted(signals, key=lambda one: (one.reported_on, one.recorded_at, one.id))
    statuses = dict(_statuses(ordered, facts, book))
    taken_up = [signal for signal in ordered if statuses[signal.id] is Status.TAKEN_UP]
    steps = tuple(legal_path(facts))
    day = _decision_day(taken_up, facts, ordered)
    live = book.on(day)
    known = _facts(taken_up, facts, steps, live.policy.triage)
    answers = ask(live.conditions, known)
    track, priority, reason = weigh(answers)
    return Decision(
        statuses=statuses,
        steps=steps,
        facts=known,
        needs_case=bool(taken_up) or any(fact.kind in OPENING for fact in facts),
        has_objection=any(fact.kind is FactKind.OBJECTION for fact in facts),
        track=track,
        priority=priority,
        reason=reason,
        fired=tuple(sorted(answers.fired, key=_heaviest_first)),
        failed=answers.failed,
        live=live,
    )


def _decision_day(
    taken_up: Sequence[Signal], facts: Sequence[Fact], signals: Sequence[Signal]
) -> date:
    """The day whose policy decides: of the newest fact that counts."""
    days = [signal.reported_on for signal in taken_up]
    days += [fact.reported_on for fact in facts if fact.kind in OPENING]
    days = days or [signal.reported_on for signal in signals]
    return max(days or [fact.reported_on for fact in facts])


def _statuses(
    ordered: Sequence[Signal], facts: Sequence[Fact], book: PolicyBook
) -> Iterator[tuple[UUID, Status]]:
    withdrawn = {fact.refers_to for fact in facts if fact.kind is FactKind.WITHDRAWN}
    highest: dict[tuple[str, str], Signal] = {}  # of each contract, the last that was taken up
    for signal in ordered:
        if signal.id in withdrawn:
            yield signal.id, Status.WITHDRAWN
            continue
        if not is_justified(signal, book.on(signal.reported_on).policy.triage):
            yield signal.id, Status.UNJUSTIFIED
            continue
        contract = (signal.partner_id, signal.contract)
        earlier = highest.get(contract)
        if earlier and _is_repetition(signal, earlier, facts):
            yield signal.id, Status.REPEATED
        else:
            highest[contract] = signal
            yield signal.id, Status.TAKEN_UP


def is_justified(signal: Signal, policy: TriagePolicy) -> bool:
    """Whether a signal lies inside the window of its kind and over the floor."""
    days = (signal.reported_on - signal.arrears_since).days
    window = window_of(policy, signal.partner_kind)
    is_inside = window is None or (
        window.days_min <= days and (window.days_max is None or days <= window.days_max)
    )
    return is_inside and signal.arrears_cents >= policy.floor_cents.value


def window_of(policy: TriagePolicy, kind: PartnerKind) -> Window | None:
    """The window of a kind of partner; None when the policy has none."""
    return next((window for window in policy.windows if kind in window.kinds), None)


def _is_repetition(signal: Signal, earlier: Signal, facts: Sequence[Fact]) -> bool:
    """Same debt, not higher, not paid in between, and no crisis that is new."""
    was_settled = any(
        fact.day and earlier.reported_on <= fact.day <= signal.reported_on
        for fact in _of_contract(facts, FactKind.SETTLED, earlier)
    )
    is_new_crisis = signal.is_crisis and not earlier.is_crisis
    is_higher = signal.arrears_cents > earlier.arrears_cents
    return not (is_higher or was_settled or is_new_crisis)


def _of_contract(facts: Iterable[Fact], kind: FactKind, signal: Signal) -> Iterator[Fact]:
    for fact in facts:
        same = fact.partner_id == signal.partner_id and fact.contract == signal.contract
        if fact.kind is kind and same:
            yield fact


def _facts(
    taken_up: Sequence[Signal], facts: Sequence[Fact], steps: Sequence[Step], policy: TriagePolicy
) -> Facts:
    still_open = [
        signal
        for signal in taken_up
        if not any(
            fact.day and fact.day >= signal.reported_on
            for fact in _of_contract(facts, FactKind.SETTLED, signal)
        )
    ]
    newest = {(signal.partner_id, signal.contract): signal for signal in still_open}.values()
    rent = [signal for signal in newest if signal.partner_kind is PartnerKind.RENT]
    made, broken = (
        max((fact.day for fact in facts if fact.kind is kind and fact.day), default=None)
        for kind in (FactKind.ARRANGEMENT_MADE, FactKind.ARRANGEMENT_BROKEN)
    )
    return Facts(
        arrears_cents=sum(signal.arrears_cents for signal in newest),
        rent_arrears_cents=sum(signal.arrears_cents for signal in rent),
        arrears_days=max(
            ((signal.reported_on - signal.arrears_since).days for signal in newest), default=0
        ),
        open_signals=len(still_open),
        partner_kinds=sorted({signal.partner_kind.value for signal in newest}),
        is_multiple=is_multiple(taken_up),
        is_consecutive=is_consecutive(taken_up, policy.consecutive_months.value),
        is_crisis=any(signal.is_crisis for signal in still_open),
        is_warm_handover=any(signal.is_warm_handover for signal in still_open),
        has_arrangement=made is not None and (broken is None or made > broken),
        is_arrangement_broken=broken is not None and (made is None or broken >= made),
        legal_stage=legal_stage(steps),
    )


def is_multiple(taken_up: Sequence[Signal]) -> bool:
    """Two or more debts in one matching period, a calendar month (Divosa: meervoudig)."""
    debts = {(_month(one.reported_on), one.partner_id, one.contract) for one in taken_up}
    return len(debts) > len({month for month, _, _ in debts})


def is_consecutive(taken_up: Sequence[Signal], months: int) -> bool:
    """A signal in one of the months before another (Divosa: opeenvolgend)."""
    seen = sorted({_month(signal.reported_on) for signal in taken_up})
    return any(0 < later - earlier <= months for earlier, later in pairwise(seen))


def _month(day: date) -> int:
    return day.year * MONTHS_A_YEAR + day.month


def weigh(answers: Answers) -> tuple[Track, int, str]:
    """The heaviest track, the first priority, and the reason of the rule that weighed most."""
    if not answers.fired:
        return Track.LETTER, NO_PRIORITY, "Geen regel van het beleid past hier. Beoordeel zelf."
    fired = sorted(answers.fired, key=_heaviest_first)
    reason = fired[0].reason.nl
    if answers.failed:
        names = ", ".join(rule.name for rule in answers.failed)
        reason += f" Niet te beoordelen: {names}. Beoordeel zelf."
    return fired[0].track, min(rule.priority for rule in fired), reason


def _heaviest_first(rule: Rule) -> tuple[int, int, str]:
    return -TRACKS.index(rule.track), rule.priority, rule.name
