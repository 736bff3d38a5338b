"""Who can be written to, by which channel; and when residents are left in peace."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.gate import why_stopped
from services.notify.hours import outside_quiet
from services.notify.recipients import RESIDENT, as_number, recipient_of
from services.notify.schedule import Alert, Moment, plan
from services.notify.subjects import CaseFile, State, Subject, Wishes
from shared.clock import AMSTERDAM
from shared.contracts.triage import ContactRestriction, Resident
from shared.policy import Channel, QuietHours
from tests.builders import BRAM, POLICY
from tests.notify.test_schedule import CASE, HEARING_AT, KEY, NOW, hearing

TOLD = Resident(
    name="V. Voorbeeld", postcode="9901AB", house_number=1, suffix="A", phone="06 1234 5678",
    email="v@voorbeeld.example", language="en", is_verified=True,
)  # fmt: skip
CONFIRMED = replace(CASE, is_confirmed=True, resident=TOLD)
NUMBER = "+31612345678"


def contacts(case: CaseFile, subject: Subject | None = None) -> dict[Channel, str]:
    found = recipient_of(RESIDENT, case, subject or hearing())
    return dict(found.contacts) if found else {}


@pytest.mark.parametrize(
    ("told", "number"),
    [
        ("0612345678", NUMBER),
        ("+31 (0)6-1234 5678", NUMBER),
        ("0031612345678", NUMBER),
        ("+32 470 12 34 56", "+32470123456"),
        ("050 123 45 67", None),  # a landline takes no text
        ("06123", None),
        ("bel mijn zus", None),
        ("", None),
    ],
)
def test_a_number_that_takes_a_text_is_known_from_one_that_does_not(
    told: str, number: str | None
) -> None:
    assert as_number(told) == number


def test_a_household_is_reached_once_a_person_has_confirmed() -> None:
    assert contacts(CONFIRMED) == {
        Channel.SMS: NUMBER,
        Channel.MAIL: "v@voorbeeld.example",
        Channel.LETTER: "V. Voorbeeld\nHuisnummer 1 A\n9901 AB",
    }
    assert not contacts(replace(CONFIRMED, is_confirmed=False))
    assert not contacts(replace(CONFIRMED, resident=None))


def test_who_asked_for_it_is_left_alone() -> None:
    assert not contacts(replace(CONFIRMED, wishes=Wishes(has_opted_out=True)))
    for one in (ContactRestriction.NO_LETTERS, ContactRestriction.NO_APPROACH):
        assert not contacts(replace(CONFIRMED, restrictions=frozenset({one})))
    two = replace(CONFIRMED, restrictions=frozenset({ContactRestriction.VISIT_WITH_TWO}))
    assert contacts(two)
    wrong = replace(CONFIRMED, wishes=Wishes(wrong_contacts=frozenset({NUMBER})))
    assert contacts(wrong).keys() == {Channel.MAIL, Channel.LETTER}


def test_what_a_partner_gave_gets_a_first_word_and_nothing_else() -> None:
    unverified = replace(CONFIRMED, resident=TOLD.model_copy(update={"is_verified": False}))
    first = hearing(kind="first_contact", at=None)
    assert contacts(unverified).keys() == {Channel.LETTER}
    assert contacts(unverified, first).keys() == {Channel.SMS, Channel.MAIL}
    assert not contacts(CONFIRMED, first), "somebody was reached: that word is said"


def planned(subject: Subject, case: CaseFile, existing: Any = (), now: datetime = NOW) -> Any:
    alerts = plan(subject, Moment(case, existing, POLICY, now, frozenset(Channel))).wanted
    return [one for one in alerts if one.recipient_role == RESIDENT]


def test_a_resident_hears_of_a_hearing_by_the_first_channel_that_can() -> None:
    found = planned(hearing(), CONFIRMED)
    assert [one.template for one in found] == ["hearing_set", *["hearing_reminder"] * 2]
    assert {one.channel for one in found} == {Channel.SMS}
    by_post = replace(CONFIRMED, resident=TOLD.model_copy(update={"phone": None, "email": None}))
    assert {one.channel for one in planned(hearing(), by_post)} == {Channel.LETTER}


def test_what_they_prefer_is_tried_first_where_the_policy_and_the_post_allow_it() -> None:
    by_letter = replace(CONFIRMED, wishes=Wishes(channel=Channel.LETTER))
    channels = [one.channel for one in planned(hearing(), by_letter)]
    late = "a letter about the day before would come too late"
    assert channels == [Channel.LETTER, Channel.LETTER, Channel.SMS], late
    no_mail = TOLD.model_copy(update={"email": None})
    by_mail = replace(CONFIRMED, resident=no_mail, wishes=Wishes(channel=Channel.MAIL))
    assert {one.channel for one in planned(hearing(), by_mail)} == {Channel.SMS}
    first = hearing(kind="first_contact", at=None)
    unverified = TOLD.model_copy(update={"is_verified": False})
    (word,) = planned(first, replace(by_letter, resident=unverified))
    assert word.channel is Channel.SMS, "the policy writes no such letter"


def test_the_language_they_asked_for_goes_before_what_a_partner_told() -> None:
    for asked, language in ((None, "en"), ("nl", "nl")):
        found = recipient_of(RESIDENT, replace(CONFIRMED, wishes=Wishes(language=asked)), hearing())
        assert found
        assert found.language == language


Said = list[tuple[str, Channel]]
BY_MAIL = Wishes(channel=Channel.MAIL)


def rerouted(existing: list[Alert], now: datetime = NOW) -> tuple[Said, Said]:
    """What is taken back once a household prefers mail, and what comes instead."""
    case = replace(CONFIRMED, wishes=BY_MAIL)
    found = plan(hearing(), Moment(case, existing, POLICY, now, frozenset(Channel)))
    gone = [one for one in existing if one.id in found.superseded]
    instead = [one for one in found.wanted if one.recipient_role == RESIDENT]
    return [(one.template, one.channel) for one in gone], [
        (one.template, one.channel) for one in instead
    ]


REMINDED = ("hearing_reminder", Channel.MAIL)


def test_what_was_planned_goes_another_way_once_they_prefer_it() -> None:
    first = planned(hearing(), CONFIRMED)
    gone, instead = rerouted(first)
    assert [channel for _, channel in gone] == [Channel.SMS] * 3
    assert instead == [("hearing_set", Channel.MAIL), REMINDED, REMINDED]
    assert rerouted(planned(hearing(), replace(CONFIRMED, wishes=BY_MAIL))) == ([], [])
    sent = [replace(first[0], state="sent"), *first[1:]]
    assert rerouted(sent)[1] == [REMINDED, REMINDED]


def test_what_nothing_would_come_in_place_of_goes_as_it_was_planned() -> None:
    first, *reminders = planned(hearing(), CONFIRMED)
    sent = replace(first, state="sent")
    gone, instead = rerouted([sent, *reminders], now=reminders[0].due_at)
    assert len(gone) == 1, "the other one is due now"
    assert instead == [REMINDED]
    for one in (first, reminders[0]):
        follows = replace(one, id=KEY, channel=Channel.LETTER, due_at=NOW + timedelta(hours=9))
        gone, _ = rerouted([replace(one, state="failed"), follows])
        assert not gone, "it follows a failure"


def test_while_a_channel_is_off_nothing_is_planned_by_it() -> None:
    off = Moment(CONFIRMED, (), POLICY, NOW)
    assert not [one for one in plan(hearing(), off).wanted if one.recipient_role == RESIDENT]
    by_post = replace(off, to_residents=frozenset({Channel.LETTER}))
    found = [one for one in plan(hearing(), by_post).wanted if one.recipient_role == RESIDENT]
    assert {one.channel for one in found} == {Channel.LETTER}


def test_a_letter_that_would_come_too_late_is_not_written() -> None:
    by_post = replace(CONFIRMED, resident=TOLD.model_copy(update={"phone": None, "email": None}))
    assert not planned(hearing(at=NOW + timedelta(days=2)), by_post)
    reminders = [one.due_at.date() for one in planned(hearing(), by_post)]
    assert date(2026, 4, 1) not in reminders, "the day before is too late for the post"


def test_a_moved_hearing_is_corrected_to_whom_it_was_told() -> None:
    first = planned(hearing(3), CONFIRMED)
    existing = [replace(first[0], state="sent"), *first[1:]]
    later = hearing(5, at=HEARING_AT + timedelta(days=7))
    change = plan(later, Moment(CONFIRMED, existing, POLICY, NOW, frozenset(Channel)))
    mine = [one for one in change.wanted if one.recipient_role == RESIDENT]
    assert mine[0].template == "hearing_moved"
    assert set(change.superseded) >= {one.id for one in first[1:]}
    off = hearing(6, state=State.CANCELLED, at=None)
    told: list[Alert] = [*existing, replace(mine[0], state="delivered")]
    (only,) = planned(off, CONFIRMED, told)
    assert only.template == "hearing_cancelled"


def test_a_first_word_is_said_once_whatever_triage_tells_again() -> None:
    unverified = replace(CONFIRMED, resident=TOLD.model_copy(update={"is_verified": False}))
    (first,) = planned(hearing(3, kind="first_contact", at=None), unverified)
    again = hearing(9, kind="first_contact", at=None)
    assert not planned(again, unverified, [replace(first, state="sent")])


NIGHT = QuietHours(begins=time(21), ends=time(8), source="test")
NOON = QuietHours(begins=time(12), ends=time(13), source="test")
INSTANTS = st.datetimes(
    min_value=datetime(2020, 1, 1), max_value=datetime(2035, 12, 31), timezones=st.just(UTC)
)


@given(due_at=INSTANTS, quiet=st.sampled_from([NIGHT, NOON]))
def test_nobody_is_written_to_in_quiet_hours_through_all_clock_changes(
    due_at: datetime, quiet: QuietHours
) -> None:
    found = outside_quiet(due_at, quiet, now=due_at, latest=None)
    assert not quiet.holds_at(found.astimezone(AMSTERDAM).time())
    assert timedelta() <= found - due_at <= timedelta(hours=12)
    if not quiet.holds_at(due_at.astimezone(AMSTERDAM).time()):
        assert found == due_at


@given(due_at=INSTANTS, hours=st.integers(1, 30))
def test_nothing_is_told_after_its_hour_because_of_quiet(due_at: datetime, hours: int) -> None:
    latest = due_at + timedelta(hours=hours)
    earlier = due_at - timedelta(days=2)
    found = outside_quiet(due_at, NIGHT, now=earlier, latest=latest)
    assert earlier <= found < latest
    assert not NIGHT.holds_at(found.astimezone(AMSTERDAM).time())


def test_short_notice_in_the_night_wakes_rather_than_misses() -> None:
    night = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
    early = night + timedelta(hours=3)
    assert outside_quiet(night, NIGHT, now=night, latest=early) == night


SECOND = {"second": BRAM.model_dump(mode="json")}


def visit(revision: int = 3, **changes: Any) -> Subject:
    at = {"at": HEARING_AT, "details": SECOND}
    return hearing(revision, **{"kind": "visit", **at, **changes})


def test_that_nobody_comes_is_told_though_the_case_was_closed() -> None:
    first = Moment(CONFIRMED, (), POLICY, NOW, frozenset(Channel))
    told = [replace(one, state="sent") for one in plan(visit(), first).wanted
            if one.template == "visit_set"]  # fmt: skip
    assert {one.recipient_role for one in told} == {"assignee", "second", RESIDENT}
    off = visit(5, state=State.CANCELLED, at=None, details=None).after(visit())
    closed = replace(CONFIRMED, is_open=False)
    wanted = plan(off, replace(first, case=closed, existing=told)).wanted
    assert {one.template for one in wanted} == {"visit_cancelled"}
    assert {one.recipient_role for one in wanted} == {"assignee", "second", RESIDENT}
    assert {one.expires_at for one in wanted} == {HEARING_AT}, "after the hour it is of no use"
    for one in wanted:
        assert why_stopped(one, off, closed, NOW) is None
    late = replace(first, case=closed, existing=told, now=HEARING_AT)
    assert not plan(off, late).wanted


def test_a_household_is_not_told_that_only_who_comes_along_has_changed() -> None:
    first = Moment(CONFIRMED, (), POLICY, NOW, frozenset(Channel))
    told = [replace(one, state="delivered") for one in plan(visit(), first).wanted]
    again = plan(visit(5, details={}), replace(first, existing=told)).wanted
    assert "visit_moved" in {one.template for one in again if one.recipient_role == "assignee"}
    assert "visit_moved" not in {one.template for one in again if one.recipient_role == RESIDENT}
    later = visit(5, at=HEARING_AT + timedelta(hours=2))
    moved = plan(later, replace(first, existing=told)).wanted
    assert "visit_moved" in {one.template for one in moved if one.recipient_role == RESIDENT}
