"""`make bench`: the chain against its references, urgent events behind the bulk, CPU a signal;
deciding open cases anew by another policy; scheduling alerts and finding the due ones; pages with
very many cases stored.

It takes about a quarter of an hour. The last line is one JSON object.
"""

import asyncio
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.local.servers import Servers
from tests.bench.alerts import Alerts, run_alerts
from tests.bench.intake import WAYS, Intake, run_intake
from tests.bench.pages import PAGES, Pages, run_pages
from tests.bench.redecide import Redecide, run_redecide
from tests.bench.rounds import KINDS, Result, run_rounds
from tests.bench.urgent import Urgent, run_urgent
from tests.conftest import ROSTER_TOKENS, make_templates, open_folders

# DESIGN section 8.
PLAIN_TIMES, BARE_TIMES, IDLE_TIMES, DUPLICATES, BACKLOG = 3.0, 0.55, 5.0, 0.001, 50_000
CLAIM_GROWTH = 1.5  # ours: of a hundred times as many rows
PAGE_TIMES = 5.0

console = Console(highlight=False)


def main(
    signals: Annotated[int, typer.Option(help="signals in a round")] = 10_000,
    rounds: Annotated[int, typer.Option(help="rounds of each kind; the median counts")] = 3,
    urgent: Annotated[int, typer.Option(help="evictions behind the bulk, 5 a second")] = 1_000,
    backlog: Annotated[int, typer.Option(help="signals that wait before them")] = 150_000,
    cases: Annotated[int, typer.Option(help="open cases that are decided anew")] = 100_000,
    alerts: Annotated[int, typer.Option(help="alerts that are scheduled")] = 100_000,
    rows: Annotated[int, typer.Option(help="alerts of which the due ones are found")] = 1_000_000,
    stored: Annotated[
        int, typer.Option(help="cases that are stored when pages are shown")
    ] = 100_000,
) -> None:
    """Measure the chain. Figures of one run may be compared with each other only."""
    sizes = Sizes(signals, rounds, urgent, backlog, cases, alerts, rows, stored)
    asyncio.run(measure(sizes))


@dataclass(frozen=True)
class Sizes:
    """How much of each is measured."""

    signals: int
    rounds: int
    urgent: int
    backlog: int
    cases: int
    alerts: int
    rows: int
    stored: int


async def measure(sizes: Sizes) -> None:
    """Start servers of our own, measure, stop them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        open_folders(folder, folder)
        servers = Servers(folder)
        await servers.start()
        try:
            await make_templates(servers)
            tokens = servers.data / ROSTER_TOKENS
            rounds, say = sizes.rounds, console.print
            chain = await run_rounds(servers, tokens, sizes.signals, rounds, say)
            intake = await run_intake(servers, tokens, sizes.signals, rounds, say)
            anew = await run_redecide(servers, sizes.cases, rounds, say)
            told = await run_alerts(servers, sizes.alerts, sizes.rows, rounds, say)
            shown = await run_pages(servers, tokens, sizes.stored, rounds, say)
            late = await run_urgent(servers, tokens, sizes.urgent, sizes.backlog, say)
        finally:
            await servers.stop()
    console.print(cpu_table(chain))
    reached = figures(chain, intake, late, anew) | alert_figures(told) | page_figures(shown)
    console.print(goals(reached))
    print(json.dumps(reached))


def figures(chain: Result, intake: Intake, late: Urgent, anew: Redecide) -> dict[str, object]:
    """The figures of the last line."""
    ours, plain, bare = (chain.per_second(kind) for kind in KINDS)
    return {
        "chain_per_s": round(ours, 1),
        "plain_per_s": round(plain, 1),
        "bare_per_s": round(bare, 1),
        "chain_vs_plain": round(ours / plain, 2),
        "chain_vs_bare": round(ours / bare, 2),
        "urgent_p99_ms": round(late.p99_ms, 1),
        "urgent_p99_vs_idle": round(late.p99_vs_idle, 2),
        "wire_duplicates": round(chain.wire_duplicates, 6),
        "urgent_backlog_min": late.backlog_min,
        **{f"intake_{way}_per_s": round(intake.per_second(way), 1) for way in WAYS},
        **{f"intake_{way}_vs_insert": round(intake.ratio(way), 3) for way in WAYS[:2]},
        "redecide_per_s": round(anew.per_second("ours"), 1),
        "redecide_bare_per_s": round(anew.per_second("bare"), 1),
        "redecide_vs_bare": round(anew.ratio, 3),
        "redecide_changed": round(anew.changed, 3),
        "cpu_ms_per_signal": {name: round(ms, 3) for name, ms in chain.cpu_ms("ours").items()},
    }


def alert_figures(told: Alerts) -> dict[str, object]:
    """The figures of the last line that are notify's."""
    return {
        "alerts_per_s": round(told.per_second("ours"), 1),
        "alerts_bare_per_s": round(told.per_second("bare"), 1),
        "alerts_vs_bare": round(told.ratio, 3),
        **{f"claim_ms_of_{rows}": round(ms, 2) for rows, ms in told.claim_ms.items()},
        "claim_growth": round(told.claim_growth, 2),
        "claim_ms_at_eight": round(told.digest_ms, 2),
    }


def page_figures(shown: Pages) -> dict[str, object]:
    """The figures of the last line that are of pages: times as long as with one case."""
    return {
        "page_ratio": round(shown.worst, 2),
        **{f"page_ratio_of_{page}": round(shown.ratio(page), 2) for page in PAGES},
        "monitor_first_ms": round(shown.first_ms, 1),
    }


def goals(told: dict[str, object]) -> Table:
    """What was to be reached, and what was."""
    table = Table(title="reached", title_justify="left")
    for heading in ("figure", "measured", "wanted", ""):
        table.add_column(heading)
    for name, wanted, is_least in (
        ("chain_vs_plain", PLAIN_TIMES, True),
        ("chain_vs_bare", BARE_TIMES, True),
        ("urgent_p99_vs_idle", IDLE_TIMES, False),
        ("urgent_backlog_min", BACKLOG, True),
        ("wire_duplicates", DUPLICATES, False),
        ("claim_growth", CLAIM_GROWTH, False),
        ("page_ratio", PAGE_TIMES, False),
    ):
        value = float(str(told[name]))
        is_reached = value >= wanted if is_least else value <= wanted
        sign = "≥" if is_least else "≤"
        table.add_row(name, f"{value:g}", f"{sign} {wanted:g}", "" if is_reached else "not reached")
    return table


def cpu_table(chain: Result) -> Table:
    """CPU milliseconds a signal, by process."""
    table = Table(title="CPU milliseconds a signal", title_justify="left")
    table.add_column("process")
    for kind in KINDS:
        table.add_column(kind, justify="right")
    for name in chain.cpu_ms("ours"):
        table.add_row(name, *(f"{chain.cpu_ms(kind)[name]:.3f}" for kind in KINDS))
    return table


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
    app.command()(main)
    app()
