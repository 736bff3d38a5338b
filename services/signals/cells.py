"""Cells of a table, as people and their programs write them, to what an event holds. Pure.

Dutch and ISO dates, Dutch and English decimals, ja and nee. What cannot be read raises ValueError,
whose text is never shown: it could repeat what stood there.
"""

import math
import re
from datetime import date, datetime

from shared.contracts.forms import Form

DUTCH_DATE = re.compile(r"([0-3]?[0-9])[-/.]([01]?[0-9])[-/.]((?:19|20)[0-9]{2})")
ISO_DATE = re.compile(r"(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}")
# Groups of three with one kind of sign between, then two decimals behind the other kind.
DUTCH_AMOUNT = re.compile(r"([1-9][0-9]{0,2}(?:\.[0-9]{3})+|[0-9]+)(?:,([0-9]{1,2}))?")
ENGLISH_AMOUNT = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)\.([0-9]{1,2})")
YES, NO = {"ja", "j", "true", "waar", "1"}, {"nee", "n", "false", "onwaar", "0"}

Cell = str | int | float | bool | date | datetime | None

A_DATE = Form("een datum, zoals 31-12-2026 of 2026-12-31", "a date, as 31-12-2026 or 2026-12-31")
AN_AMOUNT = Form("een bedrag, zoals 1.250,75", "an amount, such as 1.250,75 or 1250.75")
YES_OR_NO = Form("ja of nee", "ja or nee")
A_TEXT = Form("een tekst", "a text")


def to_date(cell: Cell) -> str:
    """`2026-12-31`; raises ValueError."""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    text = to_text(cell)
    if ISO_DATE.fullmatch(text):
        return date.fromisoformat(text).isoformat()
    if found := DUTCH_DATE.fullmatch(text):
        day, month, year = map(int, found.groups())
        return date(year, month, day).isoformat()
    raise ValueError("not a date")


def to_amount(cell: Cell) -> str:
    """`1250.75`, euros; "1.250" is a thousand two hundred and fifty. Raises ValueError."""
    if isinstance(cell, bool):
        raise ValueError("not an amount")  # noqa: TRY004 - a cell's content, not a programmer's type
    if isinstance(cell, int | float):
        if not math.isfinite(cell):
            raise ValueError("not an amount")
        return f"{cell:.2f}"
    text = re.sub(r"€|EUR|\s", "", to_text(cell))  # a space that does not break is \s too
    sign = "-" if text.startswith("-") else ""
    found = DUTCH_AMOUNT.fullmatch(text.removeprefix("-")) or ENGLISH_AMOUNT.fullmatch(
        text.removeprefix("-")
    )
    if not found:
        raise ValueError("not an amount")
    euros = found[1].replace(".", "").replace(",", "")
    return f"{sign}{int(euros)}.{(found[2] or '').ljust(2, '0')}"


def to_yes_no(cell: Cell) -> bool:
    """ja or nee; raises ValueError."""
    if isinstance(cell, bool):
        return cell
    text = to_text(cell).lower()
    if text in YES or text in NO:
        return text in YES
    raise ValueError("neither yes nor no")


def to_text(cell: Cell) -> str:
    """The text of a cell; a whole number without decimals. Raises ValueError for a date."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, date):
        raise ValueError("a date where a text should be")  # noqa: TRY004 - as above
    return str(cell).strip()
