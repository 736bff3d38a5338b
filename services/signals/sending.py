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
from typing import Annotated, Any, BinaryIO

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.signals import receipts
from services.signals.answer_file import AnswerFile
from shared.command_line import one_line_faults
from shared.settings import StartupFault

receipt = typer.Typer(no_args_is_help=True, help="Receipts, without a connection.")

IDLE_ATTEMPTS_MAX = 10  # in a row, that brought no answer to any row
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

    Run again, it goes on where it stopped, and sends what was refused again. A table that was
    changed, or goes to another address, under another key or format, is sent whole, to a file of
    its own; rows that were accepted there before come back as known, with the same receipt.
    """
    answers = out or file.with_name(file.name + (".trial.jsonl" if dry_run else ".answers.jsonl"))
    with one_line_faults():
        delivery = Delivery(file, url.rstrip("/"), key, layout, answers, dry_run=dry_run)
        summary = delivery.run(again=again or dry_run)
    Console().print(summary)
    raise typer.Exit(1 if delivery.refused else 0)


class Delivery:
    """A table on its way, and the file with the answers so far."""

    def __init__(
        self, file: Path, url: str, key: str, layout: str, answers: Path, *, dry_run: bool
    ) -> None:
        self.file, self.url, self.key, self.layout = file, url, key, layout
        self.dry_run = dry_run
        self.answers = AnswerFile(answers, self._name())
        self.totals: dict[str, Any] = {}
        self.next_row = 0  # the first to send

    def _name(self) -> bytes:
        """What is sent, where, as whom and how: an answer from elsewhere is none here."""
        with self.file.open("rb") as file:
            table = hashlib.file_digest(file, "sha256").hexdigest()
        told = {
            "tabel": table,
            "adres": self.url,
            "sleutel": hashlib.sha256(self.key.encode()).hexdigest(),
            "indeling": self.layout,
        }
        return json.dumps(told).encode() + b"\n"

    def run(self, *, again: bool) -> str:
        """Send until every row has its answer; raises StartupFault when that cannot be."""
        self._begin(again=again)
        with (
            self.answers.path.open("ab") as out,
            Progress(*COLUMNS, console=Console(stderr=True)) as progress,
        ):
            task = progress.add_task("rows", total=self._count_lines(), completed=self.rows_done)
            idle = 0
            while idle < IDLE_ATTEMPTS_MAX:
                row_before = self.next_row
                if self._attempt(out, lambda: progress.update(task, completed=self.rows_done)):
                    self.answers.tidy()
                    return self._summary()
                idle = idle + 1 if self.dry_run or row_before == self.next_row else 0
                time.sleep(RETRY_SECONDS)
        raise StartupFault(
            f"the service took no more after {self.rows_done} rows, all answered in "
            f"{self.answers.path.name}: run the same again and it goes on from there"
        )

    @property
    def rows_done(self) -> int:
        """Rows with an answer."""
        return len(self.answers.places)

    @property
    def refused(self) -> int:
        """Rows that were refused."""
        return len(self.answers.refused)

    def _begin(self, *, again: bool) -> None:
        """Go on from what an earlier run of this very delivery wrote down, or begin anew."""
        say = Console(stderr=True).print
        if self.dry_run:
            return  # every attempt begins anew
        if again or not self.answers.read():
            if aside := self.answers.begin():
                say(f"the answers of another delivery are kept in {aside.name}")
        elif accepted := self.rows_done - self.refused:
            say(f"{accepted} rows were accepted before: going on")
        # From the first that was refused: the reason may be gone. What is known does no harm.
        self.next_row = min(self.answers.refused, default=max(self.answers.places, default=-1) + 1)

    def _count_lines(self) -> int | None:
        """How many rows there are under the header, about; None for a workbook."""
        with self.file.open("rb") as file:
            if file.read(2) == b"PK":
                return None
            ends = sum(part.count(b"\n") for part in iter(lambda: file.read(1 << 20), b""))
            return max(ends - 1, 0)

    def _attempt(self, out: BinaryIO, show: Any) -> bool:
        """Send the file from the first row without an answer; whether all have one now."""
        if self.dry_run:  # totals are of one run through the whole table
            self.answers.empty()
            self.next_row = 0
        try:
            for line in self._lines():
                told = json.loads(line)
                if "rij" in told:
                    self._note(told, line, out)
                    show()
                elif told["klaar"]:
                    self.totals = told
                    return True
                elif "fouten" in told:
                    raise StartupFault("; ".join(one["tekst"] for one in told["fouten"]))
                else:
                    _wait(told.get("retryAfter"))
        except (httpx.TransportError, json.JSONDecodeError):
            pass  # cut off: what was answered is on file
        return False

    def _note(self, told: dict[str, Any], line: str, out: BinaryIO) -> None:
        """Write an answer down, but for a row that was accepted before: it has its receipt."""
        row = told["rij"]
        if row not in self.answers.places or row in self.answers.refused:
            self.answers.add(told, line, out)
        self.next_row = row + 1

    def _lines(self) -> Iterator[str]:
        params = {"dryRun": str(self.dry_run).lower(), "format": self.layout,
                  "fromRow": str(self.next_row)}  # fmt: skip
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
            _wait(answer.headers.get("Retry-After"))
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
            f"answers of each row: {self.answers.path}",
        ]
        if self.dry_run:
            lines.insert(1, f"total {self.totals['totaalBedrag']}, median "
                            f"{self.totals['mediaanBedrag']} euros")  # fmt: skip
        if self.totals.get("onbekendeKolommen"):
            lines.append(f"columns not known here: {', '.join(self.totals['onbekendeKolommen'])}")
        return "\n".join(lines)


def _wait(asked: str | int | None) -> None:
    """Wait as many seconds as the service asks for, within reason."""
    seconds = int(asked) if asked is not None and str(asked).isdecimal() else 0
    time.sleep(min(seconds, RETRY_AFTER_SECONDS_MAX))


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
