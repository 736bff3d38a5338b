"""What notify keeps of some cases, for who asks what is kept of them (AVG art. 15).

Which cases, triage's own command says.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.notify.sql import erasing as erase_sql
from shared import clock, command_line
from shared.exports import without_names, write_export
from shared.settings import CommandSettings, load


def access(
    cases: Annotated[str, typer.Option(help="ids of cases, with commas between them")],
    out: Annotated[Path, typer.Option(help="JSON file to make, for its owner only")],
) -> None:
    """Write what notify keeps of cases, for who asks what is kept of them."""
    case_ids = command_line.ids_of(cases)

    async def work() -> None:
        async with command_line.database(load(CommandSettings)) as pool, pool.acquire() as tx:
            rows = await erase_sql.gather(tx, case_ids)
        write_export(out, {"gemaaktOp": clock.now(), "zaken": [readable(row) for row in rows]})
        typer.echo(f"{out} is written: {len(rows)} of {len(case_ids)} cases are known")

    command_line.run(work)


def readable(row: dict[str, Any]) -> dict[str, Any]:
    """A case without the names of who works on it."""
    told: dict[str, Any] = without_names(row, row.pop("namen"))
    return told
