"""PostgreSQL: the pool, and the runner of numbered SQL migrations."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import asyncpg
import orjson

from shared.settings import StartupFault

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
# A connection inside a transaction that a door, a command or a timer has opened.
Tx: TypeAlias = (
    "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
)

COMMAND_SECONDS_MAX = 60
PING_SECONDS_MAX = 3
# The connection broke under a statement. An answer that asyncpg did not expect is one kind of it:
# the server's last word before it closes may come between two others.
CONNECTION_LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
)
# What may mean that the server is away; some of it is also raised for a statement that is wrong,
# so `answers` is asked before that is believed.
MAYBE_AWAY = (*CONNECTION_LOST, asyncpg.PostgresError)
# What says nothing of the work: the same goes well when it is done again.
IN_PASSING = (*CONNECTION_LOST, asyncpg.TransactionRollbackError)
# Any number, the same in every service: each has a database of its own.
MIGRATION_LOCK = 7_061_984

SCHEMA_VERSION = """
create table if not exists schema_version (
  series     text not null,
  version    int not null,
  name       text not null,
  sha256     text not null,
  applied_at timestamptz not null default now(),
  primary key (series, version)
)"""


async def open_pool(url: str, *, service: str, size: int) -> Pool:
    """A pool of `size` connections; raises StartupFault when the server cannot be reached."""
    try:
        return await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=size,
            init=prepare,
            command_timeout=COMMAND_SECONDS_MAX,
            timeout=10,
            server_settings={"application_name": service, "timezone": "UTC", "jit": "off"},
        )
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise StartupFault(
            f"PostgreSQL cannot be reached with DATABASE_URL ({type(error).__name__}): "
            "check that the server runs and that the URL is right"
        ) from None


async def ping(pool: Pool) -> None:
    """Raises one of MAYBE_AWAY when the server does not answer soon."""
    async with asyncio.timeout(PING_SECONDS_MAX):
        await pool.fetchval("select 1")


async def answers(pool: Pool) -> bool:
    """Whether the server answers, now."""
    try:
        await ping(pool)
    except MAYBE_AWAY:
        return False
    return True


async def prepare(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Let jsonb columns take and give Python values."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + orjson.dumps(value),
        decoder=lambda raw: orjson.loads(raw[1:]),
        format="binary",
    )


@dataclass(frozen=True)
class Migration:
    """One file `0001_what_it_does.sql`, run once, in one transaction, never changed after."""

    series: str  # the plumbing's, or the service's own
    version: int
    name: str
    statements: str

    @property
    def key(self) -> tuple[str, int]:
        return self.series, self.version

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.statements.encode()).hexdigest()


def read_migrations(folders: Sequence[Path]) -> list[Migration]:
    """The migrations in these folders, a series each, in order; no series has a gap."""
    found = []
    for folder in folders:
        series = folder.parent.name
        files = sorted(folder.glob("*.sql"))
        if [int(path.name[:4]) for path in files] != list(range(1, len(files) + 1)):
            raise StartupFault(f"the migrations of {series} are not numbered 1, 2, 3, …")
        found += [
            Migration(series, int(path.name[:4]), path.stem, path.read_text()) for path in files
        ]
    return found


async def migrate(url: str, folders: Sequence[Path]) -> list[str]:
    """Apply what is missing and return the names; one runner at a time, the others wait."""
    migrations = read_migrations(folders)
    async with _connection(url) as connection:
        await connection.execute("select pg_advisory_lock($1)", MIGRATION_LOCK)
        await connection.execute(SCHEMA_VERSION)
        missing = _missing(await _applied(connection), migrations)
        for migration in missing:
            async with connection.transaction():
                await connection.execute("set local lock_timeout = '10s'")
                await connection.execute(migration.statements)
                await connection.execute(
                    "insert into schema_version (series, version, name, sha256) "
                    "values ($1, $2, $3, $4)",
                    migration.series,
                    migration.version,
                    migration.name,
                    migration.sha256,
                )
        return [f"{migration.series} {migration.name}" for migration in missing]


async def check_schema(pool: Pool, folders: Sequence[Path], *, service: str) -> None:
    """Raise StartupFault unless the database is at exactly the schema of this code."""
    try:
        async with pool.acquire() as connection:
            applied = await _applied(connection)
    except asyncpg.UndefinedTableError:
        applied = {}
    if missing := _missing(applied, read_migrations(folders)):
        raise StartupFault(
            f"the database lacks {len(missing)} migrations, first {missing[0].name}: "
            f"run `python -m services.{service} migrate`"
        )


async def _applied(connection: Tx) -> dict[tuple[str, int], str]:
    rows = await connection.fetch("select series, version, sha256 from schema_version")
    return {(row["series"], row["version"]): row["sha256"] for row in rows}


def _missing(
    applied: Mapping[tuple[str, int], str], migrations: Sequence[Migration]
) -> list[Migration]:
    """What is still to be applied; raises StartupFault when what was applied is another code's."""
    known = {migration.key: migration for migration in migrations}
    for key, sha256 in applied.items():
        if key not in known:
            raise StartupFault(
                f"the database has migration {key[0]} {key[1]}, which this code does not know: "
                "run a newer version of the service"
            )
        if sha256 != known[key].sha256:
            raise StartupFault(
                f"migration {known[key].name} was changed after it was applied: "
                "put the file back and write a new migration"
            )
    return [migration for migration in migrations if migration.key not in applied]


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    try:
        connection = await asyncpg.connect(url, timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise StartupFault(
            f"PostgreSQL cannot be reached with DATABASE_URL ({type(error).__name__}): "
            "check that the server runs and that the URL is right"
        ) from None
    try:
        yield connection
    finally:
        await connection.close()
