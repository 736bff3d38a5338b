"""Terms over time: after their day, a reopening and an end; on a real database."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.triage.commands.assigning import Decline, accept, decline, hand_over
from services.triage.commands.facts import record_moratorium
from services.triage.commands.help import pause, restrict
from services.triage.commands.tracks import EndResult, reopen
from services.triage.timer import TERMS_MAX
from shared.contracts import signals, triage
from shared.contracts.triage import ContactKind, ContactRestriction
from tests.builders import NOW, TODAY, arrears_reported, fact
from tests.triage.office import SPOKE, Office, opened

ADVICE = EndResult.ADVICE


@pytest.fixture
async def office(servers: Servers, stepped_clock: Clock) -> AsyncIterator[Office]:
    async with opened(servers, stepped_clock) as found:
        yield found


def debt(number: int = 1, cents: int = 90_000, **changes: object) -> signals.ArrearsReported:
    changes = {"contract": f"C-{number}", "arrears_since": date(2025, 12, 1), **changes}
    return arrears_reported(number, arrears_cents=cents, **changes)


async def test_a_day_to_look_again_is_said_once_and_the_next_one_too(office: Office) -> None:
    await office.tell(debt())
    await office.act(1, lambda desk: pause(desk, date(2026, 3, 10), "op vakantie"))
    await office.act(
        1, lambda desk: restrict(desk, ContactRestriction.NO_CALLS, date(2026, 3, 17), "omdat")
    )
    await office.pass_time(3, 11)
    tasks = "select occasion from task where kind = 'look_again' order by made_at"
    asked = "select count(*) as n from task where kind = 'look_again'"
    assert (await office.fetch(asked))[0]["n"] == 1, tasks
    assert (await office.terms(1))["review"]["due_on"] == date(2026, 3, 17)
    await office.pass_time(3, 18)
    assert (await office.fetch(asked))[0]["n"] == 2
    assert "review" not in await office.terms(1)
    await office.tell(debt(cents=95_000, reported_on=date(2026, 3, 18)))
    assert "review" not in await office.terms(1), "a new fact brings no old day back"


async def test_a_term_that_cannot_be_said_keeps_nobody_else_from_theirs(office: Office) -> None:
    count = TERMS_MAX + 3
    await office.tell(*(debt(number) for number in range(1, count + 1)))
    await office.fetch(
        "update household_case set assignee_id = 'nobody' where id in (select id from"
        " household_case order by id limit 2)"
    )
    await office.pass_time(3, 20)
    rows = await office.fetch(
        "select assignee_id = 'nobody' as is_poison, bool_and(missed_said_at is not null) as told"
        " from deadline join household_case on household_case.id = case_id"
        " where name = 'first_attempt' and dropped_at is null group by 1 order by 1"
    )
    assert [tuple(row) for row in rows] == [(False, True), (True, False)]
    await office.fetch(
        "update household_case set assignee_id = lead_id where assignee_id = 'nobody'"
    )
    office.clock.move(NOW + timedelta(days=18))
    while await office.calendar.say_due():
        pass
    assert not await office.fetch("select from deadline where name = 'first_attempt'"
                                  " and dropped_at is null and missed_said_at is null")  # fmt: skip


async def test_partners_hear_that_a_pause_ended_though_the_case_was_closed(office: Office) -> None:
    signal = debt()
    await office.tell(signal)
    await office.answer(1, "accepted")
    await office.close(1, ADVICE)
    await office.pass_time(4, 2)
    assert not office.heard(triage.PauseEnded), "the last day counts"
    await office.pass_time(4, 3)
    (ended,) = office.heard(triage.PauseEnded)
    assert ended.signal_ids == (signal.fact_id,)
    assert not office.heard(triage.DeadlineMissed)
    assert not await office.terms(1)


async def test_a_case_that_goes_on_has_its_pause_once(office: Office) -> None:
    signal = debt()
    await office.tell(signal)
    await office.answer(1, "accepted")
    await office.close(1, ADVICE)
    office.at(3, 12)
    await office.tell(debt(cents=120_000, reported_on=date(2026, 3, 12)))
    assert (await office.terms(1))["pause"]["due_on"] == TODAY + timedelta(days=30)
    await office.pass_time(4, 3)
    (ended,) = office.heard(triage.PauseEnded)
    assert ended.signal_ids == (signal.fact_id,)


async def test_a_case_that_goes_on_is_not_late_for_what_is_long_ago(office: Office) -> None:
    await office.tell(debt())
    await office.attempt(1, ContactKind.VISIT, SPOKE)
    await office.answer(1, "accepted")
    await office.close(1, ADVICE)
    office.at(9, 1)
    later = date(2026, 9, 1)
    await office.tell(debt(cents=150_000, reported_on=later, arrears_since=date(2026, 7, 1)))
    case = await office.case(1)
    assert (case["is_open"], case["help"], case["confirmed_by"]) == (True, "unknown", None)
    assert case["reopened_on"] == later
    terms = await office.terms(1)
    assert {"first_attempt", "act_on_signal"} <= terms.keys()
    assert all(term["starts_on"] >= later for name, term in terms.items() if name != "pause")
    assert "first_talk" not in terms, "nobody accepted help anew"
    await office.pass_time(9, 1)
    assert not office.heard(triage.DeadlineMissed)


async def test_a_case_that_a_person_reopens_has_its_terms_anew(office: Office) -> None:
    await office.tell(debt())
    await office.close(1, ADVICE)
    office.at(9, 1)
    await office.act(1, lambda desk: reopen(desk, "toch niet"))
    terms = await office.terms(1)
    assert terms["first_attempt"]["starts_on"] == date(2026, 9, 1)
    await office.pass_time(9, 1)
    assert not office.heard(triage.DeadlineMissed)


async def test_the_term_to_act_runs_from_the_signal_not_from_the_summons(office: Office) -> None:
    await office.tell(fact(signals.SummonsServed))
    assert "act_on_signal" not in await office.terms(1)
    office.at(3, 20)
    await office.tell(debt(reported_on=date(2026, 3, 20), recorded_at=NOW + timedelta(days=17)))
    assert (await office.terms(1))["act_on_signal"]["starts_on"] == date(2026, 3, 20)


async def test_help_that_was_declined_after_all_has_no_term(office: Office) -> None:
    await office.tell(debt())
    await office.answer(1, "accepted")
    assert "first_talk" in await office.terms(1)
    office.at(3, 4)
    await office.answer(1, "declined")
    assert not {"first_talk", "pause"} & (await office.terms(1)).keys()


async def test_a_talk_before_help_was_accepted_is_not_the_first(office: Office) -> None:
    await office.tell(debt())
    await office.answer(1, "accepted")
    office.at(3, 4)
    await office.answer(1, "declined")
    await office.attempt(1, ContactKind.VISIT, SPOKE)
    await office.fetch("update contact_attempt set is_first_talk = true")
    office.at(3, 20)
    await office.answer(1, "accepted")
    talk = (await office.terms(1))["first_talk"]
    assert talk["starts_on"] == date(2026, 3, 20)


async def test_what_was_entered_in_an_old_case_does_not_hold_a_new_one_open(
    office: Office,
) -> None:
    await office.tell(debt())
    await office.close(1, EndResult.OTHER_REASON)  # enters what was decided of the signals
    other = debt(contract="C-9", cents=80_000)
    await office.tell(other)
    assert (await office.case(1))["is_open"]
    await office.tell(
        fact(signals.SignalWithdrawn, contract="C-9", withdrawn_fact_id=other.fact_id)
    )
    assert not (await office.case(1))["is_open"]


def words(office: Office) -> list[tuple[str, str]]:
    """What was said of terms: which event, and of which term."""
    said = [one for one in office.said if isinstance(one, triage.DeadlineFact)]
    return [(type(one).__name__.removeprefix("Deadline"), one.name) for one in said]


def said_of(office: Office, name: str) -> list[str]:
    return [word for word, term in words(office) if term == name]


async def test_a_term_that_somebody_heard_of_is_said_to_be_met_by_any_attempt_and_once(
    office: Office,
) -> None:
    await office.tell(debt())
    await office.pass_time(3, 9)
    await office.pass_time(3, 20)
    assert said_of(office, "first_attempt") == ["Near", "Missed"]
    await office.attempt(1, ContactKind.PHONE)
    assert said_of(office, "first_attempt") == ["Near", "Missed", "Met"]
    met = office.heard(triage.DeadlineMet)[0]
    missed = office.heard(triage.DeadlineMissed)[0]
    assert met.revision > missed.revision
    before = words(office)
    await office.attempt(1, ContactKind.CARD)
    await office.tell(debt(cents=95_000, reported_on=date(2026, 3, 20)))
    await office.pass_time(3, 21)
    assert [one for one in words(office) if one not in before] == []
    assert said_of(office, "first_attempt").count("Met") == 1


async def test_a_term_that_nobody_heard_of_is_met_without_a_word(office: Office) -> None:
    await office.tell(debt())
    await office.attempt(1, ContactKind.PHONE)
    assert not words(office)


async def test_what_starts_a_term_and_falls_away_is_said(office: Office) -> None:
    await office.tell(debt())
    await office.answer(1, "accepted")
    await office.pass_time(3, 31)
    assert said_of(office, "first_talk") == ["Near"]
    assert said_of(office, "pause") == ["Near"]
    await office.answer(1, "declined")
    assert said_of(office, "first_talk") == ["Near", "Met"]
    assert said_of(office, "pause") == ["Near", "Met"]


async def test_a_pause_that_is_taken_back_and_one_that_ends_on_its_day_are_said(
    office: Office,
) -> None:
    await office.tell(debt())
    await office.act(1, lambda desk: pause(desk, date(2026, 3, 10), "op vakantie"))
    await office.pass_time(3, 10)
    assert said_of(office, "review") == ["Near"]
    await office.act(1, lambda desk: pause(desk, None, ""))
    assert said_of(office, "review") == ["Near", "Met"]
    await office.act(1, lambda desk: pause(desk, date(2026, 3, 12), "toch"))
    await office.pass_time(3, 12)
    await office.pass_time(3, 13)
    assert said_of(office, "review") == ["Near", "Met", "Near", "Met"]


async def test_a_moratorium_that_ends_early_is_said(office: Office) -> None:
    await office.tell(debt())
    granted, until = date(2026, 3, 3), date(2026, 3, 17)
    await office.act(1, lambda desk: record_moratorium(desk, granted, until, "de rechtbank"))
    await office.pass_time(3, 16)
    assert said_of(office, "moratorium") == ["Near"]
    await office.act(
        1, lambda desk: record_moratorium(desk, granted, date(2026, 3, 10), "de rechtbank")
    )
    assert said_of(office, "moratorium") == ["Near", "Met"]


async def test_a_case_that_is_closed_says_its_terms_first(office: Office) -> None:
    await office.tell(debt())
    await office.answer(1, "accepted")
    await office.pass_time(3, 31)
    open_words = {name for word, name in words(office) if word in {"Near", "Missed"}}
    await office.close(1, ADVICE)
    assert {name for word, name in words(office) if word == "Met"} == open_words - {"acceptance"}
    (closed,) = office.heard(triage.CaseClosed)
    assert max(one.revision for one in office.heard(triage.DeadlineMet)) < closed.revision
    await office.pass_time(4, 3)
    assert office.said[-1] in office.heard(triage.PauseEnded), "of a closed case not a word more"


async def test_a_pause_that_outlives_its_case_is_near_anew_when_the_case_goes_on(
    office: Office,
) -> None:
    await office.tell(debt())
    await office.answer(1, "accepted")
    await office.pass_time(3, 31)
    await office.close(1, ADVICE)
    await office.pass_time(3, 31)
    assert said_of(office, "pause") == ["Near", "Met"], "not while it is closed"
    await office.act(1, lambda desk: reopen(desk, "toch niet"))
    await office.pass_time(3, 31)
    assert said_of(office, "pause") == ["Near", "Met", "Near"]
    await office.pass_time(4, 3)
    assert said_of(office, "pause")[-1] == "Met"


async def test_that_nobody_accepted_holds_until_somebody_does(office: Office) -> None:
    await office.tell(debt())
    first = (await office.case(1))["assignee_id"]
    await office.pass_time(3, 5)
    await office.pass_time(3, 6)
    assert (await office.case(1))["assignee_id"] != first
    assert said_of(office, "acceptance") == ["Near", "Missed"]
    await office.attempt(1, ContactKind.PHONE)
    assert said_of(office, "acceptance") == ["Near", "Missed"]
    await office.act(1, accept)
    assert said_of(office, "acceptance") == ["Near", "Missed", "Met"]


async def test_whoever_answers_or_loses_a_case_is_not_asked_to_answer_any_more(
    office: Office,
) -> None:
    await office.tell(debt())
    await office.pass_time(3, 5)
    assert said_of(office, "acceptance") == ["Near"]
    await office.act(1, lambda desk: hand_over(desk, None, "te druk"))
    assert said_of(office, "acceptance") == ["Near", "Met"]
    await office.pass_time(3, 9)
    assert said_of(office, "acceptance") == ["Near", "Met", "Near"]
    await office.act(1, lambda desk: decline(desk, Decline("te druk")))
    assert said_of(office, "acceptance") == ["Near", "Met", "Near", "Met"]
