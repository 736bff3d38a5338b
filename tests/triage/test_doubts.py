"""What is certain is put together with the reason in words; what is not is left to a person."""

import itertools
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.triage.addresses import Address
from services.triage.matches import FAMILY, FIRST, OTHER, SAME, Doubt
from services.triage.matching import Residence, Verdict, VerdictKind, residences
from services.triage.persons import Person
from services.triage.traces import Trace

MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)
JANSEN = Person("Jansen", "", "A.", date(1980, 2, 29))
SON = Person("Jansen", "", "B.", date(2005, 5, 5))
BAKKER = Person("Bakker", "", "C.", date(1971, 1, 1))
BAG, OTHER_BAG = "0164010000047847", "0164010000047848"


def told(person: Person | None = JANSEN, suffix: str = "", **changes: Any) -> Trace:
    """A signal of rent, of a contract of its own."""
    fields: dict[str, Any] = {
        "fact_id": uuid4(),
        "address": Address("GM9901", "9901AB", 12, suffix),
        "contract": ("woonstad", str(uuid4())),
        "reported_on": MARCH,
        "person": person,
        "is_rent": True,
    }
    return Trace(**{**fields, **changes})


def inside(*traces: Trace, **how: Any) -> list[set[UUID]]:
    return [set(one.fact_ids) for one in residences(traces, **how)]


def doubts(households: list[Residence]) -> set[Doubt]:
    return {m.doubt for one in households for m in one.matches.values() if m.doubt}


@pytest.mark.parametrize(("other", "reason"), [(JANSEN, SAME), (SON, FAMILY), (BAKKER, OTHER)])
def test_a_match_says_why(other: Person, reason: str) -> None:
    first, second = told(), told(other, is_rent=False, reported_on=APRIL)
    (household,) = residences([first, second])
    assert household.matches[second.fact_id].reason == reason
    assert not doubts([household])
    assert residences([first])[0].matches[first.fact_id].reason == FIRST


@pytest.mark.parametrize(
    ("change", "is_doubtful"),
    [
        ({}, True),
        ({"is_rent": False}, False),
        ({"person": SON}, False),
        ({"person": Person("Jansen-Bakker", "", "C.", None)}, False),
        ({"tenancy_start": APRIL}, False),
    ],
)
def test_two_leases_with_strangers_at_one_address_are_doubtful(
    change: dict[str, Any], is_doubtful: bool
) -> None:
    other = told(**{"person": BAKKER, "reported_on": APRIL, **change})
    found = residences([told(), other])
    assert doubts(found) == ({Doubt.TWO_LEASES} if is_doubtful else set())


def test_a_second_signal_of_one_lease_is_no_second_lease() -> None:
    first = told()
    again = told(BAKKER, contract=first.contract, reported_on=APRIL)
    assert not doubts(residences([first, again]))


@pytest.mark.parametrize("spelling", ["", "A2", "2A"])
def test_one_bag_id_makes_two_spellings_one_door(spelling: str) -> None:
    one, other = told(suffix="A2", bag_id=BAG), told(suffix=spelling, bag_id=BAG)
    assert len(residences([one, other])) == 1
    apart = told(suffix=spelling)
    assert len(residences([one, apart])) == (1 if spelling == "A2" else 2)


def test_one_bag_id_at_doors_that_cannot_be_one_is_doubtful() -> None:
    found = residences([told(suffix="A", bag_id=BAG), told(BAKKER, suffix="B", bag_id=BAG)])
    assert len(found) == 2
    assert doubts(found) == {Doubt.BAG_DISAGREES}


def test_two_bag_ids_at_one_door_are_doubtful() -> None:
    found = residences([told(bag_id=BAG), told(bag_id=OTHER_BAG, reported_on=APRIL)])
    assert len(found) == 1
    assert doubts(found) == {Doubt.BAG_DISAGREES}


def test_who_is_signalled_without_the_addition_that_they_live_behind_is_doubtful() -> None:
    found = residences([told(suffix="A"), told(suffix="")])
    assert len(found) == 2
    assert doubts(found) == {Doubt.ADDITION_MISSING}
    assert not doubts(residences([told(suffix="A"), told(BAKKER, suffix="")]))


def test_where_rooms_are_let_apart_another_surname_is_another_household() -> None:
    father, son, stranger = told(), told(SON), told(BAKKER)
    hearing = told(None, contract=stranger.contract)
    assert len(inside(father, son, stranger, hearing)) == 1
    assert sorted(map(len, inside(father, son, stranger, hearing, is_multi_let=True))) == [2, 2]


def verdict(kind: VerdictKind, *traces: Trace, known: Sequence[Trace] = ()) -> Verdict:
    """What a person decided of these, who knew the others too."""
    known_ids = frozenset(trace.fact_id for trace in [*traces, *known])
    return Verdict(uuid4(), kind, tuple(trace.fact_id for trace in traces), known_ids)


def test_a_person_puts_doors_together_and_takes_contracts_apart() -> None:
    one, other = told(suffix="A"), told(suffix="")
    together = verdict(VerdictKind.TOGETHER, one, other)
    (household,) = residences([one, other], [together])
    assert set(household.fact_ids) == {one.fact_id, other.fact_id}
    assert not doubts([household])
    assert "Bevestigd door een medewerker" in household.matches[other.fact_id].reason

    first, second = told(), told(BAKKER)
    later = told(BAKKER, contract=second.contract, reported_on=APRIL)
    apart = verdict(VerdictKind.APART, second)
    assert sorted(map(sorted, inside(first, second, later, verdicts=[apart]))) == sorted(
        [[first.fact_id], sorted([second.fact_id, later.fact_id])]
    )


