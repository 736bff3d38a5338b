"""Tables as CSV that a Dutch Excel opens as they are: UTF-8 with a mark, semicolons, CRLF.

A text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV
injection): names and sources in a table are written by others.
"""

import csv
import io
from collections.abc import Iterable, Sequence

from fastapi.responses import Response

MARK = "\ufeff"
STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def as_csv(headings: Sequence[str], rows: Iterable[Sequence[str | int]]) -> str:
    """A table with one line of headings."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(map(guarded, headings))
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    return MARK + out.getvalue()


def guarded(cell: str | int) -> str | int:
    """A cell that no spreadsheet computes."""
    is_formula = isinstance(cell, str) and cell.lstrip(" ").startswith(STARTS_FORMULA)
    return f"'{cell}" if is_formula else cell


def csv_answer(name: str, text: str) -> Response:
    """A table to be kept as a file."""
    return Response(
        text,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
