"""Processes that outlive the command that started them: recorded, recognised, stopped by pid.

A pid alone is no proof, since it is given out again. A record also holds when its process started
and in which boot of the machine; both are compared through a handle on the very process (pidfd), so
a signal never reaches another one.
"""

import asyncio
import json
import os
import select
import shutil
import signal
import subprocess
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

LOG_BYTES_MAX = 20_000_000
POLL_SECONDS = 0.02
STOP_SECONDS_MAX = 20.0

# The children of this very process: someone has to take note of their end.
_children: dict[int, subprocess.Popen[bytes]] = {}


class LocalFault(Exception):
    """Something of the local stack does not work; the text says what, and what to do."""


@dataclass(frozen=True)
class Command:
    """What to run, in which folder and environment, as whom, and where its output goes.

    The environment is whole: nothing is inherited. A user None is whoever runs this.
    """

    argv: Sequence[str]
    log: Path
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None


@dataclass(frozen=True)
class Process:
    """A process that was started here, by this command or an earlier one."""

    name: str
    pid: int
    started_ticks: int
    boot_id: str

    def is_alive(self) -> bool:
        """Whether this very process still runs."""
        with suppress(ProcessLookupError), _handle(self.pid) as handle:
            return self._is_behind(handle)
        return False

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless the process is gone."""
        with suppress(ProcessLookupError), _handle(self.pid) as handle:
            if self._is_behind(handle):
                signal.pidfd_send_signal(handle, number)

    def _is_behind(self, handle: int) -> bool:
        # A handle is readable once the last thread has ended: only then are the ports free, which
        # the state in /proc, that of the first thread, does not tell.
        if select.select([handle], [], [], 0)[0]:
            if child := _children.pop(self.pid, None):
                child.wait()
            return False
        same_boot = _boot_id() == self.boot_id
        return same_boot and _started_ticks(self.pid) == self.started_ticks

    def family(self) -> "list[Process]":
        """The process and its children."""
        pids: set[int] = set()
        with suppress(FileNotFoundError, ProcessLookupError):
            for task in Path(f"/proc/{self.pid}/task").iterdir():
                pids.update(map(int, (task / "children").read_text().split()))
        return [self, *filter(None, (_process(self.name, pid) for pid in sorted(pids)))]


class Processes:
    """The processes of one stack, in the order of their start, on file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def start(self, name: str, command: Command) -> Process:
        """Start a process of its own session and record it under this name."""
        process = _process(name, _spawn(command).pid)
        if process is None:
            raise LocalFault(f"{name} ended at once: {last_lines(command.log)}")
        self._write([*(one for one in self._read() if one.name != name), process])
        return process

    def find(self, name: str) -> Process | None:
        """The process of this name, if it lives."""
        return next((one for one in self.alive() if one.name == name), None)

    def alive(self) -> list[Process]:
        """Those that live, in the order of their start."""
        return [one for one in self._read() if one.is_alive()]

    def recorded(self) -> list[Process]:
        """All that were started and not stopped, whether they live or not."""
        return self._read()

    async def stop(
        self,
        name: str,
        number: signal.Signals = signal.SIGTERM,
        seconds_max: float = STOP_SECONDS_MAX,
    ) -> None:
        """Stop a process, a frozen one too: first with this signal, after a while with SIGKILL."""
        if process := self.find(name):
            process.signal(number)
            process.signal(signal.SIGCONT)
            if not await ends([process], seconds_max):
                process.signal(signal.SIGKILL)
                await ends([process], seconds_max)
        self._write([one for one in self._read() if one.name != name])

    def _read(self) -> list[Process]:
        with suppress(FileNotFoundError):
            kept = json.loads(self._file.read_text())
            # A copied folder brings the records of the original's processes along.
            if kept["folder"] == str(self._file.parent.resolve()):
                return [Process(**one) for one in kept["processes"]]
        return []

    def _write(self, processes: Sequence[Process]) -> None:
        kept = {
            "folder": str(self._file.parent.resolve()),
            "processes": [asdict(one) for one in processes],
        }
        write_private(self._file, json.dumps(kept, indent=1))


async def ends(processes: Sequence[Process], seconds_max: float) -> bool:
    """Wait until all of them are gone; False when one still lives after this time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds_max):
            while any(one.is_alive() for one in processes):  # noqa: ASYNC110 - others' ends
                await asyncio.sleep(POLL_SECONDS)
            return True
    return False


async def together(*works: Coroutine[Any, Any, None]) -> None:
    """Do all at once; when one fails, give up the others before its error goes on."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def run_once(command: Command, seconds_max: float) -> None:
    """Run a command to its end; raises LocalFault with its last lines when it fails."""
    child = _spawn(command)
    what = " ".join(command.argv[-3:])
    try:
        async with asyncio.timeout(seconds_max):
            while child.poll() is None:  # noqa: ASYNC110 - it has no event for us
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise LocalFault(f"{what} took more than {seconds_max:.0f} s, see {command.log}") from None
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
    if child.returncode:
        raise LocalFault(f"{what} failed: {last_lines(command.log)}")


def last_lines(log: Path, count: int = 6) -> str:
    """The end of a log and where to read the rest."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    tail = [line[:300] for line in lines if line.strip()][-count:]
    return "\n  ".join([f"{log} ends with", *tail]) if tail else f"{log} is empty"


def write_private(file: Path, text: str) -> None:
    """Replace a file at once, readable for its owner only."""
    new = file.with_name(file.name + ".new")
    new.touch(mode=0o600)
    new.write_text(text)
    new.replace(file)


def _spawn(command: Command) -> subprocess.Popen[bytes]:
    with _open_log(command.log) as log:
        try:
            child = subprocess.Popen(
                command.argv,
                cwd=command.folder,
                env=dict(command.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=command.user,
                group=command.user,
                extra_groups=[] if command.user else None,
            )
        except OSError as error:
            raise LocalFault(f"{command.argv[0]} cannot be run: {error.strerror}") from None
        except LookupError:
            raise LocalFault(f"no user {command.user}: run deploy/local/setup.sh run") from None
    _children[child.pid] = child
    return child


def _open_log(log: Path) -> IO[bytes]:
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        shutil.move(log, log.with_suffix(".log.old"))
    return log.open("ab")


def _process(name: str, pid: int) -> Process | None:
    ticks = _started_ticks(pid)
    return (ticks and Process(name, pid, ticks, _boot_id())) or None


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _started_ticks(pid: int) -> int | None:
    """When a process started, in clock ticks since the boot; None for one that is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(stat.rpartition(")")[2].split()[19])


@contextmanager
def _handle(pid: int) -> Iterator[int]:
    handle = os.pidfd_open(pid)
    try:
        yield handle
    finally:
        os.close(handle)
