"""Triage's door and database without a broker: facts come in, policies change, events are kept."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import asyncpg
import orjson

from deploy.local.servers import Servers
from services.triage import activating, deciding
from services.triage.activating import Seen, Wish
from services.triage.books import BookShelf
from services.triage.handlers import address_of
from services.triage.redeciding import Redecider
from services.triage.reports import new_report
from services.triage.sql import policies as policy_sql
from shared import db, policy
from shared.contracts.signals import PartnerFact
from shared.db import Tx
from shared.door import Door, Follow
from shared.outbox import Outbox, Row
from shared.policy import Policies
from tests.builders import MUNICIPALITY, NOW, POLICY, POLICY_FILE

SOURCE = "urn:nld:oin:0:systeem:triage"
TEXT = POLICY_FILE.read_text()


def changed(*changes: tuple[str, str]) -> str:
    """The demo's policy with some of its text replaced, each there once at least."""
    text = TEXT
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


@dataclass
class Caught:
    """A publisher that confirms everything, and keeps it."""

    rows: list[Row] = field(default_factory=list)

    async def publish(self, rows: Sequence[Row]) -> list[int]:
        """Confirm all."""
        self.rows += rows
        return [row.id for row in rows]

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        """Routing key and data of everything, in order."""
        return [(row.routing_key, orjson.loads(row.body)["data"]) for row in self.rows]


@dataclass
class PolicyOffice:
    """What a test of policies works with."""

    pool: db.Pool
    caught: Caught
    door: Door
    shelf: BookShelf

    def redecider(self) -> Redecider:
        """Another replica's."""
        return Redecider(self.door, self.shelf)

    async def take_in(self, events: Sequence[PartnerFact]) -> None:
        """Facts come in."""
        for start in range(0, len(events), 200):
            part = events[start : start + 200]
            await self.door.transact(lambda tx, part=part: decided(tx, self.shelf, part))
        self.caught.rows.clear()

    async def activate(self, text: str, seen: Seen | None = None) -> None:
        """A policy holds, also for days that are past; `seen` is what was there before."""
        wish = Wish(policy.parse(text, "x.yaml"), text, "Noor", "a test")
        async with self.pool.acquire() as connection, connection.transaction():
            seen = seen or await policy_sql.count_activations(connection)
            await activating.activate(connection, wish, NOW, seen=seen, source=SOURCE)

    async def redecide(self) -> None:
        """Do every job that is due."""
        redecider = self.redecider()
        while await redecider.step():
            pass

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """Rows."""
        return await self.pool.fetch(query, *arguments)


async def decided(tx: Tx, shelf: BookShelf, events: Sequence[PartnerFact]) -> tuple[None, Follow]:
    """Let some facts in."""
    reports = [new_report(one, address_of(one)) for one in events]
    return None, await deciding.decide(tx, await shelf.current(tx), reports)


@asynccontextmanager
async def triage_database(servers: Servers) -> AsyncIterator[str]:
    """A fresh database of triage alone; its URL."""
    name = f"policies{secrets.token_hex(4)}"
    yield await servers.create_database_from_template("template_triage", name, "triage")
    await servers.drop_database(name)


@asynccontextmanager
async def open_policy_office(url: str) -> AsyncIterator[PolicyOffice]:
    """An office on a database of triage."""
    pool = await db.open_pool(url, service="test", size=4)
    try:
        caught = Caught()
        outbox = Outbox(SOURCE, pool, caught, 50_000)
        shelf = BookShelf(Policies({MUNICIPALITY: [POLICY]}))
        async with pool.acquire() as connection, connection.transaction():
            await activating.keep_texts(connection, {POLICY.sha256: TEXT}, NOW)
        yield PolicyOffice(pool, caught, Door("triage", pool, outbox), shelf)
    finally:
        await pool.close()


async def everything(url: str) -> dict[str, tuple[int, str]]:
    """How many rows each table has, and a sum over all that is in them and who wrote it."""
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch(
            "select tablename from pg_tables where schemaname = 'public' order by 1"
        )
        found = {}
        for (name,) in tables:
            row = await connection.fetchrow(
                f"select count(*), sum(hashtextextended(one::text || xmin::text, 0))::text"
                f" from {name} as one"
            )
            found[name] = row[0], row[1]
        return found
    finally:
        await connection.close()


VALID_FROM = ("valid_from: 2026-01-01\n\nsignals", f"valid_from: {date(2026, 2, 1)}\n\nsignals")
