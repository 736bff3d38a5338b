"""A month of made-up households from a seed: the same seed, the same month.

One after the other, so that a month may be as large as one likes. Nobody in it exists.
"""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from services.triage.reports import Fact, FactKind, Signal
from services.triage.rules import NO_HISTORY, History
from services.triage.simulation import figures
from services.triage.simulation.figures import Figure
from services.triage.simulation.households import Team, Teams, Told
from shared.contracts.signals import PartnerKind

MONTH = date(2026, 3, 1)  # March: the yearly peak (S63)
MONTH_DAYS = 31
DISTRICTS = tuple(str(number) for number in range(9901, 9950))
KINDS = (PartnerKind.HEALTH, PartnerKind.ENERGY, PartnerKind.RENT, PartnerKind.WATER)
SHARES = (figures.SHARE_HEALTH, figures.SHARE_ENERGY, figures.SHARE_RENT, figures.SHARE_WATER)
MEANS = {
    PartnerKind.HEALTH: figures.HEALTH_CENTS,
    PartnerKind.ENERGY: figures.ENERGY_CENTS,
    PartnerKind.RENT: figures.RENT_CENTS,
    PartnerKind.WATER: figures.WATER_CENTS,
}
LEGAL_STEPS: tuple[tuple[FactKind, dict[str, str]], ...] = (
    (FactKind.SUMMONS, {}),
    (FactKind.HEARING_SCHEDULED, {"detail": "rolzitting"}),
    (FactKind.JUDGMENT, {"detail": "ontruiming"}),
    (FactKind.EVICTION_SCHEDULED, {}),
)


