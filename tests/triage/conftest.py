"""One database of triage for many tests, emptied after each: to make one takes a second."""

from collections.abc import AsyncIterator

import pytest

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.triage import handlers
from services.triage.books import BookShelf
from shared import db
from shared.door import Door
from shared.outbox import LeftToRelay, Outbox
from tests.triage import counter
from tests.triage.counter import Api
from tests.triage.planting import POLICIES

STAYS = ("team", "worker", "schema_version")


@pytest.fixture(scope="session")
async def triage_url(servers: Servers) -> AsyncIterator[str]:
    """A migrated database with the demo's roster."""
    name = "triage_of_many_tests"
    yield await servers.create_database_from_template("template_triage", name, "triage")
    await servers.drop_database(name)


@pytest.fixture
async def pool(triage_url: str) -> AsyncIterator[db.Pool]:
    """Connections to it."""
    opened = await db.open_pool(triage_url, service="triage", size=4)
    yield opened
    tables = await opened.fetch(
        "select tablename from pg_tables where schemaname = 'public' and tablename <> all($1)",
        STAYS,
    )
    # Not truncated: that makes new files, which takes longer than a few rows.
    for row in tables:
        await opened.execute(f"delete from {row['tablename']}")
    await opened.execute("alter sequence read_log_no_seq restart")
    await opened.execute(
        "update worker set load_tenths = 0, noted_absent_from = null, noted_absent_until = null,"
        " noted_on = null"
    )
    await opened.close()


@pytest.fixture
def door(pool: db.Pool, stepped_clock: Clock) -> Door:
    """Triage's own door, without a broker."""
    source = "urn:nld:oin:0:systeem:triage"
    made = Door("triage", pool, Outbox(source, pool, LeftToRelay(), 50_000))
    handlers.register(made, BookShelf(POLICIES))
    return made


@pytest.fixture
async def api(pool: db.Pool, door: Door) -> AsyncIterator[Api]:
    """The workers' API on this door."""
    async with counter.opened(pool, door) as opened:
        yield opened
