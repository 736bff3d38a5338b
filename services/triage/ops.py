"""The operators' commands: purging, erasing, access requests, and who read what.

They run beside the service, on its database; what they announce is published by its relay.
"""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import typer

from services.triage import access as access_export
from services.triage import purging, sealing
from services.triage.access import Asked, Unclear
from services.triage.books import BookShelf
from services.triage.commands import erasing
from services.triage.commands.desk import Refused, WorkerAccount
from services.triage.commands.households import Judge
from services.triage.purging import Figures
from services.triage.sealing import Verdict
from services.triage.settings import PolicySettings
from services.triage.sql import reading as reading_sql
from services.triage.sql import verdicts as verdict_sql
from services.triage.sql.erasing import ErasureReason
from shared import command_line, policy
from shared.contracts.triage import Role
from shared.db import Tx
from shared.door import Door, Follow
from shared.exports import write_export
from shared.outbox import LeftToRelay, Outbox
from shared.policy.shelf import Shelf
from shared.settings import CommandSettings, StartupFault, load
from shared.web.session import OPS

OUTBOX_ROWS_MAX = 50_000
READERS_MAX = 10_000
DOES_NOT_FIT = 1

audit = typer.Typer(no_args_is_help=True, help="Who read which case, and whether that is whole.")
HouseholdId = Annotated[UUID, typer.Option("--household", help="id of the household")]


