"""The whole system on one machine without Docker: servers, services and a mail gateway.

    python -m deploy.local.stack run       start what does not run; --fresh: with empty data
    python -m deploy.local.stack status    what runs, and where
    python -m deploy.local.stack stop      stop all that was started; the data stay

What it makes lives in `.local/`, which git ignores; `.local/env` has addresses and credentials for
a shell. Programs and their settings are the tables in programs.py; servers.py names the environment
variables that point to servers which exist already.
"""

import asyncio
import fcntl
import functools
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deploy.local.bring_up import Stack
from deploy.local.folder import ROOT
from deploy.local.processes import LocalFault

console = Console(highlight=False, soft_wrap=True)
app = typer.Typer(no_args_is_help=True, add_completion=False, help="Voordeur on this machine.")

Folder = Annotated[Path, typer.Option(help="folder that data, logs and `env` are put in")]
HERE = ROOT / ".local"


@app.command()
def run(
    fresh: Annotated[bool, typer.Option("--fresh", help="begin with empty data")] = False,
    folder: Folder = HERE,
) -> None:
    """Start everything and return once it is ready."""
    _do(folder, functools.partial(_run, folder, fresh=fresh))


@app.command()
def stop(folder: Folder = HERE) -> None:
    """Stop everything that was started, in reverse order; the data stay."""

    async def work() -> None:
        with _step("stopping"):
            await Stack(folder).stop()

    _do(folder, work)


@app.command()
def status(folder: Folder = HERE) -> None:
    """Show what runs and where; leaves with 1 unless all is ready."""

    async def work() -> None:
        stack = Stack(folder)
        if not stack.is_begun():
            console.print("nothing runs")
            raise typer.Exit(1)
        if faults := await stack.faults():
            for name, fault in faults.items():
                console.print(f"{name} {fault}", style="red")
            console.print(f"logs: {stack.data / 'logs'}")
            raise typer.Exit(1)
        _show(stack)

    _do(folder, work)


async def _run(folder: Path, *, fresh: bool) -> None:
    stack = Stack(folder)
    if fresh:
        with _step("stopping and deleting all data"):
            await stack.erase()
        stack = Stack(folder)
    elif stack.is_begun():
        faults = await stack.faults()
        if not faults:
            console.print("it runs already")
            _show(stack)
            return
        with _step(f"stopping an earlier stack, of which {', '.join(faults)} failed"):
            await stack.stop()
    await stack.run(_step)
    _show(stack)


def _show(stack: Stack) -> None:
    table = Table("what", "where", "pid", box=None, pad_edge=False)
    pids = {process.name: str(process.pid) for process in stack.processes.alive()}
    for name, address in stack.addresses().items():
        table.add_row(name, address, pids.get(name.lower(), ""))
    console.print(table)
    console.print(f"data and logs: {stack.data}")
    console.print(f"credentials: {stack.folder / 'env'}")


@contextmanager
def _step(what: str) -> Iterator[None]:
    """Show what is being done: a spinner at a terminal, else a line that begins before it."""
    began = time.monotonic()
    outcome = "failed"
    spinner = console.status(f"{what} …") if console.is_terminal else nullcontext()
    if not console.is_terminal:
        console.print(what, end=" … ")
    try:
        with spinner:
            yield
        outcome = "done"
    finally:
        lead = f"{what}: " if console.is_terminal else ""
        console.print(f"{lead}{outcome} ({time.monotonic() - began:.1f} s)")


def _do(folder: Path, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    try:
        with _lock(folder):
            asyncio.run(work())
    except (LocalFault, OSError) as fault:
        print(f"stack: {fault}", file=sys.stderr)
        raise typer.Exit(1) from None


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """One command at a time: two that start the same servers would not know of each other."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalFault(f"another command is at work on {folder}: wait for it") from None
        yield


if __name__ == "__main__":
    app()
