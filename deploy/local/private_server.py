"""What the private servers have in common: stop, restart, and the faults that tests put to them."""

import signal
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from deploy.local.folder import Passwords, Ports
from deploy.local.processes import LocalFault, Process, Processes, ends

READY_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 60.0


class PrivateServer(ABC):
    """A server of this stack alone, in the folder `data`, on ports of 127.0.0.1."""

    name: ClassVar[str]
    stopped_by: ClassVar[signal.Signals]

    def __init__(self, data: Path) -> None:
        self.data = data
        self.log = data / "logs" / f"{self.name}.log"
        self.processes = Processes(data / "processes.json")
        self.ports = Ports(data / "ports.json")
        self.passwords = Passwords(data / "passwords.json")

    @abstractmethod
    async def start(self) -> None:
        """Start it, unless it runs, and return once it answers."""

    async def stop(self) -> None:
        """Stop it cleanly, also when it is frozen; the data stay."""
        process = self.processes.find(self.name)
        family = process.family() if process else []
        for one in family:
            one.signal(signal.SIGCONT)
        await self.processes.stop(self.name, self.stopped_by, STOP_SECONDS_MAX)
        await self._end(family)

    async def restart(self) -> None:
        """Stop it, unless it was killed, and start it with the same ports and data."""
        await self.stop()
        await self.start()

    async def kill(self) -> None:
        """End it as a power cut would, and return once nothing of it is left."""
        await self._end(self._process().family())

    def pause(self) -> None:
        """Freeze it: connections stay open, and nothing answers."""
        for process in self._process().family():
            process.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        for process in self._process().family():
            process.signal(signal.SIGCONT)

    async def _end(self, family: list[Process]) -> None:
        for process in family:
            process.signal(signal.SIGKILL)
        if not await ends(family, STOP_SECONDS_MAX):
            raise LocalFault(f"{self.name} does not die")

    def _process(self) -> Process:
        if process := self.processes.find(self.name):
            return process
        raise LocalFault(f"{self.name} does not run")
