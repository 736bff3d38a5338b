"""What the command lines of the services have in common."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import typer
import uvloop

from shared import clock, core, db, log
from shared.core import Wire
from shared.db import Pool
from shared.settings import (
    CommandSettings,
    DatabaseSettings,
    ServiceSettings,
    StartupFault,
    load,
)

FAULT = 2


@contextmanager
def one_line_faults() -> Iterator[None]:
    """Say in one line what is missing and what to do, and leave with 2."""
    try:
        yield
    except StartupFault as fault:
        print(f"voordeur: {fault}", file=sys.stderr)  # noqa: T201 - a command's own words
        raise SystemExit(FAULT) from None


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a command's coroutine on uvloop."""
    with one_line_faults():
        uvloop.run(main())


def ids_of(text: str) -> list[UUID]:
    """The ids in an option, which has commas between them; raises BadParameter."""
    try:
        return [UUID(one.strip()) for one in text.split(",")]
    except ValueError:
        raise typer.BadParameter("ids with commas between them") from None


@asynccontextmanager
async def database(settings: CommandSettings) -> AsyncIterator[Pool]:
    """The database of a service for one command, at the service's time; it logs no more than it."""
    clock.step_by(settings.clock_file)
    log.configure("ops", "WARNING")
    pool = await db.open_pool(settings.database_url.get_secret_value(), service="ops", size=2)
    try:
        yield pool
    finally:
        await pool.close()


def serve(
    service: str, settings_class: type[ServiceSettings], migrations: Path, wire: Wire
) -> None:
    """Run a service until it is told to stop."""
    with one_line_faults():
        settings = load(settings_class)
        uvloop.run(core.serve(service, settings, migrations, wire))


def migrate(migrations: Path) -> None:
    """Bring the database to this code's schema, and say what was done."""
    with one_line_faults():
        url = load(DatabaseSettings).database_url.get_secret_value()
        applied = asyncio.run(db.migrate(url, [core.PLUMBING, migrations]))
    print("\n".join(applied) or "nothing to migrate")  # noqa: T201
