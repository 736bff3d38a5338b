"""Whether two reports speak of one person: pure.

By birth date and surname in one spelling. A surname with a maiden name behind it is either;
infixes, diacritics, letters such as ß, ł and ı, ij and y, capitals and signs make no difference.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import IntEnum

# In front of a Dutch surname, or of one that is common here; dropped wherever they are put.
INFIXES = frozenset(
    {
        "aan", "af", "al", "bij", "d", "da", "dal", "de", "del", "della", "den", "der", "des", "di",
        "do", "dos", "du", "el", "het", "in", "l", "la", "las", "le", "les", "los", "op", "s", "t",
        "te", "ten", "ter", "tot", "uit", "van", "vande", "vanden", "vander", "ver", "von", "voor",
        "zu", "zum", "zur",
    }
)  # fmt: skip
# Letters that are no letter with a mark, as who has no such key writes them.
LETTERS = {
    "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ı": "i", "ȷ": "j", "ĸ": "k", "ŋ": "n",
    "ə": "e", "ǝ": "e", "ɛ": "e", "ɔ": "o",
}  # fmt: skip
# `ł`, `ø`, `ħ`: their mark is part of the letter, and only its name tells it apart.
MARKED = re.compile(r"LATIN SMALL LETTER ([A-Z]) WITH ")


class Relation(IntEnum):
    """How the persons of two reports are related, the closest last."""

    OTHER = 0  # another surname
    FAMILY = 1  # the same surname, and another person or perhaps another
    SAME = 2


@dataclass(frozen=True)
class Person:
    """Of whom a signal speaks, as its partner wrote it."""

    surname: str
    surname_infix: str
    initials: str
    birth_date: date | None


def surnames(person: Person) -> frozenset[str]:
    """A surname in one spelling; two when a maiden name stands behind a hyphen.

    `"van der Weijden-Müller"` is `{"weyden", "muller"}`.
    """
    parts = re.split(r"\s*[-/]\s*", f"{person.surname_infix} {person.surname}".strip())
    found = frozenset(_in_one_spelling(part) for part in parts)
    return found - {""} or frozenset({_plain(person.surname)})


def _in_one_spelling(part: str) -> str:
    words = re.findall(r"[a-z]+", _plain(part))
    kept = [word for word in words if word not in INFIXES] or words
    return "".join(kept).replace("ij", "y")


def _plain(text: str) -> str:
    """Small letters without marks."""
    found = unicodedata.normalize("NFKD", text.casefold())
    return "".join(_letter(one) for one in found if not unicodedata.combining(one))


def _letter(one: str) -> str:
    if one.isascii():
        return one
    marked = MARKED.match(unicodedata.name(one, ""))
    return marked[1].lower() if marked else LETTERS.get(one, one)


def relation(one: Person, other: Person) -> Relation:
    """How two persons are related, as far as their reports tell."""
    if not surnames(one) & surnames(other):
        return Relation.OTHER
    if one.birth_date and other.birth_date:
        return Relation.SAME if one.birth_date == other.birth_date else Relation.FAMILY
    mine, theirs = _plain(one.initials)[:1], _plain(other.initials)[:1]
    return Relation.SAME if mine and mine == theirs else Relation.FAMILY
