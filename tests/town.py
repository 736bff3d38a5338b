"""A whole town for a test: three services, partners, workers and a mail server, all real.

Each town has its own virtual host, databases and mail store on servers that all towns share. Its
services are processes of their own, as in production, or under `tests.faults.sabotage`, which kills
or breaks them at a named point.
"""

import asyncio
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aio_pika
import asyncpg
import httpx

from deploy.local.books import read_books
from deploy.local.corporation import Journal, Partners, partner_urls
from deploy.local.driver import Clock, Driver, Watch
from deploy.local.findings import Findings
from deploy.local.folder import Ports
from deploy.local.gateway import LOCAL_KEY
from deploy.local.generalist import Worker
from deploy.local.month import Outgoing
from deploy.local.notify_requests import LETTER_TEMPLATE, SMS_TEMPLATE
from deploy.local.private_rabbitmq import ADMINISTRATOR
from deploy.local.reconcile import reconcile
from deploy.local.servers import Servers
from services.signals import partners as partner_admin
from tests import springboard
from tests.paths import POLICIES, REPOSITORY
from tests.springboard import Program

SERVICES = ("signals", "triage", "notify")
DEFINITIONS = REPOSITORY / "deploy/rabbitmq/definitions.json"
QUEUES = [one["name"] for one in json.loads(DEFINITIONS.read_text())["queues"]]
STILL_UNDER_WAY = """
    select (select count(*) from outbox)
      + (select count(*) from waiting where state = 'later') as n"""
ALERTS_DUE = """
    select count(*) as n from alert where state in ('scheduled', 'claimed') and due_at <= $1"""
SIGNING_SECRET = "a secret of the tests, sealing nothing that matters"
CALLBACK_TOKEN = "a token of the tests, by which the gateway calls back"
START_SECONDS_MAX = 40
STOP_SECONDS_MAX = 25
MONDAY = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)
AWAY = (OSError, httpx.HTTPError, asyncpg.PostgresError, asyncpg.InterfaceError,
        aio_pika.exceptions.AMQPError)  # fmt: skip


def partner_keys(partner_id: str) -> tuple[str, str]:
    """API key and client secret of a partner in every town."""
    return f"vdk_of_{partner_id}", f"vdc_of_{partner_id}"


