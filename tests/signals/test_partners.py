"""Partners as operators keep them: added, suspended, given new keys, and the same at the broker."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import aio_pika
import asyncpg
import httpx
import pytest
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from pydantic import ValidationError

from deploy.local.corporation import INTAKE, message_of
from deploy.local.month import Outgoing
from services.signals.partners import AgreementEntry, PartnerEntry
from tests.builders import NOW
from tests.paths import DEMO, REPOSITORY
from tests.signals.http import client, deliver, event, post
from tests.town import Town

KEY = "achterstand-gemeld.v1"
KVK = "90000007"  # of nobody in the demo's file


def own(event_id: str, number: int = 1) -> dict[str, Any]:
    return {**event(event_id, number), "source": f"urn:nld:kvknr:{KVK}"}


async def ops(town: Town, *words: str, **more: str) -> tuple[int, str, str]:
    """An operator's command with the broker's administrator; exit code, output, errors."""
    environment = {
        **os.environ,
        **town.environment["signals"],
        "RABBITMQ_MANAGEMENT_URL": town.servers.management_url,
        "RABBITMQ_VHOST": town.name,
        **more,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.signals", *words,
        cwd=REPOSITORY, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def add(town: Town, partner_id: str, *more: str) -> dict[str, Any]:
    code, out, err = await ops(
        town, "partner", "add", partner_id, "--name", "Nieuw Wonen", "--kvk", KVK,
        "--kind", "Huur", "--contact", "incasso, 050-0000000",
        "--agreement", "GM9901,bgs,2026-01-01", *more,
    )  # fmt: skip
    assert code == 0, err
    told: dict[str, Any] = json.loads(out)
    return told


async def publish(channel: aio_pika.abc.AbstractChannel, partner: str, event_id: str) -> None:
    outgoing = Outgoing(NOW, partner, f"{partner}.{KEY}", own(event_id), "")
    exchange = await channel.get_exchange(INTAKE, ensure=False)
    await exchange.publish(message_of(outgoing), outgoing.routing_key, timeout=10)


async def test_a_partner_is_added_delivers_and_is_suspended_while_its_channel_is_open(
    town: Town,
) -> None:
    town.clock.move(NOW)
    await town.start("signals")
    partner = f"nieuw-{town.name}"
    told = await add(town, partner, "--feedback")
    key, password = told[partner]["api_key"], told["amqp"][partner]
    url = town.partners._urls["woonstad"].replace("//woonstad:", f"//{partner}:")
    url = url.replace(url.split(":")[2].split("@")[0], password)
    stored = await town.fetch("signals", "select partner::text as row from partner")
    assert not [row for row in stored if key in row["row"] or password in row["row"]]

    connection = await aio_pika.connect(url, timeout=10)
    channel = await connection.channel(publisher_confirms=True)
    await publish(channel, partner, "a-1")
    await town.until("signals", "select count(*) from event", 1)
    async with client(town, Authorization=f"Bearer {key}") as web:
        assert (await deliver(web, [own("a-2", 2)]))[0]["resultaat"] == "aangenomen"
        again = await add(town, partner, "--feedback")
        assert "amqp" not in again, "the broker's user is there already, with its password"
        assert (await post(web, own("a-3", 3))).status_code == 401, "the old key ended"
        web.headers["Authorization"] = f"Bearer {again[partner]['api_key']}"

        assert (await ops(town, "partner", "suspend", partner))[0] == 0
        answer = await post(web, own("a-4", 4))
        assert answer.status_code == 403
        assert "suspended" in answer.json()["detail"]
    # The channel was open all the time; the broker's user is gone, and nothing comes through.
    with pytest.raises((AMQPError, ChannelInvalidStateError, OSError, TimeoutError)):
        await publish(channel, partner, "a-5")
    await town.until("signals", "select count(*) from event", 2)
    await town.partners.close()
    assert (await ops(town, "partner", "resume", partner))[0] == 0
    listed = json.loads((await ops(town, "partner", "list", "--json"))[1])
    (row,) = [row for row in listed if row["id"] == partner]
    assert (row["suspended_at"], row["agreements"]) == (None, 1)


async def test_no_two_partners_share_a_number_or_the_administrators_name(
    town: Town, tmp_path: Path
) -> None:
    """An event's id counts within its source, and that names a KvK number."""
    more = ("--name", "N", "--kind", "Huur", "--contact", "c",
            "--agreement", "GM9901,bgs,2026-01-01")  # fmt: skip
    code, _, err = await ops(town, "partner", "add", "tweede", "--kvk", "90000001", *more)
    assert (code, "its KvK number is that of partner woonstad" in err) == (2, True), err
    file = tmp_path / "partners.yaml"
    file.write_text((DEMO / "partners.yaml").read_text().replace("id: woonstad", "id: anders"))
    code, _, err = await ops(town, "partner", "load", str(file))
    assert (code, "its KvK number is that of partner woonstad" in err) == (2, True), err
    with pytest.raises(asyncpg.UniqueViolationError):
        await town.fetch("signals", "update partner set kvk = '90000001'")
    code, _, err = await ops(
        town, "partner", "add", "baas", "--kvk", KVK, *more,
        RABBITMQ_MANAGEMENT_URL="http://baas:geheim@127.0.0.1:1",
    )  # fmt: skip
    assert (code, "baas: this is the broker's administrator" in err) == (2, True), err
    assert len(await town.fetch("signals", "select id from partner")) == 6


