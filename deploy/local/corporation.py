"""Plays the partners: emits events over AMQP, and nothing else. An example for a new partner too.

Every event is written to a journal before it is sent, and sent again until the broker confirms it,
so that what was sent can be proven afterwards. An event keeps its id however often it is sent.

    python -m deploy.local.corporation signal --number 12 --amount 1250.75
    python -m deploy.local.corporation hearing --number 12 --at 2026-12-17T10:30
    python -m deploy.local.corporation hearing --number 12 --at 2026-12-21T13:30 --sequence 2
"""

import asyncio
import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import aio_pika
import typer
from aio_pika.abc import AbstractRobustChannel
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, DeliveryError
from rich.console import Console
from rich.progress import Progress

from deploy.local.legal_paths import COURT
from deploy.local.month import AMSTERDAM, KIND, KVK, TYPE, Outgoing

INTAKE = "voordeur.intake"
IN_FLIGHT_MAX = 200
CONFIRM_SECONDS_MAX = 30
RETRY_SECONDS = 0.5
RETRIES_MAX = 240


class Journal:
    """What was sent, written and flushed before it is sent: one line of JSON an event."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        self.count = 0

    def write(self, events: Sequence[Outgoing], at: datetime) -> None:
        """Note that these are about to be sent."""
        for one in events:
            body = as_bytes(one)
            document = one.body if isinstance(one.body, dict) else {}
            line = {
                "at": at.isoformat(),
                "partner": one.partner,
                "routing_key": one.routing_key,
                "id": document.get("id"),
                "source": document.get("source"),
                "type": document.get("type"),
                "sequence": document.get("sequence"),
                "data": _journaled(document.get("data")),
                "sha256": sha256(body).hexdigest(),
                "expected": one.expected,
            }
            self._file.write(json.dumps(line) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.count += len(events)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _journaled(data: Any) -> dict[str, Any] | None:
    """Of what was said, only what a reconciliation needs: no person."""
    names = ("rechtbank", "zaaknummer", "soortZitting", "tijdstip")
    if not isinstance(data, dict) or "zaaknummer" not in data:
        return None
    return {name: data[name] for name in names if name in data}


def as_bytes(event: Outgoing) -> bytes:
    """The body as it goes over the wire."""
    if isinstance(event.body, bytes):
        return event.body
    return json.dumps(event.body, ensure_ascii=False, separators=(",", ":")).encode()


class Partners:
    """The connections of all partners, each with its own user."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls
        self._channels: dict[str, AbstractRobustChannel] = {}
        self._connections: list[aio_pika.abc.AbstractRobustConnection] = []
        self._connecting = asyncio.Lock()

    async def send(
        self, events: Sequence[Outgoing], progress: Callable[[int], None] | None = None
    ) -> None:
        """Send events in order and return when the broker has confirmed every one."""
        for start in range(0, len(events), IN_FLIGHT_MAX):
            part = events[start : start + IN_FLIGHT_MAX]
            results = await asyncio.gather(*(self._send_one(one) for one in part))
            if progress:
                progress(len(results))

    async def _send_one(self, event: Outgoing) -> None:
        for _ in range(RETRIES_MAX):
            try:
                channel = await self._channel(event.partner)
                exchange = await channel.get_exchange(INTAKE, ensure=False)
                await exchange.publish(
                    message_of(event), event.routing_key, timeout=CONFIRM_SECONDS_MAX
                )
            except (AMQPError, DeliveryError, ChannelInvalidStateError, OSError, TimeoutError):
                # Refused, full, or gone: the event keeps its id and goes again.
                await asyncio.sleep(RETRY_SECONDS)
            except asyncio.CancelledError:
                # aiormq cancels what waits on a connection that goes; was it really us?
                if (task := asyncio.current_task()) and task.cancelling():
                    raise
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return
        raise SystemExit(f"{event.partner}: the broker does not take events; see its log")

    async def _channel(self, partner: str) -> AbstractRobustChannel:
        """The one channel of a partner; it reconnects by itself once it was there."""
        async with self._connecting:
            if partner not in self._channels:
                connection = await aio_pika.connect_robust(self._urls[partner], timeout=10)
                self._connections.append(connection)
                self._channels[partner] = await connection.channel(publisher_confirms=True)
        return self._channels[partner]

    async def close(self) -> None:
        """Close every connection."""
        for connection in self._connections:
            await connection.close()


def message_of(event: Outgoing) -> aio_pika.Message:
    """The AMQP message; `user_id` is what the broker checks and what tells us who sent it."""
    document = event.body if isinstance(event.body, dict) else {}
    return aio_pika.Message(
        as_bytes(event),
        content_type=event.content_type,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=str(document.get("id") or sha256(as_bytes(event)).hexdigest()[:32]),
        user_id=event.partner,
    )


def partner_urls(url_of_one: str, passwords: Mapping[str, str]) -> dict[str, str]:
    """The AMQP URL of every partner, from that of one and the passwords on file."""
    parts = urlsplit(url_of_one)
    path = parts.path or "/"
    return {
        name: f"amqp://{name}:{password}@{parts.hostname}:{parts.port}{path}"
        for name, password in passwords.items()
    }


