"""Going live without mailing a town: steps, guests, the one switch, and one alert at a time."""

from collections.abc import AsyncIterator
from itertools import pairwise, product
from typing import Any
from uuid import uuid4

import pytest

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.notify.channels.answers import Answer, Outcome
from services.notify.gate import Mode, is_step
from services.notify.sql import erasing as erase_sql
from shared.contracts import triage
from tests.builders import BRAM, MUNICIPALITY, NOW, POLICY, case_event
from tests.notify import counter
from tests.notify.counter import CASE, HOUSEHOLD, MODES, OPS, POLICIES, WHY, Counter, hearing, told
from tests.notify.test_recipients import NUMBER

GUESTS = f"/municipalities/{MUNICIPALITY}/guests"
WISHES = f"/households/{HOUSEHOLD}/wishes"


@pytest.fixture(scope="module")
async def url(servers: Servers) -> AsyncIterator[str]:
    yield await servers.create_database_from_template("template_notify", "going_live", "notify")
    await servers.drop_database("going_live")


@pytest.fixture
async def desk(url: str, stepped_clock: Clock) -> AsyncIterator[Counter]:
    async with counter.clean_pool(url) as pool, counter.opened(pool) as found:
        yield found


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy that allows no message to residents in a day."""
    rules = POLICY.notify.residents
    assert rules
    none = rules.model_copy(update={"daily_ceiling": rules.daily_ceiling.model_copy(
        update={"value": 0})})  # fmt: skip
    told = POLICY.notify.model_copy(update={"residents": none})
    changed = [POLICY.model_copy(update={"notify": told})]
    monkeypatch.setitem(POLICIES.by_municipality, MUNICIPALITY, changed)


def test_messages_go_on_by_one_step_and_back_anywhere() -> None:
    steps = {(of, to) for of, to in product(Mode, Mode) if is_step(of, to)}
    order = [Mode.OFF, Mode.SHADOW, Mode.GUESTS, Mode.LIVE]
    back = {(of, to) for of, to in product(order, order) if order.index(to) <= order.index(of)}
    assert steps == back | set(pairwise(order))


async def test_a_channel_goes_live_step_by_step_and_everything_is_on_file(desk: Counter) -> None:
    assert (await desk.get(MODES))["modes"] == dict.fromkeys(("mail", "sms", "letter"), "off")
    for mode in ("guests", "live"):
        problem = await desk.put(f"{MODES}/sms", 409, mode=mode)
        assert "`off` now" in problem["detail"]
    await desk.go_live()
    await desk.put(f"{MODES}/sms", mode="live")
    await desk.put(f"{MODES}/sms", mode="off")
    answer = await desk.get(MODES)
    assert answer["modes"]["sms"] == "off"
    assert [one["mode"] for one in answer["history"]] == ["off", "live", "guests", "shadow"]
    assert {(one["changedBy"], one["reason"]) for one in answer["history"]} == {
        (WHY["decidedBy"], WHY["reason"])
    }


async def test_no_town_goes_live_that_does_not_say_how_it_writes(
    desk: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = POLICY.notify.model_copy(update={"residents": None})
    changed = [POLICY.model_copy(update={"notify": silent})]
    monkeypatch.setitem(POLICIES.by_municipality, MUNICIPALITY, changed)
    for mode in ("shadow", "guests"):
        await desk.put(f"{MODES}/sms", mode=mode)
    assert "policy" in (await desk.put(f"{MODES}/sms", 409, mode="live"))["detail"]
    await desk.get("/municipalities/elders/modes", 404)
    await desk.put("/municipalities/elders/modes/sms", 404, mode="shadow")


async def test_only_guests_are_written_to_while_a_channel_is_for_guests(desk: Counter) -> None:
    for mode in ("shadow", "guests"):
        await desk.put(f"{MODES}/sms", mode=mode)
    alert = await desk.hearing_told()
    await desk.send()
    assert (await desk.state(alert), desk.gateway.taken) == ("shadowed", [])

    answer = await desk.put(GUESTS, contacts=["06 1234 5678", "Anna@Voorbeeldstad.example"])
    assert [one["contact"] for one in answer["guests"]] == [NUMBER, "anna@voorbeeldstad.example"]
    assert await desk.get(GUESTS) == answer
    await desk.say(hearing(5))
    await desk.send()
    assert desk.gateway.taken == [NUMBER]
    assert not (await desk.put(GUESTS, contacts=[]))["guests"]
    assert await desk.pool.fetchval("select count(*) from guests_change") == 2


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (GUESTS, {"contacts": ["050 123 45 67"]}, "body.contacts.0"),
        (GUESTS, {"contacts": [NUMBER, "no@mail"]}, "body.contacts.1"),
        (GUESTS, {"contacts": [NUMBER] * 101}, "body.contacts"),
        (GUESTS, {"contacts": [], "decidedBy": "x"}, "body.decidedBy"),
        (GUESTS, {"contacts": [], "reason": "a\x00b"}, "body.reason"),
        (WISHES, {"hasOptedOut": False, "wrongContacts": ["0612"]}, "body.wrongContacts.0"),
        (WISHES, {"hasOptedOut": False, "wrongContacts": [], "channel": "fax"}, "body.channel"),
        (WISHES, {"hasOptedOut": False, "wrongContacts": [], "language": "tr"}, "body.language"),
        ("/stop", {"isStopped": True, "more": 1}, "body.more"),
        (f"{MODES}/sms", {"mode": "all"}, "body.mode"),
        (f"{MODES}/fax", {"mode": "off"}, "path.channel"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_field(
    desk: Counter, path: str, body: dict[str, Any], field: str
) -> None:
    answer = await desk.web.put(path, json=WHY | body, auth=OPS)
    problem = told(answer, 400)
    assert [one["field"] for one in problem["errors"]] == [field]
    assert "0612" not in answer.text


async def test_the_one_switch_stops_all_and_what_it_held_is_looked_at_one_by_one(
    desk: Counter,
) -> None:
    await desk.go_live()
    assert not (await desk.get("/stop"))["isStopped"]
    for _ in range(2):
        assert (await desk.put("/stop", isStopped=True))["isStopped"]
    alert = await desk.hearing_told()
    await desk.send()
    assert (await desk.state(alert), desk.gateway.taken) == ("held", [])
    assert await desk.told_worker() == ["undelivered_set"]

    await desk.decide("send", alert)
    await desk.send()
    assert await desk.state(alert) == "held", "the switch holds also what a person released"

    await desk.put("/stop", isStopped=False)
    await desk.send()
    assert await desk.state(alert) == "held", "nothing goes by itself when the switch is turned"
    assert len((await desk.get("/stop"))["history"]) == 2
    (shown,) = (await desk.get(f"/alerts?state=held&municipality={MUNICIPALITY}"))["alerts"]
    assert (shown["alertId"], shown["caseReference"]) == (str(alert), "Z-00000001")
    assert (shown["why"], shown["lastDecision"]) == (
        "alle berichten aan bewoners zijn stilgezet", "send",
    )  # fmt: skip
    assert NUMBER not in str(shown)
    await desk.decide("send", alert)
    await desk.send()
    assert (await desk.state(alert), desk.gateway.taken) == ("sent", [NUMBER])
    assert "`sent` now" in (await desk.decide("send", alert, 409))["detail"]


async def test_over_the_ceiling_goes_only_what_a_person_let_go(desk: Counter, tight: None) -> None:
    await desk.go_live()
    alert = await desk.hearing_told()
    await desk.send()
    assert await desk.state(alert) == "held"
    assert (await desk.decide("send", alert))["state"] == "scheduled"
    await desk.decide("send", alert, 409)
    await desk.send()
    assert (await desk.state(alert), desk.gateway.taken) == ("sent", [NUMBER])
    decided = await desk.pool.fetchrow("select decided_by, reason from alert_decision")
    assert tuple(decided or ()) == (WHY["decidedBy"], WHY["reason"])


async def test_what_was_dropped_does_not_come_again_and_what_was_moved_does(
    desk: Counter, tight: None
) -> None:
    await desk.go_live()
    alert = await desk.hearing_told()
    await desk.send()
    await desk.decide("drop", alert)
    assert await desk.state(alert) == "stopped"
    assert await desk.events(alert) == ["alert_stopped"]
    # Another has the case, so everything about it is planned anew.
    people = {"assignee": BRAM, "is_confirmed": True}
    await desk.say(case_event(triage.AssignmentAccepted, 5, **people))
    query = "select count(*) from alert where recipient_role = 'resident' and template = $1"
    assert await desk.pool.fetchval(query, "hearing_set") == 1
    await desk.say(hearing(6))
    assert await desk.pool.fetchval(query, "hearing_set") == 2


async def unknown(desk: Counter) -> Any:
    await desk.go_live()
    alert = await desk.hearing_told()
    desk.gateway.answers = [Outcome.UNKNOWN]
    await desk.send()
    await desk.pool.execute("update alert set expires_at = $1 where id = $2", NOW, alert)
    await desk.pool.execute("update alert set free_at = '-infinity' where id = $1", alert)
    desk.gateway.found = Answer(Outcome.UNKNOWN, "no answer")
    await desk.send()
    await desk.pool.execute("update alert set expires_at = null where id = $1", alert)
    assert await desk.state(alert) == "unknown"
    assert len((await desk.get("/alerts?state=unknown"))["alerts"]) == 1
    await desk.decide("send", alert, 409)
    return alert


async def test_what_did_not_arrive_goes_once_more_when_a_person_says_so(desk: Counter) -> None:
    alert = await unknown(desk)
    await desk.decide("not_arrived", alert)
    await desk.send()
    assert (await desk.state(alert), desk.gateway.taken) == ("sent", [NUMBER] * 2)
    query = "select outcome from attempt where alert_id = $1 order by attempt_no"
    outcomes = await desk.pool.fetch(query, alert)
    assert [row["outcome"] for row in outcomes] == ["unknown", "temporary", "accepted"]
    await desk.tell("permanent-failure", alert, "gw-1")
    assert await desk.state(alert) == "sent", "of the first, and that is over"


async def test_what_arrived_after_all_is_told_as_sent(desk: Counter) -> None:
    alert = await unknown(desk)
    await desk.decide("arrived", alert)
    assert (await desk.state(alert), await desk.events(alert)) == ("sent", ["alert_sent"])
    await desk.decide("not_arrived", alert, 409)
    await desk.decide("drop", uuid4(), 404)


async def test_who_wants_no_messages_gets_none_from_that_moment(desk: Counter) -> None:
    await desk.go_live()
    await desk.get(WISHES, 404)
    alert = await desk.hearing_told()
    assert await desk.get(WISHES) == {
        "householdId": str(HOUSEHOLD), "hasOptedOut": False, "wrongContacts": [], "channel": None,
        "language": None,
    }  # fmt: skip
    answer = await desk.put(WISHES, hasOptedOut=True, wrongContacts=["06-12345678"])
    assert (answer["hasOptedOut"], answer["wrongContacts"]) == (True, [NUMBER])
    assert await desk.get(WISHES) == answer
    assert await desk.state(alert) == "superseded"
    await desk.send()
    assert not desk.gateway.taken
    unknown_household = f"/households/{uuid4()}/wishes"
    await desk.put(unknown_household, 404, hasOptedOut=True, wrongContacts=[])


async def test_a_number_that_is_not_theirs_gets_nothing_more(desk: Counter) -> None:
    await desk.go_live()
    alert = await desk.hearing_told()
    await desk.put(WISHES, hasOptedOut=False, wrongContacts=[NUMBER])
    await desk.send()
    assert (await desk.state(alert), desk.gateway.taken) == ("superseded", [])


async def test_what_was_decided_goes_with_its_case(desk: Counter, tight: None) -> None:
    await desk.go_live()
    alert = await desk.hearing_told()
    await desk.send()
    await desk.decide("drop", alert)
    await desk.put(WISHES, hasOptedOut=True, wrongContacts=[])
    async with desk.pool.acquire() as tx, tx.transaction():
        (row,) = await erase_sql.gather(tx, [CASE])
        await erase_sql.forget_cases(tx, [CASE], NOW)
    assert WHY["reason"] in str(row["berichten"])
    assert WHY["decidedBy"] not in str(row["berichten"])
    for table in ("alert_decision", "wishes", "wishes_change"):
        assert not await desk.pool.fetchval(f"select count(*) from {table}")


@pytest.mark.parametrize("path", [MODES, GUESTS, "/stop", "/alerts?state=held", WISHES])
async def test_nobody_but_operators_may_look(desk: Counter, path: str) -> None:
    for auth in (None, ("ops", "another password"), ("noor", counter.PASSWORD)):
        assert (await desk.web.get(path, auth=auth)).status_code == 401
