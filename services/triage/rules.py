"""What triage decides about a household, from everything that is known of it: pure.

A decision is made from the set of facts, not from their order of arrival: for a fixed clock and
policy, statuses, case kind, track and legal path are the same however the facts came in.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise
from uuid import UUID

from services.triage.conditions import Answers, Conditions, Facts, ask
from services.triage.legal_path import (
    OPENING,
    Step,
    legal_path,
    legal_stage,
    moratorium,
    threatened_on,
)
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
    conditions: Conditions


@dataclass(frozen=True)
class History:
    """What went before the facts that are decided on."""

    handled: frozenset[UUID] = frozenset()  # signals and facts that closed cases dealt with
    closed_cases: int = 0
    birth_dates: tuple[date, ...] = ()  # only for a policy that may ask for an age band


NO_HISTORY = History()


@dataclass(frozen=True)
class Decision:
    """What holds for a household."""

    statuses: Mapping[UUID, Status]
    steps: tuple[Step, ...]
    moratorium: Fact | None  # the last that was recorded, ended or not
    threatened_on: date | None  # since when an eviction that stands is known
    facts: Facts
    taken_up: tuple[Signal, ...]  # those that no closed case dealt with, in order
    risen: bool  # one of these is higher than what a closed case dealt with, of one contract
    needs_case: bool
    has_objection: bool
    track: Track
    priority: int
    reason: str
    fired: tuple[Rule, ...]
    failed: tuple[Rule, ...]
    live: LivePolicy  # the policy that decided

    def as_risen(self, risen: bool) -> "Decision":
        """The same, made with the last case's facts again: why that is, is kept."""
        return replace(self, risen=risen)


class PolicyBook:
    """The policies of one municipality, the newest first; never empty."""

    def __init__(self, policies: Sequence[LivePolicy]) -> None:
        self._policies = policies

    @property
    def asks_for_age(self) -> bool:
        """Whether any of them may ask for an age band."""
        return any(one.policy.triage.profiling for one in self._policies)

    def on(self, day: date) -> LivePolicy:
        """The policy that is valid on a day; the oldest for a day before all of them."""
        fitting = (live for live in self._policies if live.policy.valid_from <= day)
        return next(fitting, self._policies[-1])


def decide(
    signals: Sequence[Signal],
    facts: Sequence[Fact],
    book: PolicyBook,
    history: History = NO_HISTORY,
) -> Decision:
    """Everything that follows from what is known of a household. At least one of both is given.

    Statuses look at all signals; whether a case is needed, and what rules see, only at those that
    no closed case dealt with.
    """
    ordered = sorted(signals, key=lambda one: _order(one, history))
    statuses = dict(_statuses(ordered, facts, book))
    counted = [signal for signal in ordered if statuses[signal.id] is Status.TAKEN_UP]
    taken_up = [signal for signal in counted if signal.id not in history.handled]
    news = [fact for fact in facts if fact.id not in history.handled]
    steps = tuple(legal_path(facts, history.handled))
    live = book.on(_decision_day(taken_up, news or facts, ordered))
    known = _facts(counted, taken_up, facts, steps, live.policy.triage, history)
    answers = ask(live.conditions, known)
    track, priority, reason = weigh(answers)
    return Decision(
        statuses=statuses,
        steps=steps,
        moratorium=moratorium(facts),
        threatened_on=threatened_on(facts, steps),
        facts=known,
        taken_up=tuple(taken_up),
        risen=_has_risen(taken_up, _dealt_with(ordered, statuses, history), facts),
        needs_case=bool(taken_up) or any(fact.kind in OPENING for fact in news),
        has_objection=any(fact.kind is FactKind.OBJECTION for fact in facts),
        track=track,
        priority=priority,
        reason=reason,
        fired=in_order(answers.fired),
        failed=answers.failed,
        live=live,
    )


def _order(signal: Signal, history: History) -> tuple[date, datetime, bool, UUID]:
    """By day; of two that were recorded at once, what a closed case dealt with goes first."""
    is_new = signal.id not in history.handled
    return signal.reported_on, signal.recorded_at, is_new, signal.id


def _decision_day(
    taken_up: Sequence[Signal], facts: Sequence[Fact], signals: Sequence[Signal]
) -> date:
    """The day whose policy decides: of the newest fact that counts."""
    days = [signal.reported_on for signal in taken_up]
    days += [fact.reported_on for fact in facts if fact.kind in OPENING]
    days = days or [signal.reported_on for signal in signals]
    return max(days or [fact.reported_on for fact in facts])


def _dealt_with(
    ordered: Sequence[Signal], statuses: Mapping[UUID, Status], history: History
) -> list[Signal]:
    """The debts that closed cases dealt with."""
    none = {Status.WITHDRAWN, Status.UNJUSTIFIED}
    return [one for one in ordered if one.id in history.handled and statuses[one.id] not in none]


def _has_risen(
    taken_up: Sequence[Signal], dealt_with: Sequence[Signal], facts: Sequence[Fact]
) -> bool:
    """Whether closed cases dealt with a debt of which more is owed now; one that was paid is not.

    Only against the highest amount that they dealt with: that was known when they ended.
    """
    for signal in taken_up:
        earlier = [
            one
            for one in dealt_with
            if (one.partner_id, one.contract) == (signal.partner_id, signal.contract)
            and not _was_settled(one, signal, facts)
        ]
        if earlier and signal.arrears_cents > max(one.arrears_cents for one in earlier):
            return True
    return False


