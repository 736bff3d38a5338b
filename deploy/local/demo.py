"""The demo: a month of arrears events becomes assigned generalists and delivered alerts.

    make demo                    a municipality of 100,000 inhabitants
    make demo SIGNALS=100000     a large one
    make demo SEED=2             another month

The clock of the services is stepped through the month and on until no alert is due any more. At the
end every party's books are compared; only when nothing is lost, doubled or stale it exits with 0.
The stack stays up afterwards, on the real clock.
"""

import asyncio
import json
import shlex
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.local import story
from deploy.local.books import Books, read_books
from deploy.local.corporation import Journal, Partners, partner_urls
from deploy.local.driver import Clock, Driver, Watch
from deploy.local.findings import Findings
from deploy.local.folder import ROOT
from deploy.local.generalist import Worker, turns
from deploy.local.month import AMSTERDAM, MONTH, Outgoing
from deploy.local.parameters import P
from deploy.local.reconcile import reconcile
from deploy.local.scaled_roster import write_roster
from deploy.local.scenario import write_month

LOCAL = ROOT / ".local"
DEFINITIONS = ROOT / "deploy/rabbitmq/definitions.json"
USUAL_SIGNALS = 440
# Over this the clock goes by quarters of an hour: nothing of one matter changes faster than that.
LARGE_SIGNALS, QUARTER = 2_000, timedelta(minutes=15)
# Workers who act in a large demo; everybody is assigned to, but HTTP is one command at a time.
ACTING_MAX = 24
HTTP_SECONDS_MAX = 60
AFTER_MONTH_DAYS = 14

console = Console(highlight=False)


@dataclass
class Demo:
    """One run of the demo on a stack that runs."""

    env: Mapping[str, str]
    signals: int
    seed: int
    journal_file: Path
    began_at: float = field(default_factory=time.monotonic)
    done: Counter[str] = field(default_factory=Counter)

    async def run(self) -> tuple[Books, Findings]:
        """Send the month, let everybody act, and compare the books."""
        events = write_month(self.seed, self.signals)
        console.print(
            f"{len(events)} events of {len({one.partner for one in events})} partners; the legal "
            f"path of households is shown {P['legal_path_times'].value:.0f} times as often as it is"
        )
        urls, auth = story.urls_from(self.env)
        watch = Watch(urls, auth, DEFINITIONS)
        passwords = self._secrets("PARTNER_SECRETS_FILE")
        partners = Partners(partner_urls(self.env["AMQP_URL_PARTNER"], passwords))
        clock = Clock(Path(self.env["CLOCK_FILE"]))
        self.journal_file.unlink(missing_ok=True)
        journal = Journal(self.journal_file)
        async with httpx.AsyncClient(
            base_url=self.env["TRIAGE_URL"], timeout=HTTP_SECONDS_MAX
        ) as client:
            driver = Driver(clock, watch, partners, journal, self._workers(client))
            driver.tick = QUARTER if self.signals > LARGE_SIGNALS else None
            try:
                await self._go_live()
                await self._drive(driver, events)
            finally:
                clock.make_real()
                journal.close()
                await partners.close()
                await watch.close()
            for worker in driver.workers:
                self.done.update(worker.done)
        databases = {
            name: self.env[f"DATABASE_URL_{name.upper()}"]
            for name in ("signals", "triage", "notify")
        }
        books = await read_books(self.journal_file, databases, self.env["GATEWAY_URL"])
        return books, reconcile(books)

    async def _go_live(self) -> None:
        """Let households be written to, step by step as a town does; only the gateway hears it."""
        auth = (self.env["OPS_USER"], self.env["OPS_PASSWORD"])
        why = {"decidedBy": "de demo", "reason": "alles komt bij de gateway op deze machine aan"}
        url = self.env["NOTIFY_URL"]
        async with httpx.AsyncClient(base_url=url, auth=auth, timeout=HTTP_SECONDS_MAX) as client:
            for channel in ("sms", "letter"):
                for mode in ("shadow", "guests", "live"):
                    path = f"/v1/municipalities/GM9901/modes/{channel}"
                    (await client.put(path, json={**why, "mode": mode})).raise_for_status()

    def _secrets(self, variable: str) -> dict[str, str]:
        known: dict[str, str] = json.loads(Path(self.env[variable]).read_text())
        return known

    def _workers(self, client: httpx.AsyncClient) -> list[Worker]:
        tokens = self._secrets("ROSTER_TOKENS_FILE")
        names = sorted(tokens)[:ACTING_MAX]
        return [Worker(client, name, tokens[name], self.seed) for name in names]

    async def _drive(self, driver: Driver, events: list[Outgoing]) -> None:
        last = date(*MONTH, 28) + timedelta(days=3 + AFTER_MONTH_DAYS)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
                   TimeElapsedColumn())  # fmt: skip
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("…", total=len(events))
            seen: set[date] = set()

            def on_sent(count: int) -> None:
                progress.advance(task, count)

            def on_step(now: datetime) -> None:
                local = now.astimezone(AMSTERDAM)
                progress.update(task, description=local.strftime("%a %d %b %H:%M"))
                if not console.is_terminal and local.date() not in seen:  # a log has no bar
                    seen.add(local.date())
                    sent = progress.tasks[task].completed
                    print(f"{local:%a %d %b}: {sent:.0f} of {len(events)} sent", flush=True)

            driver.on_sent, driver.on_step = on_sent, on_step
            await driver.run(events, turns(date(*MONTH, 1), last))
        console.print(f"{driver.steps} steps of the clock")

    def report(self, books: Books, findings: Findings) -> dict[str, Any]:
        """What a team lead would read, and the figures."""
        for table in (intake_table(books, findings), case_table(books), alert_table(books)):
            console.print(table)
        acted = ", ".join(f"{count} {what}" for what, count in sorted(self.done.items()))
        console.print(f"generalists: {acted}")
        return {**findings.figures, "seconds": round(time.monotonic() - self.began_at, 1)}


