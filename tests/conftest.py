"""Real servers for the whole run, and databases made from templates."""

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.signals import keys as signing
from services.signals.partners import PartnersFile
from services.signals.sql.partners import save_keys, save_partner
from services.triage.roster import RosterFile
from services.triage.roster import save as save_roster
from shared import clock as service_clock
from shared import db
from shared.core import PLUMBING
from shared.files import read_yaml, write_secrets
from shared.web.session import token_hash
from tests.builders import MUNICIPALITY, NOW
from tests.paths import DEMO, REPOSITORY
from tests.town import SERVICES, SIGNING_SECRET, Town, partner_keys

ROSTER_TOKENS = "roster.json"


@pytest.fixture(scope="session")
async def servers() -> AsyncIterator[Servers]:
    """A private RabbitMQ and PostgreSQL, with a migrated template database for each service.

    Not in pytest's own folder: another run that starts beside this one closes that to the servers.
    """
    with tempfile.TemporaryDirectory(prefix="voordeur-servers-") as name:
        open_folders(Path(name))
        found = Servers(Path(name))
        await found.start()
        try:
            await make_templates(found)
            yield found
        finally:
            await found.stop()


def open_folders(*folders: Path) -> None:
    """Let the servers' own users pass through."""
    for folder in folders:
        folder.chmod(0o711)


async def make_templates(servers: Servers) -> None:
    """A migrated database for each service, with the demo's partners and roster in it."""
    for service, url in (await servers.create_databases()).items():
        await db.migrate(url, [PLUMBING, REPOSITORY / "services" / service / "migrations"])
        connection = await asyncpg.connect(url)
        if service == "signals":
            await db.prepare(connection)
            for entry in read_yaml(DEMO / "partners.yaml", PartnersFile).partners:
                await save_partner(connection, entry.as_partner(), entry.name, entry.contact)
                await save_keys(connection, entry.id, *map(token_hash, partner_keys(entry.id)))
            await signing.rotate(connection, MUNICIPALITY, SIGNING_SECRET, NOW)
        if service == "triage":
            tokens: dict[str, str] = {}
            await save_roster(connection, read_yaml(DEMO / "roster.yaml", RosterFile), tokens)
            write_secrets(servers.data / ROSTER_TOKENS, tokens)
        await connection.close()
        await servers.create_database_from_template(service, f"template_{service}", service)


@pytest.fixture
async def town(servers: Servers, tmp_path: Path) -> AsyncIterator[Town]:
    """A town of its own, with everything but the three services running."""
    built = Town(servers, tmp_path, servers.data / ROSTER_TOKENS)
    await built.build()
    yield built
    await asyncio.wait_for(built.tear_down(), 120)


@pytest.fixture
async def databases(servers: Servers) -> AsyncIterator[dict[str, str]]:
    """A fresh migrated database for each service; the URLs by service."""
    name = f"test{secrets.token_hex(4)}"
    yield {
        service: await servers.create_database_from_template(
            f"template_{service}", f"{name}_{service}", service
        )
        for service in SERVICES
    }
    for service in SERVICES:
        await servers.drop_database(f"{name}_{service}")


@pytest.fixture
def stepped_clock(tmp_path: Path) -> Iterator[Clock]:
    """Business time that stands still, at nine on a Tuesday until it is moved."""
    clock = Clock(tmp_path / "clock")
    clock.move(NOW)
    service_clock.step_by(tmp_path / "clock")
    yield clock
    service_clock.step_by(None)
