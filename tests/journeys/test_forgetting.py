"""A household that is erased, or whose term is over, stands nowhere any more (DESIGN 7)."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.month import Month, Outgoing
from deploy.local.servers import Servers
from tests.builders import POLICY
from tests.conftest import ROSTER_TOKENS
from tests.journeys.forgetting import (
    ERASED,
    PURGED,
    Desk,
    Marked,
    command,
    found_in,
    work_on,
)
from tests.searching import in_queues, marks_in
from tests.town import MONDAY, Town

# Where a household stands once it was worked on, each with what of it stands there.
PLACES = {
    "signals.event": {"surname", "phone", "postcode", "contract", "born", "hall"},
    "triage.building": {"postcode"},
    "triage.address": {"postcode"},
    "triage.signal": {"surname", "phone", "contract", "born"},
    "triage.fact": {"surname", "phone", "contract", "hall"},
    "triage.legal_step": {"hall", "contract"},
    "triage.household_case": {"surname", "phone"},
    "triage.track_choice": {"surname", "phone"},
    "triage.assignment": {"surname", "phone"},
    "triage.restriction": {"surname", "phone"},
    "triage.plan_item": {"surname", "phone"},
    "triage.consultation": {"surname", "phone"},
    "notify.subject": {"hall"},
    "notify.resident": {"surname", "phone", "postcode"},
}
LATER = timedelta(days=POLICY.signals.body_days.value + 2)


@dataclass
class Place:
    """A town with two marked households, and where they stood before anybody took them in."""

    town: Town
    events: list[Outgoing]
    before: dict[str, set[str]]


@pytest.fixture(scope="module")
async def place(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """One town for both tests: neither looks at the other's household."""
    town = Town(servers, tmp_path_factory.mktemp("town"), servers.data / ROSTER_TOKENS)
    await town.build()
    month = Month(seed=1, signals=1)
    for marked in (ERASED, PURGED):
        marked.send(month)
    await town.send(month.out)
    marks = [*ERASED.marks, *PURGED.marks]
    before = await in_queues(town.servers, town.name, marks)
    await town.start()
    await town.quiet()
    yield Place(town, month.out, before)
    await town.tear_down()


def named(marked: Marked, found: dict[str, set[str]]) -> dict[str, set[str]]:
    """Findings with the names of the marks instead of the marks."""
    names = {value: name for name, value in vars(marked).items()}
    return {place: {names[mark] for mark in there} for place, there in found.items()}


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "een Ontvangstbewijs van "])
def test_the_search_reads_what_is_coded(before: str) -> None:
    told = f'{before}{ERASED.surname}, {{"x": 1}}'.encode()
    for coded in (told, told.hex().encode(), base64.b64encode(told), told.upper()):
        assert marks_in(coded, ERASED.marks) == {ERASED.surname}
    assert not marks_in(base64.b64encode(before.encode() * 9), ERASED.marks)


def test_the_search_finds_what_waits_in_a_queue(place: Place) -> None:
    assert set(place.before) == {
        "signals.from.partners.arrears_reported.v1.urgent",
        "signals.from.partners.hearing_scheduled.v1.urgent",
    }
    assert set(ERASED.marks) <= set.union(*place.before.values())


async def test_the_search_finds_what_is_in_a_log_or_on_its_way(place: Place) -> None:
    town, mark = place.town, "Kwyxz-4711"
    log = town.folder / "planted.log"
    log.write_text(f'{{"event": "slip", "reason": "bij {mark.upper()}"}}\n')
    row = await town.fetch(
        "notify",
        "insert into outbox (event_id, exchange, routing_key, lane, body, lease_until) values "
        "(gen_random_uuid(), 'x', 'x', 'bulk', $1, 'infinity') returning id",
        f'"salt":"{mark}"'.encode(),
    )
    assert await found_in(town, [mark]) == {"notify.outbox": {mark}, "log planted.log": {mark}}
    log.unlink()
    await town.fetch("notify", "delete from outbox where id = $1", row[0]["id"])
    assert await found_in(town, [mark]) == {}


async def test_an_erased_household_is_forgotten_by_every_service(
    place: Place, tmp_path: Path
) -> None:
    town = place.town
    case = await work_on(town, ERASED)
    assert named(ERASED, await found_in(town, ERASED.marks)) == PLACES
    facts = await town.fetch(
        "triage", "select id from signal where household_id::text = $1", case["household_id"]
    )
    await ask_what_is_kept(town, case, tmp_path)
    lead = Desk(town, case["lead_id"])
    path = f"/v1/households/{case['household_id']}/erasures"
    assert (await lead.send(path, {"reason": "because"})).status_code == 400
    other = next(name for name in town.tokens if name not in {"noor-de-wit", "zeger-bos"})
    assert (await Desk(town, other).send(path, {"reason": "request"})).status_code == 403
    erased = await lead.send(path, {"reason": "request"}, key="erase this household")
    assert erased.status_code == 200, erased.text
    assert (erased.json()["open_cases"], erased.json()["assignee_ids"]) == (1, [case["lead_id"]])
    await town.quiet()
    again = await lead.send(path, {"reason": "request"}, key="erase this household")
    assert (again.status_code, again.json()) == (200, erased.json())

    assert await found_in(town, ERASED.marks) == {}
    ids = [case["id"], case["household_id"], str(facts[0]["id"])]
    assert set(await found_in(town, ids)) == {
        "signals.event",  # so that its id takes no effect twice
        "triage.command",  # the answer above, 35 days
        "triage.erasure", "triage.read_log",  # what was done, and who looked
        "notify.forgotten_case",  # so that what is told late brings nothing back
        "queue partner.woonstad.feedback",  # the partner's own
    }  # fmt: skip
    await nothing_comes_back(place, lead)
    await lead.client.aclose()


