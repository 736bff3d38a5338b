"""A resident answers by the link of a message: kept, heeded at once, told to the assignee."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from deploy.local.driver import Clock
from services.notify import replies
from services.notify.access import readable
from services.notify.sql import erasing as erase_sql
from shared import clock
from shared.contracts import triage
from shared.contracts.notify import Answer
from tests.builders import NOW, case_event
from tests.notify.answering import (
    ADDRESS,
    CASE,
    HOUSEHOLD,
    NUMBER,
    POLICIES,
    RESIDENT,
    VISIT_AT,
    Front,
    a_visit,
)

OTHER = UUID(int=0x0DE)


async def test_an_answer_counts_once_and_another_may_follow(front: Front) -> None:
    await front.tell(*a_visit())
    token = await front.link()
    for answer in ("call_me", "call_me", "other_time", "call_me"):
        page = await front.post(token, answer)
        assert page.status_code == 200
        assert "Dank u wel" in page.text
    assert await front.kept() == ["call_me", "other_time"]
    first, second = await front.said()
    alert_id = await front.pool.fetchval("select distinct alert_id from reply")
    assert first["answer"] == "call_me"
    assert second["answer"] == "other_time"
    assert {first["case_id"], first["alert_id"]} == {str(CASE), str(alert_id)}
    assert first["reply_id"] != second["reply_id"]


async def test_two_posts_at_once_are_one_answer(front: Front) -> None:
    await front.tell(*a_visit())
    token = await front.link()
    pages = await asyncio.gather(*(front.post(token, "call_me") for _ in range(4)))
    assert {page.status_code for page in pages} == {200}
    assert await front.kept() == ["call_me"]
    assert len(await front.said()) == 1


@pytest.mark.parametrize("answer", list(Answer))
async def test_every_answer_alerts_the_assignee_at_once(front: Front, answer: Answer) -> None:
    await front.tell(*a_visit())
    token = await front.link()
    await front.post(token, answer.value, lang="en")
    (alert,) = await front.pool.fetch("select * from alert where kind = 'reply'")
    assert (alert["template"], alert["recipient_id"]) == ("reply_set", "anna")
    assert (alert["state"], alert["due_at"], alert["channel"]) == ("scheduled", NOW, "mail")
    assert alert["expires_at"] == VISIT_AT
    (told,) = await front.pool.fetch("select details, at from subject where kind = 'reply'")
    assert (told["details"], told["at"]) == ({"answer": answer.value}, VISIT_AT)


async def test_of_short_notice_the_lead_hears_it_too(front: Front, stepped_clock: Clock) -> None:
    await front.tell(*a_visit())
    token = await front.link()
    stepped_clock.move(VISIT_AT - timedelta(hours=23))
    await front.post(token, "other_time")
    rows = await front.pool.fetch("select recipient_id from alert where kind = 'reply'")
    assert {row[0] for row in rows} == {"anna", "noor"}
    stepped_clock.move(VISIT_AT + timedelta(days=3))
    await front.post(token, "call_me")
    late = await front.pool.fetch(
        "select recipient_id, expires_at from alert where kind = 'reply' and due_at > $1", VISIT_AT
    )
    assert [tuple(row) for row in late] == [("anna", None)], "what was written about is over"


async def test_who_wants_no_messages_gets_none_in_any_case_of_the_household(front: Front) -> None:
    stranger = UUID(int=0x57)
    await front.tell(
        *a_visit(), *a_visit(OTHER, 11), *a_visit(stranger, 21, household_id=UUID(int=9))
    )
    token = next(item.token for item in await front.pass_gate() if item.alert.case_id == CASE)
    assert len(await front.to_residents()) == 3
    workers = "select count(*) from alert where recipient_id = 'anna' and state = 'scheduled'"
    before = await front.pool.fetchval(workers)
    await front.post(token, "no_messages")
    rows = await front.pool.fetch(
        "select case_id, state from alert where template = 'visit_reminder'"
        " and recipient_id = 'resident'"
    )
    assert {(row["case_id"], row["state"]) for row in rows} == {
        (CASE, "superseded"), (OTHER, "superseded"), (stranger, "scheduled"),
    }  # fmt: skip
    assert await front.pool.fetchval(workers) == before + 1, "and workers hear of it"

    moved = {"visit_id": UUID(int=1), "starts_at": VISIT_AT + timedelta(days=1),
             "ends_at": VISIT_AT + timedelta(days=1, hours=1)}  # fmt: skip
    common = {"case_id": CASE, "household_id": HOUSEHOLD, "is_confirmed": True}
    await front.tell(case_event(triage.VisitMoved, 30, **common, **moved))
    third = uuid4()
    await front.tell(*a_visit(third, 41))
    rows = await front.pool.fetch(
        "select distinct case_id from alert where recipient_id = 'resident' and state = 'scheduled'"
    )
    assert [row["case_id"] for row in rows] == [stranger], "nor in a case that comes later"


async def test_a_wrong_number_is_left_for_the_next_way_to_reach_the_household(front: Front) -> None:
    await front.tell(*a_visit())
    await front.post(await front.link(), "not_me")
    wishes = "select has_opted_out, wrong_contacts from wishes"
    changes = "select changed_by, reason, wrong_contacts from wishes_change"
    assert tuple(await front.pool.fetchrow(wishes)) == (False, [NUMBER])
    assert tuple(await front.pool.fetchrow(changes)) == (
        "resident", "antwoord op een bericht: dit ben ik niet", [NUMBER],
    )  # fmt: skip
    assert await front.to_residents("superseded") == [("visit_reminder", "sms")]
    assert await front.to_residents() == [("visit_reminder", "mail")]

    third = uuid4()
    await front.tell(*a_visit(third, 41))
    (item,) = [one for one in await front.pass_gate() if one.alert.case_id == third]
    assert item.alert.channel.value == "mail", "also in a case that comes later"
    await front.post(item.token, "not_me")
    assert tuple(await front.pool.fetchrow(wishes)) == (False, sorted([NUMBER, ADDRESS]))
    assert not await front.to_residents(), "a letter about the day before would come too late"


async def test_of_a_letter_nothing_is_known_to_be_wrong(front: Front) -> None:
    by_post = RESIDENT.model_copy(update={"phone": None, "email": None})
    await front.tell(*a_visit(resident=by_post))
    await front.post(await front.link(), "not_me")
    assert await front.kept() == ["not_me"]
    assert not await front.pool.fetchval("select count(*) from wishes")


async def test_a_number_that_changed_meanwhile_is_not_the_one_that_was_wrong(front: Front) -> None:
    await front.tell(*a_visit())
    token = await front.link()
    other = RESIDENT.model_copy(update={"phone": "0687654321"})
    await front.tell(*a_visit(first=5, resident=other)[:1])
    await front.post(token, "not_me")
    assert await front.pool.fetchval("select wrong_contacts from wishes") == [NUMBER]
    assert ("visit_reminder", "sms") in await front.to_residents()


async def test_what_is_told_meanwhile_heeds_the_answer(front: Front) -> None:
    """Who waits for the lock reads what was asked under it."""
    await front.tell(*a_visit())
    token = await front.link()
    moved = {"visit_id": UUID(int=1), "starts_at": VISIT_AT + timedelta(days=1),
             "ends_at": VISIT_AT + timedelta(days=1, hours=1)}  # fmt: skip
    event = case_event(triage.VisitMoved, 9, case_id=CASE, household_id=HOUSEHOLD,
                       is_confirmed=True, **moved)  # fmt: skip
    async with front.pool.acquire() as tx:
        answering = tx.transaction()
        await answering.start()
        link = await replies.find_link(tx, token)
        assert link
        assert await replies.take(tx, link, Answer.NO_MESSAGES, POLICIES)
        telling = asyncio.create_task(front.tell(event))
        await asyncio.sleep(0.2)
        assert not telling.done()
        await answering.commit()
        await telling
    assert not await front.to_residents()


async def test_of_a_closed_case_triage_is_told_all_the_same(front: Front) -> None:
    await front.tell(*a_visit())
    token = await front.link()
    common = {"case_id": CASE, "household_id": HOUSEHOLD, "is_confirmed": True}
    await front.tell(case_event(triage.CaseClosed, 9, reason="Klaar.", **common))
    await front.post(token, "no_messages")
    assert [one["answer"] for one in await front.said()] == ["no_messages"]
    assert await front.pool.fetchval("select has_opted_out from wishes")
    assert not await front.pool.fetchval("select count(*) from alert where kind = 'reply'")


@pytest.mark.parametrize("is_answered", [False, True])
async def test_of_an_erased_household_no_link_works_and_nothing_is_left(
    front: Front, is_answered: bool
) -> None:
    await front.tell(*a_visit())
    token = await front.link()
    if is_answered:
        await front.post(token, "not_me")
    await front.tell(triage.HouseholdErased(household_id=HOUSEHOLD, fact_ids=(), case_ids=(CASE,)))
    answered = len(await front.said())
    assert (await front.post(token, "call_me")).status_code == 404
    assert len(await front.said()) == answered
    for table in ("reply", "reply_link", "wishes", "resident", "subject", "alert"):
        assert not await front.pool.fetchval(f"select count(*) from {table}"), table


async def test_an_answer_to_what_is_just_being_forgotten_leaves_nothing(front: Front) -> None:
    await front.tell(*a_visit())
    token = await front.link()
    async with front.pool.acquire() as tx:
        link = await replies.find_link(tx, token)
        assert link
        await erase_sql.forget_cases(tx, [CASE], clock.now())
        assert await replies.take(tx, link, Answer.CALL_ME, POLICIES) is None
    assert not await front.kept()


async def test_an_export_tells_what_was_answered_and_asked(
    front: Front, stepped_clock: Clock
) -> None:
    await front.tell(*a_visit())
    token = await front.link()
    for second, answer in enumerate(("not_me", "no_messages")):
        stepped_clock.move(NOW + timedelta(seconds=second))
        await front.post(token, answer)
    async with front.pool.acquire() as tx:
        (row,) = await erase_sql.gather(tx, [CASE])
    told = readable(row)
    assert [one["antwoord"] for one in told["antwoorden"]] == [
        "dit ben ik niet", "geen berichten meer",
    ]  # fmt: skip
    assert told["wensen"] == {
        "geenBerichten": True, "nummersEnAdressenVanAnderen": [NUMBER], "eerstPer": None,
        "taal": None,
    }  # fmt: skip
    assert told["bewoner"]["telefoonnummer"] == RESIDENT.phone
