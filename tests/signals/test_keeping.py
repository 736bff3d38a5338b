"""Keys that are rotated, and a front door that says when it is full."""

import asyncio

import aio_pika
import asyncpg
import httpx
from aio_pika.exceptions import DeliveryError

from deploy.local.corporation import INTAKE, message_of
from deploy.local.month import Outgoing
from services.signals import partners as partner_admin
from services.signals import receipts
from services.signals.summons import Advice, add_months, advise, read_terms
from tests.builders import NOW
from tests.signals.http import client, deliver, event, post
from tests.signals.test_partners import ops
from tests.town import Town


async def test_a_rotated_key_signs_no_more_and_verifies_on(town: Town) -> None:
    town.clock.move(NOW)
    await town.start("signals")
    async with client(town) as web:
        (before,) = await deliver(web, [event("k-1")])
        code, out, err = await ops(town, "keys", "rotate", "GM9901")
        assert (code, "GM9901 now signs with" in out) == (0, True), err
        (after,) = await deliver(web, [event("k-2", 2)])
        keys = (await web.get("/v1/keys")).json()["keys"]
    assert len(keys) == 2
    assert [key.get("tot") is None for key in keys].count(True) == 1
    for one in (before, after):
        assert receipts.verify(one["ontvangstbewijs"], keys, demo=True).is_right
    assert before["ontvangstbewijs"].split(".")[0] != after["ontvangstbewijs"].split(".")[0]
    (retired,) = await town.fetch(
        "signals", "select sealed from signing_key where retired_at is not null"
    )
    assert retired["sealed"] is None, "its private half is gone"


async def test_a_key_is_not_rotated_with_a_secret_that_does_not_open_it(town: Town) -> None:
    """The service has another secret: it could not open the next key, and this one were gone."""
    town.clock.move(NOW)
    await town.start("signals")
    right = town.environment["signals"]["SIGNING_SECRET"]
    town.environment["signals"]["SIGNING_SECRET"] = "x" * 32
    for words in (("rotate", "GM9901"), ("make",)):
        code, _, err = await ops(town, "keys", *words)
        assert (code, "SIGNING_SECRET does not open the signing key" in err) == (2, True), err
    async with client(town) as web:
        (one,) = await deliver(web, [event("k-1")])
        assert one["resultaat"] == "aangenomen"
    # Lost is another matter: then it is said so, and the service gets the new one.
    assert (await ops(town, "keys", "rotate", "GM9901", "--secret-lost"))[0] == 0
    await town.stop("signals")
    await town.start("signals")
    async with client(town) as web:
        (one,) = await deliver(web, [event("k-2", 2)])
        assert one["resultaat"] == "aangenomen"
    assert right != town.environment["signals"]["SIGNING_SECRET"]


async def test_a_service_that_cannot_sign_does_not_start(town: Town) -> None:
    await town.fetch("signals", "delete from signing_key")
    await town.run("signals", "services.signals", "serve")
    assert await town.died("signals") == 2
    assert "no signing key for GM9901: run `python -m services.signals keys make`" in town.log(
        "signals"
    )
    assert (await ops(town, "keys", "make"))[0] == 0
    town.environment["signals"]["SIGNING_SECRET"] = "x" * 32
    await town.run("signals", "services.signals", "serve")
    assert await town.died("signals") == 2
    assert "SIGNING_SECRET does not open the signing key" in town.log("signals")


