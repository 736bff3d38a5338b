"""A policy that was activated holds in signals and notify too, unless it cannot be read there."""

from collections.abc import AsyncIterator
from datetime import date
from hashlib import sha256
from typing import Any

import pytest

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from shared import db
from shared.contracts.envelope import to_wire
from shared.contracts.triage import PolicyActivated
from shared.door import Door
from shared.outbox import LeftToRelay, Outbox
from shared.policy import Policies
from shared.policy.shelf import Shelf, on_policy_activated
from shared.waiting import Delivery
from tests.builders import MUNICIPALITY, NOW, POLICY, POLICY_FILE

TEXT = POLICY_FILE.read_text().replace("valid_from: 2026-01-01\n", "valid_from: 2026-07-01\n", 1)
SUMMER, AUTUMN = date(2026, 7, 1), date(2026, 9, 1)
FROM_A_LATER_VERSION = TEXT.replace("\nnotify:\n", "\nnotify:\n  of_later: 1\n")


@pytest.fixture(params=["signals", "notify"])
async def door(
    request: pytest.FixtureRequest, servers: Servers, stepped_clock: Clock
) -> AsyncIterator[Door]:
    """The door of a service, without a broker."""
    service = request.param
    url = await servers.create_database_from_template(f"template_{service}", "shelf", service)
    pool = await db.open_pool(url, service=service, size=3)
    made = Door(service, pool, Outbox(f"urn:{service}", pool, LeftToRelay(), 50_000))
    made.on(PolicyActivated)(on_policy_activated)
    yield made
    await pool.close()
    await servers.drop_database("shelf")


def activated(text: str, **changes: Any) -> PolicyActivated:
    fields = {
        "municipality": MUNICIPALITY, "valid_from": SUMMER, "document": text, "activated_at": NOW,
        "sha256": sha256(text.encode()).hexdigest(), "activated_by": "Noor",
    }  # fmt: skip
    return PolicyActivated(**{**fields, **changes})


async def take(door: Door, *events: PolicyActivated) -> None:
    """All in one batch."""
    queue = PolicyActivated.queue(door.service, events[0].lane)
    batch = [
        Delivery(
            queue, to_wire(one, source="urn:triage", recorded_at=NOW), str(one.wire_id), "", None,
            None, redelivered=False,
        )
        for one in events
    ]  # fmt: skip
    await door.take(door.consumers[queue], batch)


async def held_on(door: Door, day: date) -> str:
    """The hash of the policy that a new replica goes by."""
    shelf = Shelf(Policies({MUNICIPALITY: [POLICY]}))
    await shelf.check(door.pool)
    async with door.pool.acquire() as tx:
        found = (await shelf.current(tx)).on(MUNICIPALITY, day)
    assert found
    return found.sha256


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (activated(FROM_A_LATER_VERSION), "notify.of_later: is unknown here"),
        (activated("name: x"), "triage: is missing"),
        (activated("a: ["), "not YAML"),
        (activated(TEXT + "# other\n", valid_from=AUTUMN), "not the document"),
        (activated(TEXT + "# other\n", municipality="GM0001"), "not the document"),
    ],
)
async def test_what_does_not_load_is_parked_alone_and_the_one_before_it_holds(
    door: Door, bad: PolicyActivated, fault: str
) -> None:
    good = activated(TEXT)
    await take(door, bad, good)
    (row,) = await door.pool.fetch("select state, fault from waiting")
    assert row["state"] == "parked"
    assert fault in row["fault"]
    assert [row[0] for row in await door.pool.fetch("select sha256 from policy")] == [good.sha256]
    assert await held_on(door, AUTUMN) == good.sha256


async def test_a_stored_document_that_no_longer_loads_is_left_out_and_logged(
    door: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    await take(door, activated(TEXT))
    await door.pool.execute(
        "insert into policy select municipality, valid_from, 'x', 'name: x', activated_by,"
        " activated_at + interval '1 hour' from policy"
    )
    assert await held_on(door, AUTUMN) == activated(TEXT).sha256
    said = capsys.readouterr()
    assert "policy_left_out" in said.out + said.err
