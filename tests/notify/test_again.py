"""What failed goes once more when a person says so; and to no household twice."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.notify.channels.answers import Answer, Outcome
from services.notify.sending import PAUSES_SECONDS
from tests.notify import counter
from tests.notify.counter import HEARING_AT, WHY, Counter, hearing
from tests.notify.test_recipients import NUMBER


@pytest.fixture(scope="module")
async def url(servers: Servers) -> AsyncIterator[str]:
    yield await servers.create_database_from_template("template_notify", "again", "notify")
    await servers.drop_database("again")


@pytest.fixture
async def desk(url: str, stepped_clock: Clock) -> AsyncIterator[Counter]:
    async with counter.clean_pool(url) as pool, counter.opened(pool) as found:
        await found.go_live()
        yield found


async def failed(desk: Counter, times: int = 1) -> Any:
    """A text message that the gateway refused, and what it then refused of the next channels."""
    alert = await desk.hearing_told()
    desk.gateway.answers = [Outcome.PERMANENT] * times
    await desk.send()
    assert await desk.state(alert) == "failed"
    return alert


async def listed(desk: Counter) -> list[str]:
    """The alerts that failed, as operators see them."""
    return [one["alertId"] for one in (await desk.get("/alerts?state=failed"))["alerts"]]


async def test_what_was_refused_goes_once_more_by_the_same_channel(desk: Counter) -> None:
    alert = await failed(desk)
    assert await listed(desk) == [str(alert)]
    assert (await desk.decide("again", alert))["state"] == "scheduled"
    assert await listed(desk) == []
    await desk.decide("again", alert, 409)
    await desk.send()
    assert (await desk.state(alert), desk.gateway.taken) == ("sent", [NUMBER] * 2)
    assert await desk.events(alert) == ["alert_failed", "alert_sent"]
    decided = await desk.pool.fetchrow("select decision, decided_by, reason from alert_decision")
    assert tuple(decided or ()) == ("again", WHY["decidedBy"], WHY["reason"])


async def test_what_was_not_delivered_goes_once_more_and_may_fail_once_more(desk: Counter) -> None:
    alert = await desk.hearing_told()
    await desk.send()
    await desk.tell("technical-failure", alert, "gw-1")
    await desk.decide("again", alert)
    await desk.send()
    await desk.tell("technical-failure", alert, "gw-1")
    assert await desk.state(alert) == "sent", "that was told of the first"
    await desk.tell("technical-failure", alert, "gw-2")
    assert await desk.state(alert) == "failed"
    assert await desk.events(alert) == ["alert_sent", "alert_failed"] * 2
    ids = await desk.pool.fetch("select event_id from outbox")
    assert len({row["event_id"] for row in ids}) == len(ids), "each is an event of its own"


async def test_the_gate_judges_it_again(desk: Counter) -> None:
    alert = await failed(desk)
    await desk.say(hearing(5, at=HEARING_AT + timedelta(days=1)))
    await desk.decide("again", alert)
    await desk.send()
    assert await desk.state(alert) == "stopped"
    assert desk.gateway.taken.count(NUMBER) == 2, "the first, and the correction"


async def test_what_is_over_is_not_said_once_more(desk: Counter, stepped_clock: Clock) -> None:
    alert = await failed(desk)
    stepped_clock.move(HEARING_AT)
    assert "over by now" in (await desk.decide("again", alert, 409))["detail"]
    assert await listed(desk) == []
    assert await desk.state(alert) == "failed"


@pytest.mark.parametrize("has_gone", [True, False])
async def test_a_household_that_has_it_by_another_channel_hears_it_no_second_time(
    desk: Counter, *, has_gone: bool
) -> None:
    await desk.go_live("letter")
    alert = await desk.hearing_told()
    await desk.send()
    await desk.tell("permanent-failure", alert)
    if has_gone:
        await desk.send()
    assert await desk.state(await desk.alert("letter")) == ("sent" if has_gone else "scheduled")
    assert "by letter" in (await desk.decide("again", alert, 409))["detail"]
    assert await desk.state(alert) == "failed"


async def test_what_arrived_after_all_is_not_sent_again(desk: Counter) -> None:
    alert = await desk.hearing_told()
    await desk.send()
    await desk.tell("temporary-failure", alert)
    await desk.tell("delivered", alert)
    assert await desk.state(alert) == "failed"
    assert "delivered" in (await desk.decide("again", alert, 409))["detail"]


async def test_when_every_way_has_failed_whoever_fails_again_is_told_of(desk: Counter) -> None:
    await desk.go_live("letter")
    alert = await failed(desk, times=2)
    assert await desk.state(await desk.alert("letter")) == "failed"
    assert await desk.told_worker() == ["undelivered_set"]
    desk.gateway.answers = [Outcome.PERMANENT]
    await desk.decide("again", alert)
    await desk.send()
    assert await desk.state(alert) == "failed"
    assert len(await desk.told_worker()) == 2, "of the text message too, for no letter goes"


async def test_its_attempts_count_anew(desk: Counter) -> None:
    alert = await desk.hearing_told()
    for _ in range(len(PAUSES_SECONDS) + 1):
        desk.gateway.answers = [Outcome.TEMPORARY]
        await desk.pool.execute("update alert set free_at = '-infinity'")
        await desk.send()
    assert await desk.state(alert) == "failed"
    await desk.decide("again", alert)
    desk.gateway.answers = [Outcome.TEMPORARY]
    await desk.send()
    assert await desk.state(alert) == "scheduled", "after a pause"


async def test_what_was_looked_up_and_had_failed_is_sent_and_not_looked_up_again(
    desk: Counter,
) -> None:
    alert = await desk.hearing_told()
    desk.gateway.answers = [Outcome.UNKNOWN]
    await desk.send()
    desk.gateway.found = Answer(
        Outcome.PERMANENT, "permanent-failure", "gw-1", status="permanent-failure"
    )
    await desk.pool.execute("update alert set free_at = '-infinity'")
    await desk.send()
    assert await desk.state(alert) == "failed"
    await desk.decide("again", alert)
    await desk.send()
    assert (await desk.state(alert), len(desk.gateway.asked)) == ("sent", 1)


async def test_a_mail_that_bounced_goes_to_the_address_that_was_mended(
    desk: Counter, stepped_clock: Clock
) -> None:
    await desk.hearing_told()
    await desk.send()
    query = "select id from alert where recipient_role = 'assignee' and template = 'hearing_set'"
    alert = await desk.pool.fetchval(query)
    bundled = "update alert set state = 'failed', message_id = '<a@b>', bundle = 'x' where id = $1"
    await desk.pool.execute(bundled, alert)
    await desk.decide("again", alert)
    row = await desk.pool.fetchrow("select bundle, message_id from alert where id = $1", alert)
    assert tuple(row or ()) == (None, None), "no other mail has its name"
    mails = len(desk.gateway.mails)
    await desk.send()
    assert (await desk.state(alert), len(desk.gateway.mails)) == ("sent", mails + 1)


async def test_of_a_case_that_closed_no_failure_is_listed(desk: Counter) -> None:
    alert = await failed(desk)
    assert await listed(desk) == [str(alert)]
    await desk.pool.execute("update case_file set is_open = false")
    assert await listed(desk) == []


async def test_only_what_failed_goes_again(desk: Counter) -> None:
    alert = await desk.hearing_told()
    await desk.decide("again", alert, 409)
    await desk.send()
    assert "`sent` now" in (await desk.decide("again", alert, 409))["detail"]
