"""A corporation's own commands: send a table, and verify a receipt without a connection.

`send` speaks the public API and nothing else, so it can run anywhere. It keeps the answer to every
row in a file beside the table, and goes on from there when it was interrupted.
"""

import hashlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.signals import receipts
from shared.command_line import one_line_faults
from shared.settings import StartupFault

receipt = typer.Typer(no_args_is_help=True, help="Receipts, without a connection.")

IDLE_ATTEMPTS_MAX = 5  # in a row, that brought no answer to any row
ANSWER_SECONDS_MAX = 300
RETRY_AFTER_SECONDS_MAX = 60
RETRY_SECONDS = 2
COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())


def send(  # noqa: PLR0913 - one option for each thing that may differ
    file: Annotated[Path, typer.Argument(help="CSV or XLSX", exists=True, dir_okay=False)],
    *,
    url: Annotated[str, typer.Option(envvar="VOORDEUR_URL", help="address of signals")],
    key: Annotated[str, typer.Option(envvar="VOORDEUR_KEY", help="API key")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would happen")] = False,
    layout: Annotated[str, typer.Option("--format", help="voordeur or vera")] = "voordeur",
    out: Annotated[
        Path | None, typer.Option(help="answers; FILE.answers.jsonl if not said")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="every row anew, also those that were answered")
    ] = False,
) -> None:
    """Send a table of signals: a receipt or the faults of each row.

    Run again with the same table it goes on where it stopped; a table that was changed is sent
    whole, and rows that were accepted before come back as known, with the same receipt.
    """
    answers = out or file.with_name(file.name + (".trial.jsonl" if dry_run else ".answers.jsonl"))
    with one_line_faults():
        if again or dry_run:
            answers.unlink(missing_ok=True)
        delivery = Delivery(file, url.rstrip("/"), key, layout, answers, dry_run=dry_run)
        summary = delivery.run()
    Console().print(summary)
    raise typer.Exit(1 if delivery.refused else 0)


