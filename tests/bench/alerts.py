"""Scheduling alerts, against a bare insert of the same rows; and finding the due ones among many.

One replica of notify takes in that hearings were set, each of a case of its own: what comes in at
the door is parsed, noted, planned and saved, four alerts each. The reference inserts the rows that
came of it, in the same steps, and knows them already. A claim takes what is due by then, of a table
of ten thousand rows and of a million: half was sent, half is due later.
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
from uuid import UUID

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.notify import handlers
from services.notify.sql import alerts as alert_sql
from shared import clock as service_clock
from shared import db
from shared.contracts import triage
from shared.contracts.envelope import to_wire
from shared.contracts.signals import HearingKind
from shared.door import Door
from shared.outbox import LeftToRelay, Outbox
from shared.policy import Policies
from shared.policy.shelf import Shelf
from shared.waiting import Delivery
from tests.builders import MUNICIPALITY, NOW, POLICY, case_event

WAYS = ("ours", "bare")
ALERTS_A_HEARING = 4
BATCH = 250
SMALL_TABLE = 10_000
DUE = 500  # what one claim takes
DIGEST_SHARE = 20  # one row in so many is due at eight, in the digests of a workday
CLAIMS = 15
TABLES = ("case_file", "subject", "alert")
Say = Callable[[str], None]


@dataclass
class Alerts:
    """Alerts a second, of all rounds; milliseconds a claim, by rows in the table."""

    rounds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    claim_ms: dict[int, float] = field(default_factory=dict)
    digest_ms: float = 0.0

    def per_second(self, way: str) -> float:
        """The median of the rounds."""
        return statistics.median(self.rounds[way])

    @property
    def ratio(self) -> float:
        """Scheduling, against the bare insert."""
        return self.per_second("ours") / self.per_second("bare")

    @property
    def claim_growth(self) -> float:
        """A claim of many rows, against one of few."""
        return self.claim_ms[max(self.claim_ms)] / self.claim_ms[min(self.claim_ms)]


async def run_alerts(servers: Servers, alerts: int, rows: int, rounds: int, say: Say) -> Alerts:
    """Schedule, alternating the ways; then claim."""
    result = Alerts()
    async with empty(servers) as pool:
        batches = list(_batches(alerts // ALERTS_A_HEARING))
        for number in range(rounds):
            result.rounds["ours"].append(alerts / await schedule(pool, batches))
            result.rounds["bare"].append(alerts / await insert_bare(pool, len(batches)))
            told = "  ".join(f"{way} {result.rounds[way][-1]:.0f}" for way in WAYS)
            say(f"alerts   {number + 1} of {rounds}  {told} alerts/s")
        for count in (SMALL_TABLE, max(rows, 2 * SMALL_TABLE)):
            await fill(pool, count)
            result.claim_ms[count] = await claim(pool, count)
            say(f"alerts   a claim of {DUE} of {count} rows: {result.claim_ms[count]:.1f} ms")
        digest = count // DIGEST_SHARE
        await fill_digest(pool, digest)
        result.digest_ms = await claim(pool, count)
        say(f"alerts   where {digest} are due at once: {result.digest_ms:.1f} ms")
    return result


async def schedule(pool: db.Pool, batches: Sequence[Sequence[Delivery]]) -> float:
    """Take in what was set; seconds."""
    await pool.execute(f"truncate {', '.join(TABLES)}, inbox")
    door = Door("notify", pool, Outbox("urn:nld:oin:0:systeem:notify", pool, LeftToRelay(), 10**6))
    handlers.register(door, Shelf(Policies({MUNICIPALITY: [POLICY]})))
    consumer = door.consumers[batches[0][0].queue]
    began = time.perf_counter()
    for batch in batches:
        await door.take(consumer, batch)
    seconds = time.perf_counter() - began
    count = await pool.fetchval("select count(*) from alert")
    if count != ALERTS_A_HEARING * sum(map(len, batches)):
        raise SystemExit(f"bench: {count} alerts were scheduled")
    return seconds


async def insert_bare(pool: db.Pool, steps: int) -> float:
    """Insert the same rows, known already, in as many transactions; seconds."""
    for table in TABLES:
        await pool.execute(f"drop table if exists known_{table}")
        await pool.execute(
            f"create table known_{table} as select *, (row_number() over (order by case_id) - 1)"
            f" * {steps} / count(*) over () as step from {table}"
        )
        await pool.execute(f"create index on known_{table} (step)")
    columns = {table: await _columns(pool, table) for table in TABLES}
    await pool.execute(f"truncate {', '.join(TABLES)}")
    began = time.perf_counter()
    for step in range(steps):
        async with pool.acquire() as connection, connection.transaction():
            for table, names in columns.items():
                await connection.execute(
                    f"insert into {table} ({names}) select {names} from known_{table}"
                    f" where step = $1",
                    step,
                )
    return time.perf_counter() - began


async def _columns(pool: db.Pool, table: str) -> str:
    names: str = await pool.fetchval(
        "select string_agg(attname, ', ') from pg_attribute"
        " where attrelid = $1::regclass and attnum > 0 and not attisdropped",
        table,
    )
    return names


ROW = """
    insert into alert (id, case_id, kind, key, subject_revision, template, recipient_id,
      recipient_role, due_at, state, policy_sha256, scheduled_at, changed_at, free_at, bundle)
    select gen_random_uuid(), gen_random_uuid(), 'hearing', gen_random_uuid(), 1, 'hearing_set',
      'anna', 'assignee', {due_at}, {state}, '', $2::timestamptz, $2, '-infinity', {bundle}
    from generate_series(1, $1) as no"""
ROWS = ROW.format(
    due_at="$2::timestamptz + (no % 2 * 2 - 1) * (no % 86400 + 60) * interval '1 minute'",
    state="case no % 2 when 1 then 'scheduled' else 'sent' end",
    bundle="null",
)
DUE_ROWS = ROW.format(
    due_at="$2::timestamptz - interval '1 hour'", state="'scheduled'", bundle="null"
)
DIGEST_ROWS = ROW.format(
    due_at="$2::timestamptz", state="'scheduled'", bundle="'worker ' || no % 2000"
)


async def fill(pool: db.Pool, count: int) -> None:
    """A table of so many alerts, and besides as many due ones as one claim takes."""
    await pool.execute("truncate alert")
    await pool.execute(ROWS, count - DUE, NOW)
    await pool.execute(DUE_ROWS, DUE, NOW)
    await pool.execute("vacuum analyze alert")


async def fill_digest(pool: db.Pool, count: int) -> None:
    """In the same table, instead of what is due: so many that are due at one instant."""
    await pool.execute("update alert set state = 'sent' where due_at < $1", NOW)
    await pool.execute(DIGEST_ROWS, count, NOW)
    await pool.execute("vacuum analyze alert")


async def claim(pool: db.Pool, count: int) -> float:
    """The median of some claims, each undone; milliseconds."""
    taken = []
    for _ in range(CLAIMS):
        async with pool.acquire() as connection:
            undone = connection.transaction()
            await undone.start()
            began = time.perf_counter()
            found = await alert_sql.claim_due(
                connection, NOW, service_clock.lease_now(), NOW + timedelta(minutes=1), DUE
            )
            taken.append(1000 * (time.perf_counter() - began))
            await undone.rollback()
            if len(found) != DUE:
                raise SystemExit(f"bench: {len(found)} of {count} rows were claimed")
    return statistics.median(taken)


@asynccontextmanager
async def empty(servers: Servers) -> AsyncIterator[db.Pool]:
    """notify's database, at a time that stands still."""
    name = f"alerts{secrets.token_hex(4)}"
    url = await servers.create_database_from_template("template_notify", name, "notify")
    with tempfile.TemporaryDirectory() as folder:
        Clock(Path(folder) / "clock").move(NOW)
        service_clock.step_by(Path(folder) / "clock")
        pool = await db.open_pool(url, service="notify", size=2)
        try:
            yield pool
        finally:
            await pool.close()
            service_clock.step_by(None)
            await servers.drop_database(name)


def _batches(count: int) -> Sequence[Sequence[Delivery]]:
    told = [_set(number) for number in range(1, count + 1)]
    return [told[first : first + BATCH] for first in range(0, count, BATCH)]


def _set(number: int) -> Delivery:
    """That a hearing of a case was set."""
    event = case_event(
        triage.CaseHearingSet,
        case_id=UUID(int=number), household_id=UUID(int=2**64 + number), hearing_id=UUID(int=1),
        at=NOW + timedelta(days=30), place="Voorbeeldstad", court="Rechtbank Noord",
        case_number=f"26-{number}", kind=HearingKind.ROLL,
    )  # fmt: skip
    body = to_wire(event, source="urn:nld:oin:0:systeem:triage", recorded_at=NOW)
    queue = type(event).queue("notify", event.lane)
    return Delivery(queue, body, str(event.wire_id), "", None, None, redelivered=False)
