"""Whoever subtracts the figures of overlapping periods finds no small number."""

import itertools
from collections.abc import Sequence
from datetime import date

from services.triage import monitor
from services.triage.counts import Counted, Measure, Period, last_day
from shared.policy import Policy
from tests.builders import POLICY
from tests.triage.test_monitor import policy


def evictions_of(months: Sequence[tuple[int, int]]) -> list[Counted]:
    """Evictions that were called off and carried out, in each month of 2026 from January on."""
    return [
        Counted("GM9901", date(2026, number, 1), Measure.EVICTIONS, {"outcome": outcome}, count)
        for number, counts in enumerate(months, 1)
        for outcome, count in zip(("called_off", "carried_out"), counts, strict=True)
    ]


def asked_for(rows: Sequence[Counted], first: int, last: int) -> list[int | None]:
    """What somebody gets of evictions from one month to another."""
    period = Period(date(2026, first, 1), last_day(date(2026, last, 1)))
    inside = [one for one in rows if first <= one.month.month <= last]
    told = monitor.figures(inside, period, lambda _: POLICY).evictions
    return [told.announced, told.called_off, told.carried_out]


def test_nothing_small_follows_from_subtracting_overlapping_periods() -> None:
    rows = evictions_of([(20, 12), (9, 2), (8, 30), (40, 1)])
    answers = {
        (first, last): asked_for(rows, first, last)
        for first, last in itertools.combinations_with_replacement(range(1, 5), 2)
    }
    assert answers[1, 1] == [32, 20, 12]
    hidden = {(no, at) for no in range(1, 5) for at in range(3) if answers[no, no][at] is None}
    assert {(2, 2), (4, 2)} <= hidden
    for (first, last), told in answers.items():
        for at, value in enumerate(told):
            assert (value is None) == any((no, at) in hidden for no in range(first, last + 1))
    # The attempt: a period less one that begins or ends as it does.
    small = POLICY.triage.small_number.value
    for (outer, told), (inner, less) in itertools.permutations(answers.items(), 2):
        if outer[0] <= inner[0] and inner[1] <= outer[1]:
            for more, fewer in zip(told, less, strict=True):
                assert more is None or fewer is None or not 0 < more - fewer < small


def test_a_month_is_hidden_by_its_own_policy_whatever_period_is_asked_for() -> None:
    def policy_on(day: date) -> Policy:
        return policy(20 if day == date(2026, 1, 31) else 1)

    rows = [
        Counted("GM9901", date(2026, month, 1), Measure.CASES, {"stage": "opened"}, 10)
        for month in (1, 2)
    ]
    opened = [
        monitor.figures(part, Period(date(2026, 1, 1), date(2026, 2, 28)), policy_on).cases.opened
        for part in (rows, rows[1:])
    ]
    assert opened == [None, 10]
