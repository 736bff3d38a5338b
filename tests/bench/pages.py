"""What a page costs when very many cases are stored, against the same page with only one.

Two towns, each with its own triage: in one a single case is stored, in the other as many as are
asked for, of which a generalist has thirty and a team sixty, as people can. The pages are asked for
in turn, so that a slow spell of the machine meets both, and of the service itself, without a proxy.
Figures are kept for some minutes, so the first look at them is told apart.
"""

import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx

from deploy.local.servers import Servers
from shared import clock as service_clock
from shared.contracts import signals
from shared.contracts.signals import PartnerFact
from tests.bench.copies import TABLES, copy_households
from tests.builders import TODAY, arrears_reported, fact
from tests.pages.site import Site
from tests.town import Town
from tests.triage.policy_office import PolicyOffice, open_policy_office

ORIGINALS = 50  # households that are decided for real; the others are their copies
OPEN_EACH = 30  # open cases of a generalist
PAGES = {"/work": "anna-jansen", "/work/{id}": "anna-jansen",
         "/lead": "noor-de-wit", "/monitor": "noor-de-wit"}  # fmt: skip
ASKS = 20  # a round
LEADS = {"anna-jansen": "noor-de-wit", "bram-yilmaz": "noor-de-wit",
         "chaima-el-idrissi": "zeger-bos", "daan-smit": "zeger-bos"}  # fmt: skip
# What happened to the cases: they began in the five months before, most of them are over, in each
# somebody tried twice and was there once.
HISTORY = (
    """
    update household_case as one set opened_on = opened_on - days, track_since = opened_on - days,
      opened_at = opened_at - make_interval(days => days), assigned_on = opened_on - days,
      reference = 'B-' || no, assignee_id = ($1::text[])[((no % 4) + 1)::int],
      lead_id = ($2::text[])[((no % 4) + 1)::int], is_open = no <= $3, answer = 'accepted',
      confirmed_by = ($1::text[])[((no % 4) + 1)::int], was_reached = no % 2 = 0,
      help = case when no % 6 = 0 then 'accepted' else 'unknown' end,
      closed_on = case when no > $3 then opened_on - days / 2 end,
      closed_at = case when no > $3 then opened_at - make_interval(days => days / 2) end,
      closed_by = case when no > $3 then 'anna-jansen' end
    from (select id, row_number() over (order by id) as no from household_case) as numbered
      cross join lateral (select case when no <= $3 then 0 else (no % 150)::int end as days) as ago
    where one.id = numbered.id
    """,
    """
    update signal set reported_on = reported_on - (current.opened_on - household_case.opened_on)
    from household_case, (select max(opened_on) as opened_on from household_case) as current
    where household_case.household_id = signal.household_id
    """,
    """
    update deadline set met_at = opened_at, due_on = opened_on + 7, near_said_at = opened_at,
      missed_said_at = null
    from household_case where household_case.id = case_id
    """,
    """
    insert into contact_attempt (id, case_id, kind, part_of_day, was_reached, attempted_at,
      recorded_by, recorded_at)
    select gen_random_uuid(), id, case when no = 1 then 'Huisbezoek' else 'Telefoon' end, 'Avond',
      was_reached and no = 2, opened_at + make_interval(days => no), assignee_id, opened_at
    from household_case cross join generate_series(1, 2) as no
    """,
    """
    insert into visit (id, case_id, starts_at, ends_at, state, planned_by, changed_at)
    select gen_random_uuid(), id, opened_at + interval '1 day', opened_at + interval '25 hours',
      'made', assignee_id, opened_at
    from household_case
    """,
    """
    insert into read_log (actor, purpose, case_ids, read_at, minute)
    select assignee_id, 'case work', array[id], opened_at, date_trunc('minute', opened_at)
    from household_case cross join generate_series(1, 3)
    """,
)
Say = Callable[[str], None]


@dataclass
class Pages:
    """Milliseconds of every request, by page and by how many cases are stored."""

    one: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    many: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    first_ms: float = 0.0  # the first look at the figures of many

    def ratio(self, page: str) -> float:
        """The median with many, against that with one."""
        return statistics.median(self.many[page]) / statistics.median(self.one[page])

    @property
    def worst(self) -> float:
        """The ratio of the page that grew most."""
        return max(map(self.ratio, PAGES))


