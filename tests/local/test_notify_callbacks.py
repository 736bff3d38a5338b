"""What the stand-in for NotifyNL calls back: when, how often, in which order."""

import asyncio
import signal
from typing import Any

import pytest

from deploy.local.notify_requests import SMS_TEMPLATE
from tests.local.conftest import Gateway
from tests.local.notifying import AT_ONCE, accepted, kept, letter, receiving, sms


async def callbacks(gateway: Gateway, notification_id: str) -> list[tuple[str, list[str]]]:
    """State and answers of what was called back."""
    told = (await kept(gateway, notification_id))["callbacks"]
    return [(one["state"], [attempt["answer"] for attempt in one["attempts"]]) for one in told]


async def answered(gateway: Gateway, notification_id: str, wanted: list[Any]) -> None:
    """Wait until this is what was called back."""
    async with asyncio.timeout(5):
        while await callbacks(gateway, notification_id) != wanted:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


async def test_the_end_of_an_sms_is_called_back_with_the_token(gateway: Gateway) -> None:
    await gateway.behave(**AT_ONCE)
    async with receiving(gateway) as receiver:
        sent = (await accepted(gateway, "sms", sms(reference="a")))["id"]
        await receiver.until(1, sent)
        assert receiver.authorizations
    [body] = receiver.about(sent)
    moments = {name: body.pop(name) for name in ("created_at", "completed_at", "sent_at")}
    assert all(one.endswith("Z") and len(one) == 27 for one in moments.values())
    assert body == {
        "id": sent,
        "reference": "a",
        "to": "06 12345678",
        "status": "delivered",
        "notification_type": "sms",
        "template_id": SMS_TEMPLATE,
        "template_version": 1,
    }
    await answered(gateway, sent, [("answered", ["204"])])


async def test_who_cannot_answer_now_is_called_again_and_who_refuses_is_not(
    gateway: Gateway,
) -> None:
    await gateway.behave(**AT_ONCE, callback_retry_seconds=0)
    async with receiving(gateway, 500, 429, 200, 403) as receiver:
        first = (await accepted(gateway, "sms", sms()))["id"]
        await receiver.until(3, first)
        await answered(gateway, first, [("answered", ["500", "429", "200"])])
        second = (await accepted(gateway, "sms", sms()))["id"]
        await answered(gateway, second, [("given_up", ["403"])])


async def test_after_the_fifth_time_again_it_is_given_up(gateway: Gateway) -> None:
    await gateway.behave(**AT_ONCE, callback_retry_seconds=0)
    async with receiving(gateway, 503):
        sent = (await accepted(gateway, "sms", sms()))["id"]
        await answered(gateway, sent, [("given_up", ["503"] * 6)])


async def test_a_receiver_that_is_away_is_called_later(gateway: Gateway) -> None:
    await gateway.behave(**AT_ONCE, callback_retry_seconds=0.5)
    sent = (await accepted(gateway, "sms", sms()))["id"]
    await answered(gateway, sent, [("waiting", ["ConnectError"])])
    async with receiving(gateway):
        await answered(gateway, sent, [("answered", ["ConnectError", "204"])])


async def test_a_callback_may_come_twice_late_or_never(gateway: Gateway) -> None:
    await gateway.behave(**AT_ONCE, callback_twice_next=1)
    async with receiving(gateway) as receiver:
        twice = (await accepted(gateway, "sms", sms()))["id"]
        await gateway.behave(**AT_ONCE, callback_lost_next=1)
        lost = (await accepted(gateway, "sms", sms()))["id"]
        await gateway.behave(**AT_ONCE, callback_late_seconds=0.5)
        late = (await accepted(gateway, "sms", sms()))["id"]
        await receiver.until(2, twice)
        assert (await kept(gateway, late))["status"] == "delivered"
        assert receiver.about(late) == []
        await receiver.until(1, late)
    assert receiver.about(twice)[0] == receiver.about(twice)[1]
    assert await callbacks(gateway, lost) == [("lost", [])]


@pytest.mark.parametrize(
    ("end", "stale"),
    [("delivered", "temporary-failure"), ("temporary-failure", "sending")],
)
async def test_an_older_status_may_be_called_back_after_the_last(
    gateway: Gateway, end: str, stale: str
) -> None:
    outcomes = [{"pattern": "*", "status": end}]
    times = {"sending_seconds": 0.1, "completed_seconds": 0.3}
    await gateway.behave(**times, outcomes=outcomes, callback_wrong_order_next=1)
    async with receiving(gateway) as receiver:
        sent = (await accepted(gateway, "sms", sms()))["id"]
        await receiver.until(2, sent)
    last, older = receiver.about(sent)
    assert (last["status"], older["status"]) == (end, stale)
    assert (older["completed_at"] or "") < last["completed_at"]
    assert (await kept(gateway, sent))["status"] == end


async def test_of_a_letter_only_its_delivery_is_called_back(gateway: Gateway) -> None:
    await gateway.behave(**AT_ONCE)
    async with receiving(gateway) as receiver:
        sent = (await accepted(gateway, "letter", letter()))["id"]
        await receiver.until(1, sent)
    assert receiver.about(sent)[0]["status"] == "delivered", "the raw word, not “received”"
    await gateway.behave(**AT_ONCE, outcomes=[{"pattern": "*", "status": "technical-failure"}])
    failed = await kept(gateway, (await accepted(gateway, "letter", letter()))["id"])
    assert (failed["status"], failed["callbacks"]) == ("technical-failure", [])


async def test_a_callback_survives_a_kill_and_a_new_start(gateway: Gateway) -> None:
    await gateway.behave(**AT_ONCE, callback_late_seconds=0.3)
    sent = (await accepted(gateway, "sms", sms()))["id"]
    process = gateway.processes.find("gateway")
    assert process
    process.signal(signal.SIGKILL)
    await gateway.processes.stop("gateway")
    async with receiving(gateway) as receiver:
        await gateway.start()
        await receiver.until(1, sent)
