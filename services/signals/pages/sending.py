"""The form that a table comes in with, read as it comes: the file to disk, the fields to memory."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from services.signals.pages.desk import At, Employee, Partner
from services.signals.uploads import bounded, in_time
from shared.web.forms import Form, require_own
from shared.web.problems import Problem

FIELDS_MAX = 10
FIELD_BYTES_MAX = 1000
NAME_LENGTH_MAX = 100


@dataclass(frozen=True)
class Table:
    """A file that came in with a form."""

    form: Form
    path: Path
    name: str  # as the sender calls it


async def take_form(
    request: Request, desk: At, who: Partner, session: Employee
) -> AsyncIterator[Table]:
    """The form that came in; file and place among those under way are kept until the answer ends.

    Raises Problem 429 or 503 when there is no place, 413 or 408 when it is too large or too slow,
    403 when no page of ours sent it.
    """
    with (
        desk.front.limits.hold_upload(who.id),
        tempfile.TemporaryDirectory(prefix="voordeur-upload-") as folder,
    ):
        told = await _read(request)
        try:
            form = Form({name: [one] for name, one in told.items() if isinstance(one, str)})
            require_own(request, form, session)
            file = told.get("file")
            if not isinstance(file, UploadFile) or not file.filename:
                raise Problem(400, "Choose a file first; nothing was changed.")
            path = Path(folder) / "table"
            await asyncio.to_thread(_copy, file.file, path)
        finally:
            await told.close()
        yield Table(form, path, file.filename[:NAME_LENGTH_MAX])


Sent = Annotated[Table, Depends(take_form)]


async def _read(request: Request) -> FormData:
    unreadable = Problem(400, "The form cannot be read; nothing was changed.")
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise unreadable
    parser = MultiPartParser(
        request.headers,
        bounded(request),
        max_files=1,
        max_fields=FIELDS_MAX,
        max_part_size=FIELD_BYTES_MAX,
    )
    try:
        async with in_time():
            return await parser.parse()
    except MultiPartException:
        raise unreadable from None


def _copy(file: BinaryIO, path: Path) -> None:
    file.seek(0)
    with path.open("wb") as copy:
        shutil.copyfileobj(file, copy)
