"""A hearing or visit that is set, moved and called off, on real SMTP and the stand-in of NotifyNL.

What a worker and a household get of it, in their calendars and in words; when nobody is woken; and
what follows when a text cannot be delivered.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.contracts import triage
from shared.contracts.signals import HearingKind
from shared.contracts.triage import CaseEvent, Resident
from tests.builders import ANNA, BRAM, LEAD, case_event
from tests.notify.alone import Alone, notify_alone
from tests.town import Town

MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday, ten in Amsterdam
AT = datetime(2026, 3, 24, 9, 0, tzinfo=UTC)
MOVED_TO = AT + timedelta(days=1, hours=3)
Event = Callable[..., CaseEvent]


def case(number: int) -> Event:
    """Makes the events of one case; a person has confirmed its track."""

    def event(event_class: type[CaseEvent], revision: int, **own: object) -> CaseEvent:
        ids = {"case_id": UUID(int=number), "household_id": UUID(int=100 + number)}
        return case_event(event_class, revision, **{**ids, "is_confirmed": True, **own})

    return event


def lives_there(event: Event, number: str) -> CaseEvent:
    """A household that was reached under this number."""
    resident = Resident(
        name="B. Woner", postcode="9901AB", house_number=1, suffix="", phone=number, email=None,
        language=None, is_verified=True,
    )  # fmt: skip
    return event(triage.ContactDetailsKnown, 1, resident=resident)


def hearing(event: Event, revision: int, at: datetime | None, *, was_told: bool) -> CaseEvent:
    """A hearing at an instant, or called off."""
    own = {"hearing_id": UUID(int=7), "court": "Rechtbank Noord", "case_number": "26-1",
           "kind": HearingKind.ROLL}  # fmt: skip
    if at is None:
        return event(triage.CaseHearingCancelled, revision, **own)
    what = triage.CaseHearingMoved if was_told else triage.CaseHearingSet
    return event(what, revision, at=at, place="Voorbeeldstad", **own)


def visit(event: Event, revision: int, at: datetime | None, *, was_told: bool) -> CaseEvent:
    """A visit from an instant on, or called off."""
    own: dict[str, Any] = {"visit_id": UUID(int=8)}
    if at is None:
        return event(triage.VisitCancelled, revision, **own, reason="ziek")
    what = triage.VisitMoved if was_told else triage.VisitPlanned
    return event(what, revision, starts_at=at, ends_at=at + timedelta(hours=1), **own)


async def calendars(
    town: Town, uid: str, address: str = ANNA.email
) -> list[tuple[str, int, str | None]]:
    """Method, sequence and begin of what went into a worker's calendar, in order."""
    mails = [mail for mail in await town.mails() if mail["recipients"] == [address]]
    found = [one for mail in mails for one in mail["calendars"]]
    return [(one["method"], one["sequence"], one["dtstart"]) for one in found if uid in one["uid"]]


async def texts(alone: Alone, number: str) -> list[str]:
    return [one["text"] for one in await alone.notifications() if one["to"].endswith(number[1:])]


async def test_what_moves_and_is_called_off_is_told_and_nothing_of_it_after(town: Town) -> None:
    town.clock.move(MORNING)
    async with notify_alone(town, "hurry") as alone:
        await alone.go_live()
        told = {"0612345001": (case(1), hearing), "0612345002": (case(2), visit)}
        for revision, at in ((3, AT), (5, MOVED_TO), (8, None)):
            for number, (event, fact) in told.items():
                if revision == 3:
                    await alone.tell(lives_there(event, number))
                await alone.tell(fact(event, revision, at, was_told=revision > 3))
        await alone.pass_time(MOVED_TO + timedelta(days=1))

        for uid in (f"hearing-{UUID(int=7)}@", f"visit-{UUID(int=8)}@"):
            assert await calendars(town, uid) == [
                ("REQUEST", 3, "20260324T100000"),
                ("REQUEST", 5, "20260325T130000"),
                ("CANCEL", 8, None),
            ]
        assert len(await town.mails()) == 6, "no reminder of what is off"
        for number, off in (("0612345001", "gaat niet door"), ("0612345002", "gaat niet door")):
            first, moved, last = await texts(alone, number)
            assert "24 maart" in first
            assert "10.00 uur" in first
            assert "25 maart" in moved
            assert "13.00 uur" in moved
            assert off in last
        states = await alone.states()
        assert {state for *_, state in states} <= {"sent", "delivered", "superseded"}, states


