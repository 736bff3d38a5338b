"""The cells of a CSV or XLSX file, row by row, with memory that a hostile file cannot stretch."""

import codecs
import csv
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TypeAlias

from openpyxl.packaging.manifest import Manifest
from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.xml.constants import ARC_CONTENT_TYPES, WORKSHEET_TYPE
from openpyxl.xml.functions import fromstring

from services.signals.cells import Cell
from services.signals.texts import fault
from shared.contracts.signals import Fault

LINES_MAX = 1_048_576  # of a sheet in Excel; a row may give any number as its own
COLUMNS_MAX = 200
LINE_LENGTH_MAX = 400_000
CHUNK_BYTES = 1 << 20
# Sheets are streamed; what else is in a workbook openpyxl holds whole, at several times its size.
SHEET_BYTES_MAX = 1024**3
HELD_BYTES_MAX = 48 * 1024**2
# Where every program puts its sheets; openpyxl knows some parts that it holds by their place only.
SHEETS = re.compile(r"xl/worksheets/[^/]+")
TYPES_BYTES_MAX = 1024**2  # the list that says which part is what
# One row is held whole too.
ROW_BYTES_MAX = 4 * 1024**2
ROW_BEGINS = re.compile(rb"<(?:[A-Za-z]+:)?row[ />]")

# What a file that only begins as a workbook makes openpyxl raise.
NO_WORKBOOK = (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError,
               TypeError, AttributeError, EOFError, SyntaxError, RuntimeError)  # fmt: skip

Numbered: TypeAlias = tuple[int, Sequence[Cell]]  # as a person counts: the first line is 1


class TableFault(Exception):
    """The file as a whole cannot be read; nothing of what follows was."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(one.text_en for one in faults))
        self.faults = faults


def read_lines(path: Path) -> Iterator[Numbered]:
    """Every line of a file, empty ones too; raises TableFault where it breaks off."""
    with path.open("rb") as file:
        is_zip = file.read(4) == b"PK\x03\x04"
    return _read_workbook(path) if is_zip else _read_csv(path)


def is_empty(cell: Cell) -> bool:
    """Whether nothing stands there, or only spaces."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _read_csv(path: Path) -> Iterator[Numbered]:
    encoding, number = _encoding(path), 0
    with path.open(encoding=encoding, newline="") as file:
        try:
            first = file.readline(LINE_LENGTH_MAX)
            file.seek(0)
            sign = ";" if first.count(";") >= first.count(",") else ","
            # Strict: a quote that is never closed would swallow the rows that follow.
            reader = csv.reader(_short_lines(file), delimiter=sign, strict=True)
            for values in reader:
                number = reader.line_num
                yield number, values[:COLUMNS_MAX]
        except (csv.Error, UnicodeDecodeError):
            raise TableFault(fault("not_a_table", f"rij {number + 1}")) from None


def _short_lines(file: IO[str]) -> Iterator[str]:
    while line := file.readline(LINE_LENGTH_MAX):
        if len(line) == LINE_LENGTH_MAX:
            raise csv.Error
        yield line


def _encoding(path: Path) -> str:
    """UTF-8 (a BOM is skipped) if the whole file is; else what Excel writes in Western Europe."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while part := file.read(CHUNK_BYTES):
                if b"\x00" in part:
                    raise TableFault(fault("not_a_table", "bestand"))
                decoder.decode(part)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"


class _Reader(ExcelReader):  # type: ignore[misc]  # it has no types
    """Reads no sheet of a chart: it is held whole, whatever part it says it is, and is no table."""

    def read_chartsheet(self, sheet: object, rel: object) -> None: ...


def _read_workbook(path: Path) -> Iterator[Numbered]:
    """The rows of a workbook's first sheet, streamed: memory does not grow with the rows."""
    try:
        sheets = _refuse_bomb(path)
        with path.open("rb") as file:  # openpyxl judges a path by its ending, an open file not
            reader = _Reader(file, read_only=True, data_only=True, keep_links=False)
            reader.read()
            sheet = reader.wb.worksheets[0]
            if sheet._worksheet_path not in sheets:
                raise TableFault(fault("not_a_table", "bestand"))
            sheet.reset_dimensions()  # a wrong size on file must not hide rows
            for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
                if number > LINES_MAX:
                    raise TableFault(fault("too_many_rows", f"rij {number}"))
                yield number, values[:COLUMNS_MAX]
            reader.wb.close()
    except NO_WORKBOOK:
        raise TableFault(fault("not_a_table", "bestand")) from None


def _refuse_bomb(path: Path) -> set[str]:
    """The names of the sheets, which are streamed; raises TableFault when a part is too large."""
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        if archive.getinfo(ARC_CONTENT_TYPES).file_size > TYPES_BYTES_MAX:
            raise TableFault(fault("too_large_inside", "bestand"))
        sheets = _sheets(archive)
        streamed = sum(one.file_size for one in parts if one.filename in sheets)
        held = sum(one.file_size for one in parts) - streamed
        if streamed > SHEET_BYTES_MAX or held > HELD_BYTES_MAX:
            raise TableFault(fault("too_large_inside", "bestand"))
        for name in sheets:
            with archive.open(name) as sheet:
                _refuse_endless(sheet)
    return sheets


def _sheets(archive: zipfile.ZipFile) -> set[str]:
    """The parts that are a sheet and nothing else, as the workbook's own list of types says."""
    manifest = Manifest.from_tree(fromstring(archive.read(ARC_CONTENT_TYPES)))
    by_ending = {one.Extension: one.ContentType for one in manifest.Default}
    told: dict[str, set[str]] = {}
    for one in manifest.Override:
        told.setdefault(one.PartName[1:], set()).add(one.ContentType)
    return {
        name
        for name in archive.namelist()
        if SHEETS.fullmatch(name)
        and told.get(name, {by_ending.get(name.rpartition(".")[2])}) == {WORKSHEET_TYPE}
    }


def _refuse_endless(sheet: IO[bytes]) -> None:
    """Raise TableFault for a row that is too long, or more of them than a sheet can have."""
    since = count = 0
    while part := sheet.read(CHUNK_BYTES):
        since += len(part)
        for found in ROW_BEGINS.finditer(part):
            since = len(part) - found.start()
            count += 1
        if since > ROW_BYTES_MAX or count > LINES_MAX:
            raise TableFault(fault("too_large_inside", "bestand"))
