"""The servers of a stack: private ones, or those that environment variables point to.

    VOORDEUR_RABBITMQ_URL             amqp://administrator:password@host:port
    VOORDEUR_RABBITMQ_MANAGEMENT_URL  http://administrator:password@host:port
    VOORDEUR_POSTGRES_URL             postgresql://superuser:password@host:port/database

A server that is pointed to is used as it is: roles, databases and definitions are brought to it,
but it is not started, stopped or put to a fault here.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from deploy.local import databases
from deploy.local.broker import Broker, Definitions, url_as
from deploy.local.folder import ROOT, Passwords, settle
from deploy.local.private_postgres import PrivatePostgres
from deploy.local.private_rabbitmq import PrivateRabbitMQ
from deploy.local.private_server import PrivateServer
from deploy.local.processes import LocalFault, together

SERVICES = ("signals", "triage", "notify")
MONITOR = "monitor"
DEFINITIONS = ROOT / "deploy" / "rabbitmq" / "definitions.json"
RABBITMQ_URLS = ("VOORDEUR_RABBITMQ_URL", "VOORDEUR_RABBITMQ_MANAGEMENT_URL")
POSTGRES_URL = "VOORDEUR_POSTGRES_URL"


class Servers:
    """A RabbitMQ and a PostgreSQL with what the services need in them.

    `data` is where ports, passwords, logs and the private servers' data live; that is the folder
    asked for unless the servers' users cannot reach it.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] = os.environ) -> None:
        pointed = [name for name in RABBITMQ_URLS if environment.get(name)]
        if len(pointed) == 1:
            raise LocalFault(f"{pointed[0]} is set: set both of {' and '.join(RABBITMQ_URLS)}")
        self.data = settle(folder)
        self.passwords = Passwords(self.data / "passwords.json")
        self._rabbitmq = None if pointed else PrivateRabbitMQ(self.data)
        self._postgres = None if environment.get(POSTGRES_URL) else PrivatePostgres(self.data)
        self._environment = environment

    @property
    def rabbitmq(self) -> PrivateRabbitMQ:
        """The private RabbitMQ, to be restarted, killed, paused and resumed; else LocalFault."""
        if self._rabbitmq is None:
            raise LocalFault(f"RabbitMQ is the one of {RABBITMQ_URLS[0]}, which is not ours")
        return self._rabbitmq

    @property
    def postgres(self) -> PrivatePostgres:
        """The private PostgreSQL, to be restarted, killed, paused and resumed; else LocalFault."""
        if self._postgres is None:
            raise LocalFault(f"PostgreSQL is the one of {POSTGRES_URL}, which is not ours")
        return self._postgres

    @property
    def private(self) -> list[PrivateServer]:
        """Those that are started and stopped here."""
        return [server for server in (self._rabbitmq, self._postgres) if server]

    @property
    def management_url(self) -> str:
        """The management API, with an administrator's credential."""
        pointed = self._environment.get(RABBITMQ_URLS[1], "").rstrip("/")
        return pointed if self._rabbitmq is None else self._rabbitmq.management_url

    @property
    def monitor_url(self) -> str:
        """The management API, for a user that may only look, at the loaded virtual hosts."""
        return url_as(self.management_url, MONITOR, self.passwords.of(MONITOR))

    @property
    def postgres_url(self) -> str:
        """PostgreSQL, as its superuser."""
        return self._environment[POSTGRES_URL] if self._postgres is None else self._postgres.url

    async def start(self) -> None:
        """Start the private servers, unless they run, and return once all answer."""
        await together(*(server.start() for server in self.private))
        if self._postgres is None:
            await databases.check(self.postgres_url)
        async with Broker.connect(self.management_url) as broker:
            await broker.check()

    async def stop(self) -> None:
        """Stop the private servers that run, whatever the environment says now; the data stay."""
        ours = (PrivateRabbitMQ(self.data), PrivatePostgres(self.data))
        await together(*(server.stop() for server in ours))

    async def restart_broker(self) -> None:
        """Restart the private RabbitMQ, also one that was killed, with its ports and data."""
        await self.rabbitmq.restart()

    async def restart_database(self) -> None:
        """Restart the private PostgreSQL, also one that was killed, with its port and data."""
        await self.postgres.restart()

    def amqp_url(self, user: str, vhost: str, password: str | None = None) -> str:
        """RabbitMQ for a user; without a password the one generated for a service's user."""
        pointed = self._environment.get(RABBITMQ_URLS[0], "")
        url = pointed if self._rabbitmq is None else self._rabbitmq.amqp_url
        return url_as(url, user, password or self._password("amqp", user), vhost)

    def database_url(self, role: str, database: str | None = None) -> str:
        """A database for a service's role; None is the database of the role's name."""
        return url_as(self.postgres_url, role, self._password("database", role), database or role)

    async def load_definitions(self, vhost: str, file: Path = DEFINITIONS) -> dict[str, str]:
        """Bring the committed topology into a virtual host; returns the AMQP URL of each user.

        The virtual host is made if absent. Users are the broker's, not the virtual host's: they get
        their generated passwords, and their permissions in this virtual host beside any other.
        """
        definitions = _read(file)
        users = [user["name"] for user in definitions.get("users", ())]
        async with Broker.connect(self.management_url) as broker:
            await broker.save_vhost(vhost)
            await broker.save_user(MONITOR, self.passwords.of(MONITOR), "monitoring")
            await broker.show_vhost(vhost, MONITOR)
            for user in users:
                await broker.save_user(user, self._password("amqp", user))
            await broker.load(vhost, definitions)
        return {user: self.amqp_url(user, vhost) for user in users}

    async def drop_vhost(self, vhost: str) -> None:
        """Delete a virtual host with all its queues; none is fine too."""
        async with Broker.connect(self.management_url) as broker:
            await broker.drop_vhost(vhost)

    async def create_databases(self, suffix: str = "") -> dict[str, str]:
        """Make a role and an empty database for each service; returns their URLs by service.

        What exists stays as it is, but for the role's password. The suffix is the database's alone.
        """
        for service in SERVICES:
            password = self._password("database", service)
            await databases.save_role(self.postgres_url, service, password)
            await databases.create(self.postgres_url, service + suffix, owner=service)
        return {name: self.database_url(name, name + suffix) for name in SERVICES}

    async def create_database_from_template(self, template: str, database: str, role: str) -> str:
        """Copy a database that nobody is connected to, for a service's role; returns its URL."""
        await databases.create_from_template(self.postgres_url, database, role, template)
        return self.database_url(role, database)

    async def drop_database(self, database: str) -> None:
        """Delete a database, whoever is connected to it; none is fine too."""
        await databases.drop(self.postgres_url, database)

    def _password(self, server: str, user: str) -> str:
        return self.passwords.of(f"{server} {user}")


def _read(file: Path) -> Definitions:
    definitions: Definitions = json.loads(file.read_text())
    return definitions
