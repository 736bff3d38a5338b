"""What a partner hears back: only what it may know, only of its own, corrected when triage does."""

import json
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import aio_pika

from services.signals.sql.statuses import STATUSES_MAX
from services.signals.texts import STATUSES
from shared.contracts import partners, triage
from shared.contracts.envelope import CONTENT_TYPE, EVENTS_EXCHANGE, Event, to_wire
from shared.contracts.triage import ContactKind, NotTakenUpReason, PartOfDay
from tests import builders
from tests.builders import NOW
from tests.signals.http import client, deliver, event
from tests.town import Town

SECRET = UUID(int=77)


async def say(town: Town, *events: Event, at: datetime = NOW) -> None:
    """Have triage say something, recorded at an instant."""
    async with await aio_pika.connect(town.amqp["triage"], timeout=10) as connection:
        channel = await connection.channel(publisher_confirms=True)
        exchange = await channel.get_exchange(EVENTS_EXCHANGE, ensure=False)
        for one in events:
            body = to_wire(one, source="urn:nld:oin:0:systeem:triage", recorded_at=at)
            message = aio_pika.Message(
                body, message_id=str(one.wire_id), content_type=CONTENT_TYPE, user_id="triage"
            )
            await exchange.publish(message, one.route[1], timeout=10)


async def heard(town: Town, partner: str) -> list[dict[str, Any]]:
    """Everything in a partner's feedback queue."""
    found = []
    async with await aio_pika.connect(town.partners._urls[partner], timeout=10) as connection:
        queue = await (await connection.channel()).get_queue(f"partner.{partner}.feedback")
        while message := await queue.get(fail=False):
            found.append(json.loads(message.body))
            await message.ack()
    return found


def attempt(signal_id: UUID, number: int, *, was_reached: bool) -> triage.ContactAttempted:
    return triage.ContactAttempted(
        attempt_id=UUID(int=number),
        signal_ids=(signal_id,),
        attempted_at=NOW,
        kind=ContactKind.VISIT,
        part_of_day=PartOfDay.EVENING,
        was_reached=was_reached,
    )


def missed(signal_id: UUID) -> Event:
    """Nobody acted on a signal in time."""
    return builders.case_event(
        triage.DeadlineMissed,
        name="act_on_signal",
        clock=triage.ClockKind.SERVICE,
        due_on=NOW.date(),
        starting_fact="signaal opgepakt",
        signal_ids=(signal_id,),
    )


def everything(one: UUID) -> list[Event]:
    """All that triage can say of a signal, with a correction and an order of its own."""
    pause = {"answer_id": SECRET, "signal_ids": (one,)}
    return [
        triage.SignalTakenUp(signal_id=one, status_no=2),
        triage.SignalNotTakenUp(signal_id=one, status_no=1, reason=NotTakenUpReason.REPEATED),
        triage.SignalNotTakenUp(signal_id=one, status_no=3, reason=NotTakenUpReason.OTHER),
        triage.SignalNotTakenUp(signal_id=one, status_no=4, reason=NotTakenUpReason.UNJUSTIFIED),
        triage.SignalNotTakenUp(signal_id=one, status_no=5, reason=NotTakenUpReason.WITHDRAWN),
        attempt(one, 1, was_reached=False),
        attempt(one, 2, was_reached=True),
        triage.HelpAccepted(**pause, collection_paused_until=date(2026, 4, 2)),
        triage.HelpDeclined(**pause),
        triage.PauseEnded(**pause),
        missed(one),
    ]