def _decided_by_person(facts: Sequence[Fact]) -> dict[UUID | None, Status]:
    """What a person decided of signals; the later decision holds."""
    decided = [fact for fact in facts if fact.kind is FactKind.STATUS_DECIDED]
    return {
        fact.refers_to: Status(fact.detail)
        for fact in sorted(decided, key=lambda fact: (fact.recorded_at, fact.id))
    }


def _statuses(
    ordered: Sequence[Signal], facts: Sequence[Fact], book: PolicyBook
) -> Iterator[tuple[UUID, Status]]:
    withdrawn = {fact.refers_to for fact in facts if fact.kind is FactKind.WITHDRAWN}
    by_person = _decided_by_person(facts)
    highest: dict[tuple[str, str], Signal] = {}  # of each contract, the last that was taken up
    for signal in ordered:
        if signal.id in withdrawn:
            yield signal.id, Status.WITHDRAWN
            continue
        contract = (signal.partner_id, signal.contract)
        if decided := by_person.get(signal.id):
            if decided is Status.TAKEN_UP:
                highest[contract] = signal
            yield signal.id, decided
            continue
        if not is_justified(signal, book.on(signal.reported_on).policy.triage):
            yield signal.id, Status.UNJUSTIFIED
            continue
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
    is_new_crisis = signal.is_crisis and not earlier.is_crisis
    is_higher = signal.arrears_cents > earlier.arrears_cents
    return not (is_higher or _was_settled(earlier, signal, facts) or is_new_crisis)


def _was_settled(earlier: Signal, signal: Signal, facts: Sequence[Fact]) -> bool:
    """Whether a debt was paid between two signals of it."""
    return any(
        fact.day and earlier.reported_on <= fact.day <= signal.reported_on
        for fact in _of_contract(facts, FactKind.SETTLED, earlier)
    )


def _of_contract(facts: Iterable[Fact], kind: FactKind, signal: Signal) -> Iterator[Fact]:
    for fact in facts:
        same = fact.partner_id == signal.partner_id and fact.contract == signal.contract
        if fact.kind is kind and same:
            yield fact


def _facts(  # noqa: PLR0917 - all that rules may look at comes together here
    counted: Sequence[Signal],
    taken_up: Sequence[Signal],
    facts: Sequence[Fact],
    steps: Sequence[Step],
    policy: TriagePolicy,
    history: History,
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
    made, broken = _arrangement_days(facts)
    return Facts(
        arrears_cents=sum(signal.arrears_cents for signal in newest),
        rent_arrears_cents=sum(signal.arrears_cents for signal in rent),
        arrears_days=max(
            ((signal.reported_on - signal.arrears_since).days for signal in newest), default=0
        ),
        open_signals=len(still_open),
        partner_kinds=sorted({signal.partner_kind.value for signal in newest}),
        is_multiple=is_multiple(taken_up),
        is_consecutive=is_consecutive(counted, policy.consecutive_months.value),
        is_crisis=any(signal.is_crisis for signal in still_open),
        is_warm_handover=any(signal.is_warm_handover for signal in still_open),
        has_arrangement=made is not None and (broken is None or made > broken),
        is_arrangement_broken=broken is not None and (made is None or broken >= made),
        legal_stage=legal_stage(steps),
        has_moratorium=moratorium(facts) is not None,
        closed_cases=history.closed_cases,
        age_band=age_band(history.birth_dates, taken_up) if policy.profiling else "",
    )


def _arrangement_days(facts: Sequence[Fact]) -> tuple[date | None, date | None]:
    """The last day on which an arrangement was made, and on which one was broken."""
    made, broken = (
        max((fact.day for fact in facts if fact.kind is kind and fact.day), default=None)
        for kind in (FactKind.ARRANGEMENT_MADE, FactKind.ARRANGEMENT_BROKEN)
    )
    return made, broken


AGE_BANDS = ((18, "under 18"), (23, "18-22"), (27, "23-26"), (65, "27-64"))
OLDEST_BAND = "65 and over"


def age_band(birth_dates: Sequence[date], taken_up: Sequence[Signal]) -> str:
    """The band of the youngest on the day of the last signal; "" when no policy may ask."""
    if not birth_dates or not taken_up:
        return ""
    born, day = max(birth_dates), taken_up[-1].reported_on
    age = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return next((name for under, name in AGE_BANDS if age < under), OLDEST_BAND)


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
    fired = in_order(answers.fired)
    reason = fired[0].reason.nl
    if answers.failed:
        names = ", ".join(rule.name for rule in answers.failed)
        reason += f" Niet te beoordelen: {names}. Beoordeel zelf."
    return fired[0].track, min(rule.priority for rule in fired), reason


def in_order(fired: Iterable[Rule]) -> tuple[Rule, ...]:
    """Rules that fired, the one that weighs most first."""
    return tuple(sorted(fired, key=_heaviest_first))


def _heaviest_first(rule: Rule) -> tuple[int, int, str]:
    return -TRACKS.index(rule.track), rule.priority, rule.name
