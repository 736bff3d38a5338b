"""The operators' commands: partners, signing keys, purging.

Partners live in the database; `partner sync` makes the broker agree with it, as often as one likes.
Suspending refuses in the service first and then deletes the broker's user: to clear permissions
would not stop a channel that is open.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from services.signals import keys as signing
from services.signals import partners as broker_side
from services.signals import timer
from services.signals.partners import AgreementEntry, PartnerEntry
from services.signals.settings import KeySettings, PartnerSettings
from services.signals.sign_in import new_secret
from services.signals.sql import partners as partner_sql
from shared import clock, command_line, db, policy
from shared.contracts.signals import PartnerKind
from shared.db import Tx
from shared.files import read_secrets, read_yaml, write_secrets
from shared.policy.shelf import Shelf
from shared.settings import DatabaseSettings, StartupFault, load
from shared.web.session import token_hash

partner = typer.Typer(no_args_is_help=True, help="Partners, in the database and at the broker.")
keys = typer.Typer(no_args_is_help=True, help="The municipalities' signing keys.")
PartnerId = Annotated[str, typer.Argument(help="the partner's id")]


@asynccontextmanager
async def _database(settings: DatabaseSettings) -> AsyncIterator[Tx]:
    """A transaction on signals' database."""
    pool = await db.open_pool(settings.database_url.get_secret_value(), service="ops", size=2)
    try:
        async with pool.acquire() as connection, connection.transaction():
            yield connection
    finally:
        await pool.close()


@partner.command("add")
def add_partner(  # noqa: PLR0913 - one option for each thing that an agreement says
    partner_id: PartnerId,
    *,
    name: Annotated[str, typer.Option(help="name, as people know it")],
    kvk: Annotated[str, typer.Option(help="KvK number, eight digits")],
    kind: Annotated[list[PartnerKind], typer.Option(help="kind of partner; more than one is fine")],
    agreement: Annotated[
        list[str],
        typer.Option(
            help="municipality,ground,first day[,last day]; such as GM0363,bgs,2026-01-01"
        ),
    ],
    contact: Annotated[str, typer.Option(help="whom to ring about a delivery")],
    feedback: Annotated[bool, typer.Option(help="give it a feedback queue")] = False,
    requests_per_minute: Annotated[int, typer.Option(help="over HTTP, of each replica")] = 600,
) -> None:
    """Add a partner, or replace what is known of it, and show its new secrets once."""

    async def work() -> None:
        try:
            entry = PartnerEntry(
                id=partner_id,
                name=name,
                kvk=kvk,
                kinds=tuple(kind),
                contact=contact,
                wants_feedback=feedback,
                requests_per_minute=requests_per_minute,
                agreements=tuple(map(AgreementEntry.parse, agreement)),
            )
        except ValidationError as error:
            raise StartupFault(_faults(error)) from None
        await _add(entry)

    command_line.run(work)


async def _add(entry: PartnerEntry) -> None:
    settings = load(PartnerSettings)
    async with _database(settings) as tx:
        await _save(tx, settings, entry)
        told = await _new_keys(tx, settings, [entry.id])
        # Before the commit: a feedback queue that is missing would hold up all answers.
        told |= {"amqp": await _sync(tx, settings, [entry.id])}
    _show_once(told)


async def _save(tx: Tx, settings: PartnerSettings, entry: PartnerEntry) -> None:
    """Insert or replace a partner; raises StartupFault when another is in its place."""
    url = settings.rabbitmq_management_url.get_secret_value()
    if entry.id == broker_side.administrator_of(url):
        raise StartupFault(f"partner {entry.id}: this is the broker's administrator")
    if other := await partner_sql.find_namesake(tx, entry.kvk, entry.id):
        raise StartupFault(
            f"partner {entry.id}: its KvK number is that of partner {other}, and with it its ids: "
            "one number, one partner"
        )
    await partner_sql.save_partner(tx, entry.as_partner(), entry.name, entry.contact)