@dataclass
class Reader:
    """Who asks one service for pages, signed in as those whose pages they are."""

    client: httpx.AsyncClient
    cookies: dict[str, str]  # by account
    case_id: UUID

    async def ask(self, page: str) -> float:
        """How many milliseconds a page takes."""
        path = page.replace("{id}", str(self.case_id))
        headers = {"Accept": "text/html", "Cookie": self.cookies[PAGES[page]]}
        began = time.perf_counter()
        answer = await self.client.get(path, headers=headers)
        took = 1000 * (time.perf_counter() - began)
        if answer.status_code != httpx.codes.OK:
            raise SystemExit(f"bench: {page} answered {answer.status_code}")
        return took


async def run_pages(servers: Servers, tokens: Path, cases: int, rounds: int, say: Say) -> Pages:
    """Ask for every page of both towns in turn."""
    result = Pages()
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(opened(servers, tokens, 1))
        many = await stack.enter_async_context(opened(servers, tokens, cases))
        result.first_ms = await many.ask("/monitor")
        for page in PAGES:  # once for what is made once: statements, templates, kept figures
            await one.ask(page)
            await many.ask(page)
        for number in range(rounds):
            for page in PAGES:
                for _ in range(ASKS):
                    result.one[page].append(await one.ask(page))
                    result.many[page].append(await many.ask(page))
            told = "  ".join(f"{page} {result.ratio(page):.2f}" for page in PAGES)
            say(f"pages {number + 1} of {rounds}  {told} times as long with {cases} cases")
    return result


@asynccontextmanager
async def opened(servers: Servers, tokens: Path, cases: int) -> AsyncIterator[Reader]:
    """A town with so many cases, and somebody who reads its pages."""
    with tempfile.TemporaryDirectory(dir=servers.data) as folder:
        town = Town(servers, Path(folder), tokens)
        await town.build()
        service_clock.step_by(Path(folder) / "clock")
        site = Site(town)
        try:
            async with open_policy_office(town.databases["triage"]) as office:
                await _fill(office, cases)
            await site.start("triage")
            yield await _reader(site)
        finally:
            service_clock.step_by(None)
            await site.close()
            await town.tear_down()


async def _reader(site: Site) -> Reader:
    cookies = {}
    for account in set(PAGES.values()):
        visitor = site.visitor()
        await visitor.sign_in(account, to="/work")
        jar = visitor.client.cookies.jar
        cookies[account] = next(f"{one.name}={one.value}" for one in jar
                                if one.name == "voordeur_triage")  # fmt: skip
    mine = "select id from household_case where assignee_id = 'anna-jansen' and is_open limit 1"
    (case,) = await site.town.fetch("triage", mine)
    client = httpx.AsyncClient(base_url=site.town.urls["triage"], timeout=60, trust_env=False)
    return Reader(client, cookies, case["id"])


async def _fill(office: PolicyOffice, cases: int) -> None:
    """Decide some households for real, copy them, and give every case a history."""
    originals = min(ORIGINALS, cases)
    await office.take_in([one for no in range(1, originals + 1) for one in _debts(no)])
    async with office.pool.acquire() as connection:
        await copy_households(connection, max(0, cases // originals - 1), TABLES)
        for statement in HISTORY:
            arguments = ()
            if "$3" in statement:
                arguments = (list(LEADS), list(LEADS.values()), OPEN_EACH * len(LEADS))
            await connection.execute(statement, *arguments, timeout=600)
        # One generalist has the only case there is.
        await connection.execute(
            "update household_case set assignee_id = 'anna-jansen', lead_id = 'noor-de-wit'"
            " where (select count(*) from household_case) = 1"
        )
        await connection.execute("vacuum analyze", timeout=600)


def _debts(no: int) -> list[PartnerFact]:
    """A household, some with two partners, some on the legal path."""
    owed = {"arrears_cents": 40_000 + no * 4_000, "arrears_since": TODAY - timedelta(days=40)}
    told: list[PartnerFact] = [arrears_reported(no, **owed)]
    if no % 10 == 0:
        told.append(arrears_reported(no, partner_id="volkshuis", **owed))
    if no % 25 == 0:
        told.append(fact(signals.EvictionScheduled, no))
    return told