def teams_for(signals: int) -> Teams:
    """Teams as large as a municipality with so many signals a month has; none agreed on a band."""
    thousands = signals / figures.SIGNALS_PER_1000.value
    generalists = max(1, round(thousands * figures.FTE_PER_1000.value))
    count = min(len(DISTRICTS), max(1, round(generalists / figures.GENERALISTS_A_TEAM.value)))
    sizes = [generalists // count + (no < generalists % count) for no in range(count)]
    teams = [Team(f"t{no}", f"team {no + 1}", size, None, None) for no, size in enumerate(sizes)]
    return Teams(teams, {name: teams[no % count].id for no, name in enumerate(DISTRICTS)})


def households(signals: int, seed: int) -> Iterator[Told]:
    """Households with so many signals in the month together, one at a time."""
    month = _Month(seed)
    while month.signals < signals:
        yield month.household()


class _Month:
    """Makes households, each from the next numbers of one seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - a simulation must repeat
        self._ids = 0
        self._households = 0
        self.signals = 0  # of the month, so far

    def household(self) -> Told:
        """The next one."""
        self._households += 1
        kinds = self._kinds()
        told = [self._signal(kind) for kind in kinds]
        self.signals += len(told)
        facts = [fact for signal in told for fact in self._follow_up(signal)]
        if self._hits(figures.REPEATED):
            told.append(self._again(told[0]))
            self.signals += 1
        if kinds[0] is PartnerKind.RENT and self._hits(figures.LEGAL_PATH):
            facts += self._legal_path(told[0])
        history = NO_HISTORY
        if self._hits(figures.CONSECUTIVE):
            earlier = self._earlier()
            told.append(earlier)
            history = History(handled=frozenset({earlier.id}), closed_cases=1)
        name = f"G-{self._households:06d}"
        district = DISTRICTS[self._households % len(DISTRICTS)]
        return Told(name, district, told, facts, history)

    def _hits(self, figure: Figure) -> bool:
        return self._chance.random() < figure.value

    def _id(self) -> UUID:
        self._ids += 1
        return UUID(int=self._ids)

    def _kinds(self) -> list[PartnerKind]:
        first = self._chance.choices(KINDS, [share.value for share in SHARES])[0]
        if not self._hits(figures.MULTIPLE):
            return [first]
        return [first, next(kind for kind in KINDS if kind is not first)]

    def _signal(self, kind: PartnerKind) -> Signal:
        """A signal of the month; some are too small or too young to count."""
        day = MONTH + timedelta(days=self._chance.randrange(2, 14))
        mean = MEANS[kind].value
        cents = round(min(2_000_000, mean / 4 + self._chance.expovariate(1 / (mean * 0.75))))
        age = self._age(kind)
        if self._chance.random() > figures.BECOMES_CASE.value + figures.REPEATED.value:
            is_small = self._chance.random() < 0.5  # ours: half of them each
            cents = self._chance.randrange(1_000, 7_400) if is_small else max(cents, 7_600)
            age = age if is_small else self._chance.randrange(10, 30)
        else:
            cents = max(cents, 7_600)
        return self._new_signal(kind, day, cents, age)

    def _age(self, kind: PartnerKind) -> int:
        if kind is PartnerKind.RENT and self._hits(figures.RENT_LONG):
            return self._chance.randrange(93, 366)
        return self._chance.randrange(31, 96)

    def _new_signal(self, kind: PartnerKind, day: date, cents: int, age: int) -> Signal:
        return Signal(
            id=self._id(),
            partner_id=f"partner {kind.value}",
            partner_kind=kind,
            contract=f"C-{self._ids}",
            arrears_cents=cents,
            arrears_since=day - timedelta(days=age),
            reported_on=day,
            recorded_at=_at(day),
            is_crisis=self._hits(figures.CRISIS),
            is_warm_handover=self._hits(figures.WARM_HANDOVER),
            tenancy_start=None,
        )

    def _again(self, signal: Signal) -> Signal:
        """The same debt two weeks later, not higher."""
        day = signal.reported_on + timedelta(days=14)
        return Signal(
            **{
                **vars(signal),
                "id": self._id(),
                "reported_on": day,
                "recorded_at": _at(day),
                "is_crisis": False,
            }
        )

    def _earlier(self) -> Signal:
        """A signal of the months before, which a closed case dealt with."""
        kind = self._chance.choice(KINDS)
        day = MONTH - timedelta(days=self._chance.randrange(1, 180))
        return self._new_signal(kind, day, round(MEANS[kind].value), 40)

    def _follow_up(self, signal: Signal) -> Iterator[Fact]:
        """What its partner says of a signal later in the month."""
        day = signal.reported_on + timedelta(days=self._chance.randrange(1, 16))
        if self._hits(figures.WITHDRAWN):
            yield self._fact(FactKind.WITHDRAWN, signal, day, refers_to=signal.id)
        elif self._hits(figures.SETTLED):
            yield self._fact(FactKind.SETTLED, signal, day, day=day)
        elif self._hits(figures.ARRANGEMENT):
            yield self._fact(FactKind.ARRANGEMENT_MADE, signal, day, day=day)
            if self._hits(figures.ARRANGEMENT_BROKEN):
                later = day + timedelta(days=1)
                yield self._fact(FactKind.ARRANGEMENT_BROKEN, signal, later, day=later)
        elif self._hits(figures.OBJECTION):
            yield self._fact(FactKind.OBJECTION, signal, day, day=day)

    def _legal_path(self, signal: Signal) -> Iterator[Fact]:
        """As far as it has come by the end of the month: a summons, and what follows it."""
        far = self._chance.choices(range(1, 5), (35, 25, 20, 20))[0]  # ours
        for no, (kind, details) in enumerate(LEGAL_STEPS[:far]):
            day = signal.reported_on + timedelta(days=no)
            when = {"at": _at(day + timedelta(days=28))} if kind in DATED else {"day": day}
            where = {"court": "Rechtbank Noord-Nederland", "case_number": f"26-{self._households}"}
            yield self._fact(kind, signal, day, **where, **when, **details)

    def _fact(self, kind: FactKind, signal: Signal, told_on: date, **fields: object) -> Fact:
        told: dict[str, object] = {
            "id": self._id(),
            "kind": kind,
            "partner_id": signal.partner_id,
            "contract": signal.contract,
            "reported_on": told_on,
            "recorded_at": _at(told_on),
            "sequence": None,
        }
        return Fact(**told, **fields)  # type: ignore[arg-type]


DATED = frozenset({FactKind.HEARING_SCHEDULED, FactKind.EVICTION_SCHEDULED})


def _at(day: date) -> datetime:
    return datetime.combine(day, time(9), UTC)
