"""Fills a database of triage: households that were decided for real, and many copies of them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from tests.bench.recipe import COLUMNS

# What is copied of a household.
TABLES = ("building", "address", "household", "signal", "signal_status", "fact", "household_case",
          "decision", "assignment", "legal_step", "deadline")  # fmt: skip


async def copy_households(connection: Any, copies: int, tables: Sequence[str] = TABLES) -> None:
    """So many copies of every household that is there, with other ids behind other front doors."""
    columns = defaultdict(list)
    for row in await connection.fetch(COLUMNS):
        columns[row["relname"]].append((row["attname"], row["type"]))
    for table in tables:
        names = ", ".join(column for column, _ in columns[table])
        values = ", ".join(_copied(*column) for column in columns[table])
        await connection.execute(
            f"insert into {table} ({names}) select {values}"
            f" from (table {table}) as one cross join generate_series(1, $1) as no",
            copies,
        )


def _copied(column: str, kind: str) -> str:
    """A column of a copy: other ids and other front doors, all else the same."""
    if kind == "uuid":
        return f"md5({column}::text || no)::uuid"
    return f"{column} + 1000 * no" if column == "house_number" else column
