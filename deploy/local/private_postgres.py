"""A private PostgreSQL from Debian's package: own cluster, own port, own folder."""

import asyncio
import shutil
import signal
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import asyncpg

from deploy.local.folder import give, server_user
from deploy.local.private_server import READY_SECONDS_MAX, PrivateServer
from deploy.local.processes import (
    POLL_SECONDS,
    Command,
    LocalFault,
    last_lines,
    run_once,
    write_private,
)

SUPERUSER = "postgres"
MAJOR_MIN = 15
CONNECT_SECONDS_MAX = 5.0
INITDB_SECONDS_MAX = 120.0

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "track_commit_timestamp": "on",
    "min_wal_size": "256MB",
    "max_wal_size": "1GB",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    # A log may not quote a row: no statement, no detail, no parameter.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


class PrivatePostgres(PrivateServer):
    """One cluster; its superuser signs in by password, like everyone."""

    name: ClassVar[str] = "postgresql"
    stopped_by: ClassVar[signal.Signals] = signal.SIGINT  # "fast": roll back, disconnect, flush

    @property
    def url(self) -> str:
        """The superuser's URL, of database `postgres`."""
        password = self.passwords.of(SUPERUSER)
        return f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{self.ports['postgres']}/postgres"

    async def start(self) -> None:
        """Start the server, unless it runs, and return once it takes connections."""
        binaries = _binaries()
        folder = give(self.data / "postgres", server_user("postgres"))
        cluster = folder / "cluster"
        if not self.processes.find(self.name):
            if not cluster.exists():
                await self._make(cluster, binaries)
            self.ports.choose(["postgres"])
            settings = {**_SETTINGS, "port": str(self.ports["postgres"])}
            options = [part for item in settings.items() for part in ("-c", "=".join(item))]
            argv = [str(binaries / "postgres"), "-D", str(cluster), *options]
            self.processes.start(self.name, self._command(argv, folder))
        await self._answers()

    async def _make(self, cluster: Path, binaries: Path) -> None:
        """Make a cluster under another name first: one half made is not taken for one made."""
        half, secret = cluster.with_name("half-made"), cluster.with_name("password")
        if half.exists():
            shutil.rmtree(half)
        write_private(secret, self.passwords.of(SUPERUSER))
        if user := server_user("postgres"):
            shutil.chown(secret, user)
        options = ["--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256"]
        argv = [str(binaries / "initdb"), *options, f"--username={SUPERUSER}"]
        argv += [f"--pwfile={secret}", f"--pgdata={half}"]
        try:
            await run_once(self._command(argv, cluster.parent), INITDB_SECONDS_MAX)
        finally:
            secret.unlink()
        half.rename(cluster)

    def _command(self, argv: list[str], folder: Path) -> Command:
        environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(folder)}
        return Command(argv, self.log, folder, environment, server_user("postgres"))

    async def _answers(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_SECONDS_MAX):
                while self.processes.find(self.name):
                    with suppress(OSError, asyncpg.CannotConnectNowError):
                        connection = await asyncpg.connect(self.url, timeout=CONNECT_SECONDS_MAX)
                        await connection.close()
                        return
                    await asyncio.sleep(POLL_SECONDS)
        raise LocalFault(f"PostgreSQL does not answer: {last_lines(self.log)}")


def _binaries() -> Path:
    found = {
        int(major.name): major / "bin"
        for major in Path("/usr/lib/postgresql").glob("[0-9]*")
        if major.name.isdigit() and (major / "bin" / "postgres").exists()
    }
    if not found or max(found) < MAJOR_MIN:
        raise LocalFault(f"no PostgreSQL {MAJOR_MIN} or newer: run deploy/local/setup.sh run")
    return found[max(found)]
