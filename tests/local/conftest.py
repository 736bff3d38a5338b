"""A folder that goes away with the run, the mail gateway as a process in it, and small tools."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest

from deploy.local.folder import ROOT, Ports, remove, settle
from deploy.local.processes import Command, Processes, last_lines
from deploy.local.servers import POSTGRES_URL, RABBITMQ_URLS

private_only = pytest.mark.skipif(
    any(name in os.environ for name in (*RABBITMQ_URLS, POSTGRES_URL)),
    reason="a server that the environment points to is not put to faults",
)

CALLBACK_TOKEN = "a token of the tests"


async def fetch(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder for this run, reachable for the servers' users."""
    wanted = ROOT / ".local" / f"test-{os.getpid()}"
    yield settle(wanted)
    remove(settle(wanted))
    if wanted.exists():
        (wanted / "elsewhere.txt").unlink()
        wanted.rmdir()


@dataclass(frozen=True)
class Gateway:
    """A running gateway; it calls back to `receiver_port`, where a test may listen."""

    smtp_port: int
    http_port: int
    receiver_port: int
    api: httpx.AsyncClient
    processes: Processes
    command: Command

    async def behave(self, **switches: object) -> None:
        """Set the test switches; what is left out is off."""
        answer = await self.api.put("/v1/behaviour", json=switches)
        assert answer.status_code == 200, answer.text

    async def start(self) -> None:
        """Start the process and return once it is ready."""
        process = self.processes.start("gateway", self.command)
        while process.is_alive():
            with suppress(httpx.TransportError):
                if (await self.api.get("/ready")).is_success:
                    return
            await asyncio.sleep(0.02)
        pytest.fail(last_lines(self.command.log))


@pytest.fixture(scope="session")
async def running_gateway(folder: Path) -> AsyncIterator[Gateway]:
    """The gateway as a process, with nothing received."""
    ports = Ports(folder / "gateway-ports.json")
    ports.choose(["smtp", "http", "receiver"])
    argv = [sys.executable, "-m", "deploy.local.gateway", "serve"]
    argv += ["--smtp-port", str(ports["smtp"]), "--http-port", str(ports["http"])]
    argv += ["--store", str(folder / "mails.sqlite")]
    argv += ["--callback-url", f"http://127.0.0.1:{ports['receiver']}/receipts"]
    environment = {"PATH": os.environ["PATH"], "GATEWAY_CALLBACK_TOKEN": CALLBACK_TOKEN}
    command = Command(argv, folder / "gateway.log", ROOT, environment)
    processes = Processes(folder / "gateway-processes.json")
    address = f"http://127.0.0.1:{ports['http']}"
    async with httpx.AsyncClient(base_url=address, timeout=10) as api:
        gateway = Gateway(ports["smtp"], ports["http"], ports["receiver"], api, processes, command)
        await gateway.start()
        try:
            yield gateway
        finally:
            await processes.stop("gateway")


@pytest.fixture
async def gateway(running_gateway: Gateway) -> AsyncIterator[Gateway]:
    """The gateway, behaving itself."""
    yield running_gateway
    await running_gateway.api.put("/v1/behaviour", json={})
