"""Searches whole databases, queues and logs for marks, however they are stored there."""

import base64
from collections.abc import Sequence

import aio_pika
import asyncpg
import httpx

from deploy.local.private_rabbitmq import ADMINISTRATOR
from deploy.local.servers import Servers

TABLES = "select tablename from pg_tables where schemaname = 'public' order by tablename"
MESSAGES_MAX = 10_000


def spellings(mark: str) -> set[str]:
    """How a mark may stand in what is stored: as it is, in hexadecimal, in base64 anywhere."""
    told = mark.encode()
    found = {mark, told.hex()}
    for shift in range(3):  # base64 writes three bytes as four letters, from wherever it began
        coded = base64.b64encode(b"-" * shift + told).decode()
        first = (shift * 8 + 5) // 6 if shift else 0
        whole = (shift + len(told)) * 8 // 6
        found.add(coded[first:whole])
        found.add(coded[first:whole].replace("+", "-").replace("/", "_"))
    return found


async def in_tables(url: str, marks: Sequence[str]) -> dict[str, set[str]]:
    """Which marks stand in which tables of a database; every column is looked at."""
    connection = await asyncpg.connect(url, timeout=10)

    async def stand(table: str, *wanted: str) -> bool:
        # A row as text has its bytes in hexadecimal and its documents in words.
        rows = f'select from "{table}" as t where t::text ilike any($1)'
        patterns = [f"%{one}%" for mark in wanted for one in spellings(mark)]
        found: bool = await connection.fetchval(f"select exists ({rows})", patterns)
        return found

    try:
        tables = [row[0] for row in await connection.fetch(TABLES)]
        some = [table for table in tables if await stand(table, *marks)]
        return {table: {one for one in marks if await stand(table, one)} for table in some}
    finally:
        await connection.close()


async def in_queues(servers: Servers, vhost: str, marks: Sequence[str]) -> dict[str, set[str]]:
    """Which marks stand in which queues of a virtual host; what is there stays there."""
    found: dict[str, set[str]] = {}
    url = servers.management_url
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
        names = [one["name"] for one in (await client.get(f"/api/queues/{vhost}")).json()]
        for name in await not_empty(servers, vhost, names):
            asked = {"count": MESSAGES_MAX, "ackmode": "ack_requeue_true", "encoding": "base64"}
            answer = await client.post(f"/api/queues/{vhost}/{name}/get", json=asked)
            for told in answer.raise_for_status().json():
                body = base64.b64decode(told.pop("payload"))
                if there := marks_in(body + str(told).encode(), marks):
                    found.setdefault(name, set()).update(there)
    return found


async def not_empty(servers: Servers, vhost: str, names: Sequence[str]) -> list[str]:
    """The queues with messages, as the broker says right now: its statistics are seconds old."""
    password = servers.passwords.of(ADMINISTRATOR)
    url = servers.amqp_url(ADMINISTRATOR, vhost, password)
    async with await aio_pika.connect(url, timeout=10) as connection:
        channel = await connection.channel()
        queues = [await channel.declare_queue(name, passive=True) for name in names]
        return [one.name for one in queues if one.declaration_result.message_count]


def marks_in(told: bytes, marks: Sequence[str]) -> set[str]:
    """The marks that stand in some bytes, in any spelling and case."""
    folded = told.lower()
    return {
        mark for mark in marks if any(one.lower().encode() in folded for one in spellings(mark))
    }