async def test_short_notice_is_told_at_once_also_to_the_lead_but_nobody_is_woken(
    town: Town,
) -> None:
    late = datetime(2026, 3, 2, 20, 30, tzinfo=UTC)  # half past nine in Amsterdam: quiet
    soon, number = late + timedelta(hours=20), "0612345001"
    town.clock.move(late)
    async with notify_alone(town, "hurry") as alone:
        await alone.go_live()
        event = case(1)
        await alone.tell(lives_there(event, number), hearing(event, 3, soon, was_told=False))
        assert {mail["recipients"][0] for mail in await town.mails()} == {ANNA.email, LEAD.email}
        assert not await texts(alone, number)
        await alone.pass_time(datetime(2026, 3, 3, 7, 0, tzinfo=UTC))
        assert len(await texts(alone, number)) == 1, "at eight, when the quiet hours end"

        # By night, before the quiet hours end: then it is told, whatever the hour.
        night, number = datetime(2026, 3, 4, 2, 0, tzinfo=UTC), "0612345002"
        town.clock.move(night)
        event = case(2)
        at = night + timedelta(hours=4)
        await alone.tell(lives_there(event, number), visit(event, 3, at, was_told=False))
        assert len(await texts(alone, number)) == 1


async def test_a_text_that_fails_becomes_a_letter_and_where_none_can_come_somebody_goes_by(
    town: Town,
) -> None:
    town.clock.move(MORNING)
    async with notify_alone(town, "hurry") as alone:
        await alone.go_live()
        await town.gateway_behaves(api_error_status=400, api_error_next=1)
        far = case(1)
        await alone.tell(lives_there(far, "0612345001"), hearing(far, 3, AT, was_told=False))
        (letter,) = await alone.notifications()
        assert (letter["kind"], "24 maart 2026" in letter["text"]) == ("letter", True)
        assert await alone.states(kind="undelivered") == []

        await town.gateway_behaves(api_error_status=400, api_error_next=1)
        near, before = case(2), len(await town.mails())
        at = MORNING + timedelta(days=2)
        await alone.tell(lives_there(near, "0612345002"), hearing(near, 3, at, was_told=False))
        assert len(await alone.notifications()) == 1, "a letter would come too late"
        assert await alone.states(kind="undelivered") == [
            ("undelivered_set", "assignee", "mail", "sent")
        ]
        (told,) = [
            mail for mail in (await town.mails())[before:] if "kwam niet aan" in mail["subject"]
        ]
        assert told["recipients"] == [ANNA.email]
        assert "Ga zelf langs" in told["text"]
        assert "0612345002" not in told["text"], "what a worker reads names nobody's number"


def handing_around() -> Iterator[CaseEvent]:
    """A visit with two, then alone, then somebody else's, then moved, then given back; then off."""
    event, to_bram = case(1), {"assignee": BRAM, "previous_assignee_id": ANNA.id, "reason": "Ziek."}
    ends_at = AT + timedelta(hours=1)
    yield event(
        triage.VisitPlanned, 3, visit_id=UUID(int=8), starts_at=AT, ends_at=ends_at, second=BRAM
    )
    yield visit(event, 5, AT, was_told=True)
    yield event(triage.GeneralistReassigned, 7, **to_bram)
    yield visit(event, 9, MOVED_TO, was_told=True).model_copy(update={"assignee": BRAM})
    yield event(triage.GeneralistReassigned, 11, previous_assignee_id=BRAM.id, reason="Beter.")
    yield visit(event, 13, None, was_told=True)


async def test_who_need_not_come_any_more_gets_it_out_of_their_calendar_and_no_word_after(
    town: Town,
) -> None:
    town.clock.move(MORNING)
    async with notify_alone(town, "hurry") as alone:
        for event in handing_around():
            await alone.tell(event)
        await alone.pass_time(MOVED_TO + timedelta(days=1))
        uid, first, moved = f"visit-{UUID(int=8)}@", "20260324T100000", "20260325T130000"
        assert await calendars(town, uid, ANNA.email) == [
            ("REQUEST", 3, first),
            ("REQUEST", 5, first),
            ("CANCEL", 6, None),
            ("REQUEST", 9, moved),
            ("CANCEL", 13, None),
        ]
        assert await calendars(town, uid, BRAM.email) == [
            ("REQUEST", 3, first),
            ("CANCEL", 4, None),
            ("REQUEST", 5, first),
            ("REQUEST", 9, moved),
            ("CANCEL", 10, None),
        ]
        off = [mail for mail in await town.mails() if "niet meer" in mail["subject"]]
        assert [mail["recipients"] for mail in off] == [[BRAM.email], [ANNA.email], [BRAM.email]]
        assert "U hoeft niet meer mee op huisbezoek: dinsdag 24 maart 2026" in off[0]["text"]
        assert "Iemand anders doet het." in off[1]["text"]
        assert BRAM.name not in off[1]["text"], "who does it now is not theirs to know"
        states = await alone.states()
        assert {state for *_, state in states} <= {"sent", "superseded"}, states
