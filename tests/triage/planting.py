"""Puts a household into every table of triage that can hold something of one.

The rows are made from the schema, so that a table or a column that comes later is in them too, and
whoever adds one sees in `test_purging.py` whether a purge takes it along.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg

from shared import db
from shared.contracts.envelope import Event, derived_id, to_wire
from shared.door import Door
from shared.policy import Policies
from shared.waiting import Delivery
from tests.builders import MUNICIPALITY, NOW, POLICY

POLICIES = Policies({MUNICIPALITY: [POLICY]})

# Tables that hold nothing of one household, or what is kept of it by another term, each its reason.
OTHERS = {
    "schema_version": "plumbing",
    "inbox": "ids and hashes, 35 days: what comes again takes no effect",
    "outbox": "on its way out: the announcement itself",
    "waiting": "whose it is is not known: tested apart",
    "policy": "a municipality's",
    "team": "roster",
    "worker": "roster",
    "web_session": "who of us is signed in",
    "web_sign_in": "who is on their way to that",
    "purge": "the report: counts",
    "erasure": "the report: ids",
    "read_log": "outlives the household: tested apart",
    "read_seal": "the chain",
    "monitor_count": "counts without ids",
    "open_figure": "counts without ids",
    "policy_job": "policies, and who activated them",
    "policy_text": "policies",
}
COLUMNS = """
    select table_name, column_name, data_type, udt_name from information_schema.columns
    where table_schema = 'public' order by table_name, ordinal_position"""
CHECKS = """
    select conrelid::regclass::text as table_name, pg_get_constraintdef(oid) as text
    from pg_constraint where contype = 'c'"""


@dataclass(frozen=True)
class Planted:
    """A household that is in every table."""

    name: str
    house_number: int

    def id_of(self, kind: str) -> UUID:
        return derived_id("planted", self.name, kind)

    @property
    def household_id(self) -> UUID:
        return self.id_of("household")

    @property
    def case_id(self) -> UUID:
        return self.id_of("household_case")

    @property
    def marks(self) -> list[str]:
        """What may stand nowhere once it is forgotten."""
        kinds = ("household", "household_case", "signal", "fact", "visit")
        return [self.name, *(str(self.id_of(kind)) for kind in kinds)]


def _named(planted: Planted, at: datetime) -> dict[str, Any]:
    """Columns that mean the same wherever they are."""
    return {
        "household_id": planted.household_id,
        "address_id": planted.id_of("address"),
        "case_id": planted.case_id,
        "signal_id": planted.id_of("signal"),
        "visit_id": planted.id_of("visit"),
        "fact_ids": [planted.id_of("signal"), planted.id_of("fact")],
        "municipality": MUNICIPALITY,
        "postcode": "9901AB",
        "house_number": planted.house_number,
        "moved_to": None,
        "is_open": False,
    }


OF_TABLE: Mapping[tuple[str, str], Any] = {
    ("fact", "recorded_by"): "",  # of a partner
    # What the monitor counts by: no words of anybody.
    ("signal", "partner_kind"): "Huur",
    ("contact_attempt", "kind"): "Huisbezoek",
    ("contact_attempt", "part_of_day"): "Avond",
    ("deadline", "name"): "first_attempt",
}


async def plant(pool: db.Pool, name: str, house_number: int, at: datetime, **given: Any) -> Planted:
    """Put a household in every table, closed and reported at an instant; `given` by column."""
    planted = Planted(name, house_number)
    named = {**_named(planted, at), **given}
    checks = await pool.fetch(CHECKS)
    tables: dict[str, dict[str, Any]] = {}
    for row in await pool.fetch(COLUMNS):
        table, column = row["table_name"], row["column_name"]
        if table in OTHERS:
            continue
        value = _value(planted, row, checks, at)
        value = named.get(column, OF_TABLE.get((table, column), value))
        if (table, column) == ("command", "answer"):
            value = {"case_id": str(planted.case_id), "told": planted.name}
        tables.setdefault(table, {})[column] = value
    for table, values in tables.items():
        places = ", ".join(f"${no}" for no in range(1, len(values) + 1))
        await pool.execute(
            f"insert into {table} ({', '.join(values)}) values ({places}) on conflict do nothing",
            *values.values(),
        )
    return planted


def words(name: str, table: str, column: str) -> str:
    """What stands in a column of text."""
    return f"{name} {table}.{column}"


def _value(
    planted: Planted, row: asyncpg.Record, checks: list[asyncpg.Record], at: datetime
) -> Any:
    table, column, kind = row["table_name"], row["column_name"], row["udt_name"]
    if column == "id" and kind == "uuid":
        return planted.id_of(table)
    if kind == "text" and (code := allowed(table, column, checks)):
        return code
    values: dict[str, Any] = {
        "uuid": planted.id_of(f"{table} {column}"),
        "text": words(planted.name, table, column),
        "_text": [planted.name],
        "_uuid": [planted.id_of(column)],
        "int4": 1,
        "int8": 1,
        "bool": False,
        "date": at.astimezone(UTC).date(),
        "timestamptz": at,
        "jsonb": {"of": planted.name},
        "bytea": planted.name.encode(),
    }
    return values[kind]


def allowed(table: str, column: str, checks: list[asyncpg.Record]) -> str | None:
    """The first value that a check allows a column."""
    for check in checks:
        if check["table_name"] == table:
            pattern = rf"\(?{column} = ANY \(ARRAY\['([^']+)'"
            if found := re.search(pattern, check["text"]):
                return found.group(1)
    return None


async def count_rows(pool: db.Pool) -> dict[str, int]:
    """How many rows each table has that can hold something of a household."""
    found = {}
    for row in await pool.fetch("select tablename from pg_tables where schemaname = 'public'"):
        if row[0] not in OTHERS:
            found[row[0]] = await pool.fetchval(f"select count(*) from {row[0]}")
    return found


def delivery(event: Event) -> Delivery:
    """An event as it comes to triage."""
    body = to_wire(event, source="urn:nld:oin:0:systeem:signals", recorded_at=NOW)
    queue = type(event).queue("triage", event.lane)
    return Delivery(queue, body, str(event.wire_id), "", None, None, redelivered=False)


async def take(door: Door, *events: Event) -> None:
    """Let events in by triage's own door, one after the other."""
    for told in map(delivery, events):
        await door.take(door.consumers[told.queue], [told])


async def until(pool: db.Pool, query: str, wanted: Any) -> None:
    """Wait until a query gives a value."""
    async with asyncio.timeout(10):
        while await pool.fetchval(query) != wanted:  # noqa: ASYNC110 - it is in the database
            await asyncio.sleep(0.02)
