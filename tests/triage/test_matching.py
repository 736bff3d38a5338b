"""Who lives where, and since when: the same for every order of arrival."""

import itertools
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.triage.addresses import Address, normalise_suffix
from services.triage.matching import ALWAYS, residences
from services.triage.traces import Trace

MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)


def trace(
    reported_on: date,
    tenancy_start: date | None = None,
    evicted_on: date | None = None,
    household_id: UUID | None = None,
    **changes: Any,
) -> Trace:
    fields: dict[str, Any] = {
        "fact_id": uuid4(),
        "address": Address("GM9901", "9901AB", 12, changes.pop("suffix", "")),
        "contract": ("woonstad", "C-1"),
        "reported_on": reported_on,
        "tenancy_start": tenancy_start,
        "left_on": evicted_on,
        "household_id": household_id,
    }
    return Trace(**{**fields, **changes})


@pytest.mark.parametrize(
    ("letter", "addition", "wanted"),
    [
        ("", "", ""),
        ("a", "", "A"),
        ("A", "-2 hs", "A2HS"),
        ("", "bis", "BIS"),
        ("", "III", "3"),
        ("", "12", "12"),
        ("", "1-2", "1-2"),
        ("1", "2", "1-2"),
        ("", "huis", "HS"),
        ("é", " 0", "E0"),
    ],
)
def test_letter_and_addition_have_one_spelling(letter: str, addition: str, wanted: str) -> None:
    assert normalise_suffix(letter, addition) == wanted


def test_an_address_is_known_by_what_it_is() -> None:
    one = Address("GM9901", "9901AB", 12, "A")
    assert one.id == Address("GM9901", "9901AB", 12, "A").id
    others = [
        Address("GM9902", "9901AB", 12, "A"),
        Address("GM9901", "9901AC", 12, "A"),
        Address("GM9901", "9901AB", 1, "2A"),
        Address("GM9901", "9901AB", 12, ""),
    ]
    assert one.id not in {other.id for other in others}


def test_without_a_known_start_everybody_is_one_household() -> None:
    (household,) = residences([trace(MARCH), trace(APRIL), trace(MAY)])
    assert household.since == ALWAYS
    assert len(household.fact_ids) == 3


@pytest.mark.parametrize(
    ("reported_on", "is_new_tenant"), [(MARCH - timedelta(days=1), False), (MARCH, True)]
)
def test_a_tenancy_that_starts_begins_a_new_household(
    reported_on: date, is_new_tenant: bool
) -> None:
    tenant, other = trace(APRIL, tenancy_start=MARCH), trace(reported_on)
    households = residences([tenant, other])
    assert len(households) == (1 if is_new_tenant else 2)


@pytest.mark.parametrize(
    ("reported_on", "is_new"), [(MARCH, False), (MARCH + timedelta(days=1), True)]
)
def test_after_an_eviction_somebody_else_lives_there(reported_on: date, is_new: bool) -> None:
    evicted, other = trace(APRIL, evicted_on=MARCH), trace(reported_on)
    households = residences([evicted, other])
    assert len(households) == (2 if is_new else 1)


def test_households_are_the_same_for_every_order_of_arrival() -> None:
    traces = [trace(MARCH), trace(APRIL, tenancy_start=APRIL), trace(MAY), trace(MARCH),
              trace(MAY + timedelta(days=9), evicted_on=MAY)]  # fmt: skip
    seen = {
        tuple((one.since, one.household_id, frozenset(one.fact_ids)) for one in
              residences(order))
        for order in itertools.permutations(traces)
    }  # fmt: skip
    assert len(seen) == 1


def test_a_household_keeps_its_id_when_its_start_becomes_known() -> None:
    known = UUID(int=9)
    old = trace(APRIL, household_id=known)
    (household,) = residences([old, trace(MAY, tenancy_start=MARCH)])
    assert household.household_id == known
    assert household.since == MARCH
    assert not household.is_new


def test_a_household_that_turns_out_to_be_two_stays_with_its_earliest_fact() -> None:
    known = UUID(int=9)
    early, late = trace(MARCH, household_id=known), trace(MAY, household_id=known)
    first, second = residences([early, late, trace(MAY, tenancy_start=APRIL)])
    assert first.household_id == known
    assert first.fact_ids == (early.fact_id,)
    assert second.is_new
    assert late.fact_id in second.fact_ids
