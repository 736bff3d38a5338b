"""What NotifyNL tells of a message after it took it: once, twice, late, early, in any order."""

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.notify.channels.answers import Answer, Outcome
from services.notify.pages import story as pages
from services.notify.sending import PAUSES_SECONDS
from services.notify.sql import erasing as erase_sql
from shared import db
from tests.builders import NOW
from tests.notify import counter
from tests.notify.counter import CALLBACK, CASE, HEARING_AT, Counter
from tests.notify.test_recipients import NUMBER

BODY: dict[str, Any] = {"id": "gw-1", "status": "delivered"}


@pytest.fixture(scope="module")
async def url(servers: Servers) -> AsyncIterator[str]:
    yield await servers.create_database_from_template("template_notify", "receipts", "notify")
    await servers.drop_database("receipts")


@pytest.fixture
async def pool(url: str, stepped_clock: Clock) -> AsyncIterator[db.Pool]:
    async with counter.clean_pool(url) as found:
        yield found


@pytest.fixture
async def desk(pool: db.Pool) -> AsyncIterator[Counter]:
    async with counter.opened(pool) as found:
        await found.go_live()
        yield found


async def test_a_message_that_was_delivered_is_known_as_such(desk: Counter) -> None:
    alert = await desk.hearing_told()
    await desk.send()
    assert (await desk.state(alert), desk.gateway.taken) == ("sent", [NUMBER])
    await desk.tell("sending", alert)
    assert await desk.state(alert) == "sent"
    for _ in range(2):
        await desk.tell("delivered", alert)
        assert await desk.state(alert) == "delivered"
    assert await desk.events(alert) == ["alert_sent"]


async def test_what_was_not_delivered_goes_by_letter_and_no_way_is_left_silent(
    desk: Counter,
) -> None:
    await desk.go_live("letter")
    alert = await desk.hearing_told()
    await desk.send()
    for _ in range(2):
        await desk.tell("permanent-failure", alert)
    assert await desk.state(alert) == "failed"
    assert await desk.events(alert) == ["alert_sent", "alert_failed"]
    letter = await desk.alert("letter")
    await desk.send()
    assert (await desk.state(letter), len(desk.gateway.taken)) == ("sent", 2)
    assert not await desk.told_worker()
    await desk.tell("technical-failure", letter, "gw-2")
    assert await desk.told_worker() == ["undelivered_set"]


@pytest.mark.parametrize("order", list(permutations(["delivered", "temporary-failure", "sending"])))
async def test_a_message_is_sent_once_more_at_most_whatever_is_told_in_whatever_order(
    desk: Counter, order: tuple[str, ...]
) -> None:
    await desk.go_live("letter")
    alert = await desk.hearing_told()
    await desk.send()
    for status in order * 2:
        await desk.tell(status, alert)
    is_first = order.index("delivered") < order.index("temporary-failure")
    assert await desk.state(alert) == ("delivered" if is_first else "failed")
    await desk.send()
    assert len(desk.gateway.taken) == (1 if is_first else 2)
    assert await desk.pool.fetchval("select count(*) from receipt") == 2, "both are on file"


async def test_what_is_told_before_we_knew_that_it_was_sent_counts(
    desk: Counter, stepped_clock: Clock
) -> None:
    alert = await desk.hearing_told()
    desk.gateway.answers = [Outcome.UNKNOWN]
    desk.gateway.found = Answer(Outcome.ACCEPTED, "found", "gw-1")
    await desk.send()
    assert await desk.state(alert) == "scheduled", "to be looked up"
    await desk.tell("delivered", alert)
    await desk.pool.execute("update alert set free_at = '-infinity'")
    await desk.send()
    assert (await desk.state(alert), len(desk.gateway.taken)) == ("delivered", 1)
    assert await desk.events(alert) == ["alert_sent"]


async def test_of_what_nobody_knew_a_receipt_is_the_answer(
    desk: Counter, stepped_clock: Clock
) -> None:
    alert = await desk.hearing_told(at=NOW + timedelta(seconds=PAUSES_SECONDS[0]))
    desk.gateway.answers = [Outcome.UNKNOWN]
    await desk.send()
    assert await desk.state(alert) == "unknown", "there is no time to look it up"
    assert await desk.told_worker() == ["undelivered_set"]
    await desk.tell("delivered", alert)
    assert await desk.state(alert) == "delivered"
    assert await desk.events(alert) == ["alert_sent"]


