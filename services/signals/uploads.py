"""Tables over HTTP: a CSV or XLSX file in, a line of JSON for every row out, and a summary.

The file is read row by row, and every part of 500 rows commits on its own, so memory stays bounded
and a lost connection loses nothing: the ids of rows follow from what is in them, so sending the
file again (or from a row on) doubles nothing.
"""

import asyncio
import statistics
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse
from starlette.types import Message, Send

from services.signals.answers import told_with_event
from services.signals.api import PART_MAX, FrontDesk, Shared, Who
from services.signals.arrivals import Arrival
from services.signals.intake import Outcome, Result, preview
from services.signals.rules import cents
from services.signals.sheets import TableFault
from services.signals.sql import partners as partner_sql
from services.signals.tables import Layout, Row, Sender, Table, column_of, open_table
from shared import log
from shared.contracts.signals import Fault
from shared.web.problems import Problem

router = APIRouter()
logger = log.get()

UPLOAD_BYTES_MAX = 64 * 1024**2
UPLOAD_SECONDS_MAX = 256  # at 2 Mbit/s
READER_SECONDS_MAX = 60  # for a line of the answer
NDJSON = "application/x-ndjson"


@dataclass
class Summary:
    """What became of the rows so far, and the amounts of those that are right."""

    results: Counter[str] = field(default_factory=Counter)
    amounts: list[int] = field(default_factory=list)  # cents

    def add(self, row: Row, outcome: Outcome) -> None:
        """Count a row."""
        self.results[outcome.result.value] += 1
        amount = row.document.get("data", {}).get("bedrag")
        if outcome.result is not Result.REFUSED and isinstance(amount, str):
            self.amounts.append(cents(amount))

    def told(self, *, dry_run: bool, unknown: Sequence[str]) -> dict[str, Any]:
        """The last line."""
        total = sum(self.amounts)
        median = round(statistics.median(self.amounts)) if self.amounts else 0
        return {
            "klaar": True,
            "proef": dry_run,
            "rijen": self.results.total(),
            **{result.value: self.results[result.value] for result in Result},
            "totaalBedrag": _euros(total),
            "mediaanBedrag": _euros(median),
            "onbekendeKolommen": list(unknown),
        }


def _euros(amount_cents: int) -> str:
    return f"{amount_cents // 100}.{amount_cents % 100:02}"


async def _take_file(request: Request, who: Who, desk: Shared) -> AsyncIterator[Path]:
    """The file that came in; it and its place among those under way are kept until the answer ends.

    Raises Problem 429 or 503 when there is no place, 413 or 408 when it is too large or too slow.
    """
    with (
        desk.limits.hold_upload(who.id),
        tempfile.TemporaryDirectory(prefix="voordeur-upload-") as folder,
    ):
        path = Path(folder) / "table"
        await _save(request, path)
        yield path


class Lines(StreamingResponse):
    """Lines for a reader who may have stopped reading: its place is for the next."""

    async def stream_response(self, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(READER_SECONDS_MAX):
                await send(message)

        try:
            await super().stream_response(send_in_time)
        except TimeoutError:
            logger.info("upload_reader_gone")


@router.post(
    "/uploads",
    operation_id="uploadTable",
    tags=["events"],
    summary="Deliver a table of signals: CSV or XLSX",
    response_class=Response,
    responses={
        200: {
            "description": "a line of JSON for each row, then one with `klaar`: true",
            "content": {NDJSON: {"schema": {"type": "string"}}},
        }
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "application/octet-stream": {"schema": {"type": "string"}},
            },
        }
    },
)
async def upload_table(
    who: Who,
    desk: Shared,
    path: Annotated[Path, Depends(_take_file)],
    *,
    dry_run: Annotated[bool, Query(alias="dryRun", description="say what would happen")] = False,
    layout: Annotated[Layout, Query(alias="format", description="names of the columns")] = (
        Layout.VOORDEUR
    ),
    from_row: Annotated[
        int, Query(alias="fromRow", ge=0, le=10_000_000, description="skip the rows before")
    ] = 0,
) -> Response:
    """Every row is an `achterstand-gemeld` and gets a receipt or its faults, by column.

    An accepted row has the event that was made of it too, which its receipt is about: keep both.
    400 when the file as a whole cannot be read. A lost connection loses no row that was answered.
    In the last line `klaar` is false when it broke off; send the rows from there on again, with
    `retryAfter` after so many seconds.
    """
    try:
        upload = await open_upload(desk, who.id, path, Asked(layout, dry_run, from_row))
    except TableFault as found:
        errors = [{"field": one.field, "fault": one.text_nl} for one in found.faults]
        raise Problem(
            400, "The file cannot be read; nothing was accepted.", errors=errors
        ) from None
    return Lines(upload.lines(), media_type=NDJSON)


