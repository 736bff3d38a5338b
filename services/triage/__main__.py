"""The commands of triage: `python -m services.triage --help`."""

import json
from pathlib import Path
from typing import Annotated

import asyncpg
import typer

from services.triage import ops, reporting
from services.triage import roster as roster_file
from services.triage.app import wire
from services.triage.policy_files import policy
from services.triage.roster import RosterFile
from services.triage.settings import RosterSettings, Settings
from shared import command_line
from shared.files import read_secrets, read_yaml, write_secrets
from shared.settings import load

MIGRATIONS = Path(__file__).parent / "migrations"

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Cases and who works on them.")
roster = typer.Typer(no_args_is_help=True, help="Teams, leads and generalists.")
app.add_typer(roster, name="roster")
app.add_typer(policy, name="policy")
app.add_typer(reporting.export, name="export")
app.command("monitor")(reporting.show_monitor)
app.add_typer(ops.audit, name="audit")
app.command("purge")(ops.purge)
app.command("erase")(ops.erase)
app.command("access")(ops.access)


@app.command()
def serve() -> None:
    """Run the service until SIGTERM."""
    command_line.serve("triage", Settings, MIGRATIONS, wire)


@app.command()
def migrate() -> None:
    """Bring the database to this code's schema."""
    command_line.migrate(MIGRATIONS)


@roster.command("load")
def load_roster(file: Annotated[Path, typer.Argument(help="YAML file with teams")]) -> None:
    """Insert or replace the teams and workers of a file; new workers get a token."""

    async def work() -> None:
        settings = load(RosterSettings)
        entries = read_yaml(file, RosterFile)
        tokens = read_secrets(settings.roster_tokens_file)
        before = dict(tokens)
        connection = await asyncpg.connect(settings.database_url.get_secret_value(), timeout=10)
        try:
            async with connection.transaction():
                await roster_file.save(connection, entries, tokens)
        finally:
            await connection.close()
        new = {name: token for name, token in tokens.items() if before.get(name) != token}
        if settings.roster_tokens_file:
            write_secrets(settings.roster_tokens_file, tokens)
        elif new:
            typer.echo(json.dumps(new, indent=1))
        typer.echo(f"{len(entries.teams)} teams loaded, {len(new)} new tokens")

    command_line.run(work)


if __name__ == "__main__":
    app()
