"""Which terms run, from which fact, until when; both sides of each border."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.triage import deadlines
from services.triage.addresses import Address
from services.triage.assignment import Answer
from services.triage.cases import Case, Deadline, Work
from services.triage.reports import Fact, FactKind, as_fact, as_signal
from services.triage.rules import Decision, decide
from shared.contracts import signals
from shared.contracts.triage import ClockKind, Track
from tests.builders import BOOK, NOW, TODAY, arrears_reported, fact

SIGNAL = as_signal(arrears_reported())
FRIDAY = date(2026, 3, 6)


def case(**changes: Any) -> Case:
    fields: dict[str, Any] = {
        "id": UUID(int=1),
        "household_id": UUID(int=2),
        "address": Address("GM9901", "9901AB", 1, ""),
        "revision": 3,
        "is_open": True,
        "opened_on": TODAY,
        "track": Track.VISIT,
        "track_since": TODAY,
        "priority": 3,
        "proposed_track": Track.VISIT,
        "proposed_priority": 3,
        "confirmed_by": None,
        "override_reason": None,
        "legal_stage": "none",
        "is_multiple": False,
        "is_consecutive": False,
        "has_objection": False,
        "was_reached": False,
        "is_touched": False,
        "assignee_id": "anna",
        "assigned_on": TODAY,
        "lead_id": "noor",
        "answer": Answer.ACCEPTED,
        "weight_tenths": 10,
        "reason": "Omdat.",
    }
    return Case(**{**fields, **changes})


def decision(*facts: Fact) -> Decision:
    return decide([SIGNAL], facts, BOOK)


def running(one: Case, decided: Decision, today: date = TODAY) -> dict[str, Deadline]:
    found = deadlines.wanted(one, decided, today)
    assert len({term.name for term in found}) == len(found)
    return {term.name: term for term in found}


@pytest.mark.parametrize(
    ("track", "acceptance", "attempt"),
    [
        (Track.LETTER, None, date(2026, 3, 17)),
        (Track.VISIT, date(2026, 3, 5), date(2026, 3, 10)),
        (Track.LEGAL, date(2026, 3, 4), date(2026, 3, 4)),
        (Track.NONE, None, None),
    ],
)
def test_service_terms_follow_the_track(
    track: Track, acceptance: date | None, attempt: date | None
) -> None:
    answer = Answer.AWAITED if acceptance else Answer.NOT_ASKED
    found = running(case(track=track, answer=answer), decision())
    due = {name: term.due_on for name, term in found.items()}
    assert due.get(deadlines.ACCEPTANCE) == acceptance
    assert due.get(deadlines.FIRST_ATTEMPT) == attempt
    assert all(term.clock is ClockKind.SERVICE for term in found.values())


def test_a_term_that_was_met_runs_no_longer() -> None:
    names = running(case(work=Work(first_attempt_on=TODAY)), decision()).keys()
    assert not names & {deadlines.FIRST_ATTEMPT, deadlines.ACT_ON_SIGNAL}
    assert deadlines.ACCEPTANCE not in running(case(answer=Answer.ACCEPTED), decision())


def test_acceptance_is_asked_anew_when_the_track_changes() -> None:
    awaited = case(
        track=Track.LEGAL, answer=Answer.AWAITED,
        assigned_on=TODAY - timedelta(days=6), track_since=TODAY,
    )  # fmt: skip
    assert running(awaited, decision())[deadlines.ACCEPTANCE].due_on == date(2026, 3, 4)
    handed_over = replace(awaited, assigned_on=TODAY, track_since=TODAY - timedelta(days=6))
    assert running(handed_over, decision())[deadlines.ACCEPTANCE].due_on == date(2026, 3, 4)


def test_a_closed_case_has_no_terms() -> None:
    assert not running(case(is_open=False, answer=Answer.AWAITED), decision())


def eviction(reported_on: date) -> Fact:
    return as_fact(fact(signals.EvictionScheduled, reported_on=reported_on))


@pytest.mark.parametrize(
    ("threatened_on", "due_on"),
    [
        (None, FRIDAY + timedelta(days=28)),
        (FRIDAY - timedelta(days=5), date(2026, 3, 11)),  # known before: from acceptance
        (date(2026, 3, 10), date(2026, 3, 13)),  # known after: from then
        (date(2026, 4, 2), date(2026, 4, 3)),  # never later than four weeks
    ],
)
def test_the_first_talk_is_due_in_four_weeks_or_three_working_days(
    threatened_on: date | None, due_on: date
) -> None:
    decided = decision(eviction(threatened_on)) if threatened_on else decision()
    found = running(case(work=Work(help_accepted_on=FRIDAY)), decided)
    talk = found[deadlines.FIRST_TALK]
    assert (talk.clock, talk.due_on) == (ClockKind.LEGAL, due_on)
    assert "Wgs art. 4 lid" in talk.starting_fact


def test_an_eviction_that_is_called_off_threatens_no_longer() -> None:
    off = as_fact(fact(signals.EvictionCancelled, sequence=9))
    decided = decision(eviction(TODAY), off)
    found = running(case(work=Work(help_accepted_on=FRIDAY)), decided)
    assert found[deadlines.FIRST_TALK].due_on == FRIDAY + timedelta(days=28)


def test_an_eviction_that_was_called_off_and_set_again_threatens_from_then() -> None:
    again, hour = TODAY + timedelta(days=20), timedelta(hours=1)
    told = [
        eviction(TODAY),
        as_fact(fact(signals.EvictionCancelled, sequence=1, recorded_at=NOW + hour)),
        as_fact(
            fact(
                signals.EvictionScheduled, sequence=2, reported_on=again,
                recorded_at=NOW + timedelta(days=20),
            )
        ),
    ]  # fmt: skip
    assert decision(*told).threatened_on == again
    other = fact(signals.EvictionScheduled, case_number="26-9", reported_on=TODAY)
    off = fact(signals.EvictionCancelled, case_number="26-9", sequence=1)
    assert decision(*told, as_fact(other), as_fact(off)).threatened_on == again


def test_no_legal_term_runs_before_help_is_accepted_or_after_the_talk() -> None:
    assert deadlines.FIRST_TALK not in running(case(), decision(eviction(TODAY)))
    talked = case(work=Work(help_accepted_on=FRIDAY, first_talk_on=FRIDAY))
    assert deadlines.FIRST_TALK not in running(talked, decision())


def test_a_pause_of_collection_is_on_a_clock_of_its_own() -> None:
    until = FRIDAY + timedelta(days=30)
    paused = case(work=Work(paused_since=FRIDAY, collection_paused_until=until))
    pause = running(paused, decision())[deadlines.PAUSE_END]
    assert (pause.clock, pause.due_on) == (ClockKind.PAUSE, until)
    assert pause.near_on == date(2026, 4, 1), "Easter is in between"


@pytest.mark.parametrize(("today", "runs"), [(date(2026, 8, 31), True), (date(2026, 9, 1), False)])
def test_a_moratorium_runs_until_its_last_day(today: date, runs: bool) -> None:
    stay = Fact(
        uuid4(), FactKind.MORATORIUM, "gemeente", "", TODAY, NOW, None,
        day=date(2026, 3, 1), until=date(2026, 8, 31),
    )  # fmt: skip
    found = running(case(), decision(stay), today)
    assert (deadlines.MORATORIUM_END in found) is runs


def test_what_changed_begins_anew_and_what_did_not_goes_on() -> None:
    before = running(case(answer=Answer.AWAITED), decision())
    assert deadlines.changes(before, list(before.values())) == ((), ())
    moved = replace(before[deadlines.ACCEPTANCE], due_on=FRIDAY)
    begun, dropped = deadlines.changes(before, [moved])
    assert begun == (moved,)
    assert set(dropped) == before.keys()
