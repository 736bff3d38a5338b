"""What cannot be handled lies in the middle of five hundred: it waits, the others go on."""

import json
from dataclasses import replace

import aio_pika

from deploy.local.month import Month, Outgoing
from deploy.local.private_rabbitmq import ADMINISTRATOR
from shared.contracts.envelope import EVENTS_EXCHANGE
from tests.faults.workload import FIRST
from tests.town import Town

QUEUE = "triage.from.signals.arrears_reported.v1"
COUNT = 500
MARKED = "Geheimhouder"


def five_hundred() -> list[Outgoing]:
    month = Month(seed=1, signals=COUNT)
    for _ in range(COUNT):
        data = month.signal(month.new_household(), "woonstad", FIRST) | {"crisissignaal": False}
        month.send("woonstad", "achterstand-gemeld", FIRST, data)
    return month.out


async def poison(town: Town) -> None:
    """Put something that is no event of ours in the middle of what waits for triage."""
    password = town.servers.passwords.of(ADMINISTRATOR)
    connection = await aio_pika.connect(
        town.servers.amqp_url(ADMINISTRATOR, town.name, password), timeout=10
    )
    async with connection:
        channel = await connection.channel(publisher_confirms=True)
        exchange = await channel.get_exchange(EVENTS_EXCHANGE, ensure=False)
        body = json.dumps({"specversion": "1.0", "data": {"surname": MARKED}}).encode()
        message = aio_pika.Message(
            body, delivery_mode=2, message_id="5c1f4d0e-0000-4000-8000-000000000001"
        )
        await exchange.publish(message, "signals.arrears_reported.v1", timeout=10)


async def test_poison_in_the_middle_of_a_batch_of_500_waits_alone(town: Town) -> None:
    town.clock.move(FIRST)
    await town.start("signals", "notify")
    events = five_hundred()
    half = COUNT // 2
    for part in (events[:half], events[half:]):
        await town.send(part)
        query = "select (select count(*) from event) - (select count(*) from outbox) as n"
        await town.until("signals", query, wanted=half if part[0] is events[0] else COUNT)
        if part[0] is events[0]:
            await poison(town)
    assert (await town.depths())[QUEUE] == COUNT + 1

    await town.start("triage")
    await town.quiet()
    assert (await town.fetch("triage", "select count(*) from signal"))[0][0] == COUNT
    (row,) = await town.fetch("triage", "select queue, state, fault from waiting")
    assert (row["queue"], row["state"]) == (QUEUE, "parked")
    assert "missing" in row["fault"]
    assert MARKED not in row["fault"]
    assert MARKED not in (town.folder / "triage.log").read_text()
    findings = await town.reconcile()
    only_the_poison = replace(findings, lost=[], doubled=findings.doubled)
    assert only_the_poison.is_clean, findings.examples()
    assert len(findings.lost) == 1, findings.examples()
