"""The figures of a municipality over some months, from counts: pure.

Figures, not effects: no evidence shows that visits prevent evictions (docs/SOURCES.md, S116), and
what is compared here is before and after. They never feed rules: whoever decides cannot import
this module (pyproject.toml).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.triage.counts import UNKNOWN_AGE, Counted, Measure, Period, last_day
from services.triage.deadlines import ENDINGS
from services.triage.rules import AGE_BANDS, OLDEST_BAND
from services.triage.suppression import Shown, ShownTable, Table, Values, added, suppress
from shared.contracts.signals import PartnerKind
from shared.contracts.triage import ClockKind, ContactKind, PartOfDay
from shared.policy import Number, Policy

Figure = int | None  # None: small, or hidden so that a small one cannot be computed

SIGNAL_STAGES = ("signalled", "taken_up", "attempted", "reached", "accepted")
CASE_STAGES = ("opened", "attempted", "reached", "accepted")
ATTEMPT_STAGES = ("attempted", "reached", "accepted")
AGES = (*(name for _, name in AGE_BANDS), OLDEST_BAND, UNKNOWN_AGE)
MEDIAN, P90 = 50, 90  # per cent

CAVEATS = (
    "Reviews found no compelling evidence overall that interventions prevent evictions: 7 papers, "
    "8 interventions; debt advice and legal help are promising (Holl and others 2016; S116, S117).",
    "These are counts before and after, without a group to compare with. Most evictions that were "
    "announced are called off anyhow: Veldhoven 2005-08 saw 31 % carried out (S46).",
    "Costs are counts times the amounts in the policy of the last day. The amounts are estimates "
    "(the founding report of 2011; an eviction costs 5,000 to 9,000 euros in S118). Nothing is "
    "deducted from anything: an eviction that was called off is no saving that was proven.",
    "A figure is null when it is under the policy's small_number, or when that could be computed "
    "with it, in one of the months. Zero is shown.",
)
FAIRNESS = (
    "For people to look at: who is visited against who is signalled. No rule can see these figures."
)


@dataclass(frozen=True)
class SignalFlow:
    """From signal to contact to help: each is some of the one before."""

    signalled: Figure
    taken_up: Figure
    attempted: Figure
    reached: Figure
    accepted: Figure


@dataclass(frozen=True)
class SignalsOfKind:
    """The same for one kind of partner."""

    partner_kind: str
    signalled: Figure
    taken_up: Figure
    attempted: Figure
    reached: Figure
    accepted: Figure


@dataclass(frozen=True)
class CaseFlow:
    """How far cases came, by the month in which they were opened."""

    opened: Figure
    attempted: Figure
    reached: Figure
    accepted: Figure


@dataclass(frozen=True)
class AttemptFlow:
    """Contact attempts; accepted: the first that reached somebody where help was accepted."""

    attempted: Figure
    reached: Figure
    accepted: Figure


@dataclass(frozen=True)
class AttemptsBy:
    """The same for one channel, or part of the day, as DDAS spells them."""

    by: str
    attempted: Figure
    reached: Figure
    accepted: Figure


@dataclass(frozen=True)
class WorkdaysUntil:
    """Working days from a case's first signal; nearest rank, of the cases that came so far."""

    median: Figure
    p90: Figure


@dataclass(frozen=True)
class TermFigures:
    """What became of a term, by the month of its last day; late counts as missed."""

    clock: str
    name: str
    total: Figure
    met: Figure
    missed: Figure
    running: Figure


@dataclass(frozen=True)
class Evictions:
    """Evictions, by the month in which each was first reported."""

    announced: Figure
    called_off: Figure
    carried_out: Figure
    standing: Figure


@dataclass(frozen=True)
class Cost:
    """A count times an amount of the policy, in whole euros."""

    what: str
    count: Figure
    amount_euros: int
    total_euros: Figure
    computed: str
    source: str


@dataclass(frozen=True)
class HouseholdsBy:
    """Households signalled, once in each month, and those among them where somebody went by."""

    by: str
    signalled: Figure
    visited: Figure


@dataclass(frozen=True)
class Fairness:
    """Who is visited against who is signalled."""

    note: str
    signalled: Figure
    visited: Figure
    by_age_band: list[HouseholdsBy]
    by_district: list[HouseholdsBy]


