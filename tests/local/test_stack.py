"""The programs on top of the servers, servers of others, and the command lines."""

import fcntl
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import aio_pika
import pytest

from deploy.local.bring_up import Stack
from deploy.local.broker import Broker
from deploy.local.folder import ROOT, remove
from deploy.local.processes import LocalFault, ends
from deploy.local.programs import PROGRAMS, Program
from deploy.local.servers import POSTGRES_URL, RABBITMQ_URLS, SERVICES, Servers
from tests.local.conftest import fetch, private_only

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
async def pointed(servers: Servers) -> dict[str, str]:
    """The environment of one who uses the servers of these tests as servers of others."""
    return {
        RABBITMQ_URLS[0]: servers.amqp_url("admin", "/", servers.passwords.of("admin")),
        RABBITMQ_URLS[1]: servers.management_url,
        POSTGRES_URL: servers.postgres_url,
    }


async def give_passwords_back(servers: Servers) -> None:
    """Roles and users are one for all databases and virtual hosts: undo what a guest set."""
    await servers.load_definitions("test-stack")
    await servers.create_databases("_test_stack")


@private_only
async def test_a_server_pointed_to_is_filled_and_left_running(
    servers: Servers, pointed: dict[str, str], tmp_path: Path
) -> None:
    guest = Servers(tmp_path, pointed)
    await guest.start()
    try:
        urls = await guest.load_definitions("test-guest")
        async with await aio_pika.connect(urls["triage"]) as connection:
            assert not connection.is_closed
        databases = await guest.create_databases("_guest")
        assert await fetch(databases["notify"], "select 7") == 7
        with pytest.raises(LocalFault, match="not ours"):
            await guest.restart_broker()
        with pytest.raises(LocalFault, match="not ours"):
            guest.postgres.pause()
        await guest.stop()
        assert await fetch(servers.postgres_url, "select 7") == 7
    finally:
        for service in SERVICES:
            await servers.drop_database(f"{service}_guest")
        await servers.drop_vhost("test-guest")
        await give_passwords_back(servers)
        remove(guest.data)


def test_one_of_two_urls_is_not_enough(tmp_path: Path) -> None:
    with pytest.raises(LocalFault, match="set both of"):
        Servers(tmp_path, {RABBITMQ_URLS[1]: "http://a:b@127.0.0.1:1"})


async def test_a_server_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    nowhere = {
        RABBITMQ_URLS[0]: "amqp://a:b@127.0.0.1:1",
        RABBITMQ_URLS[1]: "http://a:secret@127.0.0.1:1",
        POSTGRES_URL: "postgresql://a:secret@127.0.0.1:1/postgres",
    }
    servers = Servers(tmp_path, nowhere)
    with pytest.raises(LocalFault, match=r"PostgreSQL at 127\.0\.0\.1:1 ") as fault:
        await servers.start()
    assert "secret" not in str(fault.value)
    async with Broker.connect(servers.management_url) as broker:
        with pytest.raises(LocalFault, match=r"management API at http://127\.0\.0\.1:1") as fault:
            await broker.check()
    assert "secret" not in str(fault.value)
    remove(servers.data)


# -- The whole stack -------------------------------------------------------------------------------

ENV_FILE = {"SIGNALS_URL": "$signals_url", "DATABASE_URL_ADMIN": "$admin_database_url"}


@contextmanager
def silently(_: str) -> Iterator[None]:
    """Show no progress."""
    yield


@pytest.fixture
async def stack(
    servers: Servers, folder: Path, pointed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stack]:
    """A stack of two dummy programs on the servers of these tests."""
    for name, value in pointed.items():
        monkeypatch.setenv(name, value)
    home = folder / "stack"
    web = home / "web"
    web.mkdir(parents=True, exist_ok=True)
    (web / "ready").touch()
    serve = ("-m", "http.server", "$port", "--bind", "127.0.0.1", "--directory", str(web))
    note = "import os, pathlib; pathlib.Path('$data/prepared').write_text(os.environ['WHO'])"
    signals = Program(
        "signals", serve, [("-c", note)], {"WHO": "$port"}, {"WHO": "prepared for $port"}
    )
    stack = Stack(home, (signals, Program("triage", serve)), ENV_FILE)
    yield stack
    await stack.stop()
    remove(stack.data)
    await servers.drop_vhost("voordeur")
    await give_passwords_back(servers)


@private_only
async def test_a_stack_runs_is_found_running_and_stops(stack: Stack) -> None:
    await stack.run(silently)
    port = stack.ports["program signals"]
    assert await stack.faults() == {}
    assert (stack.data / "prepared").read_text() == f"prepared for {port}"
    assert stack.addresses()["signals"] == f"http://127.0.0.1:{port}"
    assert (stack.folder / "env").stat().st_mode & 0o777 == 0o600
    sourced = command_line("sh", "-c", f'. {stack.folder}/env; echo "$SIGNALS_URL"')
    assert sourced.stdout.strip() == f"http://127.0.0.1:{port}"
    later = Stack(stack.folder, stack.programs, ENV_FILE)
    assert later.is_begun()
    await later.stop()
    assert not stack.is_begun()
    assert not (stack.folder / "env").exists()


@private_only
async def test_a_half_dead_stack_names_what_failed(stack: Stack) -> None:
    await stack.run(silently)
    process = stack.processes.find("triage")
    assert process
    process.signal(signal.SIGKILL)
    await ends([process], 5)
    assert await stack.faults() == {"triage": "does not run"}


@private_only
async def test_a_program_that_dies_stops_the_stack_and_shows_its_last_words(stack: Stack) -> None:
    dies = Program("triage", ("-c", "raise SystemExit('no such luck')"))
    broken = Stack(stack.folder, (stack.programs[0], dies), ENV_FILE)
    with pytest.raises(LocalFault, match=r"triage does not get ready(.|\n)*no such luck"):
        await broken.run(silently)
    assert not broken.is_begun()


@private_only
async def test_servers_of_others_are_not_emptied(stack: Stack) -> None:
    with pytest.raises(LocalFault, match="not ours"):
        await stack.erase()


def test_no_program_but_the_set_up_of_partners_gets_the_brokers_administrator() -> None:
    for program in PROGRAMS:
        assert "$management_url" not in {*program.serve, *program.environment.values()}


# -- Command lines ---------------------------------------------------------------------------------


def command_line(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_the_command_line_says_when_nothing_runs(folder: Path) -> None:
    home = folder / "nothing"
    words = (sys.executable, "-m", "deploy.local.stack", "status", "--folder", str(home))
    said = command_line(*words)
    assert (said.returncode, said.stdout, said.stderr) == (1, "nothing runs\n", "")
    with (home / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = command_line(*words)
    assert said.returncode == 1
    assert "another command is at work" in said.stderr


def test_setup_without_a_known_target_says_how_to_use_it() -> None:
    said = command_line("deploy/local/setup.sh", "everything")
    assert said.returncode == 1
    assert said.stderr == "setup: usage: deploy/local/setup.sh run|dev|pages\n"