def _faults(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, one['loc'])) or 'agreement'}: {one['msg']}"
        for one in error.errors(include_url=False, include_input=False)
    )


def _show_once(told: dict[str, Any]) -> None:
    typer.echo(json.dumps({name: value for name, value in told.items() if value}, indent=1))
    typer.echo("shown once: keep them where secrets are kept", err=True)


@partner.command("load")
def load_partners(file: Annotated[Path, typer.Argument(help="YAML file with partners")]) -> None:
    """Insert or replace the partners of a file; one without an API key gets one."""

    async def work() -> None:
        settings = load(PartnerSettings)
        entries = read_yaml(file, broker_side.PartnersFile).partners
        async with _database(settings) as tx:
            for entry in entries:
                await _save(tx, settings, entry)
            listed = {row["id"]: row["has_key"] for row in await partner_sql.list_partners(tx)}
            missing = [entry.id for entry in entries if not listed[entry.id]]
            told = await _new_keys(tx, settings, missing)
        if told:
            _show_once(told)
        typer.echo(f"{len(entries)} partners loaded; now run `partner sync`")

    command_line.run(work)


async def _new_keys(tx: Tx, settings: PartnerSettings, ids: list[str]) -> dict[str, Any]:
    """Give partners new HTTP secrets; those that were not written to a file are returned."""
    made = {}
    for one in ids:
        api_key, client_secret = new_secret("vdk"), new_secret("vdc")
        if not await partner_sql.save_keys(tx, one, token_hash(api_key), token_hash(client_secret)):
            raise StartupFault(f"no partner {one}")
        made[one] = {"api_key": api_key, "client_id": one, "client_secret": client_secret}
    if settings.partner_keys_file is None:
        return made
    known = read_secrets(settings.partner_keys_file)
    known |= {one: secrets["api_key"] for one, secrets in made.items()}
    write_secrets(settings.partner_keys_file, known)
    return {}