@dataclass(frozen=True)
class Figures:
    """The figures of a municipality over some months."""

    municipality: str
    starts_on: str
    ends_on: str
    small_number: int
    policy_sha256: str
    signals: SignalFlow
    signals_by_partner_kind: list[SignalsOfKind]
    cases: CaseFlow
    attempts: AttemptFlow
    attempts_by_channel: list[AttemptsBy]
    attempts_by_part_of_day: list[AttemptsBy]
    workdays_until_attempted: WorkdaysUntil
    workdays_until_reached: WorkdaysUntil
    terms: list[TermFigures]
    evictions: Evictions
    costs: list[Cost]
    fairness: Fairness
    caveats: list[str]


PolicyOn = Callable[[date], Policy]


def figures(rows: Iterable[Counted], period: Period, policy_on: PolicyOn) -> Figures:
    """All figures, without small numbers, each month by the policy of its last day.

    Every period is made of months that are shown apart, so that no two answers give away more than
    the months do.
    """
    policy = policy_on(period.ends_on)
    months = _Months(rows, policy_on)
    told = months.shown(_signals)
    cases = months.shown(_cases).totals
    attempts = months.shown(_attempts)
    evictions = _evictions(months)
    return Figures(
        municipality=policy.municipality,
        starts_on=period.starts_on.isoformat(),
        ends_on=period.ends_on.isoformat(),
        small_number=policy.triage.small_number.value,
        policy_sha256=policy.sha256,
        signals=SignalFlow(*told.totals),
        signals_by_partner_kind=[
            SignalsOfKind(kind, *shown) for kind, shown in told.splits["partner_kind"].items()
        ],
        cases=CaseFlow(*cases),
        attempts=AttemptFlow(*attempts.totals),
        attempts_by_channel=_by(attempts, "channel"),
        attempts_by_part_of_day=_by(attempts, "part_of_day"),
        workdays_until_attempted=_workdays(months, Measure.FIRST_ATTEMPT),
        workdays_until_reached=_workdays(months, Measure.FIRST_REACHED),
        terms=list(_terms(months)),
        evictions=evictions,
        costs=_costs(evictions, cases[-1], policy),
        fairness=_fairness(months),
        caveats=list(CAVEATS),
    )


class _Counts:
    """Counts of some months together."""

    def __init__(self, rows: Iterable[Counted]) -> None:
        self._of: dict[Measure, Counter[tuple[tuple[str, Any], ...]]] = {}
        for row in rows:
            counter = self._of.setdefault(row.measure, Counter())
            counter[tuple(sorted(row.facets.items()))] += row.count

    def of(self, measure: Measure) -> Iterator[tuple[dict[str, Any], int]]:
        """Facets and count of everything of a measure."""
        return ((dict(key), count) for key, count in self._of.get(measure, Counter()).items())

    def table(
        self, measure: Measure, stages: Sequence[str], splits: Mapping[str, Sequence[str]]
    ) -> Table:
        """How many came so far or farther; of splits the rows that have any, in this order."""
        cells: Counter[tuple[str, str, str]] = Counter()
        for facets, count in self.of(measure):
            for split in ("", *splits):
                cells[split, facets.get(split, ""), facets["stage"]] += count

        def cumulated(split: str, row: str) -> Values:
            exact = [cells[split, row, stage] for stage in stages]
            return tuple(sum(exact[at:]) for at in range(len(exact)))

        seen = {(split, row) for split, row, _ in cells}
        return Table(
            cumulated("", ""),
            {split: {row: cumulated(split, row) for row in order if (split, row) in seen}
             for split, order in splits.items()},
        )  # fmt: skip


class _Months:
    """Counts of each month, which is shown apart."""

    def __init__(self, rows: Iterable[Counted], policy_on: PolicyOn) -> None:
        told = list(rows)
        self.together = _Counts(told)
        by_month: dict[date, list[Counted]] = {}
        for row in told:
            by_month.setdefault(row.month, []).append(row)
        self.apart = [
            (_Counts(rows), policy_on(last_day(month)).triage.small_number.value)
            for month, rows in sorted(by_month.items())
        ]

    def shown(self, make: Callable[[_Counts], Table]) -> ShownTable:
        """What is shown of a table."""
        months = [suppress(make(counts), small) for counts, small in self.apart]
        return added(make(self.together), months)


def _signals(counts: _Counts) -> Table:
    kinds = [one.value for one in PartnerKind]
    return counts.table(Measure.SIGNALS, SIGNAL_STAGES, {"partner_kind": kinds})


def _cases(counts: _Counts) -> Table:
    return counts.table(Measure.CASES, CASE_STAGES, {})


def _attempts(counts: _Counts) -> Table:
    channels = [one.value for one in ContactKind]
    parts = [one.value for one in PartOfDay]
    splits = {"channel": channels, "part_of_day": parts}
    return counts.table(Measure.ATTEMPTS, ATTEMPT_STAGES, splits)


