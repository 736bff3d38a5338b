"""What becomes of a case: the machine proposes, a person's word stands until facts grow heavier."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.triage import casework
from services.triage.assignment import Answer
from services.triage.cases import BY_MERGE, Case, Help
from services.triage.casework import Known, Needs
from services.triage.matching import ALWAYS, Residence
from services.triage.reports import Status, as_fact, as_signal
from services.triage.rules import Decision, History, decide
from shared.contracts import signals
from shared.contracts.triage import Track
from tests.builders import BOOK, TODAY, arrears_reported, fact, roster, worker
from tests.triage.test_deadlines import case

SIGNAL = as_signal(arrears_reported(arrears_cents=20_000, arrears_since=TODAY.replace(month=1)))


def decided(track: Track, priority: int = 3) -> Decision:
    return replace(decide([SIGNAL], [], BOOK), track=track, priority=priority)


def known(**changes: Any) -> Known:
    one = case()
    fields: dict[str, Any] = {
        "residence": Residence(one.household_id, one.address, ALWAYS, (SIGNAL.id,), False),
        "address": one.address,
        "case": None,
        "last_closed": None,
        "case_count": 0,
        "generalist_id": None,
        "needs": Needs(),
        "steps": {},
        "statuses": {},
    }
    return Known(**{**fields, **changes})


def confirmed(track: Track, proposed: Track, **changes: Any) -> Case:
    return case(track=track, proposed_track=proposed, confirmed_by="noor", **changes)


@pytest.mark.parametrize(
    ("before", "proposal", "holds", "stands"),
    [
        # Nobody confirmed: the proposal holds, heavier or lighter.
        (case(track=Track.VISIT), Track.LETTER, Track.LETTER, False),
        (case(track=Track.VISIT), Track.LEGAL, Track.LEGAL, False),
        # Confirmed: a lighter proposal is only a proposal.
        (confirmed(Track.VISIT, Track.VISIT), Track.LETTER, Track.VISIT, True),
        (confirmed(Track.VISIT, Track.VISIT), Track.NONE, Track.VISIT, True),
        # A heavier one holds at once, and asks for a person again.
        (confirmed(Track.VISIT, Track.VISIT), Track.LEGAL, Track.LEGAL, False),
        # Overridden to lighter: the same proposal does not come back by itself.
        (confirmed(Track.LETTER, Track.VISIT), Track.VISIT, Track.LETTER, True),
        # But one that is heavier than that, and new, does.
        (confirmed(Track.LETTER, Track.VISIT), Track.LEGAL, Track.LEGAL, False),
        (confirmed(Track.LEGAL, Track.VISIT), Track.LEGAL, Track.LEGAL, True),
    ],
)
def test_a_persons_word_stands_until_facts_grow_heavier(
    before: Case, proposal: Track, holds: Track, stands: bool
) -> None:
    track, _, is_confirmed = casework.track_in_force(before, decided(proposal))
    assert (track, is_confirmed) == (holds, stands)


def test_a_priority_may_rise_under_a_persons_word_and_never_fall() -> None:
    before = confirmed(Track.VISIT, Track.VISIT, priority=3, proposed_priority=3)
    assert casework.track_in_force(before, decided(Track.VISIT, 2))[1] == 2
    assert casework.track_in_force(before, decided(Track.VISIT, 5))[1] == 3


def test_a_household_that_is_new_gets_a_case_and_an_assignee() -> None:
    staff = roster(worker("anna"))
    outcome = casework.settle(known(), decided(Track.VISIT), staff, TODAY)
    assert outcome.is_opened
    assert outcome.case
    assert outcome.case.assignee_id == "anna"
    assert staff.loads["anna"] == 10


def test_a_case_that_closed_goes_on_when_an_amount_rose_and_else_begins_anew() -> None:
    closed = case(is_open=False, closed_by="anna", result="x", weight_tenths=0)
    before = known(last_closed=closed, case_count=1, generalist_id="anna")
    anew = casework.settle(before, decided(Track.VISIT), roster(worker("anna")), TODAY)
    assert (anew.is_opened, anew.is_reopened) == (True, False)
    assert anew.case
    assert anew.case.id != closed.id
    rose = replace(decided(Track.VISIT), risen=True)
    again = casework.settle(before, rose, roster(worker("anna")), TODAY)
    assert (again.is_opened, again.is_reopened) == (False, True)
    assert again.case
    assert (again.case.id, again.case.is_open, again.case.result) == (closed.id, True, None)


def test_a_case_that_a_merge_closed_goes_on_when_the_merge_is_undone() -> None:
    closed = case(is_open=False, closed_by=BY_MERGE)
    before = known(last_closed=closed, case_count=1)
    again = casework.settle(before, decided(Track.VISIT), roster(worker("anna")), TODAY)
    assert again.is_reopened


def test_what_a_closed_case_dealt_with_needs_no_new_one() -> None:
    later = as_signal(arrears_reported(arrears_cents=30_000))
    handled = History(handled=frozenset({SIGNAL.id}), closed_cases=1)
    assert not decide([SIGNAL], [], BOOK, handled).needs_case
    same_debt = replace(later, contract=SIGNAL.contract)
    rose = decide([SIGNAL, same_debt], [], BOOK, handled)
    assert (rose.needs_case, rose.risen) == (True, True)
    other = decide([SIGNAL, replace(later, contract="other")], [], BOOK, handled)
    assert (other.needs_case, other.risen) == (True, False)
    lower = replace(same_debt, arrears_cents=SIGNAL.arrears_cents)
    assert decide([SIGNAL, lower], [], BOOK, handled).statuses[lower.id] is Status.REPEATED


@pytest.mark.parametrize(
    ("dealt_with", "withdrawn", "settled_after", "cents", "goes_on"),
    [
        ((20_000,), False, False, 20_001, True),
        ((20_000,), False, True, 30_000, False),  # paid in between: another debt
        ((20_000, 40_000), False, False, 40_001, True),
        ((20_000,), True, False, 30_000, False),  # what was withdrawn was no debt
    ],
)
def test_a_case_goes_on_only_for_a_debt_that_grew(
    dealt_with: tuple[int, ...], withdrawn: bool, settled_after: bool, cents: int, goes_on: bool
) -> None:
    days = [TODAY - timedelta(days=20 - number) for number in range(len(dealt_with))]
    earlier = [
        replace(SIGNAL, id=UUID(int=number), arrears_cents=amount, reported_on=day)
        for number, (amount, day) in enumerate(zip(dealt_with, days, strict=True), 10)
    ]
    history = History(handled=frozenset(one.id for one in earlier), closed_cases=1)
    now = replace(SIGNAL, id=UUID(int=99), arrears_cents=cents)
    facts = []
    if withdrawn:
        told = fact(signals.SignalWithdrawn, contract=SIGNAL.contract,
                    withdrawn_fact_id=earlier[0].id)  # fmt: skip
        facts.append(as_fact(told))
    if settled_after:
        paid_on = TODAY - timedelta(days=10)
        paid = fact(signals.ArrearsSettled, contract=SIGNAL.contract, settled_on=paid_on)
        facts.append(as_fact(paid))
    found = decide([*earlier, now], facts, BOOK, history)
    assert (found.needs_case, found.risen) == (True, goes_on)


def test_a_lower_debt_after_a_payment_is_a_new_case() -> None:
    history = History(handled=frozenset({SIGNAL.id}), closed_cases=1)
    paid = fact(signals.ArrearsSettled, contract=SIGNAL.contract, settled_on=TODAY)
    lower = replace(SIGNAL, id=UUID(int=99), arrears_cents=10_000)
    found = decide([SIGNAL, lower], [as_fact(paid)], BOOK, history)
    assert (found.needs_case, found.risen) == (True, False)


def test_a_merge_that_is_undone_brings_the_case_back_as_people_decided_it() -> None:
    closed = confirmed(
        Track.VISIT, Track.LETTER, is_open=False, closed_by=BY_MERGE, override_reason="omdat",
        priority=9, proposed_priority=9, weight_tenths=0, help=Help.ACCEPTED,
    )  # fmt: skip
    staff = roster(worker("anna"))
    before = known(last_closed=closed, case_count=1)
    again = casework.settle(before, decided(Track.LETTER, 9), staff, TODAY).case
    assert again
    assert (again.track, again.confirmed_by, again.help) == (Track.VISIT, "noor", Help.ACCEPTED)
    assert (again.weight_tenths, staff.loads["anna"]) == (10, 10), "of a visit, not of a letter"
    assert again.answer is Answer.AWAITED


def test_a_debt_that_grew_asks_people_and_household_anew() -> None:
    closed = confirmed(
        Track.VISIT, Track.VISIT, is_open=False, closed_by="anna", help=Help.DECLINED,
        paused_until=TODAY,
    )  # fmt: skip
    rose = replace(decided(Track.VISIT), risen=True)
    before = known(last_closed=closed, case_count=1)
    again = casework.settle(before, rose, roster(worker("anna")), TODAY).case
    assert again
    assert (again.confirmed_by, again.help, again.paused_until) == (None, Help.UNKNOWN, None)
    assert (again.reopened_on, again.track_since) == (TODAY, TODAY)


def test_partners_hear_nothing_while_a_match_is_uncertain_and_all_of_it_after() -> None:
    doubt = frozenset({SIGNAL.id})
    held = casework.settle(
        known(doubtful=doubt), decided(Track.VISIT), roster(worker("anna")), TODAY
    )
    assert held.statuses == {SIGNAL.id: (Status.TAKEN_UP, 1)}
    assert not held.told
    sure = known(case=case(), untold=doubt, statuses={SIGNAL.id: (Status.TAKEN_UP, 1)})
    told = casework.settle(sure, decided(Track.VISIT), roster(worker("anna")), TODAY)
    assert not told.statuses
    assert told.told == {SIGNAL.id: (Status.TAKEN_UP, 1)}


def test_a_conflict_of_interest_goes_before_whom_the_household_knows() -> None:
    before = known(generalist_id="anna", needs=Needs(conflicts=frozenset({"anna"})), case_count=1)
    staff = roster(worker("anna"), worker("bram", load_tenths=200))
    outcome = casework.settle(before, decided(Track.VISIT), staff, TODAY)
    assert outcome.choice
    assert outcome.choice.assignee.id == "bram"
    assert outcome.case
    assert outcome.case.household_id == UUID(int=2)
