"""The servers of a stack, what is put in them, and the faults that they are put to."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aio_pika
import asyncpg
import httpx
import pytest

from deploy.local.broker import Broker, url_as
from deploy.local.folder import Ports
from deploy.local.processes import LocalFault
from deploy.local.servers import DEFINITIONS, SERVICES, Servers
from tests.local.conftest import fetch, private_only

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="session")
async def vhost(servers: Servers) -> AsyncIterator[str]:
    """A virtual host with the committed topology."""
    await servers.load_definitions("test-stack")
    yield "test-stack"
    await servers.drop_vhost("test-stack")


@pytest.fixture(scope="session")
async def databases(servers: Servers) -> AsyncIterator[dict[str, str]]:
    """Databases of the three services, empty."""
    yield await servers.create_databases("_test_stack")
    for service in SERVICES:
        await servers.drop_database(f"{service}_test_stack")


def as_administrator(servers: Servers, vhost: str) -> str:
    parts = urlsplit(servers.management_url)
    return servers.amqp_url(parts.username or "", vhost, unquote(parts.password or ""))


def committed_queues() -> list[str]:
    return [queue["name"] for queue in json.loads(DEFINITIONS.read_text())["queues"]]


@private_only
def test_the_servers_listen_on_loopback_only(servers: Servers) -> None:
    ports = set(Ports(servers.data / "ports.json").known().values())
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    addresses = {place[:8] for place in listening if int(place[9:], 16) in ports}
    assert addresses == {"0100007F"}


async def test_every_committed_queue_takes_messages_right_after_loading(servers: Servers) -> None:
    urls = await servers.load_definitions("test-fresh")
    admin = as_administrator(servers, "test-fresh")
    assert set(urls) == set(SERVICES)
    async with await aio_pika.connect(admin) as connection:
        channel = await connection.channel(on_return_raises=True)
        for queue in committed_queues():
            await channel.declare_queue(queue, passive=True, timeout=5)
            await channel.default_exchange.publish(aio_pika.Message(b"{}"), queue, timeout=5)
    await servers.drop_vhost("test-fresh")


async def test_a_service_reads_its_queues_and_no_other(servers: Servers, vhost: str) -> None:
    own = [queue for queue in committed_queues() if queue.startswith("notify.")]
    async with await aio_pika.connect(servers.amqp_url("notify", vhost)) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(own[0], passive=True)
        assert await queue.get(fail=False) is None
        other = await channel.get_queue("triage.dead", ensure=False)
        with pytest.raises(aio_pika.exceptions.ChannelClosed, match="ACCESS_REFUSED"):
            await other.get(fail=False)


async def test_loading_twice_changes_nothing_and_keeps_passwords(
    servers: Servers, vhost: str
) -> None:
    first = await servers.load_definitions(vhost)
    assert await servers.load_definitions(vhost) == first


async def test_other_definitions_can_be_loaded(servers: Servers, tmp_path: Path) -> None:
    file = tmp_path / "definitions.json"
    queue = {"name": "one", "vhost": "/", "durable": True, "arguments": {}, "auto_delete": False}
    user = {"name": "loner", "password_hash": "", "tags": []}
    permission = {"user": "loner", "vhost": "/", "configure": "", "write": "", "read": ".*"}
    file.write_text(
        json.dumps({"users": [user], "permissions": [permission], "queues": [queue]}),
    )
    urls = await servers.load_definitions("test-other", file)
    async with await aio_pika.connect(urls["loner"]) as connection:
        channel = await connection.channel()
        assert (await channel.declare_queue("one", passive=True)).name == "one"
    await servers.drop_vhost("test-other")
    await servers.drop_vhost("test-other")


async def test_the_monitor_may_look_and_not_touch(servers: Servers, vhost: str) -> None:
    async with httpx.AsyncClient(base_url=servers.monitor_url) as client:
        listed = (await client.get(f"/api/queues/{vhost}")).json()
        assert {queue["name"] for queue in listed} == set(committed_queues())
        assert (await client.put("/api/vhosts/other")).status_code == 401
        assert (await client.delete(f"/api/queues/{vhost}/triage.dead")).status_code == 401


async def test_what_the_broker_refuses_is_told_in_words(servers: Servers) -> None:
    wrong = url_as(servers.management_url, "admin", "wrong")
    async with Broker.connect(wrong) as broker:
        with pytest.raises(LocalFault, match=r"GET /api/overview: 401"):
            await broker.check()


async def test_a_role_enters_its_own_database_and_no_other(databases: dict[str, str]) -> None:
    assert await fetch(databases["triage"], "select current_user::text") == "triage"
    await fetch(databases["triage"], "create table mine (id int)")
    neighbour = databases["triage"].replace("/triage_test_stack", "/notify_test_stack")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await fetch(neighbour, "select 1")


async def test_making_databases_again_keeps_what_is_in_them(
    servers: Servers, databases: dict[str, str]
) -> None:
    await fetch(databases["signals"], "create table kept as select 7 as number")
    assert await servers.create_databases("_test_stack") == databases
    assert await fetch(databases["signals"], "select number from kept") == 7


async def test_a_copy_of_a_template_is_its_owners_alone(
    servers: Servers, databases: dict[str, str]
) -> None:
    await fetch(databases["notify"], "create table shape (id int)")
    copy = await servers.create_database_from_template("notify_test_stack", "copy_1", "notify")
    assert await fetch(copy, "select count(*) from shape") == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await fetch(servers.database_url("triage", "copy_1"), "select 1")
    await servers.drop_database("copy_1")
    await servers.drop_database("copy_1")
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await fetch(copy, "select 1")


@private_only
async def test_the_database_keeps_what_it_confirmed(servers: Servers) -> None:
    settings = ("fsync", "synchronous_commit", "full_page_writes", "track_commit_timestamp")
    for setting in settings:
        assert await fetch(servers.postgres_url, f"show {setting}") == "on"


# -- Faults ----------------------------------------------------------------------------------------


@private_only
@pytest.mark.parametrize("how", ["restart", "kill"])
async def test_messages_and_ports_outlive_a_broker(servers: Servers, vhost: str, how: str) -> None:
    admin = as_administrator(servers, vhost)
    async with await aio_pika.connect(admin) as connection:
        channel = await connection.channel()
        message = aio_pika.Message(how.encode(), delivery_mode=2)
        await channel.default_exchange.publish(message, "triage.dead")
    if how == "kill":
        await servers.rabbitmq.kill()
    await servers.restart_broker()
    async with await aio_pika.connect(admin) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue("triage.dead")
        message = await queue.get(timeout=10)
        await message.ack()
        assert message.body == how.encode()


@private_only
@pytest.mark.parametrize("how", ["restart", "kill"])
async def test_rows_and_port_outlive_a_database_server(
    servers: Servers, databases: dict[str, str], how: str
) -> None:
    await fetch(databases["signals"], f"create table {how}_test as select 7 as number")
    if how == "kill":
        await servers.postgres.kill()
        with pytest.raises(ConnectionRefusedError):
            await fetch(databases["signals"], "select 1")
    await servers.restart_database()
    assert await fetch(databases["signals"], f"select number from {how}_test") == 7


@private_only
async def test_a_frozen_broker_answers_after_it_goes_on(servers: Servers) -> None:
    async with httpx.AsyncClient(base_url=servers.management_url, timeout=0.5) as client:
        servers.rabbitmq.pause()
        try:
            with pytest.raises(httpx.TimeoutException):
                await client.get("/api/overview")
        finally:
            servers.rabbitmq.resume()
        assert (await client.get("/api/overview", timeout=10)).is_success


@private_only
async def test_a_frozen_database_server_holds_open_connections_too(servers: Servers) -> None:
    connection = await asyncpg.connect(servers.postgres_url)
    servers.postgres.pause()
    try:
        answer = asyncio.create_task(connection.fetchval("select 7"))
        await asyncio.sleep(0.3)
        assert not answer.done()
    finally:
        servers.postgres.resume()
    assert await asyncio.wait_for(answer, 10) == 7
    await connection.close()


@private_only
async def test_a_frozen_database_server_can_be_restarted(servers: Servers) -> None:
    servers.postgres.pause()
    await servers.restart_database()
    assert await fetch(servers.postgres_url, "select 7") == 7