def intake_table(books: Books, findings: Findings) -> Table:
    """Signals accepted, and refused by reason."""
    table = Table("events", "", title="At the door", title_justify="left")
    figures = findings.figures
    for words, key in (("sent", "sent"), ("accepted", "accepted"), ("sent twice", "duplicates")):
        table.add_row(words, str(figures[key]))
    codes: Counter[str] = Counter()
    for row in books.signals["refusal"]:
        codes.update({fault[0]: row["times_seen"] for fault in json.loads(row["faults"])})
    for code, count in codes.most_common():
        table.add_row(f"refused: {code}", str(count))
    return table


def case_table(books: Books) -> Table:
    """Cases by assignee and track."""
    table = Table("assignee", "letter", "visit", "legal", "load",
                  title="Open cases", title_justify="left")  # fmt: skip
    cases: dict[str, Counter[str]] = {}
    for case in books.triage["case"]:
        if case["is_open"]:
            cases.setdefault(case["assignee_id"], Counter())[case["track"]] += 1
    workers = sorted(books.triage["worker"], key=lambda row: (row["role"], row["id"]))
    shown = [worker for worker in workers if worker["id"] in cases][:ACTING_MAX]
    for worker in shown:
        mine = cases[worker["id"]]
        tracks = [str(mine[track]) for track in ("letter", "visit", "legal")]
        name = worker["id"] + (" (lead)" if worker["role"] == "lead" else "")
        table.add_row(name, *tracks, f"{worker['load_tenths'] / 10:.1f}")
    if len(cases) > len(shown):
        table.add_row(f"… and {len(cases) - len(shown)} others")
    return table


