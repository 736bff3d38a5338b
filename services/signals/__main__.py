"""The commands of signals: `python -m services.signals --help`."""

import json
from pathlib import Path
from typing import Annotated

import asyncpg
import typer

from services.signals import partners as partner_admin
from services.signals import sql
from services.signals.app import wire
from services.signals.settings import PartnerSettings, Settings
from shared import command_line
from shared.files import read_secrets, read_yaml, write_secrets
from shared.settings import load

MIGRATIONS = Path(__file__).parent / "migrations"

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The front door for partners.")
partners = typer.Typer(no_args_is_help=True, help="Partners, in the database and at the broker.")
app.add_typer(partners, name="partners")


@app.command()
def serve() -> None:
    """Run the service until SIGTERM."""
    command_line.serve("signals", Settings, MIGRATIONS, wire)


@app.command()
def migrate() -> None:
    """Bring the database to this code's schema."""
    command_line.migrate(MIGRATIONS)


@partners.command("load")
def load_partners(file: Annotated[Path, typer.Argument(help="YAML file with partners")]) -> None:
    """Insert or replace the partners of a file, with their agreements."""

    async def work() -> None:
        settings = load(PartnerSettings)
        entries = read_yaml(file, partner_admin.PartnersFile).partners
        connection = await asyncpg.connect(settings.database_url.get_secret_value(), timeout=10)
        try:
            async with connection.transaction():
                for entry in entries:
                    await sql.save_partner(connection, entry.as_partner(), entry.name)
        finally:
            await connection.close()
        typer.echo(f"{len(entries)} partners loaded; now run `partners sync`")

    command_line.run(work)


@partners.command("sync")
def sync_partners() -> None:
    """Make the broker's users, permissions and feedback queues agree with the database."""

    async def work() -> None:
        settings = load(PartnerSettings)
        connection = await asyncpg.connect(settings.database_url.get_secret_value(), timeout=10)
        try:
            listed = await sql.list_partners(connection)
        finally:
            await connection.close()
        file = settings.partner_secrets_file
        known = read_secrets(file)
        before = dict(known)
        broker = partner_admin.connect(
            settings.rabbitmq_management_url.get_secret_value(), settings.rabbitmq_vhost
        )
        partner_admin.sync(broker, listed, known)
        new = {name: secret for name, secret in known.items() if before.get(name) != secret}
        if file:
            write_secrets(file, known)
        elif new:
            typer.echo(json.dumps(new, indent=1))
        typer.echo(f"{len(listed)} partners at the broker, {len(new)} new passwords")

    command_line.run(work)


if __name__ == "__main__":
    app()
