"""Every route of every service, asked by everybody who has nothing to do with a household."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from deploy.local.servers import Servers
from services.notify.gate import Mode
from shared.contracts import partners
from shared.web.oidc import SiteRole
from tests import builders
from tests.conftest import ROSTER_TOKENS
from tests.pages.watching import (
    MARKS,
    NOT_ASKED,
    Asker,
    Samples,
    Stranger,
    Unfilled,
    add_another_municipality,
    faults_of,
    sign_in_everywhere,
)
from tests.routes import Found, routes_of
from tests.signals import http
from tests.tidy.generated import built
from tests.town import SERVICES, Town
from tests.triage.staffed import Office

HERE, ELSEWHERE = builders.MUNICIPALITY, "GM9902"
STRANGERS = {
    "nobody": None,
    "generalist of another team": Stranger("chaima-el-idrissi", (SiteRole.GENERALIST,), "", HERE),
    "lead of another team": Stranger("zeger-bos", (SiteRole.LEAD,), "", HERE),
    "generalist elsewhere": Stranger("evert-elders", (SiteRole.GENERALIST,), "", ELSEWHERE),
    "lead elsewhere": Stranger("lena-elders", (SiteRole.LEAD,), "", ELSEWHERE),
    "another partner": Stranger("stroomnet-medewerker", (SiteRole.PARTNER,), "stroomnet"),
    "the partner": Stranger("woonstad-medewerker", (SiteRole.PARTNER,), "woonstad"),
    "ops": Stranger("beheer", (SiteRole.OPS,)),
}
# What somebody may see all the same, with the reason.
ALLOWED = {
    # Its own signals, and nothing of what others told or did.
    "the partner": ("signals",),
    # Whole stories, each noted as read; of the bus, not of people.
    "ops": ("signals", "triage", "notify"),
    # Going live is the municipality's: every lead of it sees which case an alert is about, by its
    # reference. Who belongs together is too: two teams may each have a door of one building; that
    # somebody looked is noted.
    "lead of another team": (
        "/live/alerts/{alert_id}",
        "/live/alerts/{alert_id}/decisions",
        "/live/alerts/{alert_id}/wishes",
        "/v1/households/{householdId}",
        "/lead/households/{household_id}",
        "/lead/households/{household_id}/multi-lets",
    ),
}
IN_ORDER = "select {} as id from {} order by 1 limit 1"


@dataclass
class Watched:
    """A town with one household, all routes of its services, and how to fill them."""

    town: Town
    routes: dict[str, list[Found]]
    samples: Samples
    assignee_id: str


@pytest.fixture(scope="module")
async def watched(
    servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Watched]:
    folder = tmp_path_factory.mktemp("watched")
    town = Town(servers, folder, servers.data / ROSTER_TOKENS)
    await town.build()
    try:
        await add_another_municipality(town)
        await town.start()
        assignee_id = await household_with_marks(town)
        routes = {service: routes_of(built(service)[1]) for service in SERVICES}
        yield Watched(town, routes, await samples_of(town), assignee_id)
    finally:
        await town.tear_down()


async def household_with_marks(town: Town) -> str:
    """A signal and a hearing from a partner; a case with a visit, a plan and alerts."""
    town.clock.move(builders.NOW)
    client = {
        "postcode": "9901AB", "huisnummer": "47113", "achternaam": "Merkteken",
        "voorletters": "M.", "telefoonnummer": "0698765432",
    }  # fmt: skip
    told = builders.document(client=client, contractnummer="C-MERK-1")
    summoned = builders.document(
        partners.HearingScheduled, client={"postcode": "9901AB", "huisnummer": "47113"},
        contractnummer="C-MERK-1", zaaknummer="26-MERK",
    )  # fmt: skip
    for number, one in enumerate((told, summoned)):
        async with http.client(town) as web:
            answer = await http.post(web, {**one, "id": f"merk-{number}"})
            assert answer.status_code == 202, answer.text
    modes = "select 'GM9901', c, $1, 'lead', 'x', now() from unnest(array['sms','letter']) c"
    await town.fetch(
        "notify",
        "insert into live_mode (municipality, channel, mode, changed_by, reason, changed_at) "
        + modes,
        Mode.SHADOW.value,
    )
    await town.until("triage", "select count(*) from household_case where track = 'legal'", 1)
    office = Office(town)
    (case,) = await office.cases()
    await office.order(case, "track-decisions", {"decision": "confirmed"})
    window = {
        "starts_at": datetime(2026, 3, 5, 9, tzinfo=UTC).isoformat(),
        "ends_at": datetime(2026, 3, 5, 11, tzinfo=UTC).isoformat(),
    }
    line = {"layer": "own", "words": "merkwoorden van de bewoner", "written_by": "resident"}
    agreed = {"kind": "no_letters", "reason": "merkwoorden", "review_on": "2026-05-01"}
    await office.order(case, "plan-items", line)
    await office.order(case, "visits", window)
    await office.order(case, "restrictions", agreed)
    await town.until("notify", "select count(*) > 0 from alert where kind = 'hearing'", True)
    return str((await office.case(case["household_id"]))["assignee_id"])


async def samples_of(town: Town) -> Samples:
    """What to fill paths with; a part that is not here fails the walk."""
    wanted = {
        "case_id": ("triage", "id", "household_case"),
        "household_id": ("triage", "household_id", "household_case"),
        "visit_id": ("triage", "id", "visit"),
        "signal_id": ("triage", "id", "signal"),
        "restriction_id": ("triage", "id", "restriction"),
        "plan_item_id": ("triage", "id", "plan_item"),
        "alert_id": ("notify", "id", "alert"),
        "fact_id": ("signals", "fact_id", "event"),
        "event_id": ("signals", "event_id", "event"),
    }
    real = {}
    for name, (service, column, table) in wanted.items():
        (row,) = await town.fetch(service, IN_ORDER.format(column, table))
        real[name] = str(row["id"])
    real |= {"item_id": real["plan_item_id"], "story_id": real["case_id"]}
    made_up = {name: str(uuid4()) for name in real}
    made_up["event_id"] = "merk-unknown"
    # Of no household: the same for both, so only what is shown counts.
    real |= {
        "task_id": str(UUID(int=1)), "verdict_id": str(UUID(int=1)), "token": "x" * 12,
        "worker_id": "anna-jansen", "week": "2026-03-02", "language": "nl", "channel": "sms",
        "municipality": HERE, "what": "summons", "name": "flow",
    }  # fmt: skip
    return Samples(real, made_up)


async def walk(watched: Watched, asker: Asker, service: str, but: tuple[str, ...]) -> list[str]:
    """What somebody sees at the routes of a service that they must not."""
    faults: list[str] = []
    base = watched.town.urls[service]
    for found in watched.routes[service]:
        if found.path.endswith(NOT_ASKED) or found.path in but:
            continue
        own, other = watched.samples.fill(found.path)
        for method in found.methods:
            answers = [await asker.ask(base + path, method, service) for path in (own, other)]
            told = tuple(f"{one.status_code} {one.text}" for one in answers)
            assert len(told) == 2
            faults += faults_of(found, told, watched.samples)
            if any(one.status_code >= 500 for one in answers) and "/sign-in" not in told[0]:
                faults.append(f"{method} {found.path} fails: {told[0][:300]}")
    return faults


@pytest.mark.parametrize("who", STRANGERS)
async def test_nobody_sees_or_changes_a_household_that_is_not_theirs(
    watched: Watched, who: str
) -> None:
    town, allowed = watched.town, ALLOWED.get(who, ())
    before = await everything(town)
    asker = await sign_in_everywhere(town, STRANGERS[who])
    faults = []
    for service in SERVICES:
        if service not in allowed:
            faults += await walk(watched, asker, service, allowed)
    await asker.client.aclose()
    assert not faults, "\n".join(faults)
    assert await everything(town) == before, "somebody changed it"


async def everything(town: Town) -> list[Any]:
    """What a command would change of the household."""
    cases = await town.fetch("triage", "select id, revision, assignee_id from household_case")
    decided = await town.fetch("notify", "select count(*) from alert_decision")
    wishes = await town.fetch("notify", "select count(*) from wishes_change")
    return [tuple(row) for row in (*cases, *decided, *wishes)]


async def test_who_has_the_case_does_see_it(watched: Watched) -> None:
    """Else the walk would find nothing anywhere, and prove nothing."""
    mine = Stranger(watched.assignee_id, (SiteRole.GENERALIST,), "", HERE)
    asker = await sign_in_everywhere(watched.town, mine)
    faults = await walk(watched, asker, "triage", ())
    await asker.client.aclose()
    for path in ("/work", "/work/{case_id}", "/v1/cases", "/v1/cases/{caseId}"):
        assert f"{path} shows 47113" in faults
    shown = {mark for mark in MARKS if any(mark in fault for fault in faults)}
    assert shown >= {"Merkteken", "47113", "26-MERK", "merkwoorden"}


def test_a_route_that_nobody_knows_how_to_fill_is_a_fault() -> None:
    with pytest.raises(Unfilled, match="newThing"):
        Samples({"case_id": "1"}).fill("/work/{case_id}/{newThing}")