@dataclass
class Town:
    """Everything that runs for one test, and the ways to look at it."""

    servers: Servers
    folder: Path
    roster_tokens: Path  # of the workers in the template
    name: str = field(default_factory=lambda: f"town{secrets.token_hex(4)}")
    databases: dict[str, str] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    ops_password: str = field(default_factory=lambda: secrets.token_hex(16))
    processes: dict[str, Program] = field(default_factory=dict)
    environment: dict[str, dict[str, str]] = field(default_factory=dict)

    async def build(self) -> None:
        """Virtual host, databases, partners at the broker; and the mail server."""
        self.amqp = await self.servers.load_definitions(self.name)
        for service in SERVICES:
            self.databases[service] = await self.servers.create_database_from_template(
                f"template_{service}", f"{self.name}_{service}", service
            )
        self.clock = Clock(self.folder / "clock")
        self.clock.move(MONDAY)
        for service in SERVICES:
            self.environment[service] = self._environment(service)
        await self._start_gateway()
        self.partners = Partners(partner_urls(self.amqp["signals"], await self._sync_partners()))
        self.tokens = json.loads(self.roster_tokens.read_text())
        self.journal_file = self.folder / "journal.jsonl"
        self.journal = Journal(self.journal_file)

    def _environment(self, service: str) -> dict[str, str]:
        self.urls[service] = f"http://127.0.0.1:{self.port(service)}"
        own = {
            "DATABASE_URL": self.databases[service],
            "AMQP_URL": self.amqp[service],
            "HTTP_PORT": self.urls[service].rpartition(":")[2],
            "OPS_PASSWORD": self.ops_password,
            "POLICY_FOLDER": str(POLICIES),
            "SIGNING_SECRET": SIGNING_SECRET,
            "ENVIRONMENT": "test",
            "CLOCK_FILE": str(self.folder / "clock"),
            "MAIL_FROM": "voordeur@voorbeeldstad.example",
            "SITE_URL": "https://voordeur.example",
            "NOTIFYNL_API_KEY": LOCAL_KEY,
            "NOTIFYNL_SMS_TEMPLATE": SMS_TEMPLATE,
            "NOTIFYNL_LETTER_TEMPLATE": LETTER_TEMPLATE,
            "NOTIFYNL_CALLBACK_TOKEN": CALLBACK_TOKEN,
        }
        return {**os.environ, **own}

    def port(self, name: str) -> int:
        """A free port, always the same for this name."""
        ports = Ports(self.folder / "ports.json")
        ports.choose([name])
        return ports[name]

    async def _start_gateway(self) -> None:
        smtp, http = self.port("smtp"), self.port("gateway")
        self.urls["gateway"] = f"http://127.0.0.1:{http}"
        self.environment["notify"]["SMTP_URL"] = f"smtp://127.0.0.1:{smtp}"
        self.environment["notify"]["NOTIFYNL_URL"] = self.urls["gateway"]
        arguments = ["serve", "--smtp-port", str(smtp), "--http-port", str(http)]
        store = ["--store", str(self.folder / "mails.sqlite")]
        told = ["--callback-url", f"{self.urls['notify']}/v1/receipts"]
        called = [*told, "--callback-token", CALLBACK_TOKEN]
        await self.run("gateway", "deploy.local.gateway", *arguments, *store, *called)

    async def _sync_partners(self) -> dict[str, str]:
        """Give the partners their users at the broker; the databases have them already."""
        rows = await self.fetch("signals", "select id, wants_feedback, suspended_at from partner")
        known: dict[str, str] = {}
        api = partner_admin.connect(self.servers.management_url, self.name)
        await asyncio.to_thread(partner_admin.sync, api, [dict(row) for row in rows], known)
        return known

    async def start(
        self, *services: str, sabotage: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        """Start services (all when none is named) and wait until they are ready.

        Sabotage without arguments only makes leases short.
        """
        wanted = services or SERVICES
        for service in wanted:
            if sabotage and service in sabotage:
                await self.run(service, "tests.faults.sabotage", *sabotage[service], service)
            else:
                await self.run(service, f"services.{service}", "serve")
        # Who is to be killed may be dead before it is ready.
        lasting = [name for name in wanted if "kill" not in (sabotage or {}).get(name, ())]
        await asyncio.gather(*(self.until_ready(name) for name in ("gateway", *lasting)))

    async def start_twin(self, service: str, *sabotage: str) -> str:
        """Start a further replica of a service; returns its name among the processes."""
        name = f"{service}-{len(self.processes)}"
        port = str(self.port(name))
        self.environment[name] = self.environment[service] | {"HTTP_PORT": port}
        self.urls[name] = f"http://127.0.0.1:{port}"
        if sabotage:
            await self.run(name, "tests.faults.sabotage", *sabotage, service)
        else:
            await self.run(name, f"services.{service}", "serve")
        await self.until_ready(name)
        return name

    async def run(self, name: str, module: str, *arguments: str) -> None:
        """Run one of our programs, all that it says in a log of this name."""
        environment = self.environment.get(name, dict(os.environ))
        log = self.folder / f"{name}.log"
        self.processes[name] = await springboard.start(module, arguments, environment, log)

    async def until_ready(self, name: str) -> None:
        """Wait until a process serves; it fails with what it logged when it has ended."""
        async with httpx.AsyncClient(timeout=5) as client, asyncio.timeout(START_SECONDS_MAX):
            while True:
                assert self.processes[name].returncode is None, self.log(name)
                try:
                    if (await client.get(f"{self.urls[name]}/ready")).status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.05)

    def log(self, name: str) -> str:
        """The last lines of a process's log."""
        return (self.folder / f"{name}.log").read_text()[-3000:]

    async def died(self, name: str, seconds: float = 60) -> int:
        """Wait until a process has ended by itself, and return how."""
        return await asyncio.wait_for(self.processes[name].wait(), seconds)

    async def stop(self, *names: str) -> None:
        """Stop processes (all when none is named)."""
        for name in names or tuple(self.processes):
            process = self.processes.pop(name)
            if process.returncode is None:
                process.terminate()
                try:
                    await asyncio.wait_for(process.wait(), STOP_SECONDS_MAX)
                except TimeoutError:
                    process.kill()
                    await process.wait()

    async def tear_down(self) -> None:
        """Stop everything and give back what the servers held for this town."""
        await self.partners.close()
        self.journal.close()
        await self.stop()
        await self.servers.drop_vhost(self.name)
        for service in SERVICES:
            await self.servers.drop_database(f"{self.name}_{service}")

    def driver(self) -> Driver:
        """Steps through what is to happen, without workers."""
        watch = Watch(self.urls, ("ops", self.ops_password), DEFINITIONS)
        return Driver(self.clock, watch, self.partners, self.journal, [])

    def worker(self, name: str) -> Worker:
        """Somebody who works on cases."""
        client = httpx.AsyncClient(base_url=self.urls["triage"], timeout=30)
        return Worker(client, name, self.tokens[name], seed=1)

    def now(self) -> datetime:
        """Business time."""
        return datetime.fromisoformat((self.folder / "clock").read_text())

    async def send(self, events: Sequence[Outgoing]) -> None:
        """Note and send events."""
        self.journal.write(events, self.now())
        await self.partners.send(events)

    async def fetch(self, service: str, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """Rows of a service's database."""
        connection = await asyncpg.connect(self.databases[service], timeout=10)
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()

    async def flow(self, name: str) -> dict[str, Any]:
        """What a service says of itself."""
        auth = ("ops", self.ops_password)
        async with httpx.AsyncClient(timeout=10, auth=auth) as client:
            answer = await client.get(f"{self.urls[name]}/flow")
            answer.raise_for_status()
            told: dict[str, Any] = answer.json()
            return told

    async def mails(self) -> list[dict[str, Any]]:
        """What arrived at the mail server."""
        async with httpx.AsyncClient(timeout=10) as client:
            answer = await client.get(f"{self.urls['gateway']}/v1/mails", params={"limit": 1000})
            mails: list[dict[str, Any]] = answer.json()["mails"]
            return mails

    async def gateway_behaves(self, **how: Any) -> None:
        """Switch faults of the mail server on, or (without any) off."""
        async with httpx.AsyncClient(timeout=10) as client:
            answer = await client.put(f"{self.urls['gateway']}/v1/behaviour", json=how)
            answer.raise_for_status()

    async def until(self, service: str, query: str, wanted: Any, seconds: float = 60) -> None:
        """Wait until a query gives a value."""
        found = None
        try:
            async with asyncio.timeout(seconds):
                while found != wanted:
                    try:
                        found = (await self.fetch(service, query))[0][0]
                    except AWAY:
                        found = "away"
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{query} gave {found}, wanted {wanted}") from None

    async def quiet(self, seconds: float = 90) -> None:
        """Wait until queues, outboxes, waiting tables and due alerts are empty, and stay so.

        Other than the demo's driver this trusts no counter of a service: they begin anew when one
        was killed.
        """
        calm, moving = 0, "nothing was seen yet"
        try:
            async with asyncio.timeout(seconds):
                while calm < 3:
                    moving = await self._what_moves()
                    calm = 0 if moving else calm + 1
                    await asyncio.sleep(0.1)
        except TimeoutError:
            logs = "\n".join(f"{name}: {self.log(name)}" for name in SERVICES)
            raise AssertionError(f"{moving}\n{logs}") from None

    async def _what_moves(self) -> str:
        try:
            for name in self.processes:
                if name != "gateway" and (await self.flow(name))["busy"]:
                    return f"{name} is at work"
            for queue, count in (await self.depths()).items():
                if count:
                    return f"{count} events in {queue}"
            for service in SERVICES:
                if rows := (await self.fetch(service, STILL_UNDER_WAY))[0]["n"]:
                    return f"{rows} rows in outbox or waiting of {service}"
            due = (await self.fetch("notify", ALERTS_DUE, self.now()))[0]["n"]
        except AWAY as away:
            return f"something is away: {type(away).__name__}"
        return f"{due} alerts are due" if due else ""

    async def depths(self) -> dict[str, int]:
        """How many events are ready in each queue, as the broker says right now."""
        password = self.servers.passwords.of(ADMINISTRATOR)
        url = self.servers.amqp_url(ADMINISTRATOR, self.name, password)
        connection = await aio_pika.connect(url, timeout=5)
        async with connection:
            channel = await connection.channel()
            found = {}
            for name in QUEUES:
                queue = await channel.declare_queue(name, passive=True)
                found[name] = queue.declaration_result.message_count or 0
            return found

    async def reconcile(self) -> Findings:
        """Compare the books of all."""
        books = await read_books(self.journal_file, self.databases, self.urls["gateway"])
        return reconcile(books)
