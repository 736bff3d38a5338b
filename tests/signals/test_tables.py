"""Tables: every way that people write a cell, and every way that a file can be wrong."""

import csv
import tracemalloc
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from services.signals import cells, sheets, tables
from services.signals.cells import Cell
from services.signals.sheets import TableFault
from services.signals.tables import COLUMNS, Layout, Row, Sender, open_table
from shared.contracts.signals import PartnerKind

SENDER = Sender("woonstad", "90000001", frozenset({PartnerKind.RENT}))
GOOD = {
    "gemeentecode": "GM9901", "contractnummer": "C-1", "grondslag": "bgs",
    "signaaldatum": "03-03-2026", "ontstaansdatum": "2026-01-25", "bedrag": "1.250,75",
    "bezwaar": "nee", "postcode": "9901AB", "huisnummer": "1", "achternaam": "Müller",
    "persoonlijkContactOp": "10-2-2026", "gewezenOpHulpOp": "10-02-2026",
    "herinneringOp": "12/02/2026", "aanbodOp": "12.02.2026",
}  # fmt: skip


def write(
    path: Path, rows: Sequence[dict[str, Any]], *, sign: str = ";", encoding: str = "utf-8"
) -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=sign)
        writer.writeheader()
        writer.writerows(rows)
    return path


def read(path: Path, layout: Layout = Layout.VOORDEUR, sender: Sender = SENDER) -> list[Row]:
    return list(open_table(path, layout, sender).rows())


def faults_of(path: Path, **asked: Any) -> set[tuple[str, str]]:
    with pytest.raises(TableFault) as found:
        read(path, **asked)
    return {(one.code, one.field) for one in found.value.faults}


@pytest.mark.parametrize("sign", [";", ","])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_csv_is_read_however_it_was_saved(tmp_path: Path, sign: str, encoding: str) -> None:
    path = write(tmp_path / "t.csv", [GOOD, GOOD | {"bedrag": "12"}], sign=sign, encoding=encoding)
    one, other = read(path)
    assert (one.number, other.number) == (2, 3)
    assert one.faults == ()
    data = one.document["data"]
    assert data["client"]["achternaam"] == "Müller"
    assert (data["bedrag"], other.document["data"]["bedrag"]) == ("1250.75", "12.00")
    assert data["signaaldatum"] == "2026-03-03"
    assert data["bezwaar"] is False
    assert data["signaalpartner"] == {"type": "Huur"}
    assert set(data["inspanningen"].values()) == {"2026-02-10", "2026-02-12"}


def test_a_workbook_is_read_with_its_own_types(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    row = GOOD | {"signaaldatum": datetime(2026, 3, 3), "bedrag": 1250.75, "bezwaar": False,
                  "huisnummer": 1}  # fmt: skip
    sheet.append(list(row))
    sheet.append(list(row.values()))
    book.save(tmp_path / "t.bin")
    (found,) = read(tmp_path / "t.bin")
    (same,) = read(write(tmp_path / "t.csv", [GOOD]))
    assert found.faults == ()
    assert found.document == same.document


def test_a_row_sent_again_is_the_same_event_and_another_day_is_not(tmp_path: Path) -> None:
    rows = [GOOD, GOOD, GOOD | {"signaaldatum": "02-03-2026"}, GOOD | {"contractnummer": "C-2"}]
    found = read(write(tmp_path / "t.csv", rows))
    assert found[0].document == found[1].document
    assert len({row.document["id"] for row in found}) == 3
    assert found[0].document["time"] == "2026-03-03T00:00:00+01:00"


@pytest.mark.parametrize(
    ("column", "cell"),
    [("signaaldatum", "31-02-2026"), ("signaaldatum", "3 maart 2026"), ("bedrag", "1.25.0"),
     ("bedrag", "veel"), ("bezwaar", "misschien"), ("bedrag", "1,2345"),
     ("achternaam", "x" * 2001)],
)  # fmt: skip
def test_a_cell_that_cannot_be_read_is_named_by_its_column(
    tmp_path: Path, column: str, cell: str
) -> None:
    bad, good = read(write(tmp_path / "t.csv", [GOOD | {column: cell}, GOOD]))
    assert [(one.code, one.field) for one in bad.faults] == [("invalid", column)]
    assert cell not in str(bad.faults)
    assert good.faults == ()


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [("1.250", "1250.00"), ("1250.5", "1250.50"), ("1250,5", "1250.50"), ("€ 12", "12.00"),
     ("1,250.75", "1250.75"), ("1.250.000,00", "1250000.00"), (12, "12.00"), (0.1 + 0.2, "0.30"),
     ("-5", "-5.00"), ("0,00", "0.00"),
     ("€\u00a01.250,75", "1250.75")],
)  # fmt: skip
def test_amounts_are_read_as_the_dutch_write_them(cell: Cell, wanted: str) -> None:
    assert cells.to_amount(cell) == wanted


