"""The commands on live policies: `python -m services.triage policy --help`.

`check` needs nothing but the file. `simulate` and `replay` only read, in a transaction in which
PostgreSQL refuses to write. `activate` stores and announces; a running triage publishes it.
"""

import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer

from services.triage import activating, replaying, trials
from services.triage.activating import Wish
from services.triage.proofreading import Findings, proofread
from services.triage.settings import PolicySettings
from services.triage.simulation.report import in_words
from services.triage.sql import policies as policy_sql
from services.triage.trials import Generated, Telling
from shared import clock, command_line, db, policy
from shared.db import Tx
from shared.policy import Policies, Policy
from shared.policy.shelf import Shelf
from shared.settings import StartupFault, load

FAULTY, UNUSABLE = 1, 2  # exit codes: a document has faults; a file or a database cannot be used
HISTORY_DAYS = 30
GENERATED_MAX = 1_000_000
File = Annotated[Path, typer.Argument(metavar="FILE", help="the policy, YAML")]
By = Annotated[str, typer.Option("--by", help="who decides this, by name")]

tools = typer.Typer(no_args_is_help=True, help="Live policies.")


@tools.command("check")
def check_policy(file: File) -> None:
    """Name every fault of a policy with its line and column.

    Exit code 1: it has faults, and would not load; 2: the file cannot be read.
    """
    found = _proofread(file)
    assert found.policy
    triage = found.policy.triage
    typer.echo(
        f"ok: {found.policy.name}, {found.policy.municipality}, from {found.policy.valid_from}\n"
        f"sha256 {found.policy.sha256}\n"
        f"{len(triage.rules)} rules, {len(triage.windows)} windows, {len(triage.terms)} terms, "
        f"{len(triage.ladders)} ladders, {len(found.policy.notify.alerts)} kinds of alert, "
        f"{len(found.policy.signals.evidences)} rules on evidences"
    )