def _by(shown: ShownTable, split: str) -> list[AttemptsBy]:
    return [AttemptsBy(by, *values) for by, values in shown.splits[split].items()]


def _workdays(months: _Months, measure: Measure) -> WorkdaysUntil:
    days = sorted((facets["workdays"], count) for facets, count in months.together.of(measure))
    counted = [(sum(n for _, n in counts.of(measure)), small) for counts, small in months.apart]
    if not days or any(0 < count < small for count, small in counted):
        return WorkdaysUntil(None, None)
    return WorkdaysUntil(percentile(days, MEDIAN), percentile(days, P90))


def percentile(counted: Sequence[tuple[int, int]], per_cent: int) -> int:
    """The smallest value at or under which so many per cent lie (nearest rank).

    `counted` are values with how often each occurs, in order; not empty.
    """
    wanted = per_cent * sum(count for _, count in counted)
    passed = 0
    for value, count in counted:
        passed += 100 * count
        if passed >= wanted:
            return value
    raise AssertionError("nothing was counted")


def _outcomes(
    months: _Months, measure: Measure, names: Sequence[str], **of: str
) -> tuple[Figure, Shown]:
    """A total and its outcomes, without small numbers; `of` what has these facets."""

    def table(counts: _Counts) -> Table:
        exact: Counter[str] = Counter()
        for facets, count in counts.of(measure):
            if of.items() <= facets.items():
                exact[facets["outcome"]] += count
        rows = {name: (exact[name],) for name in names}
        return Table((sum(exact[name] for name in names),), {"outcome": rows})

    shown = months.shown(table)
    return shown.totals[0], tuple(shown.splits["outcome"][name][0] for name in names)


def _terms(months: _Months) -> Iterator[TermFigures]:
    """Legal before service, each by name; what ends on its day was never missed."""
    seen = {(one["clock"], one["name"]) for one, _ in months.together.of(Measure.TERMS)}
    order = [clock.value for clock in ClockKind]
    for clock, name in sorted(seen, key=lambda one: (order.index(one[0]), one[1])):
        if name not in ENDINGS:
            names = ("met", "missed", "running")
            total, shown = _outcomes(months, Measure.TERMS, names, clock=clock, name=name)
            yield TermFigures(clock, name, total, *shown)


def _evictions(months: _Months) -> Evictions:
    names = ("called_off", "carried_out", "standing")
    total, shown = _outcomes(months, Measure.EVICTIONS, names)
    return Evictions(total, *shown)


def _costs(evictions: Evictions, accepted: Figure, policy: Policy) -> list[Cost]:
    """What was counted, times the amounts of the policy."""
    amounts = policy.triage.costs
    carried_out, called_off = evictions.carried_out, evictions.called_off
    return [
        _cost("evictions carried out, to corporations", carried_out, amounts.eviction),
        _cost("evictions carried out, to society", carried_out, amounts.society),
        _cost("evictions called off, to corporations", called_off, amounts.eviction),
        _cost("evictions called off, to society", called_off, amounts.society),
        _cost("guidance of cases in which help was accepted", accepted, amounts.guidance),
    ]


def _cost(what: str, count: Figure, amount: Number) -> Cost:
    total = None if count is None else count * amount.value
    computed = f"{what.partition(',')[0]} x {amount.value} euros"
    return Cost(what, count, amount.value, total, computed, amount.source)


def _households(counts: _Counts) -> Table:
    """Both splits are of the same households, so that neither gives away what the other hides."""
    by_age = _visited(counts, Measure.BY_AGE, "age_band")
    by_district = _visited(counts, Measure.BY_DISTRICT, "district")
    totals = (sum(one[0] for one in by_age.values()), sum(one[1] for one in by_age.values()))
    splits = {
        "age_band": {band: by_age[band] for band in AGES if band in by_age},
        "district": dict(sorted(by_district.items())),
    }
    return Table(totals, splits)


def _fairness(months: _Months) -> Fairness:
    shown = months.shown(_households)
    signalled, visited = shown.totals
    ages, districts = (
        [HouseholdsBy(by, *values) for by, values in shown.splits[split].items()]
        for split in ("age_band", "district")
    )
    return Fairness(FAIRNESS, signalled, visited, ages, districts)


def _visited(counts: _Counts, measure: Measure, by: str) -> dict[str, tuple[int, int]]:
    signalled: Counter[str] = Counter()
    visited: Counter[str] = Counter()
    for facets, count in counts.of(measure):
        signalled[facets[by]] += count
        visited[facets[by]] += count if facets["is_visited"] else 0
    return {name: (signalled[name], visited[name]) for name in signalled}
