"""Who was told of a date and need not come any more is told so; once, and nothing after that."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.gate import why_stopped
from services.notify.passing import plan_all
from services.notify.schedule import Alert, Moment, Plan
from services.notify.subjects import FORMER_MAX, CaseFile, State, Subject, newer
from shared.contracts.triage import Person, Role
from shared.policy import Channel
from tests.builders import ANNA, BRAM, LEAD, POLICY
from tests.notify.test_recipients import CONFIRMED
from tests.notify.test_schedule import CASE, HEARING_AT, NOW, hearing, sent, told

CAS = Person(id="cas", name="Cas", email="cas@voorbeeldstad.example", role=Role.GENERALIST)
ZOE = Person(id="zoe", name="Zoe", email="zoe@voorbeeldstad.example", role=Role.LEAD)
HANDED_OVER = newer(CASE, replace(CASE, assignee=BRAM, revision=5))


def planned(
    subject: Subject, existing: Sequence[Alert] = (), case: CaseFile = CASE, **changes: Any
) -> Plan:
    return plan_all(subject, Moment(case, existing, POLICY, NOW, **changes))


def visit(revision: int = 3, second: Person | None = None, **changes: Any) -> Subject:
    details = {"second": second.model_dump(mode="json")} if second else {}
    return hearing(revision, **{"kind": "visit", "details": details, **changes})


def passed_on(plan: Plan) -> list[Alert]:
    return [one for one in plan.wanted if one.is_passed_on]


def first_word(subject: Subject, case: CaseFile = CASE, state: str = "sent") -> list[Alert]:
    """What has gone out of the first plan: what was due at once."""
    return [
        replace(one, state=state) for one in planned(subject, case=case).wanted
        if one.due_at == NOW
    ]  # fmt: skip


def test_a_former_assignee_hears_that_they_need_not_come_and_who_comes_is_invited() -> None:
    first = planned(hearing()).wanted
    existing = [replace(first[0], state="sent"), *first[1:]]
    change = planned(hearing(), existing, HANDED_OVER)
    assert change.superseded == tuple(one.id for one in first[1:])
    (off,) = passed_on(change)
    assert told([off]) == [("hearing_passed_on", "anna", "Wed 04-03 09:00")]
    assert (off.sequence, first[0].sequence) == (4, 3)
    assert (off.expires_at, off.bundle, off.state) == (HEARING_AT, None, "scheduled")
    assert change.wanted[0].template == "hearing_set"
    assert {one.recipient_id for one in change.wanted if one != off} == {"bram"}


@pytest.mark.parametrize("state", ["scheduled", "claimed", "sent", "delivered", "failed"])
def test_it_is_said_once(state: str) -> None:
    heard = first_word(hearing())
    change = planned(hearing(), heard, HANDED_OVER)
    assert not passed_on(planned(hearing(), [*heard, *sent(change.wanted, state)], HANDED_OVER))


def test_what_was_taken_back_before_it_went_can_be_said_after_all() -> None:
    heard = first_word(hearing())
    (off,) = passed_on(planned(hearing(), heard, HANDED_OVER))
    back = planned(hearing(), [*heard, off])
    assert back.superseded == (off.id,), "the case is theirs again: they come after all"
    assert "hearing_set" not in {one.template for one in back.wanted}
    (again,) = passed_on(
        planned(hearing(), [*heard, replace(off, state="superseded")], HANDED_OVER)
    )
    assert again.id != off.id


@pytest.mark.parametrize("state", ["scheduled", "superseded", "stopped", "failed"])
def test_who_never_heard_of_it_hears_nothing(state: str) -> None:
    first = sent(planned(hearing()).wanted, state)
    assert not passed_on(planned(hearing(), first, HANDED_OVER))


@pytest.mark.parametrize(
    "after",
    [hearing(7, at=HEARING_AT + timedelta(days=2)), hearing(7, state=State.CANCELLED, at=None)],
)
def test_what_becomes_of_it_after_that_is_not_told_to_them(after: Subject) -> None:
    heard = first_word(hearing())
    change = planned(hearing(), heard, HANDED_OVER)
    later = planned(after, [*heard, *sent(change.wanted)], HANDED_OVER)
    assert later.wanted
    assert "anna" not in {one.recipient_id for one in later.wanted}


@pytest.mark.parametrize(
    "after",
    [hearing(7, at=HEARING_AT + timedelta(days=2)), hearing(7, state=State.CANCELLED, at=None)],
)
def test_of_what_moved_or_is_off_at_the_same_time_they_hear_just_that(after: Subject) -> None:
    heard = first_word(hearing())
    change = planned(after, heard, HANDED_OVER)
    (off,) = passed_on(change)
    assert (off.recipient_id, off.expires_at) == ("anna", HEARING_AT), "the hour that they know"
    assert [one.template for one in change.wanted if one.recipient_id == "anna"] == [off.template]


def test_who_gets_it_back_is_invited_anew_with_a_higher_sequence() -> None:
    heard = first_word(hearing())
    existing = [*heard, *sent(passed_on(planned(hearing(), heard, HANDED_OVER)))]
    back = planned(hearing(), existing)
    (again,) = [one for one in back.wanted if one.template == "hearing_set"]
    assert (again.recipient_id, again.sequence) == ("anna", 5)
    assert again.id not in {one.id for one in existing}
    assert planned(hearing(), [*existing, *back.wanted]) == Plan((), ()), "once"
    moved = planned(hearing(5, at=HEARING_AT + timedelta(days=1)), [*existing, *sent([again])])
    assert moved.wanted[0].template == "hearing_moved"
    assert moved.wanted[0].sequence == 6
    bounced = [*heard, *sent(existing[1:], "failed")]
    (again,) = [one for one in planned(hearing(), bounced).wanted if one.template == "hearing_set"]
    assert not planned(hearing(), [*bounced, *planned(hearing(), bounced).wanted]).wanted
    assert again.sequence == 5


def test_who_gets_it_back_after_it_moved_is_told_of_it_as_new() -> None:
    heard = first_word(hearing())
    existing = [*heard, *sent(passed_on(planned(hearing(), heard, HANDED_OVER)))]
    moved = planned(hearing(7, at=HEARING_AT + timedelta(days=1)), existing)
    assert moved.wanted[0].template == "hearing_set"
    off = planned(hearing(7, state=State.CANCELLED, at=None), existing)
    assert not off.wanted, "it is out of their calendar"


@pytest.mark.parametrize("second", [None, CAS])
def test_a_second_person_who_does_not_go_along_hears_it_too(second: Person | None) -> None:
    heard = first_word(visit(3, BRAM))
    assert {one.recipient_role for one in heard} == {"assignee", "second"}
    change = planned(visit(5, second), heard, CASE.left_by(BRAM))
    (off,) = passed_on(change)
    assert (off.template, off.recipient_id) == ("visit_passed_on", "bram")
    assert off.recipient_role == "second", "so its words can say that they would go along"
    assert not [one for one in change.wanted if one.recipient_id == "bram" and one != off]


def test_a_second_person_who_gets_the_case_still_comes() -> None:
    heard = first_word(visit(3, BRAM))
    case = newer(CASE.left_by(BRAM), replace(CASE, assignee=BRAM, revision=5))
    change = planned(visit(5), heard, case)
    assert [one.recipient_id for one in passed_on(change)] == ["anna"]
    swapped = planned(visit(5, ANNA), heard, case)
    assert not passed_on(swapped), "they go along now"


def test_a_lead_hears_it_when_another_leads_or_when_they_hand_over_what_they_had() -> None:
    soon = NOW + timedelta(hours=3)
    short = first_word(hearing(at=soon))
    assert {one.recipient_id for one in short} == {"anna", "noor"}
    other = newer(CASE, replace(CASE, lead=ZOE, revision=5))
    change = planned(hearing(at=soon), short, other)
    assert [one.recipient_id for one in passed_on(change)] == ["noor"]
    assert "zoe" in {one.recipient_id for one in change.wanted}
    handed = planned(hearing(at=soon), short, HANDED_OVER)
    assert [one.recipient_id for one in passed_on(handed)] == ["anna"], "who leads it, leads it"

    led = replace(CASE, assignee=LEAD)
    theirs = first_word(hearing(), led)
    given = newer(led, replace(CASE, assignee=BRAM, revision=5))
    (off,) = passed_on(planned(hearing(), theirs, given))
    assert off.recipient_id == "noor"
    assert why_stopped(off, hearing(), given, NOW) is None


def test_of_what_is_over_or_of_a_case_that_is_closed_nothing_is_said() -> None:
    heard = first_word(hearing())
    moment = Moment(HANDED_OVER, heard, POLICY, HEARING_AT)
    assert not plan_all(hearing(), moment).wanted
    assert passed_on(plan_all(hearing(), replace(moment, now=HEARING_AT - timedelta(seconds=1))))
    assert not passed_on(planned(hearing(5, state=State.OVER, at=None), heard, HANDED_OVER))
    closed = replace(HANDED_OVER, is_open=False)
    assert not planned(hearing(), heard, closed).wanted
    off = visit(6, state=State.CANCELLED, at=None)
    (last,) = passed_on(planned(off, first_word(visit()), closed))
    assert why_stopped(last, off, closed, NOW) is None, "nobody comes; they need not either"


def test_a_household_and_what_has_no_date_are_passed_on_to_nobody() -> None:
    confirmed = replace(CONFIRMED, revision=CASE.revision)
    first = plan_all(visit(), Moment(confirmed, (), POLICY, NOW, frozenset(Channel))).wanted
    assert "resident" in {one.recipient_role for one in first}
    gone = newer(confirmed, replace(confirmed, assignee=BRAM, revision=5))
    silent = replace(gone, is_confirmed=False)
    assert {one.recipient_id for one in passed_on(planned(visit(), sent(first), silent))} == {
        "anna"
    }
    calm = hearing(kind="assignment", at=None)
    assert not passed_on(planned(calm, sent(planned(calm).wanted), HANDED_OVER))


def test_at_the_gate_it_holds_as_long_as_they_have_no_part_in_it() -> None:
    (off,) = passed_on(planned(hearing(), first_word(hearing()), HANDED_OVER))
    moved = hearing(7, at=HEARING_AT + timedelta(days=7))
    assert why_stopped(off, moved, HANDED_OVER, NOW) is None
    assert why_stopped(off, hearing(), CASE, NOW) == "wie dit had, doet het weer"
    assert why_stopped(off, moved, HANDED_OVER, HEARING_AT) == "het tijdstip is voorbij"
    over = hearing(7, state=State.OVER, at=None)
    assert why_stopped(off, over, HANDED_OVER, NOW) == "het feit is veranderd of vervallen"


def test_the_last_people_who_were_replaced_are_remembered_with_their_newest_address() -> None:
    many = [CAS.model_copy(update={"id": f"cas-{number}"}) for number in range(FORMER_MAX + 5)]
    file = CASE.left_by(*many)
    assert file.former == tuple(many[5:])
    again = many[7].model_copy(update={"email": "nieuw@voorbeeldstad.example"})
    assert file.left_by(again).former[-1] == again
    assert len(file.left_by(again).former) == FORMER_MAX
    assert HANDED_OVER.former == (ANNA,)
    assert newer(HANDED_OVER, CASE) is HANDED_OVER, "older news replaces nobody"


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("assignee"), st.sampled_from([ANNA, BRAM, CAS, LEAD])),
        st.tuples(st.just("second"), st.sampled_from([None, ANNA, BRAM, CAS])),
        st.tuples(st.just("moved"), st.integers(1, 9)),
        st.tuples(st.just("off"), st.none()),
    ),
    max_size=12,
)


class Diary:
    """What is planned and sent about a visit while people and hours change."""

    def __init__(self) -> None:
        self.case = CASE
        self.subject = visit(3)
        self.alerts: dict[UUID, Alert] = {}
        self.calendars: dict[str, list[Alert]] = {}  # what each got, in order

    def change(self, what: str, value: Any) -> None:
        """Take in one event."""
        revision = self.case.revision + 1
        assignee = value if what == "assignee" else self.case.assignee
        self.case = newer(self.case, replace(self.case, assignee=assignee, revision=revision))
        if self.subject.state is not State.HOLDS:
            return
        if what == "off":
            self.subject = visit(revision, state=State.CANCELLED, at=None).after(self.subject)
        elif what in {"second", "moved"}:
            before = self.subject.second
            second = value if what == "second" else before
            at = HEARING_AT + timedelta(days=value) if what == "moved" else self.subject.at
            self.subject = visit(revision, second, at=at)
            if before and before != second:
                self.case = self.case.left_by(before)

    def plan(self) -> None:
        """Supersede and schedule."""
        existing = list(self.alerts.values())
        change = plan_all(self.subject, Moment(self.case, existing, POLICY, NOW))
        for alert_id in change.superseded:
            self.alerts[alert_id] = replace(self.alerts[alert_id], state="superseded")
        for one in change.wanted:
            assert one.id not in self.alerts, "each is another alert"
            self.alerts[one.id] = one

    def send(self) -> None:
        """Have all that is due go out."""
        for one in list(self.alerts.values()):
            if one.state == "scheduled" and one.due_at <= NOW:
                self.calendars.setdefault(one.recipient_id, []).append(one)
                self.alerts[one.id] = replace(one, state="sent")

    def is_coming(self, worker_id: str) -> bool:
        second = self.subject.second
        going = {self.case.assignee.id, second.id if second else ""}
        return self.subject.state is State.HOLDS and worker_id in going


@given(steps=STEPS, sends=st.lists(st.booleans(), min_size=13, max_size=13))
def test_whoever_comes_and_goes_every_calendar_has_what_is_theirs(
    steps: list[tuple[str, Any]], sends: list[bool]
) -> None:
    """Told late or at once, each gets higher sequences only, and ends with what holds for them."""
    diary = Diary()
    for (what, value), is_sent in zip([("", None), *steps], sends, strict=False):
        diary.change(what, value)
        diary.plan()
        if is_sent:
            diary.send()
    diary.send()
    for worker_id, mine in diary.calendars.items():
        numbers = [one.sequence for one in mine]
        assert numbers == sorted(set(numbers)), [one.template for one in mine]
        is_in = mine[-1].template.endswith(("_set", "_moved"))
        assert is_in is diary.is_coming(worker_id), mine[-1].template
        assert not is_in or mine[-1].expires_at == diary.subject.at
