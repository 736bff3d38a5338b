"""Brings servers and programs up in their order, and down again."""

import asyncio
import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from string import Template

import httpx

from deploy.local.broker import without_credentials
from deploy.local.folder import ROOT, Ports, remove
from deploy.local.processes import (
    Command,
    LocalFault,
    Processes,
    last_lines,
    run_once,
    together,
    write_private,
)
from deploy.local.programs import ENV_FILE, PROGRAMS, Program, Words
from deploy.local.servers import SERVICES, Servers

# A virtual host of our own: a RabbitMQ that we are pointed to may have other uses.
VHOST = "voordeur"
PARTNERS = ROOT / "deploy" / "local" / "demo" / "partners.yaml"
PREPARE_SECONDS_MAX = 120.0
READY_SECONDS_MAX = 90.0
STOP_SECONDS_MAX = 20.0
HTTP_SECONDS_MAX = 2.0
POLL_SECONDS = 0.1
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")
SERVER_PROCESSES = ("rabbitmq", "postgresql", "epmd")

# Shows what is being done, while it is done.
Step = Callable[[str], AbstractContextManager[None]]


class Stack:
    """Servers and programs of one folder, which `env` is written to; their data are below it."""

    def __init__(
        self,
        folder: Path,
        programs: tuple[Program, ...] = PROGRAMS,
        env_file: Mapping[str, str] = ENV_FILE,
    ) -> None:
        self.folder = folder
        self.programs = programs
        self.env_file = env_file
        self.servers = Servers(folder / "data")
        self.data = self.servers.data
        self.processes = Processes(self.data / "processes.json")
        self.ports = Ports(self.data / "ports.json")

    async def run(self, step: Step) -> None:
        """Start everything and return once all is ready; stops it all when something is not."""
        try:
            with step("starting RabbitMQ and PostgreSQL"):
                await self.servers.start()
            with step("making queues and databases"):
                await self.servers.load_definitions(VHOST)
                await self.servers.create_databases()
            self.ports.choose([*(_port(program.name) for program in self.programs), "smtp"])
            with step("bringing schemas, partners and roster"):
                await together(*(self._prepare(program) for program in self.programs))
            with step(f"starting {', '.join(program.name for program in self.programs)}"):
                await self._start_programs()
            self._write_env()
        except BaseException:
            with step("stopping again"):
                await self.stop()
            raise

    async def stop(self) -> None:
        """Stop everything that was started here, in reverse order; the data stay."""
        for process in reversed(self.processes.recorded()):
            if process.name not in SERVER_PROCESSES:
                await self.processes.stop(process.name, seconds_max=STOP_SECONDS_MAX)
        await self.servers.stop()
        (self.folder / "env").unlink(missing_ok=True)

    async def erase(self) -> None:
        """Stop everything and delete its data. After it a new Stack is to be made."""
        if len(self.servers.private) < 2:
            raise LocalFault("a server that is not ours is not emptied here: do that yourself")
        await self.stop()
        remove(self.data)

    def is_begun(self) -> bool:
        """Whether anything was started and not stopped, alive or not."""
        return bool(self.processes.recorded())

    async def faults(self) -> dict[str, str]:
        """What is wrong with which server or program; empty when all are ready."""
        alive = {process.name for process in self.processes.alive()}
        names = [server.name for server in self.servers.private]
        names += [program.name for program in self.programs]
        found = {name: "does not run" for name in names if name not in alive}
        async with httpx.AsyncClient(timeout=HTTP_SECONDS_MAX, trust_env=False) as client:
            for program in self.programs:
                if program.name not in found and not await self._is_ready(client, program):
                    found[program.name] = "is not ready"
        return found

    def addresses(self) -> dict[str, str]:
        """Where everything is, without credentials."""
        values = self.values()
        return {program.name: values[f"{program.name}_url"] for program in self.programs} | {
            "SMTP": values["smtp_url"],
            "RabbitMQ": without_credentials(self.servers.amqp_url("any", VHOST)),
            "RabbitMQ management": without_credentials(values["management_url"]),
            "PostgreSQL": without_credentials(values["admin_database_url"]),
        }

    def values(self) -> dict[str, str]:
        """What the names in the tables of programs.py stand for."""
        smtp_port = str(self.ports["smtp"])
        values = {
            "root": str(ROOT),
            "data": str(self.data),
            "vhost": VHOST,
            "smtp_port": smtp_port,
            "smtp_url": f"smtp://127.0.0.1:{smtp_port}",
            "management_url": self.servers.management_url,
            "monitor_url": self.servers.monitor_url,
            "admin_database_url": self.servers.postgres_url,
            "ops_password": self.servers.passwords.of("ops"),
            "signing_secret": self.servers.passwords.of("signing"),
            "callback_token": self.servers.passwords.of("callback"),
            "oidc_secret": self.servers.passwords.of("oidc"),
        }
        for service in SERVICES:
            values[f"{service}_database_url"] = self.servers.database_url(service)
            values[f"{service}_amqp_url"] = self.servers.amqp_url(service, VHOST)
        for program in self.programs:
            port = self.ports[_port(program.name)]
            values[f"{program.name}_port"] = str(port)
            values[f"{program.name}_url"] = f"http://127.0.0.1:{port}"
        return values

    async def _prepare(self, program: Program) -> None:
        for words in program.prepare:
            command = self._command(program, words, program.while_preparing)
            await run_once(command, PREPARE_SECONDS_MAX)

    async def _start_programs(self) -> None:
        for program in self.programs:
            self.processes.start(program.name, self._command(program, program.serve, {}))
        async with httpx.AsyncClient(timeout=HTTP_SECONDS_MAX, trust_env=False) as client:
            await together(*(self._becomes_ready(client, one) for one in self.programs))

    def _command(self, program: Program, words: Words, besides: Mapping[str, str]) -> Command:
        values = self.values()
        for name in ("port", "url", "database_url", "amqp_url"):
            if (own := f"{program.name}_{name}") in values:
                values[name] = values[own]
        environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
        environment |= {"PYTHONUNBUFFERED": "1"}
        environment |= _filled({**program.environment, **besides}, values)
        argv = [sys.executable, *(Template(word).substitute(values) for word in words)]
        return Command(argv, self._log(program), ROOT, environment)

    async def _becomes_ready(self, client: httpx.AsyncClient, program: Program) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_SECONDS_MAX):
                while self.processes.find(program.name):
                    if await self._is_ready(client, program):
                        return
                    await asyncio.sleep(POLL_SECONDS)
        raise LocalFault(f"{program.name} does not get ready: {last_lines(self._log(program))}")

    async def _is_ready(self, client: httpx.AsyncClient, program: Program) -> bool:
        with suppress(httpx.TransportError):
            url = f"http://127.0.0.1:{self.ports[_port(program.name)]}/ready"
            return (await client.get(url)).status_code == httpx.codes.OK
        return False

    def _log(self, program: Program) -> Path:
        return self.data / "logs" / f"{program.name}.log"

    def _write_env(self) -> None:
        values = self.values()
        secrets = self.data / "partners.json"
        if secrets.exists():
            partner = _first_partner()
            password = json.loads(secrets.read_text())[partner]
            values["partner_id"] = partner
            values["partner_amqp_url"] = self.servers.amqp_url(partner, VHOST, password)
            keys = json.loads((self.data / "partner-keys.json").read_text())
            values["partner_key"] = keys[partner]
        lines = [f"{name}={shlex.quote(v)}" for name, v in _filled(self.env_file, values).items()]
        write_private(self.folder / "env", "\n".join([*lines, ""]))


def _port(program: str) -> str:
    return f"program {program}"


def _filled(templates: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    return {name: Template(text).substitute(values) for name, text in templates.items()}


def _first_partner() -> str:
    found = re.search(r"^\s*- id: *([a-z0-9-]+)", PARTNERS.read_text(), re.MULTILINE)
    if not found:
        raise LocalFault(f"no partner in {PARTNERS}")
    return found[1]