async def test_after_the_hearing_nobody_is_told_to_go_by(
    desk: Counter, stepped_clock: Clock
) -> None:
    await desk.go_live("letter")
    alert = await desk.hearing_told()
    await desk.send()
    stepped_clock.move(HEARING_AT)
    await desk.tell("temporary-failure", alert)
    assert await desk.state(alert) == "failed"
    assert not await desk.told_worker()
    assert not await desk.pool.fetchval("select count(*) from alert where channel = 'letter'")
    assert await desk.events(alert) == ["alert_sent", "alert_failed"]


async def test_the_next_channel_wakes_nobody_up(desk: Counter, stepped_clock: Clock) -> None:
    await desk.go_live("mail")
    alert = await desk.hearing_told()
    await desk.send()
    at_night = (NOW + timedelta(days=1)).replace(hour=1)
    stepped_clock.move(at_night)
    await desk.tell("temporary-failure", alert)
    query = "select due_at from alert where channel = 'mail' and recipient_role = 'resident'"
    due_at = await desk.pool.fetchval(query + " and template = 'hearing_set'")
    assert due_at == at_night.replace(hour=7), "eight o'clock in Amsterdam"


async def test_an_answer_about_nothing_of_ours_changes_nothing(
    desk: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    await desk.tell("permanent-failure", uuid4())
    for reference in (None, "an order of somebody else"):
        body = {**BODY, "reference": reference, "to": NUMBER}
        answer = await desk.web.post("/receipts", json=body, headers=CALLBACK)
        assert answer.status_code == 202
    assert not await desk.pool.fetchval("select count(*) from receipt")
    assert not await desk.pool.fetchval("select count(*) from outbox")
    logged = capsys.readouterr().out
    assert logged.count("receipt_of_unknown_alert") == 3
    assert NUMBER not in logged


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, BODY, 401),
        ({"Authorization": "Bearer another"}, BODY, 401),
        ({"Authorization": CALLBACK["Authorization"].replace("Bearer", "Basic")}, BODY, 401),
        (CALLBACK, {"status": "delivered"}, 400),
        (CALLBACK, {**BODY, "reference": "a\x00b"}, 400),
        (CALLBACK, {**BODY, "completed_at": "tomorrow"}, 400),
        (CALLBACK, {**BODY, "more": "x" * 70_000}, 413),
    ],
)
async def test_only_notifynl_is_listened_to_and_only_to_what_it_says(
    desk: Counter, headers: dict[str, str], body: dict[str, Any], status: int
) -> None:
    answer = await desk.web.post("/receipts", json=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_without_a_token_nobody_is_listened_to(pool: db.Pool) -> None:
    async with counter.opened(pool, token=None) as desk:
        for headers in ({}, CALLBACK, {"Authorization": "Bearer "}):
            answer = await desk.web.post("/receipts", json=BODY, headers=headers)
            assert answer.status_code == 503


async def test_receipts_go_with_their_case(desk: Counter) -> None:
    alert = await desk.hearing_told()
    await desk.send()
    await desk.tell("delivered", alert)
    async with desk.pool.acquire() as tx, tx.transaction():
        (row,) = await erase_sql.gather(tx, [CASE])
        await erase_sql.forget_cases(tx, [CASE], NOW)
    assert "delivered" in str(row["berichten"])
    assert not await desk.pool.fetchval("select count(*) from receipt")


async def test_the_story_tells_whether_it_arrived_and_how_far_messages_go(desk: Counter) -> None:
    alert = await desk.hearing_told()
    await desk.send()
    await desk.tell("delivered", alert)
    async with desk.pool.acquire() as tx:
        story = await pages.tell(tx, str(alert))
        remarks = await pages.tell_modes(tx)
    assert story
    lines = [line.text for line in story.lines]
    assert "Verstuurd: Zitting, melding aan resident" in lines
    assert "Bezorgd: Zitting, melding aan resident" in lines
    assert remarks == ["Aan bewoners van GM9901: mail uit, sms live, brief uit."]