def strings(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {text for inner in value.values() for text in strings(inner)}
    if isinstance(value, list):
        return {text for inner in value for text in strings(inner)}
    return {value} if isinstance(value, str) else set()


async def test_a_partner_hears_what_it_may_know_and_nothing_of_anothers(town: Town) -> None:
    town.clock.move(NOW)
    await town.start("signals")
    async with client(town) as web, client(town, "volkshuis") as other:
        (mine,) = await deliver(web, [event("f-1")])
        (theirs,) = await deliver(other, [{**event("f-1"), "source": "urn:nld:kvknr:90000002"}])
        signal_id = UUID(mine["meldingId"])
        await say(town, *everything(signal_id), *everything(signal_id))
        await town.until("signals", "select count(*) from status", 10)
        shown = (await web.get(f"/v1/events/{signal_id}")).json()
        assert not (await other.get(f"/v1/events/{theirs['meldingId']}")).json()["statussen"]
        since = (await other.get("/v1/events")).json()
        assert [one["meldingId"] for one in since["meldingen"]] == [theirs["meldingId"]]
    _judge_shown(shown)

    answers = await heard(town, "woonstad")
    accepted = [one for one in answers if one["type"].endswith("melding-aangenomen.v1")]
    assert [one["data"]["ontvangstbewijs"] for one in accepted] == [mine["ontvangstbewijs"]]
    told = [one["data"] for one in answers if one["type"].endswith("status-gegeven.v1")]
    assert len(told) == 10, "once each, however often it was said"
    known = {"woonstad", "f-1", mine["meldingId"], "urn:nld:kvknr:90000001", "2026-04-02"}
    seen = {text for one in told for text in strings({**one, "statusId": None, "op": None})}
    assert {one["op"] for one in told} == {"2026-03-03T09:00:00Z"}
    assert seen - known <= set(STATUSES) | {words.nl for words in STATUSES.values()}
    assert {one["data"]["meldingId"] for one in await heard(town, "volkshuis")} == {
        theirs["meldingId"]
    }


def _judge_shown(shown: dict[str, Any]) -> None:
    statuses = shown["statussen"]
    assert {one["status"] for one in statuses} == set(STATUSES)
    assert {one["tekst"] for one in statuses} == {words.nl for words in STATUSES.values()}
    numbered = [one for one in statuses if one.get("volgnummer")]
    assert max(numbered, key=lambda one: one["volgnummer"])["status"] == "withdrawn"
    (pause,) = [one for one in statuses if one.get("tot")]
    assert (pause["status"], pause["tot"]) == ("help_accepted", "2026-04-02")
    # Nothing of who was tried how, when, and with what reason.
    assert not strings(statuses) & {str(SECRET), "Huisbezoek", "Avond", "other reason"}


async def test_the_latest_holds_of_statuses_without_a_number(town: Town) -> None:
    """Ordered by when triage recorded them, however late and in whichever order they come."""
    town.clock.move(NOW + timedelta(days=9))
    await town.start("signals")
    async with client(town) as web:
        (mine,) = await deliver(web, [event("f-1")])
        answer = {"signal_ids": (UUID(mine["meldingId"]),)}
        accepted = triage.HelpAccepted(
            **answer, answer_id=UUID(int=1), collection_paused_until=date(2026, 4, 2)
        )
        declined = triage.HelpDeclined(**answer, answer_id=UUID(int=2))
        await say(town, declined, at=NOW + timedelta(days=2))
        await town.until("signals", "select count(*) from status", 1)
        await say(town, accepted, at=NOW + timedelta(days=1))
        await town.until("signals", "select count(*) from status", 2)
        shown = (await web.get("/v1/events/f-1")).json()["statussen"]
        assert [(one["status"], one["op"]) for one in shown] == [
            ("help_declined", "2026-03-05T09:00:00Z"), ("help_accepted", "2026-03-04T09:00:00Z")
        ]  # fmt: skip
        told = [one["data"] for one in await heard(town, "woonstad")]
        assert {one["status"]: one["op"] for one in told if "status" in one} == {
            one["status"]: one["op"] for one in shown
        }
        # Of very many only the newest are told.
        attempts = [attempt(*answer["signal_ids"], no, was_reached=False) for no in range(60)]
        await say(town, *attempts, at=NOW + timedelta(days=3))
        await town.until("signals", "select count(*) from status", 62)
        shown = (await web.get("/v1/events/f-1")).json()["statussen"]
        assert len(shown) == STATUSES_MAX
        assert {one["status"] for one in shown} == {"contact_tried_without_result"}


async def test_an_objection_after_the_fact_goes_its_way(town: Town) -> None:
    town.clock.move(NOW)
    await town.start()
    async with client(town) as web:
        await deliver(web, [event("o-1", crisissignaal=True)])
        home = event("o-1")["data"]["client"]
        objection = {**builders.document(partners.ObjectionReceived, client=home), "id": "o-2"}
        (accepted,) = await deliver(web, [objection])
    assert accepted["resultaat"] == "aangenomen"
    await town.quiet()
    (row,) = await town.fetch("triage", "select has_objection from household_case")
    assert row["has_objection"]
