"""What one event of each queue leads to, as recorded from the services: rows, and events sent on.

`bare` moves the same without deciding anything.
"""

import pickle
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aio_pika
import asyncpg

from deploy.local.private_rabbitmq import ADMINISTRATOR
from shared import topology
from shared.contracts.envelope import EVENTS_EXCHANGE, FEEDBACK_EXCHANGE, Lane
from tests.bench.stage import INTAKE_QUEUE, Stage
from tests.town import SERVICES

TAP = "bench.tap"
# By the event of which queue a service writes rows of a table and sends events on.
TRIGGERS = {
    "signals": INTAKE_QUEUE,
    "triage": "triage.from.signals.arrears_reported.v1",
    "notify": "notify.from.triage.generalist_assigned.v1",
}
OWN_TRIGGERS = {
    "case_file": "notify.from.triage.case_opened.v1",
    "status": ("signals.from.triage.signal_taken_up.v1",
               "signals.from.triage.signal_not_taken_up.v1"),
}  # fmt: skip
HEARTBEAT = "triage.triage_alive."
NOT_MOVED = {
    "schema_version",
    "inbox",
    "outbox",
    "waiting",
    "partner",
    "agreement",
    "access_token",
    "signing_key",
    "policy",
    "policy_job",
    "policy_text",
    "purge",
    "team",
    "triage_alive",  # one row, kept by a clock and by no event
    "worker",
}
# Types that cannot be a column of an unnest as they are: as text, and cast in SQL.
MADE_BY_THE_DATABASE = {"xid8"}
AS_TEXT = ("[]", "jsonb")
COLUMNS = """
    select relname, attname, format_type(atttypid, atttypmod) as type
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where relkind = 'r' and relnamespace = 'public'::regnamespace and attnum > 0
      and not attisdropped
    order by relname, attnum"""


@dataclass
class Table:
    """Rows of a table as recorded, a list a column, and how many one event leads to."""

    name: str
    columns: list[tuple[str, str]]  # name and type
    values: list[list[Any]]
    per_event: float

    @property
    def insert(self) -> str:
        """Insert with new ids: the last parameter makes each round through the rows another."""
        names = [name for name, _ in self.columns]
        salt = f"${len(names) + 1}::text"
        types = ["text" if kind.endswith(AS_TEXT) else kind for _, kind in self.columns]
        chosen = [_as_another(*column, salt) for column in self.columns]
        arrays = ", ".join(f"${no}::{kind}[]" for no, kind in enumerate(types, 1))
        return (
            f"insert into {self.name} ({', '.join(names)}) select {', '.join(chosen)} "
            f"from unnest({arrays}) as row ({', '.join(names)})"
        )


def _as_another(name: str, kind: str, salt: str) -> str:
    """A column with another id, or another front door: the key of a building has no id."""
    if kind == "uuid":
        return f"md5({name}::text || {salt})::uuid"
    if name == "house_number":
        return f"{name}::int + (hashtext({salt}) & 1048575) * 1000"
    return f"{name}::{kind}"


@dataclass
class Step:
    """What the events of one queue lead to."""

    tables: list[Table] = field(default_factory=list)
    # Exchange, routing key and body.
    messages: list[tuple[str, str, bytes]] = field(default_factory=list)
    messages_per_event: float = 0.0


Recipe = dict[str, dict[str, Step]]  # by service and queue


async def tap(stage: Stage) -> None:
    """Have the broker keep a copy of everything that the services say to each other."""
    async with await _connect(stage) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(TAP, durable=True, arguments={"x-queue-type": "quorum"})
        for exchange in (EVENTS_EXCHANGE, FEEDBACK_EXCHANGE):
            await queue.bind(exchange, "#")


