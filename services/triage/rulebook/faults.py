"""What is wrong with a document or a case, and where."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, order=True)
class Fault:
    """A fault of a document; line and column count from 1."""

    line: int
    column: int
    text: str


class DocumentFault(Exception):
    """A document cannot be used; names every fault, in the order of the document."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = sorted(set(faults))
        assert self.faults, "a document without a fault was refused"
        super().__init__("; ".join(fault.text for fault in self.faults))


def meant(word: str, known: Iterable[str]) -> str:
    """`; did you mean x?` when a known word is close to this one, else nothing."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.75)
    return f"; did you mean {close[0]}?" if close else ""
