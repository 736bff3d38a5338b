"""notify's own app on one database for many tests, emptied after each."""

from collections.abc import AsyncIterator

import pytest

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from shared import db
from tests.notify.answering import Front

TABLES = ("case_file", "resident", "wishes", "wishes_change", "subject", "alert", "attempt",
          "reply_link", "reply", "live_mode", "forgotten_case", "inbox", "outbox",
          "waiting")  # fmt: skip
ADDRESSES = (f"203.0.113.{number}" for number in range(1, 255))


@pytest.fixture(scope="session")
async def opened(servers: Servers) -> AsyncIterator[Front]:
    """One app and database: to build them takes a second."""
    url = await servers.create_database_from_template("template_notify", "replies", "notify")
    pool = await db.open_pool(url, service="notify", size=4)
    yield Front.of(pool)
    await pool.close()
    await servers.drop_database("replies")


@pytest.fixture
async def front(opened: Front, stepped_clock: Clock) -> AsyncIterator[Front]:
    """notify, live, and somebody at an address of their own."""
    opened.address = next(ADDRESSES)
    await opened.go_live()
    yield opened
    for table in TABLES:
        await opened.pool.execute(f"delete from {table}")