@pytest.mark.parametrize("news", ["tenancy_start", "left_on"])
def test_who_comes_after_at_doors_that_a_person_put_together_inherits_nothing(news: str) -> None:
    one, other = told(suffix="A"), told(suffix="")
    together = verdict(VerdictKind.TOGETHER, one, other)
    if news == "tenancy_start":
        after = told(BAKKER, suffix="A", tenancy_start=APRIL, reported_on=MAY)
    else:
        after = told(
            None, contract=one.contract, suffix="A", left_on=APRIL - timedelta(days=1),
            reported_on=APRIL,
        )  # fmt: skip
    energy = told(BAKKER, suffix="", is_rent=False, reported_on=MAY)
    found = inside(one, other, after, energy, verdicts=[together])
    assert not any({one.fact_id, energy.fact_id} <= household for household in found)
    assert any({one.fact_id, other.fact_id} <= household for household in found)
    # Nobody put the doors together: what is known of one tells nothing of the other.
    apart = inside(one, other, after, energy)
    assert {other.fact_id, energy.fact_id} in apart


def test_doors_that_a_person_put_together_are_one_home_for_who_lives_there_now() -> None:
    before = told(SON, suffix="A", reported_on=date(2026, 1, 1))
    tenant = told(suffix="A", tenancy_start=MARCH, reported_on=APRIL)
    other = told(is_rent=False, reported_on=date(2026, 2, 1))
    later = told(is_rent=False, reported_on=MAY)
    together = verdict(VerdictKind.TOGETHER, tenant, other)
    found = inside(before, tenant, other, later, verdicts=[together])
    assert sorted(found, key=len) == [
        {before.fact_id}, {tenant.fact_id, other.fact_id, later.fact_id},
    ]  # fmt: skip


def test_a_person_says_that_a_household_is_right() -> None:
    first, second = told(), told(BAKKER)
    assert doubts(residences([first, second]))
    right = verdict(VerdictKind.AS_IS, second, known=[first])
    assert not doubts(residences([first, second], [right]))


def doubtful(households: list[Residence]) -> set[UUID]:
    return {fact_id for one in households for fact_id, m in one.matches.items() if m.doubt}


def test_a_person_settles_no_doubt_about_what_came_later() -> None:
    first, second = told(), told(BAKKER)
    right = verdict(VerdictKind.AS_IS, first, known=[second])
    smit = told(Person("Smit", "", "D.", None), reported_on=APRIL)
    found = residences([first, second, smit], [right])
    assert doubtful(found) == {first.fact_id, second.fact_id, smit.fact_id}
    (household,) = found
    assert "Bevestigd" not in household.matches[smit.fact_id].reason
    again = verdict(VerdictKind.AS_IS, first, known=[second, smit])
    assert not doubtful(residences([first, second, smit], [right, again]))


def test_the_next_signal_of_a_contract_that_a_person_knew_is_no_new_doubt() -> None:
    first, second = told(), told(BAKKER, bag_id=BAG)
    right = verdict(VerdictKind.AS_IS, first, known=[second])
    lease: dict[str, Any] = {"contract": second.contract, "reported_on": APRIL}
    for later in (told(BAKKER, **lease), told(BAKKER, bag_id=BAG, **lease)):
        assert not doubtful(residences([first, second, later], [right]))
    # Of other people, or of another object, it is.
    stranger = told(Person("Smit", "", "D.", None), **lease)
    assert stranger.fact_id in doubtful(residences([first, second, stranger], [right]))
    moved = told(BAKKER, bag_id=OTHER_BAG, **lease)
    assert moved.fact_id in doubtful(residences([first, second, moved], [right]))


def test_a_person_who_says_that_a_household_is_right_settles_whose_door_it_is_not() -> None:
    one, other = told(suffix="A"), told(suffix="")
    right = verdict(VerdictKind.AS_IS, other, known=[one])
    assert not doubtful(residences([one, other], [right]))
    third = told(suffix="B", reported_on=APRIL)
    assert doubtful(residences([one, other, third], [right])) == {other.fact_id}


def test_what_a_worker_entered_stays_with_the_household_that_it_was_entered_for() -> None:
    first, second = told(), told(BAKKER)
    apart = verdict(VerdictKind.APART, second)
    entered = told(None, contract=("gemeente", ""), follows=second.fact_id, reported_on=APRIL)
    again = told(None, contract=("gemeente", ""), follows=entered.fact_id, reported_on=APRIL)
    found = inside(first, second, entered, again, verdicts=[apart])
    assert {second.fact_id, entered.fact_id, again.fact_id} in found


def test_after_somebody_moved_a_signal_is_of_who_came_after() -> None:
    before, after = told(), told(BAKKER, reported_on=APRIL)
    moved = told(
        None, contract=("gemeente", ""), follows=before.fact_id, left_on=date(2026, 3, 15),
        reported_on=APRIL,
    )  # fmt: skip
    assert len(inside(before, after)) == 1
    found = inside(before, after, moved)
    assert sorted(map(len, found)) == [1, 2]
    assert {after.fact_id} in found


def test_doubts_and_households_are_the_same_for_every_order() -> None:
    traces = [
        told(suffix="A", bag_id=BAG), told(suffix="", reported_on=APRIL), told(BAKKER, suffix="A"),
        told(BAKKER, suffix="B", bag_id=BAG),
    ]  # fmt: skip
    seen = {
        tuple(
            (one.household_id, frozenset(one.fact_ids), frozenset(one.matches.items()))
            for one in residences(order)
        )
        for order in itertools.permutations(traces)
    }
    assert len(seen) == 1