@pytest.mark.parametrize(
    "cell", ["", "1.2.3", "12,345", "een", True, "1 2 x", "0.500", "--5", float("inf")]
)
def test_what_is_no_amount_is_refused(cell: Cell) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any text: it is never shown
        cells.to_amount(cell)


def test_dates_of_a_workbook_are_days() -> None:
    assert (
        cells.to_date(date(2026, 3, 3)) == cells.to_date(datetime(2026, 3, 3, 12)) == "2026-03-03"
    )


def test_a_header_is_judged_as_a_whole(tmp_path: Path) -> None:
    row = {name: value for name, value in GOOD.items() if name not in {"bezwaar", "postcode"}}
    path = write(tmp_path / "t.csv", [row | {"postcod": "9901AB", "BSN": "1", "hobby": "vissen"}])
    assert faults_of(path) == {
        ("nearly_named", "postcod"), ("bsn", "BSN"), ("missing", "bezwaar"),
        ("missing", "postcode"),
    }  # fmt: skip
    two_kinds = Sender("x", "90000001", frozenset({PartnerKind.RENT, PartnerKind.WATER}))
    good = write(tmp_path / "g.csv", [GOOD | {"hobby": "vissen"}])
    assert faults_of(good, sender=two_kinds) == {("missing", "signaalpartnertype")}
    assert open_table(good, Layout.VOORDEUR, SENDER).unknown == ("hobby",)


@pytest.mark.parametrize("name", ["bsn_nr", "BSN huurder", "client.bsn", "Sofi-nummer"])
def test_a_column_for_citizen_service_numbers_is_refused(tmp_path: Path, name: str) -> None:
    assert faults_of(write(tmp_path / "t.csv", [GOOD | {name: "1"}])) == {("bsn", name)}


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", [GOOD | {"Postcode": "9902AB"}])
    assert faults_of(path) == {("twice", "Postcode")}


def test_rows_without_a_day_have_ids_of_their_own(tmp_path: Path) -> None:
    bad = GOOD | {"signaaldatum": "31-02-2026"}
    one, other = read(write(tmp_path / "t.csv", [bad, bad]))
    assert one.document["id"] != other.document["id"]


def test_what_is_no_table_is_said_to_be_so(tmp_path: Path) -> None:
    path = tmp_path / "t"
    for content, wanted in (
        (b"", {("no_header", "rij 1")}),
        (b"a\x00b", {("not_a_table", "bestand")}),
        (b"PK\x03\x04 geen zip", {("not_a_table", "bestand")}),
        (b"%PDF-1.7\n\x80\x81", {("not_a_table", "rij 1")}),
    ):
        path.write_bytes(content)
        assert faults_of(path) == wanted
    path.write_bytes(b"%PDF-1.7\nJansen;9901AB")
    assert {code for code, _ in faults_of(path)} == {"missing"}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", "")
    assert faults_of(path) == {("not_a_table", "bestand")}


def test_a_workbook_that_unpacks_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    openpyxl.Workbook().save(tmp_path / "t")
    for limit in ("SHEET_BYTES_MAX", "HELD_BYTES_MAX"):
        with monkeypatch.context() as patch:
            patch.setattr(sheets, limit, 100)
            assert faults_of(tmp_path / "t") == {("too_large_inside", "bestand")}


