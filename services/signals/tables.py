"""CSV and XLSX files of signals: every row becomes an `achterstand-gemeld`, or says why not.

Read row by row with bounded memory. A row's id follows from partner, contract, kind and day, and
its time from that day, so that the same row sent twice is the same event with the same body.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from pathlib import Path
from typing import Any

from services.signals import cells, vera
from services.signals.cells import Cell
from services.signals.reading import is_bsn_name, is_one_edit
from services.signals.sheets import Numbered, TableFault, is_empty, read_lines
from services.signals.texts import fault
from shared.clock import AMSTERDAM
from shared.contracts import partners
from shared.contracts.envelope import derived_id
from shared.contracts.forms import Form
from shared.contracts.signals import Fault, PartnerKind

ROWS_MAX = 200_000
CELL_LENGTH_MAX = 2_000
NAME_LENGTH_MAX = 60

CLIENT = ("postcode", "huisnummer", "huisletter", "huisnummertoevoeging", "bagId",
          "achternaam", "voorvoegsel", "voorletters", "geboortedatum", "telefoonnummer", "email",
          "taal")  # fmt: skip
EVIDENCES = ("persoonlijkContactOp", "gewezenOpHulpOp", "herinneringOp", "aanbodOp")
OWN = ("gemeentecode", "contractnummer", "grondslag", "signaaldatum", "ontstaansdatum", "bedrag",
       "bezwaar", "crisissignaal", "warmeOverdracht", "ingangsdatumHuurovereenkomst")  # fmt: skip
KIND = "signaalpartnertype"
COLUMNS = (*OWN, KIND, *CLIENT, *EVIDENCES)
OPTIONAL = {KIND, "crisissignaal", "warmeOverdracht", "ingangsdatumHuurovereenkomst", "huisletter",
            "huisnummertoevoeging", "bagId", "voorvoegsel", "voorletters", "geboortedatum",
            "telefoonnummer", "email", "taal", *EVIDENCES}  # fmt: skip
DATES = {"signaaldatum", "ontstaansdatum", "ingangsdatumHuurovereenkomst", "geboortedatum",
         *EVIDENCES}  # fmt: skip
YES_NO = {"bezwaar", "crisissignaal", "warmeOverdracht"}
# VERA has a telephone and a mobile number: the first that is filled is taken.
SEVERAL = {"telefoonnummer"}
Convert = tuple[Callable[[Cell], Any], Form]


class Layout(StrEnum):
    """Whose names the columns have."""

    VOORDEUR = "voordeur"
    VERA = "vera"


@dataclass(frozen=True)
class Sender:
    """Whose table it is."""

    partner_id: str
    kvk: str
    kinds: frozenset[PartnerKind]


@dataclass(frozen=True)
class Row:
    """One row as an event, with the cells that could not be read."""

    number: int  # as a person counts; the header is row 1
    document: dict[str, Any]
    faults: tuple[Fault, ...]


@dataclass
class Table:
    """A file whose header was understood."""

    sender: Sender
    layout: Layout
    columns: Sequence[str | None]  # of each position, our name; None: not known, and not read
    unknown: tuple[str, ...]
    numbered: Iterator[Numbered]

    def rows(self) -> Iterator[Row]:
        """Every row that is not empty; raises TableFault when the file breaks off."""
        count = 0
        for number, values in self.numbered:
            if not all(map(is_empty, values)):
                count += 1
                if count > ROWS_MAX:
                    raise TableFault(fault("too_many_rows", f"rij {number}"))
                yield self._row(number, values)

    def _row(self, number: int, values: Sequence[Cell]) -> Row:
        found: dict[str, Any] = {}
        # An amount as 12,50 between commas without quotes would move what follows, and lose cents.
        beyond = values[len(self.columns) :]
        faults = [] if all(map(is_empty, beyond)) else [fault("extra_cells", f"rij {number}")]
        for column, value in zip(self.columns, values, strict=False):
            if column is None or is_empty(value) or column in found:
                continue
            try:
                found[column] = self._convert(column, value)
            except vera.UnknownCode as code:
                faults.append(fault("unknown_code", column, str(code)))
            except (ValueError, OverflowError):
                faults.append(fault("invalid", column, _conversion(column)[1]))
        return Row(number, _document(found, self.sender, number), tuple(faults))

    def _convert(self, column: str, value: Cell) -> Any:
        if isinstance(value, str) and len(value) > CELL_LENGTH_MAX:
            raise ValueError("too long")
        if self.layout is Layout.VERA and column not in DATES | YES_NO | {"bedrag"}:
            value = vera.decode(column, cells.to_text(value))
        return _conversion(column)[0](value)


def _conversion(column: str) -> Convert:
    if column in DATES:
        return cells.to_date, cells.A_DATE
    if column in YES_NO:
        return cells.to_yes_no, cells.YES_OR_NO
    if column == "bedrag":
        return cells.to_amount, cells.AN_AMOUNT
    return cells.to_text, cells.A_TEXT


def open_table(path: Path, layout: Layout, sender: Sender) -> Table:
    """Read the header of a file; raises TableFault naming every fault of the file as a whole."""
    numbered = read_lines(path)
    header = next((line for line in numbered if not all(map(is_empty, line[1]))), None)
    if header is None:
        raise TableFault(fault("no_header", "rij 1"))
    columns, unknown = _understand(header[1], layout, sender)
    return Table(sender, layout, columns, unknown, numbered)


def _understand(
    header: Sequence[Cell], layout: Layout, sender: Sender
) -> tuple[list[str | None], tuple[str, ...]]:
    """Our name of every column; raises TableFault for every column that is wrong or missing."""
    by_name = {name.lower(): name for name in COLUMNS}
    if layout is Layout.VERA:
        by_name |= {name.lower(): ours for name, ours in vera.COLUMNS.items()}
    columns: list[str | None] = []
    unknown, faults, names = [], [], set()
    for given in header:
        name = str(given if given is not None else "").strip()
        ours = by_name.get(name.lower())
        if (name and name.lower() in names) or (ours in columns and ours not in {None, *SEVERAL}):
            faults.append(fault("twice", _shown(name)))
        names.add(name.lower())
        columns.append(ours)
        if ours is None and name:
            if found := _fault_of_column(name, by_name, layout):
                faults.append(found)
            else:
                unknown.append(_shown(name))
    required = set(COLUMNS) - OPTIONAL - set(columns)
    if KIND not in columns and len(sender.kinds) > 1:
        required.add(KIND)
    faults += [fault("missing", name) for name in COLUMNS if name in required]
    if faults:
        raise TableFault(*faults)
    return columns, tuple(unknown)


def _fault_of_column(name: str, by_name: Mapping[str, str], layout: Layout) -> Fault | None:
    if is_bsn_name(name):
        return fault("bsn", _shown(name))
    near = next((one for one in sorted(by_name) if is_one_edit(name.lower(), one)), None)
    if near:
        return fault("nearly_named", _shown(name), by_name[near])
    if layout is Layout.VERA and "." in name:
        return fault("unknown_vera", _shown(name))
    return None


def _shown(name: str) -> str:
    """A column's name, if it is one: a file without a header has somebody's data there."""
    is_name = re.fullmatch(r"[A-Za-z][A-Za-z ._-]*", name) and len(name) <= NAME_LENGTH_MAX
    return name if is_name else "(…)"


def _document(found: Mapping[str, Any], sender: Sender, number: int) -> dict[str, Any]:
    kind = found.get(KIND) or (next(iter(sender.kinds)).value if len(sender.kinds) == 1 else None)
    data: dict[str, Any] = {name: found[name] for name in OWN if name in found}
    if kind:
        data["signaalpartner"] = {"type": kind}
    data["client"] = {name: found[name] for name in CLIENT if name in found}
    data["inspanningen"] = {name: found[name] for name in EVIDENCES if name in found}
    day = found.get("signaaldatum", "")
    row_id = derived_id(
        "row", sender.partner_id, found.get("contractnummer", ""), kind, day or f"rij {number}"
    )
    return {
        "specversion": "1.0",
        "id": f"rij-{row_id}",
        "source": f"urn:nld:kvknr:{sender.kvk}",
        "type": partners.ArrearsReported.wire_type(),
        "time": _midnight(day),
        "datacontenttype": "application/json",
        "data": data,
    }


def _midnight(day: str) -> str:
    """A row does not say when it was recorded; its day does, the same in every delivery."""
    known = date.fromisoformat(day) if day else date(2000, 1, 1)
    return datetime.combine(known, time(), AMSTERDAM).isoformat()


def column_of(field: str) -> str:
    """The column of a field of an event: `data.client.postcode` is `postcode`."""
    if field == "data.signaalpartner.type":
        return KIND
    name = field.rpartition(".")[2]
    return name if name in COLUMNS else field
