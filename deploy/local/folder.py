"""The folder of a stack: where its data live, its ports and its generated passwords."""

import hashlib
import json
import os
import random
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterable
from pathlib import Path

from deploy.local.processes import LocalFault, write_private

ROOT = Path(__file__).resolve().parents[2]
SERVER_USERS = ("postgres", "rabbitmq")
PASSWORD_BYTES = 24
PORTS_TRIED_MAX = 1000
_MARK = "voordeur-data"


def settle(wanted: Path) -> Path:
    """Make the folder that the data will live in, and say which it is.

    The servers do not run as root, so a folder that their users cannot reach (a clone below /root)
    gets a stand-in below /var/tmp, and a note that says so.
    """
    wanted = wanted.resolve()
    wanted.mkdir(parents=True, exist_ok=True)
    wanted.chmod(0o711)
    if all(_reaches(user, wanted) for user in _users_to_become()):
        data = wanted
    else:
        data = _stand_in(wanted)
        (wanted / "elsewhere.txt").write_text(
            f"The servers' users cannot reach this folder, so its data live in {data}\n"
        )
    (data / _MARK).touch()
    return data


def remove(data: Path) -> None:
    """Delete a folder of data; refuses one that `settle` did not make."""
    if data.exists():
        if not (data / _MARK).exists():
            raise LocalFault(f"{data} is no folder of the local stack: delete it yourself")
        shutil.rmtree(data)


def server_user(name: str) -> str | None:
    """As whom a server runs: root becomes the user of the server's package."""
    return name if os.geteuid() == 0 else None


def give(folder: Path, user: str | None) -> Path:
    """Make a folder that belongs to a server's user alone."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if user:
        shutil.chown(folder, user, user)
    return folder


class Ports:
    """Ports by name, kept on file so that a server comes back where it was."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __getitem__(self, name: str) -> int:
        return self.known()[name]

    def known(self) -> dict[str, int]:
        """All that were chosen."""
        found: dict[str, int] = json.loads(self._file.read_text()) if self._file.exists() else {}
        return found

    def choose(self, names: Iterable[str]) -> None:
        """Choose a free port for each; one that had a port keeps it while that is free."""
        known = self.known()
        for name in names:
            if name not in known or not _is_free(known[name]):
                known[name] = _free_port(taken=set(known.values()))
        write_private(self._file, json.dumps(known, indent=1))


class Passwords:
    """Generated passwords by name, kept on file for its owner only."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def of(self, name: str) -> str:
        """The password of this name, made at its first use; letters, digits, `-` and `_`."""
        known: dict[str, str] = json.loads(self._file.read_text()) if self._file.exists() else {}
        if name not in known:
            known[name] = secrets.token_urlsafe(PASSWORD_BYTES)
            write_private(self._file, json.dumps(known, indent=1))
        return known[name]


def _users_to_become() -> list[str]:
    return [user for user in SERVER_USERS if server_user(user)]


def _reaches(user: str, folder: Path) -> bool:
    try:
        return not subprocess.run(
            ["test", "-x", folder], user=user, group=user, extra_groups=[], check=False, timeout=10
        ).returncode
    except LookupError:
        return True  # no such user, so not a server that we start


def _stand_in(wanted: Path) -> Path:
    name = hashlib.sha256(str(wanted).encode()).hexdigest()[:12]
    data = Path("/var/tmp") / f"voordeur-{name}"  # noqa: S108 - ours alone, as checked here
    data.mkdir(exist_ok=True)
    if data.is_symlink() or data.stat().st_uid != os.geteuid():
        raise LocalFault(f"{data} belongs to someone else: move it away, or move the repository")
    data.chmod(0o711)
    return data


def _free_port(taken: set[int]) -> int:
    # Below the range for outgoing connections: a client that knocks at a stopped server's port in
    # that range can be given the very port as its own, and then keeps the server from coming back.
    limits = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    highest = min(int(limits[0]), 32768) - 1
    for _ in range(PORTS_TRIED_MAX):
        port = random.randint(max(highest - 12_000, 1025), highest)  # noqa: S311 - no secret
        if port not in taken and _is_free(port):
            return port
    raise LocalFault("no free port found on 127.0.0.1")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