@partner.command("list")
def list_partners(
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Show every partner."""

    async def work() -> None:
        async with _database(load(DatabaseSettings)) as tx:
            rows = await partner_sql.list_partners(tx)
        if as_json:
            typer.echo(json.dumps(rows, default=str, indent=1))
            return
        table = Table("id", "name", "KvK", "kinds", "agreements", "contact", "state")
        for row in rows:
            state = f"suspended {row['suspended_at']:%Y-%m-%d}" if row["suspended_at"] else "active"
            table.add_row(row["id"], row["name"], row["kvk"], ", ".join(row["kinds"]),
                          str(row["agreements"]), row["contact"], state)  # fmt: skip
        Console().print(table)

    command_line.run(work)


@partner.command("suspend")
def suspend_partner(partner_id: PartnerId) -> None:
    """Refuse a partner from now on: in the service first, then at the broker."""

    async def work() -> None:
        settings = load(PartnerSettings)
        async with _database(settings) as tx:
            if not await partner_sql.suspend(tx, partner_id, clock.now()):
                raise StartupFault(f"no partner {partner_id}")
        # Committed: the service refuses. Now its connections end, also those that are open.
        async with _database(settings) as tx:
            await _sync(tx, settings, [partner_id])
        typer.echo(f"{partner_id} is suspended; `partner resume` ends that")

    command_line.run(work)


@partner.command("resume")
def resume_partner(partner_id: PartnerId) -> None:
    """End a suspension: the partner's API key works again, its broker user gets a new password."""

    async def work() -> None:
        settings = load(PartnerSettings)
        async with _database(settings) as tx:
            if not await partner_sql.resume(tx, partner_id):
                raise StartupFault(f"no partner {partner_id}")
            _show_once({"amqp": await _sync(tx, settings, [partner_id])})

    command_line.run(work)


@partner.command("rotate-key")
def rotate_key(
    partner_id: PartnerId,
    amqp: Annotated[bool, typer.Option(help="a new broker password too")] = False,
) -> None:
    """Replace a partner's API key and client secret; the old ones end at once."""

    async def work() -> None:
        settings = load(PartnerSettings)
        async with _database(settings) as tx:
            told = await _new_keys(tx, settings, [partner_id])
            if amqp:
                told |= {"amqp": await _sync(tx, settings, [partner_id], renew=True)}
        _show_once(told)

    command_line.run(work)


@partner.command("sync")
def sync_partners() -> None:
    """Make the broker's users, permissions and feedback queues agree with the database."""

    async def work() -> None:
        settings = load(PartnerSettings)
        async with _database(settings) as tx:
            new = await _sync(tx, settings)
            count = len(await partner_sql.list_partners(tx))
        if new:
            _show_once({"amqp": new})
        typer.echo(f"{count} partners at the broker")

    command_line.run(work)


async def _sync(
    tx: Tx, settings: PartnerSettings, only: list[str] | None = None, *, renew: bool = False
) -> dict[str, str]:
    """Have the broker agree; new passwords that were not written to a file are returned."""
    file = settings.partner_secrets_file
    known = read_secrets(file)
    before = dict(known)
    rows = [row for row in await partner_sql.list_partners(tx) if only is None or row["id"] in only]
    if renew:
        known = {name: secret for name, secret in known.items() if name not in (only or ())}
    broker = broker_side.connect(
        settings.rabbitmq_management_url.get_secret_value(), settings.rabbitmq_vhost
    )
    broker_side.sync(broker, rows, known, renew=renew)
    if file:
        write_secrets(file, known)
        return {}
    return {name: secret for name, secret in known.items() if before.get(name) != secret}


@keys.command("secret")
def make_secret() -> None:
    """Make a SIGNING_SECRET."""
    typer.echo(signing.new_secret())


@keys.command("make")
def make_keys() -> None:
    """Make a signing key for every municipality with a policy that has none."""

    async def work() -> None:
        settings = load(KeySettings)
        secret = settings.signing_secret.get_secret_value()
        names = sorted(policy.load(settings.policy_folder).by_municipality)
        async with _database(settings) as tx:
            rows = await partner_sql.load_active_keys(tx, names)
            for row in rows:
                signing.unseal(row, secret)  # the service has one secret for all
            for name in sorted(set(names) - {row["municipality"] for row in rows}):
                typer.echo(f"made {await signing.rotate(tx, name, secret, clock.now())}")

    command_line.run(work)


@keys.command("rotate")
def rotate_signing_key(
    municipality: Annotated[str, typer.Argument(help="GM and four digits")],
    secret_lost: Annotated[
        bool, typer.Option("--secret-lost", help="SIGNING_SECRET is a new one: the old is lost")
    ] = False,
) -> None:
    """Give a municipality its next key. The old one signs no more, and stays in the key set."""

    async def work() -> None:
        settings = load(KeySettings)
        if municipality not in policy.load(settings.policy_folder).by_municipality:
            raise StartupFault(f"no policy for {municipality}")
        async with _database(settings) as tx:
            secret = settings.signing_secret.get_secret_value()
            kid = await signing.rotate(
                tx, municipality, secret, clock.now(), is_secret_lost=secret_lost
            )
        typer.echo(f"{municipality} now signs with {kid}")

    command_line.run(work)


def purge() -> None:
    """Purge bodies that were kept long enough, now; the service does so every hour."""

    async def work() -> None:
        settings = load(KeySettings)
        shelf = Shelf(policy.load(settings.policy_folder))
        async with command_line.database(settings) as pool:
            async with pool.acquire() as connection:
                policies = await shelf.current(connection)
            purged = await timer.purge(pool, policies)
        for municipality, count in purged.items():
            typer.echo(f"{municipality}: {count} bodies purged")

    command_line.run(work)