def repacked(path: Path, changes: Mapping[str, bytes]) -> Path:
    """A workbook with a row on each of two sheets, and some of its parts added or changed."""
    book = openpyxl.Workbook()
    for sheet in (book.worksheets[0], book.create_sheet()):
        sheet.append(list(GOOD))
        sheet.append(list(GOOD.values()))
    book.save(path.with_suffix(".first"))
    with (
        zipfile.ZipFile(path.with_suffix(".first")) as first,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        parts = {one: first.read(one) for one in first.namelist()}
        for name, content in (parts | changes).items():
            archive.writestr(name, content)
    return path


TYPES = "[Content_Types].xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
SHEET_TYPE = b"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
STRINGS_TYPE = SHEET_TYPE.replace(b"worksheet", b"sharedStrings")


def override(part: str, kind: bytes) -> bytes:
    return b'<Override PartName="/%s" ContentType="%s"/>' % (part.encode(), kind)


@pytest.mark.parametrize("kinds", [[STRINGS_TYPE], [SHEET_TYPE, STRINGS_TYPE], []])
def test_what_is_held_is_no_sheet_because_of_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kinds: Sequence[bytes]
) -> None:
    monkeypatch.setattr(sheets, "HELD_BYTES_MAX", 100_000)
    monkeypatch.setattr(sheets, "ROW_BYTES_MAX", 1024**2)
    strings = "xl/worksheets/strings.xml"
    path = repacked(tmp_path / "good", {})
    assert len(read(path)) == 1
    with zipfile.ZipFile(path) as archive:
        types = archive.read(TYPES)
    told = b"".join(override(strings, kind) for kind in kinds)
    changes = {
        strings: b"<sst>" + b" " * 200_000,
        TYPES: types.replace(b"</Types>", told + b"</Types>"),
    }
    assert faults_of(repacked(tmp_path / "bad", changes)) == {("too_large_inside", "bestand")}


def test_a_sheet_that_is_said_to_be_a_chart_is_not_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(repacked(tmp_path / "good", {})) as archive:
        relations = archive.read(RELATIONS)
    chart = relations.replace(b"relationships/worksheet", b"relationships/chartsheet", 1)
    assert chart != relations
    assert len(read(repacked(tmp_path / "chart", {RELATIONS: chart}))) == 1, "of the second sheet"


def test_more_rows_than_a_sheet_can_have_are_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "LINES_MAX", 100)
    name = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(repacked(tmp_path / "good", {})) as archive:
        content = archive.read(name)
    rows = content.replace(b"</sheetData>", b"<row/>" * 100 + b"</sheetData>")
    path = repacked(tmp_path / "bad", {name: rows})
    assert faults_of(path) == {("too_large_inside", "bestand")}


