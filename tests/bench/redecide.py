"""Deciding open cases anew by another policy, against a bare pass over the same rows.

One replica's loop, as it runs in triage, with a publisher that confirms at once: a sixth of the
cases gets another proposal, back and forth. The reference goes over the same buildings in the same
steps, reads the same rows whole, and writes every case row anew; it decides nothing.
"""

import secrets
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import asyncpg

from deploy.local.driver import Clock
from deploy.local.scaled_roster import write_roster
from deploy.local.servers import Servers
from services.triage.addresses import Building
from services.triage.redeciding import BUILDINGS_MAX
from services.triage.roster import RosterFile
from services.triage.roster import save as save_roster
from services.triage.sql.lists import list_buildings
from shared import clock as service_clock
from shared.contracts import signals
from shared.contracts.signals import PartnerFact
from shared.files import read_yaml
from tests.bench.copies import copy_households
from tests.builders import MUNICIPALITY, NOW, TODAY, arrears_reported, fact
from tests.triage.policy_office import TEXT, PolicyOffice, changed, open_policy_office

WAYS = ("ours", "bare")
ORIGINALS = 50  # households that are decided for real; the others are their copies
# What the reference reads.
READ_BY_ADDRESS = ("signal", "fact", "household", "household_case")
READ_BY_CASE = ("legal_step", "deadline")
LOWER = changed(("arrears_cents >= 150000", "arrears_cents >= 110000"))
Say = Callable[[str], None]


@dataclass
class Redecide:
    """Cases a second, of all rounds, and the share of cases that changed."""

    rounds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    changed: float = 0.0

    def per_second(self, way: str) -> float:
        """The median of the rounds."""
        return statistics.median(self.rounds[way])

    @property
    def ratio(self) -> float:
        """Deciding anew, against the bare pass."""
        return self.per_second("ours") / self.per_second("bare")


async def run_redecide(servers: Servers, cases: int, rounds: int, say: Say) -> Redecide:
    """Alternate the ways, so that a slow spell of the machine meets both."""
    result = Redecide()
    async with filled(servers, cases) as office:
        count = (await office.fetch("select count(*) from household_case where is_open"))[0][0]
        for number in range(rounds):
            seconds, moved = await redecide(office, (LOWER, TEXT)[number % 2])
            result.rounds["ours"].append(count / seconds)
            result.changed = moved / count
            result.rounds["bare"].append(count / await bare_pass(office))
            told = "  ".join(f"{way} {result.rounds[way][-1]:.0f}" for way in WAYS)
            say(f"redecide {number + 1} of {rounds}  {told} cases/s, {moved} of {count} changed")
    return result


async def redecide(office: PolicyOffice, text: str) -> tuple[float, int]:
    """Activate a policy and go over all cases; how long that took, and how many changed."""
    await office.fetch("vacuum analyze")
    await office.activate(text + f"\n# {secrets.token_hex(4)}\n")
    began = time.perf_counter()
    await office.redecide()
    seconds = time.perf_counter() - began
    (job,) = await office.fetch("select * from policy_job order by id desc limit 1")
    if not job["finished_at"] or job["skipped"]:
        raise SystemExit("bench: some cases were not decided anew")
    office.caught.rows.clear()
    return seconds, job["changed"]


async def bare_pass(office: PolicyOffice) -> float:
    """Read the same rows and write every case anew, in the same steps."""
    await office.fetch("vacuum analyze")
    began = time.perf_counter()
    after = Building(MUNICIPALITY, "", 0)
    async with office.pool.acquire() as connection:
        while True:
            async with connection.transaction():
                page = await list_buildings(connection, after, BUILDINGS_MAX)
                if not page:
                    return time.perf_counter() - began
                await _read_and_write(connection, page)
                after = page[-1]


async def _read_and_write(connection: asyncpg.Connection, page: Sequence[Building]) -> None:
    addresses = await connection.fetch(
        """
        select address.* from address
          join unnest($1::text[], $2::text[], $3::int[])
            as wanted (municipality, postcode, house_number)
          using (municipality, postcode, house_number)
        """,
        [one.municipality for one in page],
        [one.postcode for one in page],
        [one.house_number for one in page],
    )
    ids = [row["id"] for row in addresses]
    for table in READ_BY_ADDRESS:
        found = await connection.fetch(f"select * from {table} where address_id = any($1)", ids)
    cases = [row["id"] for row in found]  # of the last of these tables
    for table in READ_BY_CASE:
        await connection.fetch(f"select * from {table} where case_id = any($1)", cases)
    await connection.execute(
        "update household_case set reason = reason || '' where id = any($1)", cases
    )


@asynccontextmanager
async def filled(servers: Servers, cases: int) -> AsyncIterator[PolicyOffice]:
    """A triage with so many open cases, at a time that stands still."""
    name = f"redecide{secrets.token_hex(4)}"
    url = await servers.create_database_from_template("template_triage", name, "triage")
    with tempfile.TemporaryDirectory() as folder:
        Clock(Path(folder) / "clock").move(NOW)
        service_clock.step_by(Path(folder) / "clock")
        try:
            async with open_policy_office(url) as office:
                await _fill(office, Path(folder), cases)
                yield office
        finally:
            service_clock.step_by(None)
            await servers.drop_database(name)


async def _fill(office: PolicyOffice, folder: Path, cases: int) -> None:
    """Decide some households for real, and copy every row of theirs."""
    async with office.pool.acquire() as connection:
        await connection.execute("delete from worker; delete from team")
        file = write_roster(folder / "roster.yaml", max(10, cases / 4.4))
        await save_roster(connection, read_yaml(file, RosterFile), {})
    await office.take_in([one for no in range(1, ORIGINALS + 1) for one in _debts(no)])
    copies = max(0, cases // ORIGINALS - 1)
    async with office.pool.acquire() as connection:
        await copy_households(connection, copies)
        await connection.execute(
            "update worker set load_tenths = (select coalesce(sum(weight_tenths), 0)"
            " from household_case where assignee_id = worker.id and is_open)"
        )


def _debts(no: int) -> list[PartnerFact]:
    """A household: a sixth owes what gets a letter by one policy and a visit by the other."""
    owed = {"arrears_cents": 40_000 + no * 4_000, "arrears_since": TODAY - timedelta(days=40)}
    told: list[PartnerFact] = [arrears_reported(no, **owed)]
    if no % 10 == 0:
        told.append(arrears_reported(no, partner_id="volkshuis", **owed))
    if no % 25 == 0:
        told.append(fact(signals.HearingScheduled, no))
    return told
