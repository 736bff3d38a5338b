"""Pages where a partner delivers a table: on trial, or for real. The API's own way (uploads.py).

The file is never kept here: who tried it sends it again to deliver it, and nothing is doubled. The
page streams, so that a long table shows how far it is, and memory does not grow with its rows.
"""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.signals.pages.desk import At, PageDesk, Partner
from services.signals.pages.report import CELLS, Report, fault_cells
from services.signals.pages.sending import Sent, Table
from services.signals.sheets import TableFault
from services.signals.tables import COLUMNS, KIND, OPTIONAL, Layout
from services.signals.uploads import NDJSON, UPLOAD_BYTES_MAX, Asked, Lines, Upload, open_upload
from shared.contracts.signals import Fault
from shared.web.problems import Problem
from shared.web.words import language_of

router = APIRouter(include_in_schema=False)

PROGRESS_ROWS = 2_500  # so many rows between two words about how far it is
CSV = "text/csv; charset=utf-8"
BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes a CSV for Windows-1252
OUTCOME = "<!-- outcome -->"  # where the page is cut, to be sent as the rows are answered
TRY, FAULTS, DELIVER, ANSWERS = "try", "faults", "deliver", "answers"


@router.get("/partner/upload")
async def show_upload(request: Request, desk: At, _: Partner) -> Response:
    """Where a table is delivered."""
    return _page(request, desk)


@router.get("/partner/upload/template.csv")
async def show_template(_: Partner) -> Response:
    """A table without rows."""
    return _download(_as_csv([COLUMNS]), "meldingen.csv", CSV)


@router.post("/partner/upload")
async def take_table(request: Request, desk: At, who: Partner, sent: Sent) -> Response:
    """Try a table or deliver it, and show what became of it, or give that as a file."""
    action = sent.form.one("action")
    if action not in {TRY, FAULTS, DELIVER, ANSWERS}:
        raise Problem(400, "The form cannot be read; nothing was changed.")
    is_vera = sent.form.one("layout") == Layout.VERA
    layout = Layout.VERA if is_vera else Layout.VOORDEUR
    asked = Asked(layout, dry_run=action in {TRY, FAULTS})
    try:
        upload = await open_upload(desk.front, who.id, sent.path, asked)
    except TableFault as found:
        return _page(request, desk, status=400, faults=found.faults, layout=layout)
    if action == FAULTS:
        return _download(_faults(upload, language_of(request)), "fouten.csv", CSV)
    if action == ANSWERS:
        return _download(upload.lines(), "antwoorden.jsonl", NDJSON)
    return Lines(
        _as_it_goes(request, desk, upload, sent),
        headers={"Content-Language": language_of(request), "Vary": "Cookie"},
        media_type="text/html; charset=utf-8",
    )


async def _as_it_goes(
    request: Request, desk: PageDesk, upload: Upload, sent: Table
) -> AsyncIterator[str]:
    """The page as far as it is known, how far the table is, and at last what became of it."""
    page = _text(_page(request, desk, layout=upload.asked.layout, is_cut=True))
    before, after = page.split(OUTCOME)
    yield before
    report = Report()
    async for told in upload.answers():
        report.add(told)
        if report.rows % PROGRESS_ROWS == 0 and not report.end:
            yield _text(desk.shell.page(request, "_so_far.html", rows=report.rows))
    is_trial = upload.asked.dry_run
    outcome = desk.shell.page(
        request, "_outcome.html", report=report, dry_run=is_trial, name=sent.name
    )
    yield _text(outcome)
    yield after


async def _faults(upload: Upload, language: str) -> AsyncIterator[str]:
    yield BYTE_ORDER_MARK + _lines([CELLS])
    async for told in upload.answers():
        if lines := _lines(fault_cells(told, language)):
            yield lines


async def _as_csv(rows: Iterable[Sequence[str]]) -> AsyncIterator[str]:
    yield BYTE_ORDER_MARK + _lines(rows)


def _lines(rows: Iterable[Sequence[str]]) -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=";").writerows(rows)
    return written.getvalue()


def _download(parts: AsyncIterator[Any], name: str, kind: str) -> Response:
    told = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Lines(parts, headers=told, media_type=kind)


def _page(
    request: Request,
    desk: PageDesk,
    *,
    status: int = 200,
    faults: Sequence[Fault] = (),
    **shown: Any,
) -> Response:
    needed = [name for name in COLUMNS if name not in OPTIONAL]
    told: dict[str, Any] = {
        "faults": faults,
        "layout": Layout.VOORDEUR,
        "is_cut": False,
        "needed": needed,
        "optional": [name for name in COLUMNS if name in OPTIONAL],
        "kind": KIND,
        "megabytes_max": UPLOAD_BYTES_MAX // 1024**2,
        **shown,
    }
    return desk.shell.page(request, "upload.html", status=status, **told)


def _text(page: Response) -> str:
    return bytes(page.body).decode()
