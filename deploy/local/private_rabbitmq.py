"""A private RabbitMQ from Debian's package: own node, own epmd, own ports, own folder.

It calls the raw start script: the one in /usr/sbin changes folder and user. Nothing of it meets a
RabbitMQ of the system, which may run beside it.
"""

import asyncio
import shutil
import signal
from contextlib import suppress
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import httpx

from deploy.local.folder import give, server_user
from deploy.local.private_server import READY_SECONDS_MAX, PrivateServer
from deploy.local.processes import POLL_SECONDS, Command, LocalFault, last_lines, write_private

ADMINISTRATOR = "admin"
PORTS = ("amqp", "management", "erlang", "epmd")
HTTP_SECONDS_MAX = 5.0

_CONFIGURATION = """\
listeners.tcp.1 = 127.0.0.1:{amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
default_user = {administrator}
default_pass = {password}
default_user_tags.administrator = true
vm_memory_high_watermark.absolute = 2GB
disk_free_limit.absolute = 200MB
log.console = true
log.file = false
log.console.use_colors = off
# What 4.x allows; 3.10 would take 128 MiB.
max_message_size = 16777216
"""


class PrivateRabbitMQ(PrivateServer):
    """One node with the management plugin."""

    name: ClassVar[str] = "rabbitmq"
    stopped_by: ClassVar[signal.Signals] = signal.SIGTERM

    @property
    def amqp_url(self) -> str:
        """The administrator's AMQP URL, of virtual host `/`."""
        return self._url("amqp", "amqp") + "/%2F"

    @property
    def management_url(self) -> str:
        """The administrator's URL of the management API."""
        return self._url("http", "management")

    async def start(self) -> None:
        """Start the node, unless it runs, and return once it takes connections."""
        script = _script()
        folder = give(self.data / "rabbitmq", server_user("rabbitmq"))
        if not self.processes.find(self.name):
            if not self.processes.find("epmd"):
                self.ports.choose(PORTS)
                await self._start_epmd(folder)
            self._configure(folder)
            self.processes.start(self.name, self._command([script], folder))
        await self._answers()

    async def stop(self) -> None:
        """Stop the node and its epmd; the data stay."""
        await super().stop()
        await self.processes.stop("epmd")

    async def restart(self) -> None:
        """Restart the node on the same ports; its epmd stays, and so keeps them."""
        await super().stop()
        await self.start()

    def _url(self, scheme: str, port: str) -> str:
        password = quote(self.passwords.of(ADMINISTRATOR), safe="")
        return f"{scheme}://{ADMINISTRATOR}:{password}@127.0.0.1:{self.ports[port]}"

    def _configure(self, folder: Path) -> None:
        text = _CONFIGURATION.format(
            administrator=ADMINISTRATOR,
            password=self.passwords.of(ADMINISTRATOR),
            **{name: self.ports[name] for name in ("amqp", "management")},
        )
        _write(folder / "rabbitmq.conf", text)
        _write(folder / "enabled_plugins", "[rabbitmq_management].\n")

    def _command(self, argv: list[str], folder: Path) -> Command:
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "HOME": str(folder),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self.ports["epmd"]),
            # A dump would hold messages.
            "ERL_CRASH_DUMP_SECONDS": "0",
            "RABBITMQ_NODENAME": "voordeur@localhost",
            "RABBITMQ_DIST_PORT": str(self.ports["erlang"]),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            # Two schedulers that do not spin: the services share the machine. After 3 s a stop does
            # not wait for the management agent, which lets its 5 s pass.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none -shutdown_time 3000"
            " -kernel inet_dist_use_interface {127,0,0,1}",
            # Makes the script become the node, so that the pid we know is the node's.
            "RUNNING_UNDER_SYSTEMD": "true",
        }
        return Command(argv, self.log, folder, environment, server_user("rabbitmq"))

    async def _start_epmd(self, folder: Path) -> None:
        """Start the node's name server ourselves: one that the node starts has no known pid."""
        command = self._command(["epmd"], folder)
        epmd = self.processes.start("epmd", command)
        while epmd.is_alive():
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.ports["epmd"])
                writer.close()
                return
            await asyncio.sleep(POLL_SECONDS)
        raise LocalFault(f"epmd ended: {last_lines(self.log)}")

    async def _answers(self) -> None:
        check = f"/api/health/checks/port-listener/{self.ports['amqp']}"
        async with httpx.AsyncClient(
            base_url=self.management_url, timeout=HTTP_SECONDS_MAX, trust_env=False
        ) as client:
            with suppress(TimeoutError):
                async with asyncio.timeout(READY_SECONDS_MAX):
                    while self.processes.find(self.name):
                        with suppress(httpx.TransportError):
                            if (await client.get(check)).is_success:
                                return
                        await asyncio.sleep(5 * POLL_SECONDS)
        raise LocalFault(f"RabbitMQ does not answer: {last_lines(self.log)}")


def _script() -> str:
    found = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin/rabbitmq-server"))
    if not found:
        raise LocalFault("no RabbitMQ here: run deploy/local/setup.sh run")
    return str(found[-1])


def _write(file: Path, text: str) -> None:
    write_private(file, text)
    if user := server_user("rabbitmq"):
        shutil.chown(file, user, user)
