"""Starts programs of ours without importing everything anew: 1.2 s of processor time, measured.

They are forked from a process that has imported the services and done nothing else. How programs
start for real is what the demo, `tests/shared/test_start.py` and `tests/local/test_stack.py` try.
"""

import asyncio
import os
import runpy
import signal
import sys
from collections.abc import Mapping
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.paths import REPOSITORY

IMPORTED = ["services.signals.app", "services.triage.app", "services.notify.app",
            "services.signals.ops", "services.triage.ops", "deploy.local.gateway"]  # fmt: skip
FORKS = get_context("forkserver")
FORKS.set_forkserver_preload(IMPORTED)


class Program:
    """A running program, with what tests use of `asyncio.subprocess.Process`."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process
        assert process.pid
        self.pid = process.pid

    @property
    def returncode(self) -> int | None:
        """How it ended, as a signal's negative number where one ended it; None while it runs."""
        return self._process.exitcode

    async def wait(self) -> int:
        """Wait for its end."""
        if self.returncode is None:
            ended = asyncio.Event()
            loop = asyncio.get_running_loop()
            loop.add_reader(self._process.sentinel, ended.set)
            try:
                await ended.wait()
            finally:
                loop.remove_reader(self._process.sentinel)
        code = self.returncode
        assert code is not None
        return code

    def send_signal(self, number: int) -> None:
        """As `kill -number`; nothing once it has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it without asking."""
        self.send_signal(signal.SIGKILL)


async def start(
    module: str, arguments: tuple[str, ...], environment: Mapping[str, str], log: Path
) -> Program:
    """Run `python -m module arguments` in this environment, all that it says added to a file."""
    told = (module, arguments, dict(environment), str(log))
    process = FORKS.Process(target=_run, args=told, daemon=True)
    await asyncio.to_thread(process.start)  # the first one waits for the imports
    return Program(process)


def _run(module: str, arguments: tuple[str, ...], environment: dict[str, str], log: str) -> None:
    said = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(said, 1)
    os.dup2(said, 2)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(REPOSITORY)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
