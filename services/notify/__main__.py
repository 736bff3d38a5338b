"""The commands of notify: `python -m services.notify --help`."""

from pathlib import Path

import typer

from services.notify.access import access
from services.notify.app import wire
from services.notify.settings import Settings
from services.notify.writing.preview import preview
from shared import command_line

MIGRATIONS = Path(__file__).parent / "migrations"

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Who hears what, in time.")
app.command("access")(access)
app.command("preview")(preview)


@app.command()
def serve() -> None:
    """Run the service until SIGTERM."""
    command_line.serve("notify", Settings, MIGRATIONS, wire)


@app.command()
def migrate() -> None:
    """Bring the database to this code's schema."""
    command_line.migrate(MIGRATIONS)


if __name__ == "__main__":
    app()
