"""The commands of signals: `python -m services.signals --help`."""

from pathlib import Path

import typer

from services.signals import ops, sending
from services.signals.access import access
from services.signals.app import wire
from services.signals.settings import Settings
from shared import command_line

MIGRATIONS = Path(__file__).parent / "migrations"

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The front door for partners.")
app.add_typer(ops.partner, name="partner")
app.add_typer(ops.keys, name="keys")
app.add_typer(sending.receipt, name="receipt")
app.command("send")(sending.send)
app.command("purge")(ops.purge)
app.command("access")(access)


@app.command()
def serve() -> None:
    """Run the service until SIGTERM."""
    command_line.serve("signals", Settings, MIGRATIONS, wire)


@app.command()
def migrate() -> None:
    """Bring the database to this code's schema."""
    command_line.migrate(MIGRATIONS)


if __name__ == "__main__":
    app()