app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
Url = Annotated[str, typer.Option(envvar="AMQP_URL_PARTNER", help="AMQP URL of the partner")]
Number = Annotated[int, typer.Option(help="house number in the postcode", min=1, max=99999)]
Postcode = Annotated[str, typer.Option(help="postcode of the household")]


def _run(url: str, event: Outgoing) -> None:
    async def work() -> None:
        partners = Partners({event.partner: url})
        try:
            await partners.send([event])
        finally:
            await partners.close()

    asyncio.run(work())
    document = event.body
    assert isinstance(document, dict)
    Console().print(f"sent [bold]{document['id']}[/] as {event.routing_key}")


def _event(url: str, name: str, data: dict[str, Any], sequence: int | None = None) -> Outgoing:
    partner = urlsplit(url).username or ""
    if partner not in KVK:
        raise typer.BadParameter("the URL must have the user name of a demo partner")
    now = datetime.now(UTC)
    document = _document(partner, name, data, now, f"{partner}-{now:%Y%m%dT%H%M%S%f}")
    if sequence is not None:
        document["sequence"] = str(sequence)
    return Outgoing(now, partner, f"{partner}.{name}.v1", document, "accepted")


def _document(
    partner: str, name: str, data: dict[str, Any], at: datetime, event_id: str
) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": f"urn:nld:kvknr:{KVK[partner]}",
        "type": f"{TYPE}{name}.v1",
        "time": at.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {"gemeentecode": "GM9901", "signaalpartner": {"type": KIND[partner]}, **data},
    }


@app.command()
def signal(
    url: Url,
    number: Number = 12,
    postcode: Postcode = "9901AB",
    amount: Annotated[str, typer.Option(help="euros with two decimals")] = "1250.75",
) -> None:
    """Report one household behind on rent."""
    _run(url, _event(url, "achterstand-gemeld", _arrears(postcode, number, amount)))


@app.command()
def example(
    partner: Annotated[str, typer.Option(help="a demo partner")] = "woonstad",
    number: Number = 12,
    postcode: Postcode = "9901AB",
) -> None:
    """Print an event that is right, to be sent over HTTP: the same all day."""
    if partner not in KVK:
        raise typer.BadParameter("no demo partner")
    data = _arrears(postcode, number, "1250.75")
    midnight = datetime.combine(datetime.now(AMSTERDAM).date(), datetime.min.time(), AMSTERDAM)
    event_id = f"voorbeeld-{postcode}-{number}-{midnight:%Y%m%d}"
    print(json.dumps(_document(partner, "achterstand-gemeld", data, midnight, event_id), indent=2))


def _arrears(postcode: str, number: int, amount: str) -> dict[str, Any]:
    today = datetime.now(AMSTERDAM).date()
    before = str(today - timedelta(days=18))
    return {
        "contractnummer": f"D{postcode}{number}",
        "grondslag": "bgs",
        "client": {"postcode": postcode, "huisnummer": str(number), "achternaam": "Voorbeeld"},
        "signaaldatum": str(today),
        "ontstaansdatum": str(today - timedelta(days=40)),
        "bedrag": amount,
        "bezwaar": False,
        "inspanningen": dict.fromkeys(
            ("persoonlijkContactOp", "gewezenOpHulpOp", "herinneringOp", "aanbodOp"), before
        ),
    }


@app.command()
def hearing(
    url: Url,
    at: Annotated[datetime, typer.Option(help="Amsterdam time, such as 2026-12-17T10:30")],
    number: Number = 12,
    postcode: Postcode = "9901AB",
    sequence: Annotated[int, typer.Option(help="higher than before when it moved", min=1)] = 1,
) -> None:
    """Announce a hearing; the same again with another time and a higher sequence moves it."""
    data = {
        "contractnummer": f"D{postcode}{number}",
        "grondslag": "convenant",
        "client": {"postcode": postcode, "huisnummer": str(number)},
        "meldingsdatum": str(date.today()),  # noqa: DTZ011 - the partner's own calendar
        "rechtbank": COURT,
        "zaaknummer": f"26-{postcode}-{number}",
        "soortZitting": "rolzitting",
        "plaats": "Voorbeeldstad",
        "tijdstip": at.replace(tzinfo=AMSTERDAM).isoformat(),
    }
    _run(url, _event(url, "zitting-gepland", data, sequence))


@app.command()
def month(
    url: Url,
    secrets: Annotated[Path, typer.Option(help="JSON file with the partners' passwords")],
    journal: Annotated[Path, typer.Option(help="file to write what is sent to")],
    signals: Annotated[int, typer.Option(help="how many signals", min=1)] = 440,
    seed: Annotated[int, typer.Option(help="another seed, another month")] = 1,
) -> None:
    """Send a whole month at once, without its calendar."""
    from deploy.local.scenario import write_month  # noqa: PLC0415 - only this command needs it

    events = write_month(seed, signals)

    async def work() -> None:
        partners = Partners(partner_urls(url, json.loads(secrets.read_text())))
        kept = Journal(journal)
        try:
            with Progress() as progress:
                task = progress.add_task("events", total=len(events))
                for start in range(0, len(events), 1000):
                    part = events[start : start + 1000]
                    kept.write(part, datetime.now(UTC))
                    await partners.send(part, lambda count: progress.advance(task, count))
        finally:
            await partners.close()
            kept.close()

    asyncio.run(work())


if __name__ == "__main__":
    app()
