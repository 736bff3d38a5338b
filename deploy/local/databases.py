"""Roles and databases at a PostgreSQL server: a service owns its own and sees no other's."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg

from deploy.local.processes import LocalFault

MAJOR_MIN = 15
CONNECT_SECONDS_MAX = 10.0
STATEMENT_SECONDS_MAX = 60.0

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_PASSWORD = re.compile(r"[A-Za-z0-9_-]+")
# Two who make the same role at once would fail over each other's catalogue rows.
_LOCK = 0x766F6F72


async def check(admin_url: str) -> None:
    """Raise LocalFault unless the server answers and is new enough."""
    async with _connection(admin_url) as connection:
        if connection.get_server_version().major < MAJOR_MIN:
            raise LocalFault(f"PostgreSQL {MAJOR_MIN} or newer is needed at VOORDEUR_POSTGRES_URL")


async def save_role(admin_url: str, role: str, password: str) -> None:
    """Make a role that may sign in, or give it this password."""
    if not _PASSWORD.fullmatch(password):
        raise ValueError("a password of letters, digits, - and _ is expected")
    async with _connection(admin_url) as connection:
        known = await connection.fetchval("select 1 from pg_roles where rolname = $1", role)
        verb = "alter" if known else "create"
        await connection.execute(f"{verb} role {_name(role)} login password '{password}'")


async def create(admin_url: str, database: str, owner: str) -> None:
    """Make an empty database, unless it is there, that only its owner may enter."""
    options = "template template0 encoding 'UTF8' locale 'C.UTF-8'"
    await _create(admin_url, database, owner, options)


async def create_from_template(admin_url: str, database: str, owner: str, template: str) -> None:
    """Make a copy of a database that nobody is connected to."""
    # Fastest for a small template; permissions on the database itself are not copied.
    options = f"template {_name(template)} strategy file_copy"
    await _create(admin_url, database, owner, options)


async def drop(admin_url: str, database: str) -> None:
    """Delete a database, whoever is connected to it; none is fine too."""
    async with _connection(admin_url) as connection:
        await connection.execute(f"drop database if exists {_name(database)} with (force)")


async def _create(admin_url: str, database: str, owner: str, options: str) -> None:
    async with _connection(admin_url) as connection:
        if not await connection.fetchval("select 1 from pg_database where datname = $1", database):
            await connection.execute(
                f"create database {_name(database)} owner {_name(owner)} {options}"
            )
        await connection.execute(f"revoke all on database {_name(database)} from public")


@asynccontextmanager
async def _connection(
    admin_url: str,
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    try:
        connection = await asyncpg.connect(
            admin_url, timeout=CONNECT_SECONDS_MAX, command_timeout=STATEMENT_SECONDS_MAX
        )
    except (OSError, asyncpg.PostgresError) as error:
        place = urlsplit(admin_url).netloc.rpartition("@")[2]
        raise LocalFault(f"PostgreSQL at {place} does not let us in: {error}") from None
    try:
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        yield connection
    finally:
        await connection.close(timeout=CONNECT_SECONDS_MAX)


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a role or database here")
    return f'"{name}"'
