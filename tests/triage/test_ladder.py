"""The next attempt has another channel and another part of day, and obeys restrictions."""

from datetime import date, timedelta

import pytest

from services.triage.ladder import NextAttempt, Tried, next_attempt
from shared.contracts.triage import ContactKind, ContactRestriction, PartOfDay, Track
from tests.builders import POLICY, TODAY

LADDER = POLICY.triage.ladder_of(Track.VISIT)
VISIT, PHONE, LETTER = ContactKind.VISIT, ContactKind.PHONE, ContactKind.LETTER
NOON, EVENING = PartOfDay.AFTERNOON, PartOfDay.EVENING


def proposed(*tried: Tried, held: tuple[ContactRestriction, ...] = ()) -> NextAttempt | None:
    return next_attempt(LADDER, tried, frozenset(held), TODAY)


def tried(count: int) -> list[Tried]:
    return [Tried(step.kind, step.part_of_day or NOON, TODAY) for step in LADDER[:count]]


def test_the_first_attempt_is_the_first_step_now() -> None:
    assert proposed() == NextAttempt(VISIT, NOON, TODAY, 1, len(LADDER))


@pytest.mark.parametrize("count", range(1, len(LADDER)))
def test_each_attempt_differs_from_the_one_before(count: int) -> None:
    found = proposed(*tried(count))
    assert found
    last = tried(count)[-1]
    assert (found.kind, found.part_of_day) != (last.kind, last.part_of_day)
    assert found.step == count + 1


def test_after_the_last_step_a_person_decides() -> None:
    assert proposed(*tried(len(LADDER))) is None


def test_the_next_waits_as_many_working_days_as_the_step_says() -> None:
    friday = date(2026, 3, 6)
    found = next_attempt(LADDER, [Tried(VISIT, NOON, friday)] * 2, frozenset(), friday)
    assert found
    assert (found.kind, found.not_before) == (PHONE, date(2026, 3, 10))
    late = next_attempt(LADDER, [Tried(VISIT, NOON, friday)] * 2, frozenset(),
                        friday + timedelta(days=30))  # fmt: skip
    assert late
    assert late.not_before > friday + timedelta(days=29)


def test_a_channel_that_failed_then_is_tried_at_another_part_of_the_day() -> None:
    seen = [Tried(VISIT, EVENING, TODAY), *tried(3)[1:]]
    found = proposed(*seen)
    assert found
    assert (found.kind, found.part_of_day) == (VISIT, PartOfDay.MORNING)


@pytest.mark.parametrize(
    ("held", "forbidden"),
    [(ContactRestriction.NO_CALLS, PHONE), (ContactRestriction.NO_LETTERS, LETTER)],
)
def test_what_a_restriction_forbids_is_passed_over(
    held: ContactRestriction, forbidden: ContactKind
) -> None:
    kinds = {
        found.kind
        for count in range(len(LADDER))
        if (found := next_attempt(LADDER, tried(count), frozenset({held}), TODAY))
    }
    assert kinds
    assert forbidden not in kinds


def test_nobody_approaches_a_household_that_is_not_to_be() -> None:
    assert proposed(held=(ContactRestriction.NO_APPROACH,)) is None
    assert proposed(held=(ContactRestriction.VISIT_WITH_TWO,))
