"""What residents answered stands in the case, and somebody of the team looks at it."""

import json
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.triage.access import Asked
from services.triage.handlers import REPLIES
from services.triage.pages import story as pages
from services.triage.sql import replies as reply_sql
from shared.contracts.notify import Answer, ResidentReplied
from tests.builders import NOW, arrears_reported
from tests.triage.counter import Api
from tests.triage.planting import take
from tests.triage.test_access import gathered


def replied(case_id: UUID, answer: Answer = Answer.CALL_ME, **changes: Any) -> ResidentReplied:
    fields = {"reply_id": uuid4(), "alert_id": UUID(int=7), "given_at": NOW, **changes}
    return ResidentReplied(case_id=case_id, answer=answer, **fields)


async def opened(api: Api) -> asyncpg.Record:
    await api.say(arrears_reported(1))
    (case,) = await api.cases()
    return case


@pytest.mark.parametrize("answer", list(Answer))
async def test_an_answer_is_a_task_once_and_stands_in_the_case(api: Api, answer: Answer) -> None:
    case = await opened(api)
    event = replied(case["id"], answer)
    await take(api.door, event, event)
    async with api.pool.acquire() as tx:
        assert not await reply_sql.insert_replies(tx, [event]), "known already"
    (task,) = (await api.show(case["lead_id"], "/tasks"))["tasks"]
    assert (task["kind"], task["reason"]) == REPLIES[answer]
    assert (task["case_id"], task["household_id"]) == (str(case["id"]), str(case["household_id"]))
    file = await api.show(case["assignee_id"], f"/cases/{case['id']}")
    (reply,) = file["resident_replies"]
    assert (reply["id"], reply["answer"]) == (str(event.reply_id), answer.value)

    closed = await api.send(
        case["lead_id"], f"/tasks/{task['id']}/outcomes", {"outcome": "Gebeld."}
    )
    assert closed.status_code == 200, closed.text
    await take(api.door, replied(case["id"], Answer.CALL_ME, alert_id=UUID(int=8)))
    assert len((await api.show(case["lead_id"], "/tasks"))["tasks"]) == 1, "another asks again"


async def test_who_is_somebody_else_has_the_household_looked_for() -> None:
    kinds = {answer: kind for answer, (kind, _) in REPLIES.items()}
    assert kinds.pop(Answer.NOT_ME) == "residence_check"
    assert set(kinds.values()) == {"resident_replied"}
    assert set(kinds) == set(Answer) - {Answer.NOT_ME}


async def test_an_answer_is_told_in_the_story_and_the_export(api: Api) -> None:
    case = await opened(api)
    await take(api.door, replied(case["id"], Answer.NOT_ME))
    async with api.pool.acquire() as tx:
        story = await pages.tell(tx, case["reference"])
    assert story
    assert "Antwoord op een bericht: dit ben ik niet" in [line.text for line in story.lines]
    told = await gathered(api.pool, Asked(case["household_id"]))
    assert [one["antwoord"] for one in told["zaken"][0]["antwoordenOpBerichten"]] == [
        "dit ben ik niet"
    ]
    assert REPLIES[Answer.NOT_ME][1] in json.dumps(told, ensure_ascii=False)


@pytest.mark.parametrize("comes_late", [True, False])
async def test_of_an_erased_household_no_answer_is_left(api: Api, comes_late: bool) -> None:
    case = await opened(api)
    event = replied(case["id"])
    if not comes_late:
        await take(api.door, event)
    path = f"/households/{case['household_id']}/erasures"
    assert (await api.send(case["lead_id"], path, {"reason": "request"})).status_code == 200
    if comes_late:
        await take(api.door, event)
        assert not await api.pool.fetchval("select count(*) from waiting")
    for table in ("resident_reply", "task"):
        assert not await api.pool.fetchval(f"select count(*) from {table}"), table


async def test_of_several_answers_only_the_unknown_case_is_left_out(api: Api) -> None:
    case = await opened(api)
    events = [replied(case["id"], answer) for answer in Answer]
    async with api.pool.acquire() as tx:
        kept = await reply_sql.insert_replies(tx, [*events, replied(uuid4())])
    assert {one.reply_id for one in kept} == {one.reply_id for one in events}
