"""Who is to hear what, when; and what no longer."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.notify.gate import why_stopped
from services.notify.hours import due
from services.notify.schedule import Alert, Moment, Plan, first_ask_at, next_ask_at, plan
from services.notify.subjects import CaseFile, State, Subject, case_file_of, subjects_of
from shared.clock import AMSTERDAM
from shared.contracts import triage
from shared.contracts.signals import HearingKind, JudgmentOutcome
from shared.policy import Number, ReceiptTerms
from tests.builders import ANNA, BRAM, LEAD, POLICY, case_event

# A Wednesday, nine in the morning in Amsterdam.
NOW = datetime(2026, 3, 4, 8, 0, tzinfo=UTC)
HEARING_AT = datetime(2026, 4, 2, 8, 30, tzinfo=UTC)
KEY = UUID(int=5)
CASE = CaseFile(UUID(int=1), UUID(int=2), "GM9901", "Z-00000001", 3, True, False, ANNA, LEAD)


def hearing(revision: int = 3, **changes: Any) -> Subject:
    fields: dict[str, Any] = {
        "case_id": CASE.case_id,
        "kind": "hearing",
        "key": KEY,
        "revision": revision,
        "state": State.HOLDS,
        "is_urgent": True,
        "at": HEARING_AT,
    }
    return Subject(**{**fields, **changes})


def planned(
    subject: Subject,
    existing: Sequence[Alert] = (),
    case: CaseFile = CASE,
    now: datetime = NOW,
) -> Plan:
    return plan(subject, Moment(case, existing, POLICY, now))


def told(alerts: Sequence[Alert]) -> list[tuple[str, str, str]]:
    """Template, recipient and Amsterdam time of alerts."""
    return [
        (
            one.template,
            one.recipient_id,
            one.due_at.astimezone(AMSTERDAM).strftime("%a %d-%m %H:%M"),
        )
        for one in alerts
    ]


def sent(alerts: Sequence[Alert], state: str = "sent") -> list[Alert]:
    return [replace(one, state=state) for one in alerts]


def test_a_hearing_is_told_at_once_then_ten_seven_and_one_day_before() -> None:
    assert told(planned(hearing()).wanted) == [
        ("hearing_set", "anna", "Wed 04-03 09:00"),
        ("hearing_reminder", "anna", "Mon 23-03 08:00"),
        ("hearing_reminder", "anna", "Thu 26-03 08:00"),
        ("hearing_reminder", "anna", "Wed 01-04 08:00"),
    ]


def test_an_eviction_is_told_fourteen_seven_three_and_one_day_before() -> None:
    # A Tuesday after Easter: three days before is a Saturday, one day before is Easter Monday;
    # both are told on the working day before, Thursday, for Good Friday is none.
    eviction = hearing(kind="eviction", at=datetime(2026, 4, 7, 7, 0, tzinfo=UTC))
    assert told(planned(eviction).wanted) == [
        ("eviction_set", "anna", "Wed 04-03 09:00"),
        ("eviction_reminder", "anna", "Tue 24-03 08:00"),
        ("eviction_reminder", "anna", "Tue 31-03 08:00"),
        ("eviction_reminder", "anna", "Thu 02-04 08:00"),
    ]


def test_a_visit_is_confirmed_then_told_the_working_day_and_the_hour_before() -> None:
    # Monday; the working day before is Friday.
    visit = hearing(kind="visit", at=datetime(2026, 3, 9, 12, 15, tzinfo=UTC))
    assert told(planned(visit).wanted) == [
        ("visit_set", "anna", "Wed 04-03 09:00"),
        ("visit_reminder", "anna", "Fri 06-03 08:00"),
        ("visit_reminder", "anna", "Mon 09-03 12:15"),
    ]


def test_a_reminder_that_would_be_late_is_not_sent() -> None:
    soon = hearing(at=NOW + timedelta(days=2))
    assert told(planned(soon).wanted) == [
        ("hearing_set", "anna", "Wed 04-03 09:00"),
        ("hearing_reminder", "anna", "Thu 05-03 08:00"),
    ]


@pytest.mark.parametrize(("hours", "roles"), [(23, ["anna", "noor"]), (24, ["anna"])])
def test_under_24_hours_the_lead_hears_it_too(hours: int, roles: list[str]) -> None:
    wanted = planned(hearing(at=NOW + timedelta(hours=hours))).wanted
    assert [one.recipient_id for one in wanted if one.template == "hearing_set"] == roles


def test_a_lead_who_is_the_assignee_hears_it_once() -> None:
    led = replace(CASE, assignee=LEAD)
    wanted = planned(hearing(at=NOW + timedelta(hours=3)), case=led).wanted
    assert [one.recipient_id for one in wanted] == ["noor"]


def test_what_is_over_is_not_told() -> None:
    assert planned(hearing(at=NOW)).wanted == ()
    assert planned(hearing(at=NOW - timedelta(hours=1))).wanted == ()
    assert planned(hearing(state=State.OVER)).wanted == ()


def test_an_assignment_waits_for_the_digest_of_a_working_day_unless_it_is_urgent() -> None:
    calm = hearing(kind="assignment", at=None, is_urgent=False)
    assert told(planned(calm).wanted) == [("assignment_set", "anna", "Thu 05-03 08:00")]
    friday = NOW + timedelta(days=2)
    assert told(planned(calm, now=friday).wanted) == [("assignment_set", "anna", "Mon 09-03 08:00")]
    urgent = replace(calm, is_urgent=True)
    assert told(planned(urgent).wanted) == [("assignment_set", "anna", "Wed 04-03 09:00")]
    assert planned(urgent).wanted[0].bundle is None
    assert planned(calm).wanted[0].bundle == "anna:2026-03-05T08:00:00+01:00"


@pytest.mark.parametrize(
    ("moment", "wanted"),
    [
        (datetime(2026, 3, 4, 6, 59, tzinfo=UTC), "Wed 04-03 08:00"),
        (datetime(2026, 3, 4, 7, 0, tzinfo=UTC), "Thu 05-03 08:00"),
        (datetime(2026, 3, 27, 12, 0, tzinfo=UTC), "Mon 30-03 08:00"),  # over a clock change
        (datetime(2026, 4, 2, 12, 0, tzinfo=UTC), "Tue 07-04 08:00"),  # Easter
        (datetime(2026, 4, 24, 12, 0, tzinfo=UTC), "Tue 28-04 08:00"),  # King's Day
    ],
)
def test_the_digest_is_at_eight_on_a_dutch_working_day(moment: datetime, wanted: str) -> None:
    calm = hearing(kind="assignment", at=None, is_urgent=False)
    due_at = due("digest", calm, POLICY.notify.digest_at, moment)
    assert due_at.astimezone(AMSTERDAM).strftime("%a %d-%m %H:%M") == wanted


def test_planning_again_without_news_changes_nothing() -> None:
    first = planned(hearing()).wanted
    again = planned(hearing(), first)
    assert again == Plan((), ())
    assert planned(hearing(), sent(first)) == Plan((), ())


def test_a_moved_hearing_supersedes_what_was_not_sent_and_tells_who_was_told() -> None:
    first = planned(hearing(3)).wanted
    existing = [replace(first[0], state="sent"), *first[1:]]
    moved = planned(hearing(5, at=HEARING_AT + timedelta(days=7)), existing)
    assert moved.superseded == tuple(one.id for one in first[1:])
    assert told(moved.wanted)[0] == ("hearing_moved", "anna", "Wed 04-03 09:00")
    assert [one.template for one in moved.wanted[1:]] == ["hearing_reminder"] * 3
    assert {one.subject_revision for one in moved.wanted} == {5}


def test_a_hearing_that_moved_before_anybody_heard_of_it_is_told_as_new() -> None:
    first = planned(hearing(3)).wanted
    moved = planned(hearing(5, at=HEARING_AT + timedelta(days=7)), first)
    assert moved.superseded == tuple(one.id for one in first)
    assert moved.wanted[0].template == "hearing_set"


def test_an_alert_on_its_way_out_counts_as_told() -> None:
    claimed = sent(planned(hearing(3)).wanted[:1], "claimed")
    moved = planned(hearing(5, at=HEARING_AT + timedelta(days=7)), claimed)
    assert moved.superseded == ()
    assert moved.wanted[0].template == "hearing_moved"


def test_a_cancelled_hearing_is_told_to_who_was_told_and_to_nobody_else() -> None:
    first = planned(hearing(3)).wanted
    off = hearing(5, state=State.CANCELLED, at=None)
    assert planned(off, first) == Plan(tuple(one.id for one in first), ())
    existing = [replace(first[0], state="sent"), *first[1:]]
    assert told(planned(off, existing).wanted) == [("hearing_cancelled", "anna", "Wed 04-03 09:00")]
    assert planned(off, existing).wanted[0].bundle is None


def test_the_lead_of_a_short_notice_also_hears_that_it_moved() -> None:
    first = planned(hearing(3, at=NOW + timedelta(hours=5))).wanted
    moved = planned(hearing(5, at=NOW + timedelta(days=20)), sent(first))
    who = {one.recipient_id for one in moved.wanted if one.template == "hearing_moved"}
    assert who == {"anna", "noor"}


def test_another_assignee_takes_over_what_is_still_to_be_told() -> None:
    first = planned(hearing()).wanted
    handed = replace(CASE, assignee=BRAM, revision=4)
    existing = [replace(first[0], state="sent"), *first[1:]]
    change = planned(hearing(), existing, handed)
    assert change.superseded == tuple(one.id for one in first[1:])
    assert [(one.template, one.recipient_id) for one in change.wanted] == [
        ("hearing_set", "bram"),
        ("hearing_reminder", "bram"),
        ("hearing_reminder", "bram"),
        ("hearing_reminder", "bram"),
    ]


def test_who_gets_a_case_back_is_reminded_again_but_not_told_twice() -> None:
    first = planned(hearing()).wanted
    existing = [replace(first[0], state="sent"), *sent(first[1:], "superseded")]
    back = planned(hearing(), existing)
    assert [one.template for one in back.wanted] == ["hearing_reminder"] * 3
    assert not {one.id for one in back.wanted} & {one.id for one in first}


def test_a_closed_case_has_nothing_to_tell() -> None:
    first = planned(hearing()).wanted
    closed = replace(CASE, is_open=False)
    assert planned(hearing(), first, closed) == Plan(tuple(one.id for one in first), ())


@pytest.mark.parametrize(
    ("subject", "case", "now", "reason"),
    [
        (hearing(), CASE, NOW, None),
        (hearing(4), CASE, NOW, "het feit is veranderd of vervallen"),
        (hearing(state=State.CANCELLED), CASE, NOW, "het feit is veranderd of vervallen"),
        (None, CASE, NOW, "het feit is onbekend"),
        (hearing(), replace(CASE, is_open=False), NOW, "de zaak is gesloten"),
        (hearing(), replace(CASE, assignee=BRAM), NOW, "iemand anders behandelt de zaak nu"),
        (hearing(), CASE, HEARING_AT - timedelta(seconds=1), None),
        (hearing(), CASE, HEARING_AT, "het tijdstip is voorbij"),
    ],
)
def test_the_gate_checks_once_more(
    subject: Subject | None, case: CaseFile, now: datetime, reason: str | None
) -> None:
    (alert, *_) = planned(hearing()).wanted
    assert why_stopped(alert, subject, case, now) == reason


VISIT = {"visit_id": KEY, "starts_at": NOW, "ends_at": NOW}
WHERE = {"court": "Rechtbank Noord", "case_number": "26-1"}
TERM = {
    "name": "first_attempt",
    "clock": triage.ClockKind.SERVICE,
    "due_on": NOW.date(),
    "starting_fact": "aanpak",
}
RESIDENT = triage.Resident(
    name="V. Voorbeeld", postcode="9901AB", house_number=1, suffix="A", phone="0612345678",
    email=None, language="en", is_verified=True,
)  # fmt: skip
TOLD: list[tuple[type[triage.CaseEvent], dict[str, Any], list[tuple[str, State]]]] = [
    (triage.CaseOpened, {"urgent": False, "reason": "x"}, []),
    (triage.GeneralistAssigned, {"urgent": False, "reason": "x"}, [("assignment", State.HOLDS)]),
    (triage.GeneralistReassigned, {"previous_assignee_id": "bram", "reason": "x"},
     [("assignment", State.HOLDS)]),
    (triage.AssignmentAccepted, {}, [("assignment", State.OVER)]),
    (triage.TrackProposed, {"urgent": False, "reason": "x"}, [("track", State.HOLDS)]),
    (triage.LeadReplaced, {"previous_lead_id": "zeger"}, []),
    (triage.CaseClosed, {"reason": "x"}, []),
    (triage.VisitPlanned, VISIT, [("visit", State.HOLDS)]),
    (triage.VisitMoved, VISIT, [("visit", State.HOLDS)]),
    (triage.VisitCancelled, {"visit_id": KEY}, [("visit", State.CANCELLED)]),
    (triage.VisitMade, {"visit_id": KEY}, [("visit", State.OVER)]),
    (triage.CaseSummonsRecorded, {**WHERE, "served_on": NOW.date()}, [("summons", State.HOLDS)]),
    (triage.CaseHearingSet, {**WHERE, "hearing_id": KEY, "kind": HearingKind.ROLL, "place": "x",
     "at": NOW}, [("hearing", State.HOLDS)]),
    (triage.CaseHearingMoved, {**WHERE, "hearing_id": KEY, "kind": HearingKind.ROLL, "place": "x",
     "at": NOW}, [("hearing", State.HOLDS)]),
    (triage.CaseHearingCancelled, {**WHERE, "hearing_id": KEY, "kind": HearingKind.ROLL},
     [("hearing", State.CANCELLED)]),
    (triage.CaseJudgmentRecorded, {**WHERE, "given_on": NOW.date(),
     "outcome": JudgmentOutcome.EVICTION}, [("judgment", State.HOLDS)]),
    (triage.CaseEvictionSet, {**WHERE, "eviction_id": KEY, "at": NOW, "bailiff": "x"},
     [("eviction", State.HOLDS)]),
    (triage.CaseEvictionCalledOff, {**WHERE, "eviction_id": KEY}, [("eviction", State.CANCELLED)]),
    (triage.CaseEvictionCarriedOut, {**WHERE, "eviction_id": KEY, "carried_out_on": NOW.date()},
     [("eviction", State.OVER)]),
    (triage.ObjectionRecorded, {}, [("objection", State.HOLDS)]),
    # These only say who works on the case, and whether it is open.
    (triage.TrackConfirmed, {"confirmed_by": "anna"}, []),
    (triage.TrackOverridden, {"proposed_track": triage.Track.LETTER, "overridden_by": "noor",
     "reason": "x"}, []),
    (triage.AssignmentDeclined, {"declined_by": "bram", "is_timeout": True}, []),
    (triage.CaseReopened, {"reason": "x"}, []),
    (triage.DeadlineNear, TERM, [("deadline_near", State.HOLDS)]),
    (triage.DeadlineMissed, {**TERM, "signal_ids": ()},
     [("deadline_near", State.OVER), ("deadline_missed", State.HOLDS)]),
    (triage.DeadlineMissed, {**TERM, "name": "acceptance", "signal_ids": ()},
     [("deadline_near", State.OVER), ("not_accepted", State.HOLDS)]),
    (triage.DeadlineMet, TERM, [("deadline_near", State.OVER), ("deadline_missed", State.OVER)]),
    (triage.DeadlineMet, {**TERM, "name": "acceptance"},
     [("deadline_near", State.OVER), ("not_accepted", State.OVER)]),
    (triage.MoratoriumRecorded, {"granted_on": NOW.date(), "until": NOW.date()},
     [("moratorium", State.HOLDS)]),
    (triage.ContactRestricted, {"restrictions": ()}, [("restriction", State.HOLDS)]),
    (triage.WorkPaused, {"paused_until": NOW.date()}, []),
    (triage.ContactDetailsKnown, {"resident": RESIDENT}, [("first_contact", State.HOLDS)]),
]  # fmt: skip


@pytest.mark.parametrize(("event_class", "own", "told"), TOLD)
def test_every_event_is_understood(
    event_class: type[triage.CaseEvent], own: dict[str, Any], told: list[tuple[str, State]]
) -> None:
    event = case_event(event_class, **own)
    assert [(one.kind, one.state) for one in subjects_of(event)] == told
    assert case_file_of(event).is_open is (event_class is not triage.CaseClosed)


def test_no_event_that_notify_consumes_is_forgotten_here() -> None:
    consumed = {
        event
        for event in triage.EVENTS
        if "notify" in event.consumers and issubclass(event, triage.CaseEvent)
    }
    assert consumed == {event_class for event_class, *_ in TOLD}


def test_a_term_is_near_to_nobody_once_its_last_day_is_gone() -> None:
    near = hearing(kind="deadline_near", at=None, is_urgent=False, details={"due_on": "2026-03-04"})
    assert [one.recipient_id for one in planned(near).wanted] == ["anna"]
    handed = replace(CASE, assignee=BRAM, revision=9)
    assert [one.recipient_id for one in planned(near, case=handed).wanted] == ["bram"]
    assert not planned(near, case=handed, now=NOW + timedelta(days=1)).wanted
    missed = replace(near, kind="deadline_missed")
    later = planned(missed, case=handed, now=NOW + timedelta(days=1)).wanted
    assert {one.recipient_id for one in later} == {"bram", "noor"}, "it is still to be done"


@pytest.mark.parametrize(
    ("kind", "who", "other"),
    [
        ("undelivered", "anna", replace(CASE, assignee=BRAM)),
        ("reply", "anna", replace(CASE, assignee=BRAM)),
        ("bounced", "noor", replace(CASE, lead=BRAM)),
        ("not_accepted", "noor", replace(CASE, lead=BRAM)),
    ],
)
def test_what_was_heard_then_is_not_told_again_to_who_comes_after(
    kind: str, who: str, other: CaseFile
) -> None:
    now = hearing(kind=kind, at=None)
    first = planned(now).wanted
    assert [one.recipient_id for one in first] == [who]
    for state in ("claimed", "sent", "unknown"):
        assert not planned(now, sent(first, state), other).wanted
    for state in ("scheduled", "stopped", "failed"):
        (late,) = planned(now, sent(first, state), other).wanted
        assert late.recipient_id == "bram", "nobody has heard of it"
    again = planned(hearing(9, kind=kind, at=None), sent(first), other).wanted
    assert [one.recipient_id for one in again] == ["bram"], "it happened again"


def test_what_did_not_arrive_is_told_whatever_the_policy_names() -> None:
    notify = POLICY.notify.model_copy(update={"alerts": ()})
    silent = POLICY.model_copy(update={"notify": notify})
    for kind, who in (("undelivered", "anna"), ("bounced", "noor")):
        found = plan(hearing(kind=kind, at=None), Moment(CASE, (), silent, NOW)).wanted
        assert [one.recipient_id for one in found] == [who]
    assert not plan(hearing(), Moment(CASE, (), silent, NOW)).wanted


TERMS = ReceiptTerms(
    ask_hours=Number(value=72, source="ours"), unknown_hours=Number(value=96, source="ours")
)


@pytest.mark.parametrize(
    ("hours", "wanted"),
    [(72, 73), (72.5, 73.5), (73, 74), (74, 76), (76, 80), (84, 96), (95.9, 96), (96, None)],
)
def test_a_gateway_is_asked_ever_more_rarely_and_once_more_at_the_end(
    hours: float, wanted: float | None
) -> None:
    at = next_ask_at(NOW, TERMS, NOW + timedelta(hours=hours))
    assert at == (None if wanted is None else NOW + timedelta(hours=wanted))
    assert first_ask_at(NOW, TERMS) == NOW + timedelta(hours=72)
