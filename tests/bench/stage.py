"""What is measured runs here: three processes of one kind, with virtual host and databases new."""

import asyncio
import os
import signal
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import asyncpg

from deploy.local.scaled_roster import write_roster
from services.triage.roster import RosterFile
from services.triage.roster import save as save_roster
from shared.files import read_yaml
from tests.bench.load import Intake
from tests.town import SERVICES, Town

TICKS = os.sysconf("SC_CLK_TCK")
READY = "ready to work"  # what a reference writes into its log
READY_SECONDS_MAX = 30
INTAKE_QUEUE = "signals.from.partners.arrears_reported.v1"
DONE = "select count(*) as n, max(pg_xact_commit_timestamp(xmin)) as at from alert"
POLL_SECONDS = 0.5
STILL_SECONDS = 4.0  # no alert for so long: look whether all is done


@dataclass
class Stage(Town):
    """A town on the real clock, with a roster that fits, and services of one kind."""

    kind: str = "ours"
    recipe: Path | None = None
    intake: Intake = field(init=False)

    async def build_for(self, signals: int) -> None:
        """Build it for so many signals a month."""
        await self.build()
        (self.folder / "clock").unlink()
        for environment in self.environment.values():
            environment.pop("CLOCK_FILE", None)
            environment["BENCH_RECIPE"] = str(self.recipe or "")
        self.intake = Intake(self.partners._urls)
        file = write_roster(self.folder / "roster.yaml", signals / 4.4)
        connection = await asyncpg.connect(self.databases["triage"])
        await connection.execute("delete from worker")
        await connection.execute("delete from team")
        await save_roster(connection, read_yaml(file, RosterFile), {})
        await connection.close()

    async def go(self) -> None:
        """Start the three processes."""
        if self.kind == "ours":
            await self.start()
            return
        for service in SERVICES:
            await self.run(service, f"tests.bench.{self.kind}", service)
        async with asyncio.timeout(READY_SECONDS_MAX):
            for service in SERVICES:
                while READY not in self.log(service):
                    assert self.processes[service].returncode is None, self.log(service)
                    await asyncio.sleep(0.05)

    def freeze(self, number: signal.Signals) -> None:
        """Stop or continue the three processes."""
        for service in SERVICES:
            self.processes[service].send_signal(number)

    async def alerts(self) -> tuple[int, datetime | None]:
        """How many alerts are scheduled, and when the last of them was."""
        (row,) = await self.fetch("notify", DONE)
        return row["n"], row["at"]

    async def finished(self, seconds_max: float = 600) -> datetime:
        """Wait until nothing is under way, and return when the last alert was scheduled."""
        seen, seen_at = -1, time.monotonic()
        async with asyncio.timeout(seconds_max):
            while True:
                count, at = await self.alerts()
                if count != seen:
                    seen, seen_at = count, time.monotonic()
                elif time.monotonic() - seen_at > STILL_SECONDS and not any(
                    (await self.depths()).values()
                ):
                    assert at is not None, "\n".join(self.log(name) for name in SERVICES)
                    return at
                await asyncio.sleep(POLL_SECONDS)

    def cpu_seconds(self) -> dict[str, float]:
        """The processor seconds that each process has had, the servers' with all their children."""
        families = {name: [self.processes[name].pid] for name in SERVICES}
        for name, server in (
            ("postgres", self.servers.postgres), ("rabbitmq", self.servers.rabbitmq),
        ):  # fmt: skip
            families[name] = [process.pid for process in server._process().family()]
        return {name: sum(map(_cpu_seconds, pids)) for name, pids in families.items()}

    async def close(self) -> None:
        """Stop everything."""
        await self.intake.close()
        await self.tear_down()


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except FileNotFoundError:
        return 0.0
    # utime, stime, and those of children that have ended.
    return sum(int(field) for field in fields[11:15]) / TICKS
