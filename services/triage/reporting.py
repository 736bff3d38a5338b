"""The commands that tell others: the monitor's figures, and deliveries for DDAS."""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, BinaryIO

import orjson
import typer
from rich.console import Console
from rich.table import Table

from services.triage import ddas, monitor
from services.triage.counts import PeriodFault, whole_months
from services.triage.ddas import Delivery
from services.triage.monitor import Figure, Figures
from services.triage.settings import ReportingSettings
from services.triage.sql import export as export_sql
from services.triage.sql import monitor as monitor_sql
from services.triage.sql.export import Wanted
from shared import clock, command_line, db, policy
from shared.db import Tx
from shared.policy import Policy
from shared.policy.shelf import Shelf
from shared.settings import StartupFault, load

export = typer.Typer(no_args_is_help=True, help="Deliveries to others.")
Municipality = Annotated[str, typer.Option(help="GM and four digits")]
DAY = {"formats": ["%Y-%m-%d"], "metavar": "YYYY-MM-DD"}
FirstDay = Annotated[datetime, typer.Option("--from", help="first day", **DAY)]
LastDay = Annotated[datetime, typer.Option("--to", help="last day", **DAY)]


@export.callback()
def _export() -> None:
    """A group of its own, also while it has one command."""


@dataclass(frozen=True)
class Done:
    """How much was delivered."""

    signals: int
    cases: int


@export.command("ddas")
def export_ddas(
    municipality: Municipality,
    first: FirstDay,
    last: LastDay,
    out: Annotated[
        Path | None, typer.Option(help="file to write, for its owner only; else standard output")
    ] = None,
    kvk: Annotated[
        str | None, typer.Option(help="KvK number of the organisation that delivers")
    ] = None,
) -> None:
    """Write a delivery of signals and cases as DDAS vroegsignalering 1.2 asks for it."""
    wanted = Wanted(municipality, first.date(), last.date())

    async def work() -> None:
        with opened_file(out) as file:
            told = await deliver(load(ReportingSettings), wanted, kvk, file)
        typer.echo(told, err=True)

    command_line.run(work)


async def deliver(
    settings: ReportingSettings, wanted: Wanted, kvk: str | None, file: BinaryIO
) -> str:
    """Write a delivery, and return in words how much it was; raises StartupFault."""
    if wanted.starts_on > wanted.ends_on:
        raise StartupFault(f"--from {wanted.starts_on} lies after --to {wanted.ends_on}")
    async with _database(settings) as tx:
        policy_on = await policies_of(tx, settings.policy_folder, wanted.municipality)
        municipality = policy_on(wanted.ends_on)
        await _require_signals(tx, wanted)
        delivery = Delivery(
            supplier=settings.ddas_supplier_code,
            municipality=wanted.municipality,
            organisation=municipality.name,
            kvk=kvk,
            starts_on=wanted.starts_on,
            ends_on=wanted.ends_on,
            delivered_at=clock.now(),
        )
        done = await write_ddas(tx, delivery, file)
        purged = await monitor_sql.count_purged_signals(
            tx, wanted.municipality, wanted.starts_on, wanted.ends_on
        )
    told = f"{wanted.municipality}: {done.signals} signals, {done.cases} cases"
    return told + (f"; {purged} signals of these months were purged" if purged else "")