def test_one_row_or_line_without_end_is_refused(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(GOOD))
    sheet.append(["x" * 32_000] * 200)
    book.save(tmp_path / "inline")
    long = zipfile.ZipFile(tmp_path / "long", "w", zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(tmp_path / "inline") as short, long:
        for one in short.infolist():
            content = short.read(one)
            if "worksheets/" in one.filename:
                cells_of_x = b'<c t="inlineStr"><is><t>' + b"x" * 32_000 + b"</t></is></c>"
                content = content.replace(b"</row>", cells_of_x * 200 + b"</row>")
            long.writestr(one.filename, content)
    assert faults_of(tmp_path / "long") == {("too_large_inside", "bestand")}
    (tmp_path / "csv").write_text(";".join(GOOD) + "\n" + ";" * sheets.LINE_LENGTH_MAX)
    assert faults_of(tmp_path / "csv") == {("not_a_table", "rij 2")}


VERA = {
    "gemeentecode": "eenheidadres.gemeente", "contractnummer": "overeenkomst.code",
    "bedrag": "debiteur.saldo", "postcode": "eenheidadres.postcode",
    "huisnummer": "eenheidadres.huisnummer", "achternaam": "natuurlijkPersoon.achternaam",
}  # fmt: skip


def test_vera_names_and_codes_are_known(tmp_path: Path) -> None:
    row = {VERA.get(name, name): value for name, value in GOOD.items()}
    row |= {"eenheidadres.gemeente": "9901", "natuurlijkPersoon.voorkeurstaal": "TUR"}
    (found,) = read(write(tmp_path / "t.csv", [row]), Layout.VERA)
    assert found.faults == ()
    data = found.document["data"]
    assert (data["gemeentecode"], data["client"]["taal"]) == ("GM9901", "tr")
    (wrong,) = read(
        write(tmp_path / "t.csv", [row | {"natuurlijkPersoon.voorkeurstaal": "XXX"}]), Layout.VERA
    )
    assert [(one.code, one.field) for one in wrong.faults] == [("unknown_code", "taal")]
    assert "TAAL" in wrong.faults[0].text_nl
    for name in ("natuurlijkPersoon.roepnaam", "huurovereenkomst.saldo"):
        strange = write(tmp_path / "t.csv", [row | {name: "X"}])
        assert faults_of(strange, layout=Layout.VERA) == {("unknown_vera", name)}


@pytest.mark.parametrize(
    ("name", "first"),
    [("eenheidadres.gemeente.code", "eenheidadres.gemeente"),
     ("postcode", "eenheidadres.postcode"), ("natuurlijkPersoon.voorkeurstaal.code", "taal")],
)  # fmt: skip
def test_two_names_of_one_field_are_refused(tmp_path: Path, name: str, first: str) -> None:
    row = {VERA.get(ours, ours): value for ours, value in GOOD.items()}
    path = write(tmp_path / "t.csv", [row | {first: "", name: ""}])
    assert faults_of(path, layout=Layout.VERA) == {("twice", name)}


def test_of_two_telephone_numbers_the_first_that_is_filled_is_taken(tmp_path: Path) -> None:
    row = {VERA.get(ours, ours): value for ours, value in GOOD.items()}
    rows = [
        row | {"contactgegevens.TEL": fixed, "contactgegevens.MOB": mobile}
        for fixed, mobile in (("050 1234567", "06 12345678"), ("", "06 12345678"))
    ]
    found = read(write(tmp_path / "t.csv", rows), Layout.VERA)
    numbers = [one.document["data"]["client"]["telefoonnummer"] for one in found]
    assert numbers == ["050 1234567", "06 12345678"]


def test_a_long_file_needs_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", [GOOD] * 20_000)
    tracemalloc.start()
    try:
        count = sum(1 for _ in open_table(path, Layout.VOORDEUR, SENDER).rows())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 20_000
    assert peak < 4 * 1024**2, "of a file of several megabytes"


def test_too_many_rows_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ROWS_MAX", 3)
    assert len(read(write(tmp_path / "t.csv", [GOOD] * 3))) == 3
    assert faults_of(write(tmp_path / "t.csv", [GOOD] * 4)) == {("too_many_rows", "rij 5")}


def test_every_column_has_a_place_in_an_event() -> None:
    assert set(GOOD) < set(COLUMNS)
    assert tables.column_of("data.client.postcode") == "postcode"
    assert tables.column_of("data.signaalpartner.type") == "signaalpartnertype"
    assert tables.column_of("data.inspanningen.aanbodOp") == "aanbodOp"
    assert tables.column_of("source") == "source"


def test_blank_lines_and_cells_of_spaces_hold_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", [GOOD | {"achternaam": "  "}, dict.fromkeys(GOOD, " ")])
    path.write_text("\n\n" + path.read_text())
    (row,) = read(path)
    assert (row.number, row.faults) == (4, ())
    assert "achternaam" not in row.document["data"]["client"]


def test_a_quote_never_closed_swallows_no_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", [GOOD | {"achternaam": "OPEN"}, GOOD, GOOD])
    path.write_text(path.read_text().replace("OPEN", '"OPEN'))
    assert {code for code, _ in faults_of(path)} == {"not_a_table"}


def test_cells_beyond_the_header_are_refused_and_empty_ones_are_not(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", [GOOD, GOOD])
    header, one, other = path.read_text().splitlines()
    path.write_text("\n".join([header, one + ";75", other + ";;"]))
    bad, good = read(path)
    assert [(fault.code, fault.field) for fault in bad.faults] == [("extra_cells", "rij 2")]
    assert good.faults == ()


def test_a_row_that_says_it_is_far_down_ends_the_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "LINES_MAX", 50)
    for far in (50, 51):
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.append(list(GOOD))
        for at, value in enumerate(GOOD.values(), 1):
            sheet.cell(far, at, value)
        book.save(tmp_path / str(far))
    assert len(read(tmp_path / "50")) == 1
    assert faults_of(tmp_path / "51") == {("too_many_rows", "rij 51")}
