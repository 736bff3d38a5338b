"""What signals keeps of some events, for who asks what is kept of them (AVG art. 15).

Which events, triage's own command says: signals knows no households.
"""

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from services.signals.sql import erasing as erase_sql
from services.signals.texts import STATUSES
from shared import clock, command_line
from shared.exports import write_export
from shared.settings import CommandSettings, load


def access(
    facts: Annotated[str, typer.Option(help="ids of events, with commas between them")],
    out: Annotated[Path, typer.Option(help="JSON file to make, for its owner only")],
) -> None:
    """Write what signals keeps of events, for who asks what is kept of them."""
    fact_ids = command_line.ids_of(facts)

    async def work() -> None:
        async with command_line.database(load(CommandSettings)) as pool, pool.acquire() as tx:
            rows = await erase_sql.gather(tx, fact_ids)
        told = {"gemaaktOp": clock.now(), "meldingen": [_readable(row) for row in rows]}
        write_export(out, told)
        typer.echo(f"{out} is written: {len(rows)} of {len(fact_ids)} events are known")

    command_line.run(work)


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    """An event with its body as it was accepted, and its statuses in words."""
    document = row.pop("document")
    statuses = [
        {"status": STATUSES[one["status"]].nl, "op": one["decided_at"], "tot": one["until"]}
        for one in row.pop("statussen")
    ]
    return {**row, "gebeurtenis": document and orjson.loads(document), "statussen": statuses}
