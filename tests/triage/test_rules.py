"""What is decided about a household: both sides of each border, through the whole classifier."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.triage.legal_path import StepState, legal_path
from services.triage.reports import Fact, FactKind, Signal, Status, as_fact, as_signal
from services.triage.rules import Decision, decide
from shared.contracts import signals
from shared.contracts.signals import PartnerFact, PartnerKind
from shared.contracts.triage import Track
from tests import builders
from tests.builders import BOOK, NOW, TODAY, arrears_reported, fact


def split(reports: tuple[PartnerFact, ...]) -> tuple[list[Signal], list[Fact]]:
    told = [as_signal(one) for one in reports if isinstance(one, signals.ArrearsReported)]
    rest = [as_fact(one) for one in reports if not isinstance(one, signals.ArrearsReported)]
    return told, rest


def decided(*reports: PartnerFact) -> Decision:
    return decide(*split(reports), BOOK)


def status_of(*reports: PartnerFact) -> Status:
    """The status of the first signal."""
    return decided(*reports).statuses[reports[0].fact_id]


def since(days: int) -> date:
    return TODAY - timedelta(days=days)


@pytest.mark.parametrize(
    ("kind", "days", "cents", "wanted"),
    [
        (PartnerKind.RENT, 29, 90_000, Status.UNJUSTIFIED),
        (PartnerKind.RENT, 30, 90_000, Status.TAKEN_UP),
        (PartnerKind.RENT, 4000, 90_000, Status.TAKEN_UP),
        (PartnerKind.ENERGY, 29, 90_000, Status.UNJUSTIFIED),
        (PartnerKind.ENERGY, 30, 90_000, Status.TAKEN_UP),
        (PartnerKind.HEALTH, 29, 90_000, Status.UNJUSTIFIED),
        (PartnerKind.HEALTH, 30, 90_000, Status.TAKEN_UP),
        (PartnerKind.HEALTH, 100, 90_000, Status.TAKEN_UP),
        (PartnerKind.HEALTH, 101, 90_000, Status.UNJUSTIFIED),
        (PartnerKind.MORTGAGE, 59, 90_000, Status.UNJUSTIFIED),
        (PartnerKind.MORTGAGE, 60, 90_000, Status.TAKEN_UP),
        (PartnerKind.OTHER, 0, 90_000, Status.TAKEN_UP),
        (PartnerKind.RENT, 30, 7_499, Status.UNJUSTIFIED),
        (PartnerKind.RENT, 30, 7_500, Status.TAKEN_UP),
    ],
)
def test_a_signal_counts_inside_its_window_and_from_the_floor(
    kind: PartnerKind, days: int, cents: int, wanted: Status
) -> None:
    told = arrears_reported(partner_kind=kind, arrears_since=since(days), arrears_cents=cents)
    assert status_of(told) is wanted


EARLIER = arrears_reported(reported_on=TODAY - timedelta(days=30), arrears_since=since(70))


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"arrears_cents": 90_000}, Status.REPEATED),
        ({"arrears_cents": 89_999}, Status.REPEATED),
        ({"arrears_cents": 90_001}, Status.TAKEN_UP),
        ({"contract": "another"}, Status.TAKEN_UP),
        ({"partner_id": "volkshuis"}, Status.TAKEN_UP),
        ({"is_crisis": True}, Status.TAKEN_UP),
    ],
)
def test_the_same_debt_that_did_not_grow_is_a_repetition(
    changes: dict[str, Any], wanted: Status
) -> None:
    told = arrears_reported(**changes)
    assert status_of(told, EARLIER) is wanted


@pytest.mark.parametrize(
    ("settled_on", "wanted"),
    [
        (EARLIER.reported_on - timedelta(days=1), Status.REPEATED),
        (EARLIER.reported_on, Status.TAKEN_UP),
        (TODAY, Status.TAKEN_UP),
        (TODAY + timedelta(days=1), Status.REPEATED),
    ],
)
def test_a_debt_that_was_paid_in_between_is_a_new_one(settled_on: date, wanted: Status) -> None:
    paid = fact(signals.ArrearsSettled, settled_on=settled_on)
    assert status_of(arrears_reported(), EARLIER, paid) is wanted


def test_a_late_older_signal_turns_the_status_of_a_newer_one() -> None:
    newer = arrears_reported()
    assert status_of(newer) is Status.TAKEN_UP
    assert status_of(newer, EARLIER) is Status.REPEATED


def by_person(signal: PartnerFact, status: Status) -> Fact:
    """What somebody decided of a signal."""
    told = as_fact(fact(signals.SignalWithdrawn, withdrawn_fact_id=signal.fact_id))
    return replace(
        told, kind=FactKind.STATUS_DECIDED, refers_to=signal.fact_id, detail=status.value,
        recorded_by="noor",
    )  # fmt: skip


def test_what_a_person_takes_up_arithmetic_does_not_put_away() -> None:
    small = arrears_reported(arrears_cents=100)
    first = arrears_reported(contract="C-2")
    again = arrears_reported(contract="C-2", recorded_at=NOW + timedelta(hours=1))
    told = [as_signal(one) for one in (small, first, again)]
    taken = [by_person(one, Status.TAKEN_UP) for one in (small, again)]
    assert set(decide(told, [], BOOK).statuses.values()) == {
        Status.UNJUSTIFIED, Status.TAKEN_UP, Status.REPEATED,
    }  # fmt: skip
    assert set(decide(told, taken, BOOK).statuses.values()) == {Status.TAKEN_UP}
    gone = as_fact(fact(signals.SignalWithdrawn, withdrawn_fact_id=small.fact_id))
    found = decide(told, [*taken, gone], BOOK).statuses
    assert found[small.fact_id] is Status.WITHDRAWN, "its partner took it back"


def test_a_withdrawn_signal_counts_for_nothing() -> None:
    wrong = arrears_reported()
    gone = fact(signals.SignalWithdrawn, withdrawn_fact_id=wrong.fact_id)
    told = decided(wrong, gone)
    assert told.statuses[wrong.fact_id] is Status.WITHDRAWN
    assert not told.needs_case
    assert status_of(arrears_reported(), EARLIER, fact(
        signals.SignalWithdrawn, withdrawn_fact_id=EARLIER.fact_id
    )) is Status.TAKEN_UP  # fmt: skip


# Through the whole classifier: reports, then track, priority and the rules that fired, in order.
LAST_MONTH = TODAY - timedelta(days=31)
SMALL = {"arrears_cents": 20_000, "arrears_since": since(40)}
CLASSIFIED: list[tuple[str, list[PartnerFact], Track, int, list[str]]] = [
    ("one small signal", [arrears_reported(**SMALL)], Track.LETTER, 6, ["any_signal"]),
    ("rent of 59 days", [arrears_reported(arrears_cents=20_000, arrears_since=since(59))],
     Track.LETTER, 6, ["any_signal"]),
    ("rent of 60 days", [arrears_reported(arrears_cents=20_000, arrears_since=since(60))],
     Track.VISIT, 3, ["months_of_rent", "any_signal"]),
    ("energy of 60 days", [arrears_reported(arrears_cents=20_000, arrears_since=since(60),
     partner_kind=PartnerKind.ENERGY)], Track.LETTER, 6, ["any_signal"]),
    ("1,499.99 euros", [arrears_reported(arrears_cents=149_999, arrears_since=since(40))],
     Track.LETTER, 6, ["any_signal"]),
    ("1,500 euros", [arrears_reported(arrears_cents=150_000, arrears_since=since(40))],
     Track.VISIT, 4, ["high_amount", "any_signal"]),
    ("two partners in a month", [arrears_reported(**SMALL),
     arrears_reported(partner_id="volkshuis", **SMALL)],
     Track.VISIT, 4, ["multiple", "any_signal"]),
    ("two partners in two months", [arrears_reported(**SMALL), arrears_reported(
        partner_id="volkshuis", reported_on=LAST_MONTH, arrears_cents=20_000,
        arrears_since=LAST_MONTH - timedelta(days=40))],
     Track.VISIT, 5, ["consecutive", "any_signal"]),
    ("six months before", [arrears_reported(**SMALL), arrears_reported(
        contract="old", reported_on=date(2025, 9, 30), arrears_cents=20_000,
        arrears_since=date(2025, 8, 20))], Track.VISIT, 5, ["consecutive", "any_signal"]),
    ("seven months before", [arrears_reported(**SMALL), arrears_reported(
        contract="old", reported_on=date(2025, 8, 31), arrears_cents=20_000,
        arrears_since=date(2025, 7, 20))], Track.LETTER, 6, ["any_signal"]),
    ("a crisis", [arrears_reported(is_crisis=True, **SMALL)],
     Track.VISIT, 2, ["crisis", "any_signal"]),
    ("a warm hand-over", [arrears_reported(is_warm_handover=True, **SMALL)],
     Track.VISIT, 3, ["warm_handover", "any_signal"]),
    ("paid", [arrears_reported(**SMALL), fact(signals.ArrearsSettled)],
     Track.NONE, 9, ["nothing_owed"]),
    ("an arrangement", [arrears_reported(**SMALL), fact(signals.PaymentArrangementMade)],
     Track.LETTER, 6, ["any_signal"]),
    ("a broken arrangement", [arrears_reported(**SMALL), fact(
        signals.PaymentArrangementMade, made_on=since(1)), fact(signals.PaymentArrangementBroken)],
     Track.VISIT, 4, ["arrangement_broken", "any_signal"]),
    ("summoned", [fact(signals.SummonsServed)], Track.LEGAL, 3, ["summoned"]),
    ("a hearing", [fact(signals.HearingScheduled)], Track.LEGAL, 2, ["hearing_or_judgment"]),
    ("a hearing that is off", [fact(signals.HearingScheduled, sequence=1),
     fact(signals.HearingCancelled, sequence=2)], Track.NONE, 9, ["nothing_owed"]),
    ("a hearing that is off after a summons", [fact(signals.SummonsServed),
     fact(signals.HearingScheduled, sequence=1), fact(signals.HearingCancelled, sequence=2)],
     Track.LEGAL, 3, ["summoned"]),
    ("judgment", [fact(signals.JudgmentGiven)], Track.LEGAL, 2, ["hearing_or_judgment"]),
    ("an eviction announced", [fact(signals.JudgmentGiven), fact(signals.EvictionScheduled)],
     Track.LEGAL, 1, ["eviction_announced"]),
    ("an eviction called off", [fact(signals.JudgmentGiven),
     fact(signals.EvictionScheduled, sequence=1), fact(signals.EvictionCancelled, sequence=2)],
     Track.LEGAL, 2, ["hearing_or_judgment"]),
    ("everything at once", [arrears_reported(is_crisis=True, arrears_cents=400_000),
     arrears_reported(partner_id="volkshuis"), fact(signals.EvictionScheduled)], Track.LEGAL, 1,
     ["eviction_announced", "crisis", "high_amount", "multiple", "any_signal"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("reports", "track", "priority", "fired"),
    [row[1:] for row in CLASSIFIED],
    ids=[row[0] for row in CLASSIFIED],
)
def test_a_household_is_classified(
    reports: list[PartnerFact], track: Track, priority: int, fired: list[str]
) -> None:
    told = decided(*reports)
    assert (told.track, told.priority) == (track, priority)
    assert [rule.name for rule in told.fired] == fired
    assert told.reason
    assert not told.failed


def test_an_evicted_household_keeps_a_legal_case() -> None:
    told = decided(fact(signals.EvictionScheduled), fact(signals.EvictionCarriedOut))
    assert told.needs_case
    assert told.facts.legal_stage == "evicted"


HEARING = signals.HearingScheduled
FIRST, SECOND, THIRD = (datetime(2026, 4, day, 8, tzinfo=UTC) for day in (16, 20, 23))


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        # Of one partner the highest sequence holds, whenever it was recorded.
        ([("woonstad", 1, 0, FIRST), ("woonstad", 2, 0, SECOND)], SECOND),
        ([("woonstad", 2, 0, SECOND), ("woonstad", 1, 5, FIRST)], SECOND),
        # Without a sequence the later record holds.
        ([("woonstad", None, 0, FIRST), ("woonstad", None, 1, SECOND)], SECOND),
        ([("woonstad", None, 1, FIRST), ("woonstad", None, 0, SECOND)], FIRST),
        # A sequence beats none.
        ([("woonstad", None, 9, FIRST), ("woonstad", 0, 0, SECOND)], SECOND),
        # Between partners the later record holds; their sequences cannot be compared.
        ([("woonstad", 9, 0, FIRST), ("deurwaarder", 1, 1, SECOND)], SECOND),
        ([("woonstad", 9, 2, FIRST), ("deurwaarder", 1, 1, SECOND)], FIRST),
        (
            [
                ("woonstad", 1, 0, FIRST),
                ("deurwaarder", 1, 1, SECOND),
                ("woonstad", 2, 2, THIRD),
            ],
            THIRD,
        ),
    ],
)
def test_which_time_of_a_hearing_holds(
    told: list[tuple[str, int | None, int, datetime]], wanted: datetime
) -> None:
    facts = [
        fact(
            HEARING,
            partner_id=partner,
            sequence=sequence,
            recorded_at=NOW + timedelta(hours=hours),
            at=at,
        )
        for partner, sequence, hours, at in told
    ]
    (step,) = legal_path([as_fact(one) for one in facts])
    assert step.at == wanted
    assert step.is_disputed is (len({partner for partner, *_ in told}) > 1)


def test_landlord_and_bailiff_announce_one_hearing() -> None:
    both = [fact(HEARING, partner_id=name, court=court) for name, court in
            (("woonstad", "Rechtbank Noord"), ("deurwaarder", "rechtbank noord"))]  # fmt: skip
    steps = list(legal_path([as_fact(one) for one in both]))
    assert len(steps) == 1
    assert not steps[0].is_disputed


def test_two_kinds_of_hearing_are_two() -> None:
    kinds = [fact(HEARING, kind=kind) for kind in signals.HearingKind]
    assert len(list(legal_path([as_fact(one) for one in kinds]))) == 2


def test_what_was_carried_out_cannot_be_called_off() -> None:
    facts = [
        fact(signals.EvictionScheduled, sequence=1),
        fact(signals.EvictionCarriedOut),
        fact(signals.EvictionCancelled, sequence=9, recorded_at=NOW + timedelta(days=1)),
    ]
    (step,) = legal_path([as_fact(one) for one in facts])
    assert step.state is StepState.DONE


def test_the_policy_that_was_valid_on_the_day_of_the_signal_decides() -> None:
    old = builders.POLICY.model_copy(update={"valid_from": date(2025, 1, 1), "sha256": "old"})
    floor = builders.POLICY.triage.floor_cents.model_copy(update={"value": 1})
    cheap = old.model_copy(update={"triage": old.triage.model_copy(update={"floor_cents": floor})})
    book = builders.book(builders.POLICY, cheap)
    changes = {"arrears_cents": 100, "arrears_since": date(2025, 10, 1)}
    last_year = arrears_reported(reported_on=date(2025, 12, 31), **changes)
    this_year = arrears_reported(reported_on=date(2026, 1, 1), **changes)
    assert decide(*split((last_year,)), book).statuses[last_year.fact_id] is Status.TAKEN_UP
    assert decide(*split((this_year,)), book).statuses[this_year.fact_id] is Status.UNJUSTIFIED