def alert_table(books: Books) -> Table:
    """Alerts by kind and what became of them."""
    states = ("sent", "delivered", "superseded", "stopped", "failed", "unknown", "held")
    table = Table("alerts about", "to", *states, title="Alerts", title_justify="left")
    kinds: dict[tuple[str, str], Counter[str]] = {}
    for alert in books.notify["alert"]:
        to = "residents" if alert["recipient_role"] == "resident" else "workers"
        kinds.setdefault((alert["kind"], to), Counter())[alert["state"]] += 1
    for names, counted in sorted(kinds.items()):
        table.add_row(*names, *(str(counted[state]) for state in states))
    return table


def moved_hearing(books: Books) -> str | None:
    """A partner's event that moved a hearing whose first time was told already."""
    told = {
        alert["case_id"]
        for alert in books.notify["alert"]
        if alert["template"] == "hearing_moved" and alert["state"] == "sent"
    }
    numbers = {row["case_number"] for row in books.triage["step"] if row["case_id"] in told}
    for line in books.journal:
        data = line["data"] or {}
        if line["sequence"] == "3" and data.get("zaaknummer") in numbers:
            return str(line["id"])
    return None


TO_TRY = """
Four things to try (the stack stays up, on the real clock; `make stop` ends it):
  set -a; . .local/env; set +a
  1. send one signal    .venv/bin/python -m deploy.local.corporation signal --number 12
  2. move one hearing   .venv/bin/python -m deploy.local.corporation hearing --number 12 --at {first}
                        .venv/bin/python -m deploy.local.corporation hearing --number 12 --at {then} --sequence 2
  3. look at the mail   {gateway}
     and at the way of what you sent: make story ID=<the id it printed>
  4. open the site      {site}
     as a generalist, a team lead or a corporation: the demo asks no password"""  # noqa: E501


def suggestions(env: Mapping[str, str]) -> str:
    """What to try next, with days that lie ahead."""
    first = datetime.now(AMSTERDAM).date() + timedelta(days=14)
    then = first + timedelta(days=5)
    at = {"first": f"{first}T10:30", "then": f"{then}T13:30"}
    return TO_TRY.format(**at, gateway=env["GATEWAY_URL"], site=env["SITE_URL"])


def read_env(file: Path) -> dict[str, str]:
    """`.local/env` as a mapping."""
    pairs = (line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)
    return {name: shlex.split(value)[0] for name, value in pairs}


def start_stack(signals: int) -> dict[str, str]:
    """A fresh stack; for a large demo with a roster to match."""
    command = [sys.executable, "-m", "deploy.local.stack", "run", "--fresh"]
    subprocess.run(command, check=True, cwd=ROOT, timeout=600)
    env = read_env(LOCAL / "env")
    if signals != USUAL_SIGNALS:
        file = write_roster(LOCAL / "roster.yaml", signals / P["signals_per_1000_a_month"].value)
        subprocess.run(
            [sys.executable, "-m", "services.triage", "roster", "load", str(file)],
            check=True, cwd=ROOT, timeout=600, stdout=subprocess.DEVNULL,
            env={"DATABASE_URL": env["DATABASE_URL_TRIAGE"],
                 "ROSTER_TOKENS_FILE": env["ROSTER_TOKENS_FILE"]},
        )  # fmt: skip
    return env


def main(
    signals: Annotated[int, typer.Option(help="how many signals", min=1)] = USUAL_SIGNALS,
    seed: Annotated[int, typer.Option(help="another seed, another month")] = 1,
) -> None:
    """Run the demo and leave the stack up."""
    env = start_stack(signals)
    demo = Demo(env, signals, seed, LOCAL / "journal.jsonl")
    books, findings = asyncio.run(demo.run())
    figures = demo.report(books, findings)
    if event_id := moved_hearing(books):
        told = story.tell(event_id, *story.urls_from(env))
        console.print(told.table(f"One household whose hearing moved (make story ID={event_id})"))
    for one in findings.examples():
        console.print(one, style="red")
    console.print(suggestions(env))
    print(json.dumps(figures))
    raise SystemExit(0 if findings.is_clean else 1)


if __name__ == "__main__":
    typer.run(main)