@asynccontextmanager
async def _database(settings: ReportingSettings) -> AsyncIterator[Tx]:
    """A transaction that sees one state of triage's database and changes nothing."""
    pool = await db.open_pool(settings.database_url.get_secret_value(), service="ops", size=1)
    try:
        async with (
            pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection
    finally:
        await pool.close()


async def policies_of(tx: Tx, folder: Path, municipality: str) -> Callable[[date], Policy]:
    """The policy of a municipality by day; raises StartupFault for one that is not served."""
    policies = await Shelf(policy.load(folder)).current(tx)
    if municipality not in policies.by_municipality:
        served = ", ".join(sorted(policies.by_municipality))
        raise StartupFault(f"no municipality {municipality} here; there are {served}")

    def on(day: date) -> Policy:
        found = policies.on(municipality, day)
        assert found
        return found

    return on


async def _require_signals(tx: Tx, wanted: Wanted) -> None:
    """Raise StartupFault for a period of which nothing is kept: its delivery would be a lie."""
    span = await export_sql.find_span(tx, wanted.municipality)
    if span is None:
        raise StartupFault(f"there are no signals of {wanted.municipality}")
    if wanted.ends_on < span[0] or wanted.starts_on > clock.today():
        raise StartupFault(
            f"there is no such period: signals of {wanted.municipality} are kept "
            f"from {span[0]} to {span[1]}"
        )


@contextmanager
def opened_file(out: Path | None) -> Iterator[BinaryIO]:
    """Where the document goes; a file is there only once it is whole."""
    if out is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = out.with_name(f"{out.name}.part")
    try:
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        with part.open("wb") as file:
            yield file
        part.replace(out)
    except OSError as error:
        raise StartupFault(f"{out} cannot be written: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)


async def write_ddas(tx: Tx, delivery: Delivery, file: BinaryIO) -> Done:
    """Write the document row by row, so that a large month takes no more memory than a small one.

    `tx` sees one state throughout: a case refers to signals of the same document.
    """
    wanted = Wanted(delivery.municipality, delivery.starts_on, delivery.ends_on)
    signals = cases = 0
    file.write(ddas.opening(delivery))
    async for signal in export_sql.read_signals(tx, wanted):
        file.write((b"," if signals else b"") + ddas.as_json(ddas.signal(signal)))
        signals += 1
    file.write(ddas.BETWEEN)
    async for case in export_sql.read_cases(tx, wanted):
        file.write((b"," if cases else b"") + ddas.as_json(ddas.case(case)))
        cases += 1
    file.write(ddas.CLOSING)
    return Done(signals, cases)


def show_monitor(
    municipality: Municipality,
    first: FirstDay,
    last: LastDay,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Show the figures of some months: reach, help, terms, evictions, costs, fairness."""

    async def work() -> None:
        try:
            period = whole_months(first.date(), last.date())
        except PeriodFault as fault:
            raise StartupFault(str(fault)) from None
        settings = load(ReportingSettings)
        async with _database(settings) as tx:
            known = await policies_of(tx, settings.policy_folder, municipality)
            rows = await monitor_sql.load_counts(tx, municipality, period, clock.today())
        figures = monitor.figures(rows, period, known)
        if as_json:
            typer.echo(orjson.dumps(figures, option=orjson.OPT_INDENT_2).decode())
        else:
            show(figures, Console(highlight=False))

    command_line.run(work)


def show(figures: Figures, console: Console) -> None:
    """Tables for people."""
    console.print(
        f"{figures.municipality}, {figures.starts_on} to {figures.ends_on}; "
        f"under {figures.small_number}, or giving such a number away: -"
    )
    for table in (
        _signals(figures), _attempts(figures), _times(figures), _terms(figures),
        _evictions(figures), _costs(figures), _fairness(figures),
    ):  # fmt: skip
        console.print(table)
    for line in (figures.fairness.note, *figures.caveats):
        console.print(f"- {line}")


def _told(figure: Figure) -> str:
    return "-" if figure is None else str(figure)


def _table(title: str, columns: str, rows: list[tuple[str, list[Figure]]]) -> Table:
    """A table of figures; the names of its columns, apart by two spaces."""
    table = Table("", *columns.split("  "), title=title, title_justify="left")
    for name, values in rows:
        table.add_row(name, *map(_told, values))
    return table


def _signals(figures: Figures) -> Table:
    """Signals, and below them cases, which begin where a signal was taken up."""
    rows: list[tuple[str, list[Figure]]] = [
        (one.partner_kind, [one.signalled, one.taken_up, one.attempted, one.reached, one.accepted])
        for one in figures.signals_by_partner_kind
    ]
    rows.append(("all signals", list(vars(figures.signals).values())))
    columns = "signalled  taken up  tried  reached  help accepted"
    table = _table("From signal to help", columns, rows)
    table.add_row("cases opened", "", *map(_told, vars(figures.cases).values()))
    return table


def _attempts(figures: Figures) -> Table:
    split = (*figures.attempts_by_channel, *figures.attempts_by_part_of_day)
    rows: list[tuple[str, list[Figure]]] = [
        (one.by, [one.attempted, one.reached, one.accepted]) for one in split
    ]
    rows.append(("all attempts", list(vars(figures.attempts).values())))
    return _table("Contact attempts", "made  reached  help accepted after", rows)


def _times(figures: Figures) -> Table:
    tried, reached = figures.workdays_until_attempted, figures.workdays_until_reached
    rows: list[tuple[str, list[Figure]]] = [
        ("first attempt", [tried.median, tried.p90]),
        ("first time reached", [reached.median, reached.p90]),
    ]
    return _table("Working days since the signal", "median  90 % within", rows)


def _terms(figures: Figures) -> Table:
    rows: list[tuple[str, list[Figure]]] = [
        (f"{one.clock}: {one.name}", [one.total, one.met, one.missed, one.running])
        for one in figures.terms
    ]
    return _table("Terms", "all  met  missed  running", rows)


def _evictions(figures: Figures) -> Table:
    rows: list[tuple[str, list[Figure]]] = [("evictions", list(vars(figures.evictions).values()))]
    return _table("Evictions", "announced  called off  carried out  standing", rows)


def _costs(figures: Figures) -> Table:
    table = Table("", "count", "euros each", "euros", "source of the amount", title="Costs",
                  title_justify="left")  # fmt: skip
    for one in figures.costs:
        table.add_row(one.what, _told(one.count), str(one.amount_euros), _told(one.total_euros),
                      one.source)  # fmt: skip
    return table


def _fairness(figures: Figures) -> Table:
    fairness = figures.fairness
    split = (*fairness.by_age_band, *fairness.by_district)
    rows: list[tuple[str, list[Figure]]] = [(one.by, [one.signalled, one.visited]) for one in split]
    rows.append(("all households", [fairness.signalled, fairness.visited]))
    return _table("Who is signalled, and who is visited", "signalled  visited", rows)