async def record(stage: Stage, file: Path, signals: int) -> Recipe:
    """Read what the services did with so many signals."""
    sent = [one for one in await _drain(stage) if not one[1].startswith(HEARTBEAT)]
    handled: Counter[str] = Counter({INTAKE_QUEUE: signals})
    for _, key, _ in sent:
        for queue in _queues_of(key):
            handled[queue] += 1
    recipe: Recipe = {
        service: {queue: Step() for queue in topology.queues_of(service) if handled[queue]}
        for service in SERVICES
    }
    for service in SERVICES:
        own = _evenly([one for one in sent if _owner(one) == service])
        if own:
            step = recipe[service][TRIGGERS[service]]
            step.messages = own
            step.messages_per_event = len(own) / handled[TRIGGERS[service]]
        await _record_rows(stage.databases[service], recipe[service], handled, TRIGGERS[service])
    write(file, recipe)
    return recipe


def _owner(message: tuple[str, str, bytes]) -> str:
    """Who sent it; what is in the feedback queues of partners is from signals."""
    exchange, key, _ = message
    return "signals" if exchange == FEEDBACK_EXCHANGE else key.partition(".")[0]


def _evenly(messages: list[tuple[str, str, bytes]]) -> list[tuple[str, str, bytes]]:
    """Each kind spread over the whole, so that any part of it has its share of all of them."""
    counts = Counter(message[:2] for message in messages)
    seen: Counter[tuple[str, str]] = Counter()
    places = []
    for message in messages:
        seen[message[:2]] += 1
        places.append((seen[message[:2]] - 0.5) / counts[message[:2]])
    order = sorted(range(len(messages)), key=places.__getitem__)
    return [messages[no] for no in order]


def write(file: Path, recipe: Recipe) -> None:
    """For the processes of `bare`."""
    file.write_bytes(pickle.dumps(recipe))


def read(file: Path) -> Recipe:
    """What was recorded."""
    recipe: Recipe = pickle.loads(file.read_bytes())
    return recipe


def _queues_of(key: str) -> list[str]:
    return [
        queue
        for service in SERVICES
        for queue, bound in topology.event_queues(service)
        if bound == key
    ]


async def _record_rows(url: str, steps: dict[str, Step], handled: Counter[str], usual: str) -> None:
    connection = await asyncpg.connect(url)
    names = {row["relname"] for row in await connection.fetch(COLUMNS)}
    for name in sorted(names - NOT_MOVED):
        triggers = OWN_TRIGGERS.get(name, usual)
        queues = (triggers,) if isinstance(triggers, str) else triggers
        table = await table_of(connection, name, sum(handled[one] for one in queues) or 1)
        for queue in queues:
            if table.values and table.values[0] and queue in steps:
                steps[queue].tables.append(table)
    await connection.close()


async def table_of(connection: Any, name: str, events: int) -> Table:
    """The rows of a table as they are, of which so many events are the cause."""
    columns = [
        (row["attname"], row["type"])
        for row in await connection.fetch(COLUMNS)
        if row["relname"] == name and row["type"] not in MADE_BY_THE_DATABASE
    ]
    chosen = ", ".join(
        f"{column}::text" if kind.endswith(AS_TEXT) else column for column, kind in columns
    )
    rows = await connection.fetch(f"select {chosen} from {name}")
    values = [list(column) for column in zip(*rows, strict=True)]
    return Table(name, columns, values, len(rows) / events)


async def _drain(stage: Stage) -> list[tuple[str, str, bytes]]:
    """Everything that was tapped."""
    found = []
    async with await _connect(stage) as connection:
        channel = await connection.channel()
        await channel.set_qos(1000)
        queue = await channel.get_queue(TAP)
        while message := await queue.get(fail=False):
            found.append((message.exchange or "", message.routing_key or "", message.body))
            await message.ack()
        await queue.delete(if_unused=False, if_empty=False)
    return found


async def _connect(stage: Stage) -> aio_pika.abc.AbstractConnection:
    password = stage.servers.passwords.of(ADMINISTRATOR)
    url = stage.servers.amqp_url(ADMINISTRATOR, stage.name, password)
    return await aio_pika.connect(url, timeout=10)


def lane_of(key: str) -> Lane:
    """The lane of a routing key."""
    return Lane.URGENT if key.endswith(".urgent") else Lane.BULK
