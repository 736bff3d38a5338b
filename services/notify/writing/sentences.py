"""How long the sentences of a text are: pure."""

import re
from dataclasses import dataclass

# A point within a time or an address ends nothing; who says it (`Gemeente X:`) stands apart.
END = re.compile(r"[.!?:](?=\s|$)|\n")
WORD = re.compile(r"[^\W_]")
# A telephone number is read as one.
NUMBER = re.compile(r"\d(?:[\d ]*\d)?")


@dataclass(frozen=True)
class Lengths:
    """Words a sentence."""

    longest: int
    mean: float


def sentences_of(text: str) -> list[str]:
    """The sentences of a text; a line of a list is one too."""
    return [one.strip() for one in END.split(text) if WORD.search(one)]


def words_of(sentence: str) -> list[str]:
    """The words of a sentence."""
    return [word for word in NUMBER.sub("0", sentence).split() if WORD.search(word)]


def lengths_of(text: str) -> Lengths:
    """How long the sentences of a text are."""
    counts = [len(words_of(one)) for one in sentences_of(text)] or [0]
    return Lengths(max(counts), sum(counts) / len(counts))