async def ask_what_is_kept(town: Town, case: dict[str, Any], folder: Path) -> None:
    """The export of each service, with the commands that triage's own says."""
    file = folder / "triage.json"
    code, out, err = await command(
        town, "triage", "access", "--household", case["household_id"], "--out", str(file)
    )
    assert code == 0, err
    assert file.stat().st_mode & 0o077 == 0
    told = json.loads(file.read_text())
    assert told["meldingen"][0]["achternaam"] == ERASED.surname
    assert told["zaken"][0]["plan"][0]["laag"] == "eigen kracht"
    names = await town.fetch("triage", "select name from worker")
    assert not [row for row in names if row["name"] in file.read_text()], "workers by their ids"
    for service, mark in (("signals", ERASED.phone), ("notify", ERASED.hall)):
        (line,) = [one for one in out.splitlines() if f"services.{service} " in one]
        words = line.split()[3:-1]
        code, _, err = await command(town, service, *words, str(folder / f"{service}.json"))
        assert code == 0, err
        assert mark in (folder / f"{service}.json").read_text()
    auth = ("ops", town.ops_password)
    async with httpx.AsyncClient(base_url=town.urls["triage"], auth=auth, timeout=20) as client:
        (await client.get(f"/v1/stories/{case['id']}")).raise_for_status()
    code, out, _ = await command(town, "triage", "audit", "list", "--case", case["id"])
    lines = [line.split("  ", 1)[1] for line in out.splitlines()]
    assert lines[:2] == ["ops  operator's story", "ops  access request"]
    assert lines[-1].endswith("  case work")


async def nothing_comes_back(place: Place, lead: Desk) -> None:
    """Both services have answered; the same event again takes no effect."""
    town = place.town
    (row,) = (await lead.client.get("/v1/erasures")).json()["erasures"]
    assert row["signals_at"]
    assert row["notify_at"]
    households = await town.fetch("triage", "select count(*) from household")
    await town.send([one for one in place.events if ERASED.contract in str(one.body)])
    await town.quiet()
    assert await town.fetch("triage", "select count(*) from household") == households
    seen = await town.fetch("signals", "select times_seen from event where erased_at is not null")
    assert {one["times_seen"] for one in seen} == {2}
    again = await lead.send(f"/v1/households/{row['household_id']}/erasures", {"reason": "request"})
    assert again.status_code == 404


async def test_a_marked_household_is_found_nowhere_after_its_term(place: Place) -> None:
    town = place.town
    case = await work_on(town, PURGED)
    await park(town, PURGED)
    before = named(PURGED, await found_in(town, PURGED.marks))
    everything = set(vars(PURGED))
    assert before == {**PLACES, "triage.waiting": everything, "signals.waiting": everything}
    assert any(PURGED.hall in str(mail) for mail in await town.mails()), "somebody was mailed"

    lead = Desk(town, case["lead_id"])
    closed = {"result": "Vervolghulp en/of verwijzing", "reason": f"Dag, {PURGED.surname}."}
    await lead.order(case["id"], "closures", closed)
    await lead.client.aclose()
    await town.quiet()
    town.clock.move(MONDAY + LATER)
    await town.quiet()
    code, out, err = await command(town, "triage", "purge", "--dry-run")
    assert (code, "1 cases, 1 signals would be purged" in out) == (0, True), out + err
    assert await found_in(town, PURGED.marks), "on trial nothing goes"
    for service in ("triage", "signals"):
        code, out, err = await command(town, service, "purge")
        assert (code, PURGED.surname in out + err) == (0, False), out + err
    await town.quiet()
    assert await found_in(town, PURGED.marks) == {}
    assert set(await found_in(town, [case["id"], case["household_id"]])) == {
        "triage.read_log", "notify.forgotten_case",
    }  # fmt: skip
    (report,) = await town.fetch("triage", "select * from purge where households > 0")
    assert (report["municipality"], report["cases"], report["signals"]) == ("GM9901", 1, 1)
    await the_log_of_reads_is_whole(town, case["id"])


async def park(town: Town, marked: Marked) -> None:
    """Bodies that nobody acted on, for longer than they may be kept; in real time."""
    body = json.dumps([marked.marks]).encode()
    for service in ("signals", "triage"):
        await town.fetch(
            service,
            "insert into waiting (queue, key, body, properties, state, fault, due_at, first_at) "
            "values ('q', $1, $2, '{}', 'parked', 'f', now(), now() - interval '400 days')",
            "parked", body,
        )  # fmt: skip


async def the_log_of_reads_is_whole(town: Town, case_id: str) -> None:
    await town.until("triage", "select count(*) > 0 from read_seal", True)
    await town.until(
        "triage",
        "select exists (select from read_log where minute not in (select minute from read_seal))",
        False,
    )
    code, out, err = await command(town, "triage", "audit", "verify", "--json")
    assert code == 0, out + err
    told = json.loads(out)
    assert (told["ok"], told["first_fault"], told["seals"] > 0) == (True, None, True)
    await town.fetch("triage", "update read_log set actor = 'x' where $1 = any(case_ids)", case_id)
    code, out, _ = await command(town, "triage", "audit", "verify")
    assert (code, "changed" in out) == (1, True)
