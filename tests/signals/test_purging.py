"""What was kept long enough goes, of whichever municipality; what stays still tells ids apart."""

from datetime import timedelta
from typing import Any

import pytest

from deploy.local.driver import Clock
from services.signals import receipts, timer
from services.signals.sql.purging import Terms
from shared import db
from shared.policy import Policies
from tests.builders import MUNICIPALITY, NOW, POLICY
from tests.signals.http import client, deliver, event
from tests.signals.test_partners import ops
from tests.town import Town

BODY_DAYS = POLICY.signals.body_days.value
POLICIES = Policies({MUNICIPALITY: [POLICY]})


async def test_a_body_is_purged_and_its_id_takes_no_effect_twice(town: Town) -> None:
    town.clock.move(NOW)
    await town.start()
    async with client(town) as web:
        (accepted,) = await deliver(web, [event("p-1")])
        await town.quiet()
        for seconds, purged in ((-1, 0), (1, 1)):
            town.clock.move(NOW + timedelta(days=BODY_DAYS, seconds=seconds))
            await town.stop("signals")
            await town.start("signals")
            await town.until("signals", "select count(*) from event where salt is null", purged)
        (row,) = await town.fetch("signals", "select * from event")
        assert (row["document"], row["salt"]) == (None, None)
        everything = str(await town.fetch("signals", "select event::text as row from event"))
        assert "Voorbeeld" not in everything
        (report,) = await town.fetch("signals", "select * from purge")
        assert (report["bodies"], report["policy_sha256"]) == (1, POLICY.sha256)

        (again,) = await deliver(web, [event("p-1")])
        assert (again["resultaat"], "zout" in again) == ("bekend", False)
        shown = (await web.get(f"/v1/events/{accepted['meldingId']}")).json()
        assert (shown["gebeurtenis"], shown["zout"]) == (None, None)
        page = await web.get(f"/events/{accepted['meldingId']}/receipt")
        assert "bewaartermijn" in page.text
        assert "Voorbeeld" not in page.text.replace("Voorbeeldstad", "")
        keys = (await web.get("/v1/keys")).json()["keys"]
        found = receipts.verify(
            again["ontvangstbewijs"], keys, event=event("p-1"), salt=accepted["zout"], demo=True
        )
        assert found.is_right, "the corporation's own copy is still proven"
    await town.quiet()
    assert (await town.fetch("triage", "select count(*) from signal"))[0][0] == 1


async def test_another_body_under_the_id_of_a_purged_event_is_refused(town: Town) -> None:
    town.clock.move(NOW)
    await town.start("signals")
    async with client(town) as web:
        await deliver(web, [event("p-1")])
        await town.fetch(
            "signals", "update event set document = null, salt = null, purged_at = now()"
        )
        same = {**event("p-1"), "traceparent": "00-x"}
        for told, wanted in ((event("p-1"), "bekend"), (same, "bekend"),
                             (event("p-1", bedrag="1.00"), "geweigerd")):  # fmt: skip
            (result,) = await deliver(web, [told])
            assert result["resultaat"] == wanted
        assert [one["code"] for one in result["fouten"]] == ["id_reused"]
        # Under another secret nothing can be compared: never swallowed, then.
        town.environment["signals"]["SIGNING_SECRET"] = "y" * 40
        assert (await ops(town, "keys", "rotate", "GM9901", "--secret-lost"))[0] == 0
        await town.stop("signals")
        await town.start("signals")
        (result,) = await deliver(web, [event("p-1")])
        assert [one["code"] for one in result["fouten"]] == ["id_reused"]
    (row,) = await town.fetch("signals", "select fingerprint from event")
    assert len(row["fingerprint"]) == 32


async def test_an_event_is_known_again_once_the_contract_knows_a_field_that_it_did_not_keep(
    town: Town,
) -> None:
    """As if `crisissignaal` had come into the contract after the event was accepted."""
    town.clock.move(NOW)
    await town.start("signals")
    told = event("c-1", crisissignaal=None)
    later = {**told, "data": {**told["data"], "crisissignaal": True}}
    async with client(town) as web:
        (first,) = await deliver(web, [told])
        assert (await deliver(web, [later]))[0]["resultaat"] == "geweigerd"
        await town.fetch("signals", "update event set unknown = '{data.crisissignaal}'")
        (again,) = await deliver(web, [later])
        assert (again["resultaat"], again["ontvangstbewijs"]) == (
            "bekend", first["ontvangstbewijs"]
        )  # fmt: skip
        await town.fetch("signals", "update event set document = null, salt = null")
        assert (await deliver(web, [later]))[0]["resultaat"] == "bekend"


ROWS = """
    with day (at) as (select $1::timestamptz),
    events as (
      insert into event (fact_id, partner_id, source, event_id, event_type, municipality,
        reported_on, received_at, content_hash, unknown, document, salt)
      select gen_random_uuid(), 'woonstad', 's', name, 't', name, '2026-01-01', at, 'h', '{}', 'b',
        's' from day, unnest(array['GM9901', 'GM0001']) as name returning fact_id, received_at),
    statuses as (
      insert into status (fact_id, event_id, status, recorded_at, decided_at)
      select fact_id, gen_random_uuid(), 'taken_up', received_at, received_at from events
      union all select gen_random_uuid(), gen_random_uuid(), 'taken_up', at, at from day),
    parked as (
      insert into waiting (queue, key, body, properties, state, fault, due_at, first_at)
      select state, state, 'b', '{}', state, 'f', now(), now() - $2::interval -- in real time
      from unnest(array['parked', 'later']) as state)
    insert into refusal (id, body_hash, faults, received_at, seen_at)
    select gen_random_uuid(), 'h', '[]', at, at from day"""
LEFT = """
    select (select count(*) from event where document is not null) as bodies,
      (select count(*) from status) as statuses, (select count(*) from refusal) as refusals,
      (select count(*) from waiting where state = 'parked') as parked,
      (select count(*) from waiting where state = 'later') as later"""


@pytest.mark.parametrize(
    ("days", "left"),
    [
        (timer.REFUSAL_DAYS, (2, 3, 1, 1, 1)),
        (timer.REFUSAL_DAYS + 1, (2, 3, 0, 1, 1)),
        (BODY_DAYS, (2, 3, 0, 1, 1)),
        (BODY_DAYS + 1, (0, 0, 0, 0, 1)),
    ],
)
async def test_nothing_that_was_kept_long_enough_stays(
    databases: dict[str, str], stepped_clock: Clock, days: int, left: Any
) -> None:
    """Also of GM0001, whose policy is gone, and of what nobody can say whose it is."""
    pool = await db.open_pool(databases["signals"], service="signals", size=2)
    stepped_clock.move(NOW)
    age = timedelta(days=days)
    try:
        await pool.execute(ROWS, NOW - age, age - timedelta(minutes=1))
        await timer.purge(pool, POLICIES)
        assert tuple(await pool.fetchrow(LEFT)) == left
    finally:
        await pool.close()


def test_who_has_no_policy_loses_nothing_sooner_and_the_strictest_holds_for_anybodys() -> None:
    days = {"GM0001": timedelta(days=100), "GM0002": timedelta(days=300)}
    terms = Terms(NOW, days, {})
    assert terms.before("GM0001") == NOW - timedelta(days=100)
    assert terms.before("GM0003") == NOW - timedelta(days=300)
    assert terms.shortest == timedelta(days=100)