@tools.command("simulate")
def simulate_policy(
    file: File,
    *,
    days: Annotated[int, typer.Option(min=1, max=3660, help="of history")] = HISTORY_DAYS,
    generated: Annotated[
        int | None,
        typer.Option(min=1, max=GENERATED_MAX, help="signals of a made-up month, not history"),
    ] = None,
    seed: Annotated[int, typer.Option(help="of the made-up month")] = 1,
    against: Annotated[
        Path | None, typer.Option(help="another policy, instead of the one in force")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Show what a policy would change, against the one in force. Writes nothing at all."""
    candidate = _proofread(file).policy
    other = _proofread(against).policy if against else None
    assert candidate
    if generated is not None and other:
        made = trials.over_generated(other, candidate, Generated(generated, seed), _progress)
        _show(made, as_json)
        return

    async def work() -> None:
        async with _reading() as (tx, policies):
            before = other or in_force(policies, candidate)
            if generated is not None:
                month = Generated(generated, seed)
                told = trials.over_generated(before, candidate, month, _progress)
            else:
                told = await trials.over_history(tx, before, candidate, days, Telling(_progress))
        _show(told, as_json)

    _run(work)


@tools.command("activate")
def activate_policy(
    file: File,
    *,
    by: By,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    past_reason: Annotated[
        str, typer.Option("--from-the-past", help="why it holds for days that are past too")
    ] = "",
) -> None:
    """Have a policy hold from its valid_from on, after showing what it changes and asking.

    It is stored and announced in one transaction; a running triage publishes that, and decides
    open cases anew. Take it back by activating another document with the same valid_from.
    """
    found = _proofread(file)
    assert found.policy
    wish = Wish(found.policy, found.text, by.strip(), past_reason.strip())

    async def work() -> None:
        await _activate(wish, is_asked=not yes)

    if not (yes or sys.stdin.isatty()):
        raise _refused("nobody is there to ask: run it in a terminal, or with --yes")
    if not wish.by:
        raise _refused("--by is empty: who decides this?")
    _run(work)


@tools.command("redecide")
def redecide_cases(
    municipality: Annotated[str, typer.Argument(help="GM and four digits")], *, by: By
) -> None:
    """Have every open case decided anew by what holds now, as after a file was replaced."""

    async def work() -> None:
        async with _database(readonly=False) as (tx, settings):
            policies = await Shelf(policy.load(settings.policy_folder)).current(tx)
            held = policies.on(municipality, clock.today())
            if held is None:
                raise StartupFault(f"{municipality} has no policy")
            await activating.note_job(tx, held, by, clock.now())
        typer.echo("noted: a running triage goes over the open cases now")

    _run(work)


@tools.command("replay")
def replay_decisions(
    case: Annotated[str | None, typer.Option(help="id or reference; all when left out")] = None,
) -> None:
    """Make stored decisions again from their facts and policy, and compare.

    Exit code 1: some differ, or their policy is not there.
    """
    counts = {True: 0, False: 0}

    async def work() -> None:
        async with _database(readonly=True) as (tx, _):
            case_id = await policy_sql.find_case_id(tx, case) if case else None
            if case and case_id is None:
                raise StartupFault(f"no case {case}")
            async for one in replaying.replay(tx, case_id):
                counts[one.is_identical] += 1
                if case or not one.is_identical:
                    _say_replay(one)
        typer.echo(f"{counts[True]} decisions identical, {counts[False]} not")

    _run(work)
    if counts[False]:
        raise typer.Exit(FAULTY)


def _say_replay(one: replaying.Replay) -> None:
    told = one.decision
    typer.echo(
        f"{told.reference} revision {told.revision}: {told.track}, priority {told.priority}, "
        f"by {', '.join(told.fired) or 'no rule'} of {told.policy_sha256[:12]}: "
        f"{'; '.join(one.differences) or 'identical'}"
    )


def in_force(policies: Policies, candidate: Policy) -> Policy:
    """The policy whose place a candidate would take."""
    day = max(candidate.valid_from, clock.today())
    if found := policies.on(candidate.municipality, day):
        return found
    raise StartupFault(
        f"{candidate.municipality} has no policy in force: compare with --against FILE"
    )


async def _activate(wish: Wish, *, is_asked: bool) -> None:
    """Show what it changes, ask, and do it."""
    async with _reading() as (tx, policies):
        if found := activating.refusals(wish, policies, clock.today()):
            raise StartupFault("; ".join(found))
        seen = await policy_sql.count_activations(tx)
        before = in_force(policies, wish.policy)
        telling = Telling(_progress)
        told = await trials.over_history(tx, before, wish.policy, HISTORY_DAYS, telling)
    _show(told, as_json=False)
    typer.echo(f"\n{wish.policy.name} holds from {wish.policy.valid_from} on. {ONLY_FROM_THEN}")
    if is_asked and not typer.confirm("Activate it?"):
        raise StartupFault("not activated")
    async with _database(readonly=False) as (tx, settings):
        source = settings.source("triage")
        due_at = await activating.activate(tx, wish, clock.now(), seen=seen, source=source)
    typer.echo(
        f"activated: announced as soon as a triage runs; open cases are decided anew from "
        f"{due_at.astimezone(clock.AMSTERDAM):%Y-%m-%d %H:%M} on"
    )


ONLY_FROM_THEN = (
    "What was reported before that day stays with the policy of its own day, so that of the moves "
    "above only those reported from then on come about."
)


@asynccontextmanager
async def _reading() -> AsyncIterator[tuple[Tx, Policies]]:
    """A transaction that may only read, and the policies as it sees them."""
    async with _database(readonly=True) as (tx, settings):
        yield tx, await Shelf(policy.load(settings.policy_folder)).current(tx)


@asynccontextmanager
async def _database(*, readonly: bool) -> AsyncIterator[tuple[Tx, PolicySettings]]:
    """A transaction on triage's database."""
    settings = load(PolicySettings)
    clock.step_by(settings.clock_file)
    pool = await db.open_pool(settings.database_url.get_secret_value(), service="policy", size=1)
    try:
        async with pool.acquire() as connection:
            isolation: Any = "repeatable_read" if readonly else "read_committed"
            async with connection.transaction(isolation=isolation, readonly=readonly):
                yield connection, settings
    finally:
        await pool.close()


def _run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a command; a database that refuses is said to do so."""

    async def guarded() -> None:
        try:
            await work()
        except asyncpg.UndefinedTableError:
            raise StartupFault(
                "the database lacks tables: run `python -m services.triage migrate`"
            ) from None
        except db.MAYBE_AWAY as error:
            raise StartupFault(f"the database refused ({type(error).__name__})") from None

    command_line.run(guarded)


def _proofread(file: Path) -> Findings:
    """A policy without faults; else every fault is said, and the command ends."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        typer.echo(f"{file}: cannot be read: {type(error).__name__}", err=True)
        raise typer.Exit(UNUSABLE) from None
    found = proofread(text)
    for one in found.faults:
        typer.echo(f"{file}:{one.line}:{one.column}: {one.text}", err=True)
    for one in found.remarks:
        typer.echo(f"{file}:{one.line}:{one.column}: remark: {one.text}", err=True)
    if found.policy is None:
        raise typer.Exit(FAULTY)
    return found


def _show(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        typer.echo("\n".join(in_words(told)))


def _progress(households: int) -> None:
    typer.echo(f"{households:,} households so far", err=True)


def _refused(text: str) -> typer.Exit:
    typer.echo(f"voordeur: {text}", err=True)
    return typer.Exit(UNUSABLE)
