"""Processes and the folder of a stack: what is recorded, recognised and kept."""

import dataclasses
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local.folder import Passwords, Ports, remove, settle
from deploy.local.processes import Command, LocalFault, Process, Processes, ends, run_once

as_root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes to other users")


@contextmanager
def sleeper(folder: Path) -> Iterator[tuple[Processes, Process]]:
    """A process that does nothing for a minute."""
    processes = Processes(folder / "processes.json")
    process = processes.start("sleeper", Command(["sleep", "60"], folder / "log", folder))
    try:
        yield processes, process
    finally:
        process.signal(signal.SIGKILL)


def await_text(text: str, log: Path) -> None:
    while text not in log.read_text():
        time.sleep(0.02)


async def test_a_process_is_found_by_a_later_command_and_stopped(tmp_path: Path) -> None:
    with sleeper(tmp_path) as (_, process):
        later = Processes(tmp_path / "processes.json")
        assert later.find("sleeper") == process
        await later.stop("sleeper")
        assert not process.is_alive()
        assert later.recorded() == []


async def test_a_recycled_pid_gets_no_signal(tmp_path: Path) -> None:
    with sleeper(tmp_path) as (_, process):
        for other in (
            dataclasses.replace(process, started_ticks=process.started_ticks - 1),
            dataclasses.replace(process, boot_id="another boot"),
        ):
            assert not other.is_alive()
            other.signal(signal.SIGKILL)
        assert not await ends([process], 0.2)


async def test_a_copied_folder_does_not_stop_the_originals_processes(tmp_path: Path) -> None:
    with sleeper(tmp_path) as (_, process):
        copy = tmp_path / "copy"
        copy.mkdir()
        (copy / "processes.json").write_bytes((tmp_path / "processes.json").read_bytes())
        await Processes(copy / "processes.json").stop("sleeper")
        assert process.is_alive()


async def test_a_process_that_ignores_the_signal_is_killed_after_a_while(tmp_path: Path) -> None:
    processes = Processes(tmp_path / "processes.json")
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf'); time.sleep(60)"
    log = tmp_path / "log"
    process = processes.start("deaf", Command([sys.executable, "-uc", deaf], log, tmp_path))
    await_text("deaf", log)
    await processes.stop("deaf", seconds_max=0.2)
    assert not process.is_alive()


async def test_a_command_that_fails_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    command = Command(["sh", "-c", "echo no such luck; exit 3"], tmp_path / "log", tmp_path)
    with pytest.raises(LocalFault, match="no such luck"):
        await run_once(command, 5)
    with pytest.raises(LocalFault, match="took more than 0 s"):
        await run_once(dataclasses.replace(command, argv=["sleep", "60"]), 0.1)
    with pytest.raises(LocalFault, match="cannot be run: No such file"):
        await run_once(dataclasses.replace(command, argv=["no-such-program"]), 5)


# -- Folder ----------------------------------------------------------------------------------------


def test_a_port_stays_while_it_is_free_and_is_below_those_for_outgoing_connections(
    tmp_path: Path,
) -> None:
    ports = Ports(tmp_path / "ports.json")
    ports.choose(["one", "two"])
    first = ports.known()
    ports.choose(["one"])
    assert ports.known() == first
    assert max(first.values()) < 32768
    with socket.create_server(("127.0.0.1", first["one"])):
        ports.choose(["one", "two"])
    assert ports["one"] != first["one"]
    assert ports["two"] == first["two"]


def test_a_password_is_made_once_and_kept_for_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "passwords.json"
    first = Passwords(file).of("someone")
    assert Passwords(file).of("someone") == first
    assert Passwords(file).of("another") != first
    assert file.stat().st_mode & 0o777 == 0o600


@as_root_only
def test_data_that_the_servers_could_not_reach_live_below_var_tmp(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    data = settle(tmp_path / "data")
    try:
        assert data.parent == Path("/var/tmp")
        assert str(data) in (tmp_path / "data" / "elsewhere.txt").read_text()
        assert settle(tmp_path / "data") == data
    finally:
        remove(data)


def test_a_folder_of_something_else_is_not_deleted(tmp_path: Path) -> None:
    with pytest.raises(LocalFault, match="delete it yourself"):
        remove(tmp_path)
    assert tmp_path.exists()