async def test_a_full_outbox_closes_every_door_and_loses_nothing(town: Town) -> None:
    """Triage takes nothing: signals accepts until its bound, and then says so."""
    town.clock.move(NOW)
    town.environment["signals"]["OUTBOX_ROWS_MAX"] = "20"
    api = partner_admin.connect(town.servers.management_url, town.name)
    tight = {
        "pattern": "^triage.from.signals.", "apply-to": "queues", "priority": 99,
        "definition": {"max-length": 5, "overflow": "reject-publish"},
    }  # fmt: skip
    await asyncio.to_thread(api.put, f"policies/{town.name}/tight", tight)
    short = tight | {"pattern": "^signals.from.partners.arrears_reported.v1$"}
    await asyncio.to_thread(api.put, f"policies/{town.name}/short", short)
    await town.start("signals")
    accepted = 0
    async with client(town) as web:
        for number in range(1, 200):
            answer = await post(web, event(f"b-{number}", number))
            if answer.status_code == 503:
                break
            assert answer.status_code == 202
            accepted += 1
            await asyncio.sleep(0.05)
        assert 5 < accepted < 199
        assert int(answer.headers["retry-after"]) >= 1
        assert "once" in answer.json()["detail"]
        by_amqp = await _until_nacked(town)
        assert 0 < by_amqp < 2000

        loose = tight | {"definition": {"max-length": 1000, "overflow": "reject-publish"}}
        await asyncio.to_thread(api.put, f"policies/{town.name}/tight", loose)
        await asyncio.to_thread(api.put, f"policies/{town.name}/short", loose)
        await town.start("triage", "notify")
        await town.quiet(120)
        assert (await post(web, event("b-after", 500))).status_code == 202
    await town.quiet()
    (found,) = await town.fetch("triage", "select count(*) from signal")
    assert found[0] == accepted + by_amqp + 1, "what was confirmed, and what was answered with 202"


async def test_a_database_that_is_away_is_said_and_costs_nothing(town: Town) -> None:
    town.clock.move(NOW)
    await town.start("signals")
    name = town.databases["signals"].rpartition("/")[2]
    admin = await asyncpg.connect(town.servers.postgres_url, timeout=10)
    try:
        async with client(town) as web:
            assert (await post(web, event("d-1"))).status_code == 202
            await admin.execute(f'alter database "{name}" allow_connections false')
            await admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name
            )
            answer = await post(web, event("d-2", 2))
            assert answer.status_code == 503, answer.text
            assert "retry-after" in answer.headers
            await admin.execute(f'alter database "{name}" allow_connections true')
            assert (await _until_taken(web)) == 202
    finally:
        await admin.execute(f'alter database "{name}" allow_connections true')
        await admin.close()
    assert (await town.fetch("signals", "select count(*) from event"))[0][0] == 2


async def _until_nacked(town: Town) -> int:
    """Publish until the broker says no; how many it confirmed before."""
    url = town.partners._urls["woonstad"]
    async with await aio_pika.connect(url, timeout=10) as connection:
        channel = await connection.channel(publisher_confirms=True)
        exchange = await channel.get_exchange(INTAKE, ensure=False)
        for number in range(2000):
            told = event(f"q-{number}", 1000 + number)
            outgoing = Outgoing(NOW, "woonstad", "woonstad.achterstand-gemeld.v1", told, "")
            try:
                await exchange.publish(message_of(outgoing), outgoing.routing_key, timeout=10)
            except DeliveryError:
                return number
    return 2000


async def _until_taken(web: httpx.AsyncClient) -> int:
    for _ in range(100):
        answer = await post(web, event("d-2", 2))
        if answer.status_code != 503:
            break
        await asyncio.sleep(0.1)
    return answer.status_code


def advice(court: str, reported: str, today: str) -> Advice:
    day = NOW.date().fromisoformat
    found = advise(read_terms(), court, day(reported), day(today))
    assert found
    return found


def test_the_date_of_a_summons_follows_the_table_of_the_day() -> None:
    strict = advice("Rechtbank Rotterdam", "2024-06-15", "2025-03-17")
    assert str(strict.from_day) == "2024-08-15"
    assert str(strict.until_day) == "2024-12-15"
    later = advice("Rechtbank Rotterdam", "2024-06-15", "2025-03-18")
    assert (later.until_day, later.term.severity) == (None, "block")
    other = advice("Rechtbank Limburg", "2026-03-03", "2026-03-03")
    assert (str(other.from_day), other.term.courts) == ("2026-05-03", ())
    assert advise(read_terms(), "Rechtbank Limburg", NOW.date(), NOW.date().replace(2020)) is None


def test_a_month_that_is_too_short_ends_on_its_last_day() -> None:
    day = NOW.date().fromisoformat
    assert add_months(day("2026-12-31"), 2) == day("2027-02-28")
    assert add_months(day("2027-12-31"), 2) == day("2028-02-29")
    assert add_months(day("2026-01-31"), 12) == day("2027-01-31")
