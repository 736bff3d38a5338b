"""Bad input of every kind, over the real broker: its sender hears every fault, nothing changes."""

import json
from typing import Any

import aio_pika
import pytest
from aio_pika.exceptions import AMQPError

from deploy.local.corporation import INTAKE, message_of
from deploy.local.month import Outgoing
from tests import builders
from tests.builders import NOW
from tests.town import Town

KEY = "woonstad.achterstand-gemeld.v1"
TYPE = "nl.betalingsachterstanden."
JSON = "application/cloudevents+json"
SURNAME = "Geheimhouder"  # must be found nowhere but in the event that was right
Wanted = set[tuple[str, str]]


def good(event_id: str, **changes: Any) -> dict[str, Any]:
    document = builders.document(**changes)
    document["data"]["client"] = {**document["data"]["client"], "achternaam": SURNAME}
    return {**document, "id": event_id}


def with_type(event_id: str, name: str) -> dict[str, Any]:
    return {**good(event_id), "type": f"{TYPE}{name}"}


# Body, routing key, content type, and every fault that must be told.
BAD: list[tuple[dict[str, Any] | bytes, str, str, Wanted]] = [
    (f"{{{SURNAME}: geen json".encode(), KEY, JSON, {("not_json", "data")}),
    (good("b-1"), KEY, "application/json", {("content_type", "content-type")}),
    (good("b-2", toelichting="x" * 66_000), KEY, JSON, {("too_large", "data")}),
    (with_type("b-3", "onbekend.v1"), KEY, JSON, {("unknown_type", "type")}),
    (with_type("b-4", "achterstand-gemeld.v9"), KEY, JSON, {("unknown_type", "type")}),
    (good("b-5", bedrag=None), KEY, JSON, {("missing", "data.bedrag")}),
    (good("b-6", bezwaar="nee"), KEY, JSON, {("invalid", "data.bezwaar")}),
    (good("b-7", bedragg="1.00"), KEY, JSON, {("nearly_named", "data.bedragg")}),
    (good("b-8", ontstaansdatum="2026-02-30"), KEY, JSON, {("invalid", "data.ontstaansdatum")}),
    (good("b-9", bedrag="-12.00"), KEY, JSON, {("invalid", "data.bedrag")}),
    (good("b-10", bedrag=1250.75), KEY, JSON, {("invalid", "data.bedrag")}),
    ({**good("b-11"), "source": "urn:nld:kvknr:90000003"}, KEY, JSON,
     {("wrong_partner", "source")}),
    (good("b-12"), "woonstad.zitting-gepland.v1", JSON, {("routing_key", "routing-key")}),
    (good("b-13"), "woonstad.onbekend.v1", JSON, {("routing_key", "routing-key")}),
    (good("b-14", gemeentecode="GM0000"), KEY, JSON,
     {("unknown_municipality", "data.gemeentecode"), ("no_agreement", "data.grondslag")}),
    (good("known", bedrag="1.00"), KEY, JSON, {("id_reused", "id")}),
    (good("b-15", bedrag=5, bezwaar=None, signaaldatum="2026-02-30", BSN="999990342"), KEY, JSON,
     {("invalid", "data.bedrag"), ("missing", "data.bezwaar"), ("invalid", "data.signaaldatum"),
      ("bsn", "data.BSN")}),
]  # fmt: skip


async def answers(town: Town, count: int) -> dict[str, Any]:
    """What the partner reads from its feedback queue, by message id."""
    found: dict[str, Any] = {}
    connection = await aio_pika.connect(town.partners._urls["woonstad"], timeout=10)
    async with connection:
        channel = await connection.channel()
        queue = await channel.get_queue("partner.woonstad.feedback")
        while len(found) < count:
            message = await queue.get(timeout=20)
            assert message is not None, "an answer to each"
            told = json.loads(message.body)
            if told["type"] == "nl.betalingsachterstanden.melding-geweigerd.v1":
                found[told["data"]["berichtId"]] = {"text": message.body.decode(), **told["data"]}
            await message.ack()
        while more := await queue.get(fail=False):
            assert b"melding-geweigerd" not in more.body, "one answer each"
    return found


async def test_bad_input_is_answered_with_every_fault_and_changes_nothing(town: Town) -> None:
    town.clock.move(NOW)
    await town.start()
    await town.partners.send([Outgoing(NOW, "woonstad", KEY, good("known"), "accepted")])
    await town.quiet()
    sent = [Outgoing(NOW, "woonstad", key, body, "", kind) for body, key, kind, _ in BAD]
    await town.partners.send(sent)
    await town.quiet()

    told = await answers(town, len(BAD))
    for event, (_, _, _, wanted) in zip(sent, BAD, strict=True):
        answer = told[str(message_of(event).message_id)]
        assert {(one["code"], one["veld"]) for one in answer["fouten"]} == wanted, event.routing_key
        assert all(one["tekst"] and one["text"] for one in answer["fouten"])
        assert SURNAME not in answer["text"]
    await _nothing_changed(town)

    # And the town goes on.
    await town.partners.send([Outgoing(NOW, "woonstad", KEY, good("next"), "accepted")])
    await town.quiet()
    assert (await town.fetch("signals", "select count(*) from event"))[0][0] == 2


async def _nothing_changed(town: Town) -> None:
    assert (await town.fetch("signals", "select count(*) from event"))[0][0] == 1
    assert (await town.fetch("signals", "select count(*) from refusal"))[0][0] == len(BAD)
    assert (await town.fetch("triage", "select count(*) from signal"))[0][0] == 1
    rows = await town.fetch("signals", "select refusal::text as row from refusal")
    assert not [row for row in rows if SURNAME in row["row"]]
    for service in ("signals", "triage", "notify"):
        assert SURNAME not in (town.folder / f"{service}.log").read_text()


async def publish(town: Town, routing_key: str, user_id: str) -> None:
    event = Outgoing(NOW, "woonstad", routing_key, good("x"), "")
    message = message_of(event)
    message.user_id = user_id
    connection = await aio_pika.connect(town.partners._urls["woonstad"], timeout=10)
    async with connection:
        channel = await connection.channel(publisher_confirms=True)
        exchange = await channel.get_exchange(INTAKE, ensure=False)
        await exchange.publish(message, routing_key, timeout=10)


@pytest.mark.parametrize(
    ("routing_key", "user_id"),
    [("stroomnet.achterstand-gemeld.v1", "woonstad"), (KEY, "stroomnet")],
    ids=["another partner's key", "another partner's name"],
)
async def test_the_broker_lets_nobody_speak_for_another(
    town: Town, routing_key: str, user_id: str
) -> None:
    with pytest.raises(AMQPError):
        await publish(town, routing_key, user_id)
    assert not any((await town.depths()).values())
