"""The demo's mail provider, as a process, over SMTP and HTTP."""

import asyncio
import signal
import time
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest
from typer.testing import CliRunner

from deploy.local.gateway import app as gateway_app
from deploy.local.gateway_behaviour import Behaviour
from deploy.local.processes import ends
from deploy.local.received_mail import CalendarEvent, read, read_calendar
from tests.local.conftest import Gateway

INVITATION = """\
BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Europe/Amsterdam
BEGIN:STANDARD
DTSTART:19701025T030000
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:visit-7@voorbeeldstad.exam
 ple
SEQUENCE:2
DTSTART;TZID=Europe/Amsterdam:20261217T103000
BEGIN:VALARM
UID:not-this
END:VALARM
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")
EVENT = CalendarEvent(
    method="REQUEST",
    uid="visit-7@voorbeeldstad.example",
    sequence=2,
    dtstart="20261217T103000",
)


def mail(subject: str = "Nieuwe zaak", **headers: str) -> EmailMessage:
    """A mail to one worker; keyword `x_voordeur_case` becomes the header `X-Voordeur-Case`."""
    message = EmailMessage()
    message["From"] = "voordeur@voordeur.example"
    message["To"] = "Anna Jansen <anna.jansen@voorbeeldstad.example>"
    message["Subject"] = subject
    message["Message-ID"] = f"<{time.monotonic_ns()}@voordeur.example>"
    for name, value in headers.items():
        message[name.replace("_", "-").title()] = value
    message.set_content("Er is een zaak aan u toegewezen.\n")
    return message


async def send(
    gateway: Gateway, message: EmailMessage | bytes, timeout: float = 10
) -> aiosmtplib.SMTPResponse:
    """Send a mail on a connection of its own and return what was answered to it."""
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=gateway.smtp_port, timeout=timeout)
    async with client:
        await client.mail("voordeur@voordeur.example")
        await client.rcpt("anna.jansen@voorbeeldstad.example")
        return await client.data(bytes(message))


async def received(gateway: Gateway, message: EmailMessage) -> list[dict[str, object]]:
    """What the gateway keeps of a mail, as JSON; several when it came several times."""
    mails: list[dict[str, object]] = []
    after = 0
    while page := (await gateway.api.get("/v1/mails", params={"after": after})).json():
        if not page["mails"]:
            break
        mails += [one for one in page["mails"] if one["message_id"] == message["Message-ID"]]
        after = page["next_after"]
    return mails


async def test_a_mail_is_kept_with_envelope_headers_and_text(gateway: Gateway) -> None:
    message = mail("Zitting op 17 december: één dag eerder", x_voordeur_case="c-1")
    answer = await send(gateway, message)
    [kept] = await received(gateway, message)
    assert answer.code == 250
    assert kept["subject"] == "Zitting op 17 december: één dag eerder"
    assert kept["sender"] == "voordeur@voordeur.example"
    assert kept["recipients"] == ["anna.jansen@voorbeeldstad.example"]
    assert kept["text"] == "Er is een zaak aan u toegewezen.\n"
    assert kept["html"] is None
    assert kept["headers"] == {"X-Voordeur-Case": "c-1"}
    raw = await gateway.api.get(f"/mails/{kept['id']}/raw")
    assert raw.content.replace(b"\r\n", b"\n").rstrip() == bytes(message).rstrip()
    assert (await gateway.api.get(f"/v1/mails/{kept['id']}")).json() == kept
    same = {"message_id": kept["message_id"]}
    assert (await gateway.api.get("/v1/mails", params=same)).json()["mails"] == [kept]
    other = {"message_id": "<nobody@example>"}
    assert not (await gateway.api.get("/v1/mails", params=other)).json()["mails"]


async def test_an_invitation_shows_method_uid_sequence_and_start(gateway: Gateway) -> None:
    message = mail("Huisbezoek")
    message.add_alternative("<p>Er is een <b>afspraak</b>.</p>", subtype="html")
    message.add_attachment(
        INVITATION.encode(), maintype="text", subtype="calendar", filename="bezoek.ics"
    )
    await send(gateway, message)
    [kept] = await received(gateway, message)
    assert kept["calendars"] == [EVENT.model_dump()]
    assert kept["html"] == "<p>Er is een <b>afspraak</b>.</p>\n"
    page = (await gateway.api.get(f"/mails/{kept['id']}")).text
    assert "visit-7@voorbeeldstad.example" in page
    assert "&lt;b&gt;afspraak&lt;/b&gt;" in page
    assert "<b>afspraak" not in page


async def test_the_list_is_newest_first_in_pages_and_can_be_searched(gateway: Gateway) -> None:
    for number in range(52):
        await send(gateway, mail(f"Zaak_{number:02} <script>alert(1)</script>"))
    page = await gateway.api.get("/", params={"search": "ZAAK_"})
    assert page.text.index("Zaak_51") < page.text.index("Zaak_02")
    assert "Zaak_01" not in page.text
    assert "<script" not in page.text
    older = page.text.split('href="/?')[1].split('"')[0].replace("&amp;", "&")
    second = (await gateway.api.get(f"/?{older}")).text
    assert "Zaak_01" in second
    assert "Zaak_00" in second
    assert "Zaak_02" not in second
    assert "None with" in (await gateway.api.get("/", params={"search": "Zaak%5"})).text


async def test_every_page_forbids_scripts_and_foreign_content(gateway: Gateway) -> None:
    for path in ("/", "/style.css", "/mails/999999", "/v1/mails"):
        headers = (await gateway.api.get(path)).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
        assert headers["x-content-type-options"] == "nosniff"
    assert (await gateway.api.get("/mails/999999")).status_code == 404


async def test_a_cursor_goes_through_all_mails_oldest_first(gateway: Gateway) -> None:
    messages = [mail(f"{number}") for number in range(3)]
    start = (await gateway.api.get("/v1/mails", params={"limit": 1000})).json()["next_after"]
    for message in messages:
        await send(gateway, message)
    first = (await gateway.api.get("/v1/mails", params={"after": start, "limit": 2})).json()
    rest = (await gateway.api.get("/v1/mails", params={"after": first["next_after"]})).json()
    assert [one["subject"] for one in first["mails"] + rest["mails"]] == ["0", "1", "2"]
    nothing = await gateway.api.get("/v1/mails", params={"after": rest["next_after"]})
    assert nothing.json() == {"mails": [], "next_after": rest["next_after"]}
    assert (await gateway.api.get("/v1/mails", params={"limit": 1001})).status_code == 422


async def test_a_refusal_is_counted_and_keeps_nothing(gateway: Gateway) -> None:
    await gateway.behave(refuse_code=450, refuse_next=1)
    message = mail()
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await send(gateway, message)
    assert refused.value.code == 450
    assert await received(gateway, message) == []
    assert (await send(gateway, message)).code == 250
    assert len(await received(gateway, message)) == 1


async def test_a_refusal_without_count_lasts_until_it_is_switched_off(gateway: Gateway) -> None:
    await gateway.behave(refuse_code=550)
    for _ in range(3):
        with pytest.raises(aiosmtplib.SMTPDataError):
            await send(gateway, mail())
    await gateway.behave()
    assert (await send(gateway, mail())).code == 250


async def test_code_421_is_answered_and_the_connection_closed(gateway: Gateway) -> None:
    await gateway.behave(refuse_code=421, refuse_next=1)
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=gateway.smtp_port, timeout=5)
    await client.connect()
    with pytest.raises(aiosmtplib.SMTPException) as refused:
        await client.send_message(mail())
    assert getattr(refused.value, "code", None) == 421
    assert not client.is_connected


async def test_a_dropped_connection_leaves_the_mail_kept_without_an_answer(
    gateway: Gateway,
) -> None:
    await gateway.behave(drop_after_data=1)
    message = mail()
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await send(gateway, message)
    assert len(await received(gateway, message)) == 1
    assert (await send(gateway, message)).code == 250
    assert (await gateway.api.get("/v1/behaviour")).json()["drop_after_data"] == 0


async def test_a_delay_makes_an_impatient_sender_give_up_and_nothing_is_kept(
    gateway: Gateway,
) -> None:
    await gateway.behave(delay_seconds=0.5)
    began = time.monotonic()
    assert (await send(gateway, mail())).code == 250
    assert time.monotonic() - began >= 0.5
    message = mail()
    with pytest.raises(aiosmtplib.SMTPException):
        await send(gateway, message, timeout=0.2)
    await asyncio.sleep(0.6)
    assert await received(gateway, message) == []


@pytest.mark.parametrize(
    "switches",
    [
        {"delay_seconds": 61},
        {"delay_seconds": -1},
        {"refuse_code": 250},
        {"refuse_next": 1},
        {"drop_after_data": -1},
        {"unknown": 1},
        {"recipients": [{"pattern": "*", "code": 250}]},
        {"greylist_next": 1},
        {"api_error_next": 1},
        {"outcomes": [{"pattern": "*", "status": "lost"}]},
        {"sending_seconds": 5},
    ],
)
async def test_an_impossible_switch_is_refused(
    gateway: Gateway, switches: dict[str, object]
) -> None:
    assert (await gateway.api.put("/v1/behaviour", json=switches)).status_code == 422
    off = Behaviour().model_dump(mode="json")
    assert (await gateway.api.get("/v1/behaviour")).json() == off


async def test_a_mail_over_ten_megabytes_is_refused(gateway: Gateway) -> None:
    line = b"x" * 70 + b"\r\n"
    body = b"Subject: groot\r\n\r\n" + line * (10 * 1024 * 1024 // len(line) + 1)
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await send(gateway, body)
    assert refused.value.code == 552


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no header at all",
        b"Subject: =?utf-8?q?half=\r\n\r\n",
        b"Subject: \xff\xfe\r\nFrom: <<<@@\r\n\r\n\xff",
        b"Subject: =?no-such-charset?b?eA==?=\r\nContent-Type: text/plain; charset=none\r\n\r\nx",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/calendar\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!\r\n",
        b"Content-Type: text/calendar\r\n\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\nEND:X\r\n",
        b'Content-Type: text/plain; charset="a\x00b"\r\n\r\nx',
        b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
            for n in range(2000)
        ),
        b"Content-Type: ;;;=\r\nMessage-ID:\r\n\r\n",
    ],
)
async def test_a_broken_mail_is_kept_all_the_same(gateway: Gateway, raw: bytes) -> None:
    answer = await send(gateway, raw)
    assert answer.code == 250
    mail_id = int(answer.message.split()[-1])
    assert (await gateway.api.get(f"/v1/mails/{mail_id}")).status_code == 200
    assert (await gateway.api.get(f"/mails/{mail_id}")).status_code == 200
    assert (await gateway.api.get(f"/mails/{mail_id}/raw")).content.strip() == raw.strip()


async def test_an_address_with_broken_bytes_is_kept(gateway: Gateway) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.smtp_port)
    said = [b"EHLO a", b"MAIL FROM:<a@b.example> SMTPUTF8", b"RCPT TO:<\xff@b.example>", b"DATA"]
    for line in [*said, b"Subject: x\r\n\r\n."]:
        writer.write(line + b"\r\n")
    writer.write(b"QUIT\r\n")
    answers = (await asyncio.wait_for(reader.read(), 5)).decode()
    writer.close()
    assert "250 OK, kept as" in answers


async def test_what_was_kept_survives_a_kill_and_a_new_start(gateway: Gateway) -> None:
    message = mail("Overleeft")
    await send(gateway, message)
    process = gateway.processes.find("gateway")
    assert process
    process.signal(signal.SIGKILL)
    await gateway.processes.stop("gateway")
    await gateway.start()
    assert len(await received(gateway, message)) == 1
    assert (await send(gateway, mail())).code == 250


async def test_a_mail_at_hand_is_answered_before_the_process_ends(gateway: Gateway) -> None:
    await gateway.behave(delay_seconds=0.7)
    message = mail("Op de valreep")
    sending = asyncio.create_task(send(gateway, message))
    await asyncio.sleep(0.3)
    await gateway.processes.stop("gateway")
    assert (await sending).code == 250
    await gateway.start()
    assert len(await received(gateway, message)) == 1


async def test_a_taken_port_is_told_in_one_line(gateway: Gateway) -> None:
    second = gateway.processes.start("second", gateway.command)
    assert await ends([second], 10)
    await gateway.processes.stop("second")
    said = gateway.command.log.read_text().splitlines()[-1]
    assert said == f"gateway: port {gateway.smtp_port} of 127.0.0.1: Address already in use"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--api-key", "none"], "an API key is name-service-secret, the last two UUIDs"),
        (["--callback-url", "http://127.0.0.1:1"], "who is called back wants a token"),
        (["--callback-url", "x", "--callback-token", "x"], "the callback URL begins with http"),
    ],
)
def test_an_option_that_cannot_be_is_told_in_one_line(
    tmp_path: Path, options: list[str], reason: str
) -> None:
    ports = ["--smtp-port", "1", "--http-port", "2", "--store", str(tmp_path / "store")]
    result = CliRunner().invoke(gateway_app, ["serve", *ports, *options])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"gateway: {reason}")


def test_a_calendar_tells_its_events_and_no_time_zone() -> None:
    assert list(read_calendar(INVITATION)) == [EVENT]
    odd = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSEQUENCE:x\nEND:VEVENT\n"
    assert list(read_calendar(f"{odd}END:VCALENDAR")) == [
        CalendarEvent(method=None, uid=None, sequence=None, dtstart=None)
    ]
    assert not list(read_calendar(odd)), "one that is cut off has no events"


def test_headers_are_decoded_and_unfolded() -> None:
    contents = read(b"Subject: =?utf-8?q?=C3=A9=C3=A9n?=\r\n dag\r\nX-Voordeur-A: 1\r\n\r\n")
    assert contents.header("SUBJECT") == "één dag"
    assert contents.own_headers == {"X-Voordeur-A": "1"}