async def _save(request: Request, path: Path) -> None:
    async with in_time():
        with path.open("wb") as file:
            async for part in bounded(request):
                file.write(part)


async def bounded(request: Request) -> AsyncGenerator[bytes]:
    """The body of a request with a table; raises Problem 413 when it is too large."""
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > UPLOAD_BYTES_MAX:
            raise Problem(413, f"The file is larger than {UPLOAD_BYTES_MAX} bytes.")
        yield part


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """Time for a table to come in; raises Problem 408 when it takes longer."""
    try:
        async with asyncio.timeout(UPLOAD_SECONDS_MAX):
            yield
    except TimeoutError:
        why = f"The file did not come in within {UPLOAD_SECONDS_MAX} seconds."
        raise Problem(408, f"{why} Nothing was accepted.") from None


@dataclass(frozen=True)
class Asked:
    """What is to be done with a table."""

    layout: Layout
    dry_run: bool
    from_row: int = 0


async def open_upload(desk: FrontDesk, partner_id: str, path: Path, asked: Asked) -> "Upload":
    """A table that can be read; raises TableFault for any other, Problem 503 without room."""
    if not asked.dry_run:
        desk.require_room()  # not before: who is still sending does not hear it
    async with desk.database() as connection:
        partner = (await partner_sql.load_partners(connection, [partner_id]))[partner_id]
    sender = Sender(partner.id, partner.kvk, partner.kinds)
    table = await asyncio.to_thread(open_table, path, asked.layout, sender)
    return Upload(desk, sender, table, asked)


@dataclass
class Upload:
    """A table on its way in."""

    desk: FrontDesk
    sender: Sender
    table: Table
    asked: Asked

    async def lines(self) -> AsyncIterator[bytes]:
        """The answer, line by line, as parts are committed."""
        async for told in self.answers():
            yield orjson.dumps(told) + b"\n"

    async def answers(self) -> AsyncIterator[dict[str, Any]]:
        """What became of each row, and at last of the whole table."""
        summary = Summary()
        rows = self.table.rows()
        try:
            while part := await asyncio.to_thread(self._next_part, rows):
                outcomes = await self._take(part)
                for row, outcome in zip(part, outcomes, strict=True):
                    summary.add(row, outcome)
                    yield self._told(row, outcome)
            last = summary.told(dry_run=self.asked.dry_run, unknown=self.table.unknown)
        except TableFault as found:
            last = {"klaar": False, "fouten": _dumped(found.faults)}
        except Problem as problem:
            last = _broken_off(problem)
        yield last

    def _next_part(self, rows: Any) -> list[Row]:
        return list(islice((row for row in rows if row.number >= self.asked.from_row), PART_MAX))

    async def _take(self, part: Sequence[Row]) -> list[Outcome]:
        arrivals = [
            Arrival(self.sender.partner_id, orjson.dumps(row.document), faults=row.faults)
            for row in part
        ]
        if not self.asked.dry_run:
            return await self.desk.take(arrivals)
        async with self.desk.database() as connection:
            return await preview(connection, arrivals, self.desk.office)

    def _told(self, row: Row, outcome: Outcome) -> dict[str, Any]:
        told = {"rij": row.number, **told_with_event(outcome)}
        if outcome.faults:
            by_column = [
                one.model_copy(update={"field": column_of(one.field)}) for one in outcome.faults
            ]
            told["fouten"] = _dumped(_once(by_column))
        return told


def _broken_off(problem: Problem) -> dict[str, Any]:
    """The last line when what follows cannot be taken now; what was answered is safe."""
    told: dict[str, Any] = {"klaar": False, "status": problem.status, "detail": problem.detail}
    if seconds := (problem.headers or {}).get("Retry-After"):
        told["retryAfter"] = int(seconds)
    return told


def _once(faults: Sequence[Fault]) -> list[Fault]:
    """One fault a column: a cell that cannot be read is not also missing."""
    found: dict[str, Fault] = {}
    for one in faults:
        if found.setdefault(one.field, one).code == "missing" and one.code != "missing":
            found[one.field] = one
    return list(found.values())


def _dumped(faults: Sequence[Fault]) -> list[dict[str, Any]]:
    return [one.model_dump(mode="json", by_alias=True) for one in faults]
