"""The stand-in for NotifyNL, spoken to by the official client."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from deploy.local.gateway import LOCAL_KEY
from deploy.local.notify_requests import EMAIL_TEMPLATE, LETTER_TEMPLATE, SMS_TEMPLATE
from services.notify.channels.answers import Outcome
from services.notify.channels.notifynl import Account, NotifyNl
from tests.local.conftest import Gateway
from tests.local.notifying import ADDRESS, AT_ONCE, with_reference

official = pytest.importorskip("notifications_python_client", reason="it is not installed")
HTTPError = official.errors.HTTPError
InvalidResponse = official.errors.InvalidResponse
LETTER = {"onderwerp": "Uw huur", "bericht": "Wij komen langs.", **ADDRESS}


class Client:
    """The official client, which blocks, kept away from the event loop."""

    def __init__(self, gateway: Gateway, key: str = LOCAL_KEY, timeout: float = 10) -> None:
        base_url = f"http://127.0.0.1:{gateway.http_port}"
        self._client = official.NotificationsAPIClient(key, base_url=base_url, timeout=timeout)

    async def ask(self, method: str, *args: Any, **named: Any) -> Any:
        return await asyncio.to_thread(getattr(self._client, method), *args, **named)

    async def send_sms(self, text: str = "Tot dan", **named: Any) -> Any:
        words = {"bericht": text}
        return await self.ask("send_sms_notification", "0612345678", SMS_TEMPLATE, words, **named)


async def test_it_sends_and_looks_up_all_kinds(gateway: Gateway) -> None:
    await gateway.behave(**AT_ONCE)
    client = Client(gateway)
    words = {"onderwerp": "Bezoek", "bericht": "Tot dan"}
    sms = await client.send_sms(reference="client-1")
    letter = await client.ask("send_letter_notification", LETTER_TEMPLATE, LETTER, "client-1")
    email = await client.ask(
        "send_email_notification", "a@b.example", EMAIL_TEMPLATE, words, "client-1"
    )
    found = await client.ask("get_all_notifications", reference="client-1")
    assert [one["id"] for one in found["notifications"]] == [email["id"], letter["id"], sms["id"]]
    assert (await client.ask("get_notification_by_id", letter["id"]))["status"] == "received"
    assert (await client.ask("get_notification_by_id", sms["id"]))["status"] == "delivered"
    failed = await client.ask("get_all_notifications", reference="client-1", status="failed")
    assert failed["notifications"] == []


async def test_its_iterator_ends_after_the_last_page(gateway: Gateway) -> None:
    client = Client(gateway)
    sent = [(await client.send_sms(reference="client-2"))["id"] for _ in range(2)]
    pages = await client.ask("get_all_notifications_iterator", reference="client-2")
    found = await asyncio.to_thread(list, pages)
    assert [one["id"] for one in found] == sent[::-1]


async def test_it_gets_the_errors_in_their_shape(gateway: Gateway) -> None:
    client = Client(gateway)
    with pytest.raises(HTTPError) as raised:
        await client.ask("send_sms_notification", "06", SMS_TEMPLATE, {"bericht": "x"})
    assert raised.value.status_code == 400
    assert raised.value.message == [
        {"error": "ValidationError", "message": "phone_number Not enough digits"}
    ]
    with pytest.raises(HTTPError) as raised:
        await Client(gateway, LOCAL_KEY[:-1] + "9").send_sms()
    assert raised.value.status_code == 403
    assert raised.value.message[0]["error"] == "AuthError"
    await gateway.behave(api_daily_limit=0)
    with pytest.raises(HTTPError) as raised:
        await client.send_sms()
    assert raised.value.message[0]["error"] == "TooManyRequestsError"


async def test_it_fails_in_its_own_words_when_the_gateway_misbehaves(gateway: Gateway) -> None:
    await gateway.behave(api_error_status=503, api_error_next=1, api_html_next=1)
    client = Client(gateway, timeout=0.5)
    with pytest.raises(official.errors.HTTP503Error):
        await client.send_sms(reference="client-4")
    with pytest.raises(InvalidResponse):
        await client.send_sms(reference="client-4")
    assert await with_reference(gateway, "client-4") == []
    await gateway.behave(api_broken_json_next=1)
    with pytest.raises(InvalidResponse):
        await client.send_sms(reference="client-4")
    await gateway.behave(api_drop_next=1)
    with pytest.raises(HTTPError) as dropped:
        await client.send_sms(reference="client-4")
    assert dropped.value.status_code == 503, "what the client says when there was no answer"
    assert len(await with_reference(gateway, "client-4")) == 2
    await gateway.behave(api_hang_next=1)
    with pytest.raises(HTTPError):
        await client.send_sms(reference="client-4")
    assert len(await with_reference(gateway, "client-4")) == 2


@pytest.mark.parametrize(
    ("end", "outcome", "status"),
    [
        ("delivered", Outcome.ACCEPTED, "delivered"),
        ("permanent-failure", Outcome.PERMANENT, "permanent-failure"),
        ("temporary-failure", Outcome.PERMANENT, "temporary-failure"),
        ("technical-failure", Outcome.PERMANENT, "technical-failure"),
        (None, Outcome.ACCEPTED, None),
    ],
)
async def test_what_became_of_a_message_is_looked_up_in_the_words_of_receipts(
    gateway: Gateway, end: str | None, outcome: Outcome, status: str | None
) -> None:
    await gateway.behave(**AT_ONCE, outcomes=[{"pattern": "*", "status": end}])
    ours, sms, letter = looking(gateway), uuid4(), uuid4()
    taken = await ours.send_sms("+31612345678", "Tot dan", sms)
    found = await ours.look_up(sms)
    assert (found.outcome, found.status, found.gateway_id) == (outcome, status, taken.gateway_id)
    address = "V. Voorbeeld\nKerkstraat 1\n9901 AB Voorbeeldstad"
    await ours.send_letter(address, "Uw huur", "Wij komen langs.", letter)
    assert (await ours.look_up(letter)).status == status, "a letter is accepted, then received"
    await ours.close()


async def test_what_is_not_there_and_what_is_not_said_are_told_apart(gateway: Gateway) -> None:
    ours = looking(gateway)
    assert (await ours.look_up(uuid4())).outcome is Outcome.TEMPORARY
    await gateway.behave(api_lookup_error_status=503, api_lookup_error_next=1)
    assert (await ours.look_up(uuid4())).outcome is Outcome.UNKNOWN
    await ours.close()


def looking(gateway: Gateway) -> NotifyNl:
    """Notify's own way to the gateway."""
    url = f"http://127.0.0.1:{gateway.http_port}"
    return NotifyNl(Account(url, LOCAL_KEY, SMS_TEMPLATE, LETTER_TEMPLATE))
