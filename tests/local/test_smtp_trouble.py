"""How the SMTP side misbehaves, seen by the client that notify uses."""

import asyncio

import aiosmtplib
import pytest

from tests.local.conftest import Gateway
from tests.local.test_gateway import mail, received, send

PARTLY = {
    "recipients": [
        {"pattern": "anna.jansen@*", "code": None},
        {"pattern": "*@bounces.example", "code": 550},
        {"pattern": "*@busy.example", "code": 452},
    ]
}


def client(gateway: Gateway, timeout: float = 5) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(hostname="127.0.0.1", port=gateway.smtp_port, timeout=timeout)


async def test_a_greylisted_mail_is_taken_when_it_comes_again_late_enough(gateway: Gateway) -> None:
    await gateway.behave(greylist_seconds=0.5, greylist_next=1)
    message = mail()
    for _ in range(2):
        with pytest.raises(aiosmtplib.SMTPDataError) as refused:
            await send(gateway, message)
        assert refused.value.code == 451
    assert (await send(gateway, mail())).code == 250, "only one mail was to be greylisted"
    await asyncio.sleep(0.5)
    assert (await send(gateway, message)).code == 250
    assert len(await received(gateway, message)) == 1


async def test_greylisting_without_count_meets_every_mail_once(gateway: Gateway) -> None:
    await gateway.behave(greylist_seconds=0)
    for message in (mail(), mail()):
        with pytest.raises(aiosmtplib.SMTPDataError):
            await send(gateway, message)
        assert (await send(gateway, message)).code == 250


async def test_recipients_are_answered_by_pattern(gateway: Gateway) -> None:
    await gateway.behave(**PARTLY)
    message = mail()
    good, bounces, busy = "anna.jansen@bounces.example", "X@BOUNCES.example", "x@busy.example"
    async with client(gateway) as connection:
        errors, _ = await connection.send_message(message, recipients=[good, bounces, busy])
        assert {name: answer.code for name, answer in errors.items()} == {bounces: 550, busy: 452}
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
            await connection.send_message(mail(), recipients=[bounces])
    [kept] = await received(gateway, message)
    assert kept["recipients"] == [good]


async def test_a_connection_may_never_be_greeted_or_with_what_is_no_smtp(gateway: Gateway) -> None:
    await gateway.behave(hang_on_connect=1)
    with pytest.raises(aiosmtplib.SMTPConnectTimeoutError):
        await client(gateway, timeout=0.3).connect()
    await gateway.behave(nonsense_on_connect=1)
    with pytest.raises(aiosmtplib.SMTPException):
        await client(gateway, timeout=2).connect()
    assert (await send(gateway, mail())).code == 250


async def test_a_mail_may_be_kept_and_never_answered(gateway: Gateway) -> None:
    await gateway.behave(hang_after_data=1)
    message = mail()
    with pytest.raises(aiosmtplib.SMTPTimeoutError):
        await send(gateway, message, timeout=0.3)
    assert len(await received(gateway, message)) == 1


async def test_a_mail_may_be_kept_and_answered_with_what_is_no_smtp(gateway: Gateway) -> None:
    await gateway.behave(nonsense_after_data=1)
    message = mail()
    with pytest.raises(aiosmtplib.SMTPException):
        await send(gateway, message)
    assert len(await received(gateway, message)) == 1
    assert (await send(gateway, mail())).code == 250
