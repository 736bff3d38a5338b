"""What becomes of a message that the gateway took, and told nothing more of."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.notify.asking import CLAIM_SECONDS
from services.notify.channels.answers import Answer, Outcome
from services.notify.pages import story as story_page
from services.notify.sql import live as live_sql
from services.notify.sql import receipts as receipt_sql
from shared import clock, db
from tests.builders import MUNICIPALITY, NOW, POLICY
from tests.notify import counter
from tests.notify.counter import HEARING_AT, Counter

assert POLICY.notify.residents
SMS = POLICY.notify.residents.receipts.sms
LETTER = POLICY.notify.residents.receipts.letter
ASK_AT = NOW + timedelta(hours=SMS.ask_hours.value)
LAST_AT = NOW + timedelta(hours=SMS.unknown_hours.value)
MINUTE = timedelta(minutes=1)
ON_ITS_WAY = Answer(Outcome.ACCEPTED, "found", "gw-1")
NOT_THERE = Answer(Outcome.TEMPORARY, "not there")
NO_ANSWER = Answer(Outcome.UNKNOWN, "HTTP503Error")


def ended(status: str, gateway_id: str = "gw-1") -> Answer:
    """What the gateway knows of a message that has come to its end."""
    outcome = Outcome.ACCEPTED if status == "delivered" else Outcome.PERMANENT
    return Answer(outcome, status, gateway_id, status=status)


@pytest.fixture(scope="module")
async def url(servers: Servers) -> AsyncIterator[str]:
    yield await servers.create_database_from_template("template_notify", "asking", "notify")
    await servers.drop_database("asking")


@pytest.fixture
async def pool(url: str, stepped_clock: Clock) -> AsyncIterator[db.Pool]:
    async with counter.clean_pool(url) as found:
        yield found


@pytest.fixture
async def desk(pool: db.Pool) -> AsyncIterator[Counter]:
    async with counter.opened(pool) as found:
        await found.go_live()
        yield found


async def untold(desk: Counter, at: datetime = HEARING_AT) -> Any:
    """A text message that the gateway took, and tells nothing of."""
    alert = await desk.hearing_told(at)
    await desk.send()
    assert await desk.state(alert) == "sent"
    return alert


async def test_it_is_asked_of_after_the_hours_of_the_policy_and_not_before(
    desk: Counter, stepped_clock: Clock
) -> None:
    alert = await untold(desk)
    desk.gateway.found = ended("delivered")
    stepped_clock.move(ASK_AT - MINUTE)
    assert await desk.ask() == 0
    stepped_clock.move(ASK_AT)
    assert await desk.ask() == 1
    assert (await desk.state(alert), desk.gateway.asked) == ("delivered", [alert])
    assert await desk.events(alert) == ["alert_sent"]
    stepped_clock.move(LAST_AT)
    assert await desk.ask() == 0


async def test_of_what_a_receipt_came_nobody_asks(desk: Counter, stepped_clock: Clock) -> None:
    alert = await untold(desk)
    await desk.tell("delivered", alert)
    stepped_clock.move(LAST_AT)
    assert await desk.ask() == 0


@pytest.mark.parametrize("status", ["permanent-failure", "temporary-failure", "technical-failure"])
async def test_a_failure_that_is_asked_for_is_one_that_was_told(
    desk: Counter, stepped_clock: Clock, status: str
) -> None:
    await desk.go_live("letter")
    alert = await untold(desk)
    stepped_clock.move(ASK_AT)
    desk.gateway.found = ended(status)
    assert await desk.ask() == 1
    assert (await desk.state(alert), await desk.told_worker()) == ("failed", [])
    assert await desk.events(alert) == ["alert_sent", "alert_failed"]
    letter = await desk.alert("letter")
    await desk.send()
    stepped_clock.move(ASK_AT + timedelta(hours=LETTER.ask_hours.value) - MINUTE)
    assert await desk.ask() == 0, "letters take longer"
    stepped_clock.move(ASK_AT + timedelta(hours=LETTER.ask_hours.value))
    desk.gateway.found = ended(status, "gw-2")
    assert await desk.ask() == 1
    assert (await desk.state(letter), await desk.told_worker()) == ("failed", ["undelivered_set"])


async def test_what_stays_on_its_way_is_asked_of_ever_more_rarely_and_is_unknown_in_the_end(
    desk: Counter, stepped_clock: Clock
) -> None:
    alert = await untold(desk)
    desk.gateway.found = ON_ITS_WAY
    asked_after = []
    moment = ASK_AT
    while moment < LAST_AT:
        stepped_clock.move(moment)
        if await desk.ask():
            asked_after.append((moment - ASK_AT) // timedelta(hours=1))
        assert (await desk.state(alert), await desk.told_worker()) == ("sent", [])
        moment += timedelta(minutes=30)
    assert asked_after == [0, 1, 2, 4, 8, 16]
    stepped_clock.move(LAST_AT)
    assert await desk.ask() == 1
    assert (await desk.state(alert), await desk.told_worker()) == ("unknown", ["undelivered_set"])
    assert await desk.events(alert) == ["alert_sent"]
    (listed,) = (await desk.get("/alerts?state=unknown"))["alerts"]
    assert "geen ontvangstbericht" in listed["why"]


async def test_of_what_the_gateway_does_not_have_nobody_knows_at_once(
    desk: Counter, stepped_clock: Clock
) -> None:
    alert = await untold(desk)
    desk.gateway.found = NOT_THERE
    stepped_clock.move(ASK_AT)
    assert await desk.ask() == 1
    assert (await desk.state(alert), await desk.told_worker()) == ("unknown", ["undelivered_set"])


async def test_a_gateway_that_does_not_answer_is_asked_later(
    desk: Counter, stepped_clock: Clock
) -> None:
    alert = await untold(desk)
    desk.gateway.found = NO_ANSWER
    stepped_clock.move(ASK_AT)
    assert await desk.ask() == 1
    assert await desk.state(alert) == "sent"
    desk.gateway.found = ended("delivered")
    stepped_clock.move(ASK_AT + timedelta(hours=1))
    assert await desk.ask() == 1
    assert await desk.state(alert) == "delivered"


async def test_after_the_hearing_nobody_is_told_to_go_by(
    desk: Counter, stepped_clock: Clock
) -> None:
    alert = await untold(desk, at=ASK_AT - MINUTE)
    desk.gateway.found = NOT_THERE
    stepped_clock.move(ASK_AT)
    assert await desk.ask() > 0
    assert (await desk.state(alert), await desk.told_worker()) == ("unknown", [])


@pytest.mark.parametrize(
    ("decision", "state", "events"),
    [
        ("arrived", "sent", ["alert_sent"]),
        ("not_arrived", "sent", ["alert_sent", "alert_sent"]),
    ],
)
async def test_a_person_decides_of_it_and_triage_hears_each_sending_once(
    desk: Counter, stepped_clock: Clock, decision: str, state: str, events: list[str]
) -> None:
    alert = await untold(desk)
    desk.gateway.found = NOT_THERE
    stepped_clock.move(ASK_AT)
    await desk.ask()
    await desk.decide(decision, alert)
    await desk.send()
    assert (await desk.state(alert), await desk.events(alert)) == (state, events)
    assert len(desk.gateway.taken) == len(events)
    ids = await desk.pool.fetch("select event_id from outbox where routing_key like '%alert_sent%'")
    assert len({row["event_id"] for row in ids}) == len(ids), "each is an event of its own"
    stepped_clock.move(LAST_AT + timedelta(hours=SMS.ask_hours.value))
    asked = await desk.ask()
    assert asked == (0 if decision == "arrived" else 1), "what went once more is asked of anew"


async def test_a_receipt_that_comes_very_late_is_the_answer_and_told_once(
    desk: Counter, stepped_clock: Clock
) -> None:
    alert = await untold(desk)
    desk.gateway.found = NOT_THERE
    stepped_clock.move(ASK_AT)
    await desk.ask()
    await desk.tell("delivered", alert)
    assert (await desk.state(alert), await desk.events(alert)) == ("delivered", ["alert_sent"])


async def test_a_receipt_that_comes_while_the_gateway_is_asked_counts(
    desk: Counter, stepped_clock: Clock
) -> None:
    alert = await untold(desk)
    stepped_clock.move(ASK_AT)

    async def told_meanwhile(_: object) -> Answer:
        await desk.tell("delivered", alert)
        return NOT_THERE

    desk.gateway.look_up = told_meanwhile
    assert await desk.asking.ask_next() == NOT_THERE
    assert (await desk.state(alert), await desk.told_worker()) == ("delivered", [])


async def test_two_replicas_never_both_ask_and_a_claim_ends(
    desk: Counter, pool: db.Pool, stepped_clock: Clock
) -> None:
    alert = await untold(desk)
    stepped_clock.move(ASK_AT)

    async def claims(seconds: int) -> list[object]:
        real_now = clock.lease_now() + timedelta(seconds=seconds)
        until = real_now + timedelta(seconds=CLAIM_SECONDS)
        found = []
        async with (
            pool.acquire() as one, pool.acquire() as other,
            one.transaction(), other.transaction(),
        ):  # fmt: skip
            for tx in (one, other):
                if told := await receipt_sql.claim_untold(tx, ASK_AT, real_now, until):
                    found.append(told.alert.id)
        return found

    assert await claims(0) == [alert]
    assert await claims(CLAIM_SECONDS - 5) == []
    assert await claims(CLAIM_SECONDS + 5) == [alert], "whoever claimed it has died"


async def test_a_day_of_silence_does_not_use_up_the_messages_of_another_day(
    desk: Counter, pool: db.Pool, stepped_clock: Clock
) -> None:
    await untold(desk)
    desk.gateway.found = NOT_THERE
    stepped_clock.move(ASK_AT)
    await desk.ask()
    async with pool.acquire() as tx:
        assert not await live_sql.count_sent(tx, [MUNICIPALITY], ASK_AT - timedelta(hours=9))


async def test_what_goes_by_mail_is_never_asked_of(desk: Counter, stepped_clock: Clock) -> None:
    await desk.go_live("mail")
    await untold(desk)
    rows = await desk.pool.fetch("select channel, ask_at from alert where state = 'sent'")
    assert {row["channel"] for row in rows if row["ask_at"]} == {"sms"}
    assert {row["channel"] for row in rows} == {"sms", "mail"}


async def test_the_story_tells_when_it_became_unknown(desk: Counter, stepped_clock: Clock) -> None:
    alert = await untold(desk)
    desk.gateway.found = NOT_THERE
    stepped_clock.move(ASK_AT)
    await desk.ask()
    async with desk.pool.acquire() as tx:
        story = await story_page.tell(tx, str(alert))
    assert story
    (line,) = [one for one in story.lines if one.text.startswith("Onbekend of het is aangekomen")]
    assert line.at == ASK_AT


async def test_what_is_to_be_asked_of_is_found_by_an_index_of_its_own(pool: db.Pool) -> None:
    await pool.execute(
        """
        insert into alert (id, case_id, kind, key, subject_revision, template, recipient_id,
          recipient_role, due_at, state, policy_sha256, scheduled_at, changed_at, free_at, channel,
          ask_at)
        select gen_random_uuid(), gen_random_uuid(), 'hearing', gen_random_uuid(), 1, 'hearing_set',
          'resident', 'resident', now(), case number % 100 when 0 then 'sent' else 'delivered' end,
          '', now(), now(), '-infinity', 'sms', now() + number * interval '1 second'
        from generate_series(1, 20000) as number
        """
    )
    await pool.execute("analyze alert")
    claim = """
        select id from alert
        where state = 'sent' and ask_at is not null and ask_at <= now() and free_at <= now()
        order by ask_at limit 1 for update skip locked"""
    plan = "\n".join(row[0] for row in await pool.fetch(f"explain {claim}"))
    assert "alert_to_ask" in plan
    assert "Sort" not in plan