class Delivery:
    """A table on its way, and the file with the answers so far."""

    def __init__(
        self, file: Path, url: str, key: str, layout: str, answers: Path, *, dry_run: bool
    ) -> None:
        self.file, self.url, self.key, self.layout = file, url, key, layout
        self.answers, self.dry_run = answers, dry_run
        self.totals: dict[str, Any] = {}
        self._forget()

    def _forget(self) -> None:
        self.refused = self.last_row = self.rows_done = 0

    def run(self) -> str:
        """Send until every row has its answer; raises StartupFault when that cannot be."""
        self._begin()
        if self.rows_done:
            Console(stderr=True).print(f"{self.rows_done} rows were answered before: going on")
        with (
            self.answers.open("a", encoding="utf-8") as out,
            Progress(*COLUMNS, console=Console(stderr=True)) as progress,
        ):
            task = progress.add_task("rows", total=self._count_lines(), completed=self.rows_done)
            idle = 0
            while idle < IDLE_ATTEMPTS_MAX:
                rows_before = self.rows_done
                if self._attempt(out, lambda: progress.update(task, completed=self.rows_done)):
                    return self._summary()
                idle = idle + 1 if rows_before == self.rows_done else 0
                time.sleep(RETRY_SECONDS)
        raise StartupFault(
            f"the service went away after {self.rows_done} rows, all answered in "
            f"{self.answers.name}: run the same again and it goes on from there"
        )

    def _begin(self) -> None:
        """Go on from what an earlier run with this very table wrote down, or begin anew."""
        with self.file.open("rb") as file:
            first = json.dumps({"tabel": hashlib.file_digest(file, "sha256").hexdigest()})
        whole = self.answers.read_bytes() if self.answers.exists() else b""
        lines = whole[: whole.rfind(b"\n") + 1].splitlines(keepends=True)  # none that was cut off
        if not lines or lines[0].decode().strip() != first:
            lines = [first.encode() + b"\n"]
        self.answers.write_bytes(b"".join(lines))
        for line in lines[1:]:
            self._count(json.loads(line))

    def _count(self, row: dict[str, Any]) -> None:
        self.last_row = row["rij"]
        self.rows_done += 1
        self.refused += row["resultaat"] == "geweigerd"

    def _count_lines(self) -> int | None:
        """How many rows there are, about; None for a workbook."""
        with self.file.open("rb") as file:
            if file.read(2) == b"PK":
                return None
            return sum(part.count(b"\n") for part in iter(lambda: file.read(1 << 20), b""))

    def _attempt(self, out: IO[str], show: Any) -> bool:
        """Send the file from the first row without an answer; whether all have one now."""
        if self.dry_run:
            self._forget()  # totals are of one run through the whole table
            out.truncate(0)
        try:
            for line in self._lines():
                told = json.loads(line)
                if "rij" in told:
                    out.write(line + "\n")
                    out.flush()
                    self._count(told)
                    show()
                elif told["klaar"]:
                    self.totals = told
                    return True
                elif "fouten" in told:
                    raise StartupFault("; ".join(one["tekst"] for one in told["fouten"]))
        except (httpx.TransportError, json.JSONDecodeError):
            pass  # cut off: what was answered is on file
        return False

    def _lines(self) -> Iterator[str]:
        params = {"dryRun": str(self.dry_run).lower(), "format": self.layout,
                  "fromRow": str(self.last_row + 1 if self.last_row else 0)}  # fmt: skip
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "text/csv"}
        with (
            self.file.open("rb") as body,
            httpx.Client(timeout=ANSWER_SECONDS_MAX) as client,
            client.stream("POST", f"{self.url}/v1/uploads", params=params, headers=headers,
                          content=iter(lambda: body.read(1 << 16), b"")) as answer,
        ):  # fmt: skip
            if answer.status_code != httpx.codes.OK:
                answer.read()
                self._refused(answer)
                return
            yield from answer.iter_lines()

    def _refused(self, answer: httpx.Response) -> None:
        """Wait when the service asks for it; raises StartupFault when waiting will not help."""
        if answer.status_code in {429, 502, 503}:
            time.sleep(min(int(answer.headers.get("Retry-After", 0)), RETRY_AFTER_SECONDS_MAX))
            return
        try:
            told = answer.json()
        except ValueError:
            told = {}
        faults = "; ".join(f"{one['field']}: {one['fault']}" for one in told.get("errors", ()))
        raise StartupFault(f"{answer.status_code} {told.get('detail', '')} {faults}".strip())

    def _summary(self) -> str:
        what = "would be" if self.dry_run else "were"
        accepted = self.rows_done - self.refused
        lines = [
            f"{self.rows_done} rows: {accepted} {what} accepted, {self.refused} refused",
            f"answers of each row: {self.answers}",
        ]
        if self.dry_run:
            lines.insert(1, f"total {self.totals['totaalBedrag']}, median "
                            f"{self.totals['mediaanBedrag']} euros")  # fmt: skip
        if self.totals.get("onbekendeKolommen"):
            lines.append(f"columns not known here: {', '.join(self.totals['onbekendeKolommen'])}")
        return "\n".join(lines)


@receipt.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="file with the receipt; - for standard input")],
    keys: Annotated[Path, typer.Option(help="the key set, as GET /v1/keys gave it")],
    event: Annotated[Path | None, typer.Option(help="the event as it was sent, JSON")] = None,
    salt: Annotated[str | None, typer.Option(help="the salt that came with the receipt")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="take receipts of a demo too")] = False,
) -> None:
    """Verify a receipt: its signature, its key, and with event and salt what was said."""
    with one_line_faults():
        token = sys.stdin.read() if str(file) == "-" else _text(file)
        key_set = _object(keys).get("keys", [])
        found = receipts.verify(
            token, key_set, event=_object(event) if event else None, salt=salt, demo=demo
        )
    for one in found.findings:
        typer.echo(f"{'ok ' if one.is_right else 'NOT'} {one.name}: {one.text}")
    if found.claims:
        typer.echo(json.dumps(found.claims, indent=1, ensure_ascii=False))
    raise typer.Exit(0 if found.is_right else 1)


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError):
        raise StartupFault(f"{file.name} cannot be read") from None


def _object(file: Path) -> dict[str, Any]:
    try:
        told = json.loads(_text(file))
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise StartupFault(f"{file.name} is not a JSON object")
    return told
