"""Addresses in one spelling: pure."""

import re
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from shared.contracts.envelope import derived_id

# Spellings of what is one door; of the floors only those that no letter of a house can be.
SUFFIX_SPELLINGS = {"HUIS": "HS", "II": "2", "III": "3", "IV": "4"}


class Building(NamedTuple):
    """All doors of one house number: what a door of triage locks."""

    municipality: str
    postcode: str
    house_number: int


@dataclass(frozen=True)
class Address:
    """Where a household lives, in one spelling."""

    municipality: str
    postcode: str
    house_number: int
    suffix: str  # letter and addition, upper case, without spaces and signs

    @property
    def id(self) -> UUID:
        return derived_id(
            "address", self.municipality, self.postcode, self.house_number, self.suffix
        )

    @property
    def building(self) -> Building:
        return Building(self.municipality, self.postcode, self.house_number)


def normalise_suffix(letter: str, addition: str) -> str:
    """In one spelling: `"a"` and `"-2 hs"` is `"A2HS"`; `"1-2"` stays itself."""
    marked = unicodedata.normalize("NFKD", f"{letter} {addition}".upper())
    words = re.findall(r"[A-Z]+|[0-9]+", marked.encode("ascii", "ignore").decode())
    found = ""
    for word in words:
        spelt = SUFFIX_SPELLINGS.get(word, word).lstrip("0") or "0"
        needs_sign = found[-1:].isdigit() and spelt[:1].isdigit()
        found += f"-{spelt}" if needs_sign else spelt
    return found


def may_stand_for(one: str, other: str) -> bool:
    """Whether two spellings of letter and addition may be one: one is left out or cut short."""
    is_start = one.startswith(other) or other.startswith(one)
    return is_start or sorted(one) == sorted(other)
