"""Refusals can be read by who has no feedback queue, and what is known is answered again."""

import json
from typing import Any

from deploy.local.corporation import message_of
from deploy.local.month import Outgoing
from services.signals.reading import UNKNOWN_MAX
from services.signals.rules import FAULTS_MAX
from tests.builders import NOW
from tests.signals.http import BATCH, client, deliver, event, post
from tests.signals.test_feedback import heard
from tests.town import Town

KEY = "woonstad.achterstand-gemeld.v1"
DEEP = json.loads("[" * 300 + "]" * 300)


def outgoing(told: dict[str, Any] | bytes, content_type: str = "") -> Outgoing:
    kind = {"content_type": content_type} if content_type else {}
    return Outgoing(NOW, "woonstad", KEY, told, "", **kind)


async def test_an_amqp_partner_without_a_feedback_queue_reads_what_was_refused(
    town: Town,
) -> None:
    town.clock.move(NOW)
    await town.start("signals")
    await town.fetch("signals", "update partner set wants_feedback = false")
    bad = outgoing(event("r-1", bedrag="0.00", bezwaar=True))
    await town.partners.send([bad, outgoing(b"geen json")])
    await town.until("signals", "select count(*) from refusal", 2)
    async with client(town) as web, client(town, "volkshuis") as other:
        page = (await web.get("/v1/refusals")).json()
        told = {one["gebeurtenisId"]: one for one in page["weigeringen"]}
        assert set(told) == {"r-1", None}
        assert {one["code"] for one in told["r-1"]["fouten"]} == {"not_positive", "objection"}
        assert all(one["veld"] and one["tekst"] and one["text"] and one["bron"]
                   for refusal in told.values() for one in refusal["fouten"])  # fmt: skip
        assert told["r-1"]["berichtId"] == message_of(bad).message_id
        assert (await other.get("/v1/refusals")).json()["weigeringen"] == []

        # Read on: nothing, until something is refused, or refused again.
        since = {"since": page["volgende"]}
        assert (await web.get("/v1/refusals", params=since)).json()["weigeringen"] == []
        await deliver(web, [event("r-2", 2, bedrag="0.00")])
        await town.partners.send([bad])
        await town.until("signals", "select max(times_seen) from refusal", 2)
        again = (await web.get("/v1/refusals", params=since)).json()["weigeringen"]
        assert {one["gebeurtenisId"]: one["keren"] for one in again} == {"r-1": 2, "r-2": 1}
        assert (await web.get("/v1/refusals", params={"since": "x"})).status_code == 400


async def test_a_known_event_is_answered_again_on_the_feedback_queue(town: Town) -> None:
    town.clock.move(NOW)
    await town.start("signals")
    await town.partners.send([outgoing(event("k-1"))])
    await town.until("signals", "select count(*) from event", 1)
    (first,) = await _until_heard(town, 1)
    await town.partners.send([outgoing(event("k-1"))])
    (again,) = await _until_heard(town, 1)
    assert again["id"] == first["id"], "the same answer, and it says so"
    assert again["data"] == first["data"]
    async with client(town) as web:
        assert (await deliver(web, [event("k-1")]))[0]["resultaat"] == "bekend"
    assert await heard(town, "woonstad") == [], "over HTTP the answer is in the response"
    await town.fetch("signals", "update event set document = null, salt = null")
    await town.partners.send([outgoing(event("k-1"))])
    (purged,) = await _until_heard(town, 1)
    assert purged["data"] == first["data"] | {"zout": None}


async def _until_heard(town: Town, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for _ in range(200):
        found += await heard(town, "woonstad")
        if len(found) >= count:
            return found
    raise AssertionError(f"{len(found)} answers, wanted {count}")


async def test_an_answer_to_very_much_that_is_wrong_can_be_sent(town: Town) -> None:
    """By each way: the others of its batch go on, and nothing waits with its body."""
    town.clock.move(NOW)
    await town.start("signals")
    faulty = event("m-1", **{f"bsn_{no}": "999990342" for no in range(300)})
    strange = event("m-2", **{f"a{no}": no for no in range(UNKNOWN_MAX + 1)})
    odd = event("m-3", 3, **{f"veld{no}_" + "x" * 30: no for no in range(UNKNOWN_MAX)})
    deep = event("m-4", diep=DEEP)
    async with client(town) as web:
        told = await deliver(web, [faulty, strange, odd, deep, event("m-5", 5)])
        assert [one["resultaat"] for one in told] == [
            "geweigerd", "geweigerd", "aangenomen", "geweigerd", "aangenomen"
        ]  # fmt: skip
        assert len(told[0]["fouten"]) == FAULTS_MAX + 1
        assert [one["code"] for one in told[3]["fouten"]] == ["too_deep"]
        assert told[3]["gebeurtenisId"] == "m-4"
        attributes = {f"ce-{name}": value for name, value in deep.items() if name != "data"}
        for answer in (
            await post(web, deep),
            await post(web, deep["data"], "application/json", **attributes),
        ):
            (result,) = answer.json()["resultaten"]
            assert [one["code"] for one in result["fouten"]] == ["too_deep"]
        assert (await post(web, b"[" * 2000 + b"]" * 2000, BATCH)).status_code == 400

    await town.partners.send([outgoing(one) for one in (faulty, strange, deep, odd)])
    await town.until("signals", "select sum(times_seen) from refusal", 3 * 2 + 2)
    await town.until("signals", "select sum(times_seen) from event", 3)
    await town.until("signals", "select count(*) from outbox", 0)
    assert (await town.fetch("signals", "select count(*) from waiting"))[0][0] == 0
    answers = [one for one in await heard(town, "woonstad") if "fouten" in one["data"]]
    assert {one["data"]["gebeurtenisId"] for one in answers} == {"m-1", "m-2", "m-4"}
    assert "request_failed" not in town.log("signals")
