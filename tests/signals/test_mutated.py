"""Mutated events at every way in: each is accepted with a receipt or clearly refused, and refusals
change nothing."""

import asyncio
import csv
import io
import json
from collections.abc import Coroutine
from typing import Any
from uuid import uuid4

import aio_pika
import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.corporation import INTAKE
from services.signals import receipts
from shared.contracts import partners
from shared.contracts.envelope import CONTENT_TYPE
from tests import builders
from tests.builders import NOW
from tests.signals.http import BATCH, client, event, post
from tests.signals.test_tables import GOOD
from tests.town import Town

EXAMPLES = 40
SURNAME = "Geheimhouder"  # must be found in no refusal, nor in the log

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)
leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    texts, st.sampled_from(["", "999990342", "2026-02-30", "GM9901", "1.00", "x" * 2000]),
)  # fmt: skip
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
names = texts | st.sampled_from(["bsn", "bedragg", "data", "type", "id", "sequence"])


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """An event of any kind with up to three things changed, added or taken away."""
    told = json.loads(json.dumps(builders.document(draw(st.sampled_from(partners.EVENTS)))))
    told["id"] = draw(st.uuids().map(str))
    if "achternaam" in told["data"]["client"]:
        told["data"]["client"]["achternaam"] = SURNAME
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.sampled_from([told, told["data"], told["data"].get("client", {})]))
        if not isinstance(place, dict):
            continue
        name = draw(st.sampled_from(sorted(place)) if place else names)
        match draw(st.sampled_from(["change", "add", "remove"])):
            case "change":
                place[name] = draw(values)
            case "add":
                place[draw(names)] = draw(values)
            case _:
                place.pop(name, None)
        if not isinstance(told.get("data"), dict):
            break
    return told


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """A table with good columns and cells of which some are not."""
    rows = [GOOD | draw(st.dictionaries(st.sampled_from(sorted(GOOD)), texts, max_size=3))
            for _ in range(draw(st.integers(1, 4)))]  # fmt: skip
    file = io.StringIO()
    writer = csv.DictWriter(file, list(GOOD), delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def check(result: dict[str, Any], keys: list[dict[str, Any]]) -> bool:
    """Whether it was taken in; then it has a receipt, else faults that say where and what."""
    if result["resultaat"] == "geweigerd":
        assert result["fouten"]
        for fault in result["fouten"]:
            assert fault["code"]
            assert fault["veld"]
            assert fault["tekst"]
            assert fault["text"]
            assert fault["bron"]
        return False
    assert receipts.verify(result["ontvangstbewijs"], keys, demo=True).is_right
    return result["resultaat"] == "aangenomen"


class Thrower:
    """Throws examples at a service that runs, and counts what it keeps."""

    def __init__(self, town: Town, web: httpx.AsyncClient, keys: list[dict[str, Any]]) -> None:
        self.town, self.web, self.keys = town, web, keys
        self.accepted = self.refused = self.answered = self.refused_by_amqp = 0

    async def count(self) -> int:
        return int((await self.town.fetch("signals", "select count(*) from event"))[0][0])

    async def by_http(self, told: list[dict[str, Any]]) -> None:
        before = await self.count()
        answers = [await post(self.web, told[0]), await post(self.web, told[1:], BATCH)]
        assert [one.status_code for one in answers] == [202, 202]
        found = [check(one, self.keys) for a in answers for one in a.json()["resultaten"]]
        assert len(found) == len(told)
        assert await self.count() == before + sum(found), "a refusal keeps no event"
        self.accepted += sum(found)
        self.refused += len(found) - sum(found)

    async def by_table(self, table: bytes) -> None:
        before = await self.count()
        answer = await self.web.post("/v1/uploads", content=table)
        if answer.status_code == 400:
            assert answer.json()["errors"]
            return
        *rows, last = map(json.loads, answer.text.splitlines())
        assert last["klaar"]
        found = [check(row, self.keys) for row in rows]
        assert await self.count() == before + sum(found)

    async def by_amqp(self, told: list[dict[str, Any]]) -> None:
        """Each is answered on the feedback queue: with its receipt, or with every fault."""
        before = await self.count()
        named = {f"m-{uuid4()}": one for one in told}
        url = self.town.partners._urls["woonstad"]
        async with await aio_pika.connect(url, timeout=10) as connection:
            channel = await connection.channel(publisher_confirms=True)
            exchange = await channel.get_exchange(INTAKE, ensure=False)
            queue = await channel.get_queue("partner.woonstad.feedback")
            await queue.purge()  # the answers to what came by HTTP and as a table
            for no, (name, one) in enumerate(named.items()):
                message = binary(one) if no % 2 else structured(one)
                message.message_id = name
                key = f"woonstad.{str(one.get('type', 'x'))[26:80]}"
                await exchange.publish(message, key, timeout=10)
            accepted, refused = await self._answers(queue, named)
        for one in accepted.values():
            assert receipts.verify(one["ontvangstbewijs"], self.keys, demo=True).is_right
        for one in refused.values():
            assert not check({"resultaat": "geweigerd", **one}, self.keys)
        self.answered += len(accepted)
        self.refused_by_amqp += len(refused)
        # What was sent over HTTP before is known by now; binary mode may make another event of it.
        assert await self.count() <= before + len(accepted)
        assert (await self.town.fetch("signals", "select count(*) from waiting"))[0][0] == 0

    async def _answers(
        self, queue: aio_pika.abc.AbstractQueue, named: dict[str, dict[str, Any]]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The answers to messages: acceptances by the event's id, refusals by the message's."""
        accepted: dict[str, Any] = {}
        refused: dict[str, Any] = {}

        def is_answered(name: str) -> bool:
            return name in refused or str(named[name].get("id")) in accepted

        async with asyncio.timeout(30):
            while not all(map(is_answered, named)):
                if (message := await queue.get(fail=False)) is None:
                    await asyncio.sleep(0.02)
                    continue
                answer = json.loads(message.body)["data"]
                await message.ack()
                if "fouten" in answer:
                    refused[answer["berichtId"]] = answer
                else:
                    accepted[answer["gebeurtenisId"]] = answer
        return accepted, {name: one for name, one in refused.items() if name in named}


def structured(told: dict[str, Any]) -> aio_pika.Message:
    return aio_pika.Message(
        json.dumps(told).encode(), content_type=CONTENT_TYPE, user_id="woonstad"
    )


def binary(told: dict[str, Any]) -> aio_pika.Message:
    headers = {
        f"cloudEvents:{name}"[:100]: value
        for name, value in told.items()
        if name != "data" and isinstance(value, str)
    }
    return aio_pika.Message(
        json.dumps(told.get("data")).encode(), content_type="application/json", headers=headers,
        user_id="woonstad",
    )  # fmt: skip


async def test_whatever_comes_in_is_accepted_with_proof_or_clearly_refused(town: Town) -> None:
    town.clock.move(NOW)
    await town.start("signals")
    await town.fetch("signals", "update partner set requests_per_minute = 100000")
    loop = asyncio.get_running_loop()
    async with client(town) as web:
        keys = (await web.get("/v1/keys")).json()["keys"]
        thrower = Thrower(town, web, keys)
        await post(web, event("first"))

        def wait_for(work: Coroutine[Any, Any, None]) -> None:
            asyncio.run_coroutine_threadsafe(work, loop).result(60)

        @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
        @given(told=st.lists(documents(), min_size=2, max_size=4), table=tables())
        def throw(told: list[dict[str, Any]], table: bytes) -> None:
            wait_for(thrower.by_http(told))
            wait_for(thrower.by_table(table))
            wait_for(thrower.by_amqp(told))

        # Hypothesis has no event loop: it runs beside ours.
        await asyncio.to_thread(throw)
    assert thrower.accepted > 0
    assert thrower.refused > 0
    assert thrower.answered > 0
    assert thrower.refused_by_amqp > 0
    rows = await town.fetch("signals", "select refusal::text as row from refusal")
    assert not [row for row in rows if SURNAME in row["row"]]
    log = (town.folder / "signals.log").read_text()
    assert "request_failed" not in log
    assert SURNAME not in log