async def test_what_is_wrong_is_said_in_a_line(town: Town) -> None:
    for words, wanted in (
        (("partner", "suspend", "nobody"), "no partner nobody"),
        (("partner", "rotate-key", "nobody"), "no partner nobody"),
        (("keys", "rotate", "GM0000"), "no policy for GM0000"),
    ):
        code, _, err = await ops(town, *words)
        assert (code, err.strip()) == (2, f"voordeur: {wanted}")


async def test_sync_changes_nothing_that_is_right_and_mends_what_is_gone(town: Town) -> None:
    code, out, _ = await ops(town, "partner", "sync")
    assert (code, out) == (0, "6 partners at the broker\n"), "all were there"
    auth = httpx.URL(town.servers.management_url)
    async with httpx.AsyncClient(
        base_url=auth.copy_with(username=None, password=None), auth=(auth.username, auth.password)
    ) as api:
        path = f"/api/topic-permissions/{town.name}/woonstad"
        assert (await api.delete(path)).status_code == 204
        assert (await api.delete(f"/api/queues/{town.name}/partner.woonstad.feedback")).is_success
        assert (await ops(town, "partner", "sync"))[0] == 0
        (found,) = (await api.get(path)).json()
        assert (found["exchange"], found["write"]) == (INTAKE, r"^woonstad\.")
        assert (await api.get(f"/api/queues/{town.name}/partner.woonstad.feedback")).is_success


def entry(**changes: Any) -> PartnerEntry:
    agreement = AgreementEntry.parse("GM9901,bgs,2026-01-01")
    fields = {"id": "nieuw", "name": "Nieuw", "kvk": "90000001", "kinds": ("Huur",),
              "agreements": (agreement,)}  # fmt: skip
    return PartnerEntry.model_validate(fields | changes)


@pytest.mark.parametrize(
    "changes",
    [{"id": "triage"}, {"id": "administrator"}, {"id": "ops"}, {"id": "A"}, {"kvk": "9000"},
     {"kinds": ()}, {"agreements": ()}, {"name": ""}],
)  # fmt: skip
def test_a_partner_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    assert entry()
    with pytest.raises(ValidationError):
        entry(**changes)


@pytest.mark.parametrize(
    "text", ["", "GM9901", "GM9901,bgs", "9901,bgs,2026-01-01", "GM9901,x,2026-01-01",
             "GM9901,bgs,1 mei", "GM9901,bgs,2026-01-01,ooit"]
)  # fmt: skip
def test_an_agreement_that_cannot_be_is_refused(text: str) -> None:
    assert AgreementEntry.parse("GM9901, bgs, 2026-01-01, 2026-12-31").valid_until
    with pytest.raises(ValidationError):
        AgreementEntry.parse(text)