def _an_id(value: str) -> str:
    """Who asked is kept: an id, never a name."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{1,40}", value):
        raise typer.BadParameter("a worker's id, or ops; no name")
    return value


By = Annotated[str, typer.Option(callback=_an_id, help="who asked: a worker's id, or ops")]


@asynccontextmanager
async def _door(settings: PolicySettings) -> AsyncIterator[Door]:
    """A door without a broker."""
    async with command_line.database(settings) as pool:
        outbox = Outbox(settings.source("triage"), pool, LeftToRelay(), OUTBOX_ROWS_MAX)
        yield Door("triage", pool, outbox)


def purge(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would go")] = False,
) -> None:
    """Purge households that were kept long enough, now; the service does so every hour."""

    async def work() -> None:
        settings = load(PolicySettings)
        shelf = Shelf(policy.load(settings.policy_folder))
        async with _door(settings) as door:
            async with door.pool.acquire() as connection, connection.transaction():
                policies = await shelf.current(connection)
                due = await purging.count_due(connection, policies) if dry_run else {}
            figures = due if dry_run else await purging.purge(door, policies)
        _show_figures(figures, "would be purged" if dry_run else "purged")

    command_line.run(work)


def _show_figures(figures: Mapping[str, Figures], words: str) -> None:
    for municipality, of in sorted(figures.items()):
        typer.echo(
            f"{municipality}: {of.households} households, {of.cases} cases, "
            f"{of.signals} signals {words}"
        )
    if not figures:
        typer.echo("nothing is due")


def erase(
    household: HouseholdId,
    reason: Annotated[ErasureReason, typer.Option(help="why, as a code")],
    by: By = OPS,
) -> None:
    """Forget a household here, and have signals and notify forget it; they answer."""

    async def work() -> None:
        settings = load(PolicySettings)
        shelf = BookShelf(policy.load(settings.policy_folder))
        async with _door(settings) as door:

            async def once(tx: Tx) -> tuple[dict[str, Any], Follow]:
                judge = await _judge(tx, household, by, shelf)
                return await erasing.erase(judge, household, reason)

            try:
                told = await door.transact(once)
            except Refused as refused:
                raise StartupFault(refused.detail) from None
        typer.echo(json.dumps(told, indent=1))
        if told["planned_visits"]:
            typer.echo("tell them: their visit is off, and no mail says so", err=True)

    command_line.run(work)


async def _judge(tx: Tx, household_id: UUID, by: str, shelf: BookShelf) -> Judge:
    """Somebody who may decide about this household, wherever it lives."""
    address = await verdict_sql.find_household(tx, household_id)
    if address is None:
        raise StartupFault("no such household")
    actor = WorkerAccount(by, by == OPS, "", address.municipality, Role.LEAD)
    return Judge(tx, actor, shelf, str(uuid4()))


def access(
    out: Annotated[Path, typer.Option(help="JSON file to make, for its owner only")],
    household: Annotated[UUID | None, typer.Option(help="id of the household")] = None,
    partner: Annotated[str, typer.Option(help="id of a partner, with --contract")] = "",
    contract: Annotated[str, typer.Option(help="its number: only that person's signals")] = "",
    by: By = OPS,
) -> None:
    """Write what triage keeps of a household or of one person in it, for who asks for it."""
    if (household is None) == (not (partner and contract)):
        raise typer.BadParameter("name --household, or --partner with --contract")

    async def work() -> None:
        try:
            async with (
                command_line.database(load(CommandSettings)) as pool,
                pool.acquire() as tx,
                tx.transaction(),
            ):
                named = (partner, contract)
                asked = Asked(household) if household else await access_export.find(tx, named)
                told = await access_export.gather(tx, asked, by)
                write_export(out, told)
        except Unclear as unclear:
            raise StartupFault(str(unclear)) from None
        typer.echo(f"{out} is written. Read it before you hand it out, and run there:")
        for command in told["elders"].values():
            typer.echo(f"{command} --out FILE.json")

    command_line.run(work)


@audit.command("verify")
def verify(
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
    expect: Annotated[str, typer.Option(help="a seal that was noted: it must be there")] = "",
) -> None:
    """Recompute the chain of seals; say the first minute that does not fit, and leave with 1."""

    async def work() -> None:
        async with (
            command_line.database(load(CommandSettings)) as pool,
            pool.acquire() as tx,
            tx.transaction(isolation="repeatable_read", readonly=True),
        ):
            verdict = await sealing.verify(tx)
            is_there = not expect or await reading_sql.has_seal(tx, _digest(expect))
        told = _told(verdict, is_there=is_there)
        typer.echo(json.dumps(told, indent=1) if as_json else _in_words(told))
        if not told["ok"]:
            raise SystemExit(DOES_NOT_FIT)

    command_line.run(work)


def _digest(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise StartupFault("--expect takes a seal: 64 hexadecimal digits") from None


def _told(verdict: Verdict, *, is_there: bool) -> dict[str, Any]:
    check, fault = verdict.check, verdict.fault
    return {
        "ok": fault is None and is_there,
        "seals": check.seals,
        "reads": check.reads,
        "from": check.first.isoformat() if check.first else None,
        "until": check.last.isoformat() if check.last else None,
        "head": check.previous.hex() if check.seals else None,
        "first_fault": fault and {"minute": fault.minute.isoformat(), "fault": fault.words},
        "expected_seal_is_there": is_there,
    }


def _in_words(told: Mapping[str, Any]) -> str:
    span = f"{told['seals']} seals over {told['reads']} reads, {told['from']} to {told['until']}"
    if fault := told["first_fault"]:
        return f"{fault['minute']}: {fault['fault']}\nbefore that it fits: {span}"
    if not told["expected_seal_is_there"]:
        return f"the chain was written anew: it has no such seal\nin itself it fits: {span}"
    return f"it fits: {span}\nnewest seal {told['head']}: note it where this database is not"


@audit.command("list")
def list_readers(
    case: Annotated[UUID, typer.Option(help="id of the case")],
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Who read a case, when and why, the newest first."""

    async def work() -> None:
        async with command_line.database(load(CommandSettings)) as pool, pool.acquire() as tx:
            rows = await reading_sql.list_readers(tx, case, READERS_MAX)
        if as_json:
            typer.echo(json.dumps(rows, default=str, indent=1))
            return
        for row in rows:
            typer.echo(f"{row['read_at']:%Y-%m-%d %H:%M:%S}  {row['actor']}  {row['purpose']}")

    command_line.run(work)
