"""What the answers to a table come to, for a person: counts, amounts, and the rows that are wrong.

Pure. Of 200,000 rows it holds those that are shown, not the others.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.signals.intake import Result
from services.signals.rules import cents

WRONG_MAX = 100  # of the rows that are wrong so many are shown; the file with faults has all
CELLS = ("rij", "kolom", "code", "fout", "bron")


@dataclass(frozen=True)
class WrongRow:
    """A row that was refused."""

    number: int
    faults: Sequence[Mapping[str, str]]


@dataclass
class Report:
    """What became of the rows so far."""

    results: Counter[str] = field(default_factory=Counter)
    wrong: list[WrongRow] = field(default_factory=list)
    row: int = 0  # the last that was answered
    end: Mapping[str, Any] = field(default_factory=dict)  # the last line

    def add(self, told: Mapping[str, Any]) -> None:
        """Count an answer."""
        if "rij" not in told:
            self.end = told
            return
        self.row = told["rij"]
        self.results[told["resultaat"]] += 1
        if told["resultaat"] == Result.REFUSED and len(self.wrong) < WRONG_MAX:
            self.wrong.append(WrongRow(told["rij"], told["fouten"]))

    @property
    def rows(self) -> int:
        return self.results.total()

    @property
    def is_whole(self) -> bool:
        """Whether every row was answered."""
        return bool(self.end.get("klaar"))

    @property
    def new(self) -> int:
        return self.results[Result.ACCEPTED]

    @property
    def known(self) -> int:
        return self.results[Result.KNOWN]

    @property
    def refused(self) -> int:
        return self.results[Result.REFUSED]

    @property
    def total_cents(self) -> int:
        return cents(self.end.get("totaalBedrag", "0.00"))

    @property
    def median_cents(self) -> int:
        return cents(self.end.get("mediaanBedrag", "0.00"))


def fault_cells(told: Mapping[str, Any], language: str) -> Iterator[tuple[str, ...]]:
    """The lines in the file with faults that an answer gives."""
    text = "text" if language == "en" else "tekst"
    for one in told.get("fouten", ()):
        yield str(told.get("rij", "")), one["veld"], one["code"], one[text], one["bron"]
