"""Paragraphs of a text: tidied, and in the parts of which a mail in HTML is made."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

BULLET = "- "
ADDRESS = ("https://", "http://")


class Piece(NamedTuple):
    """Words, or an address to follow."""

    text: str
    is_link: bool


class Run(NamedTuple):
    """Lines that belong together: of a list, or of a paragraph."""

    is_list: bool
    lines: tuple[tuple[Piece, ...], ...]


class Section(NamedTuple):
    """A part of a mail; the heading is empty where there is one part only."""

    heading: str
    body: str
    runs: tuple[Run, ...]

    @property
    def text(self) -> str:
        """The section as plain text."""
        return f"{self.heading}\n{self.body}".strip()


def one_line(text: str) -> str:
    """The text on one line, without what cannot be seen: it may stand in a header."""
    words = " ".join(text.split())
    return "".join(letter for letter in words if letter.isprintable())


def tidied(text: str) -> str:
    """Paragraphs with one empty line between them, whatever the template left empty."""
    lines = (line.strip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def section_of(body: str, links: Sequence[str] = (), heading: str = "") -> Section:
    """A tidied text as a section. An address that is none of these links stays words.

    So no fact can bring in an address to follow.
    """
    runs = (run for paragraph in body.split("\n\n") for run in _runs(paragraph, links))
    return Section(heading, body, tuple(runs))


def _runs(paragraph: str, links: Sequence[str]) -> Iterator[Run]:
    for is_list, lines in groupby(paragraph.split("\n"), lambda line: line.startswith(BULLET)):
        bare = (line.removeprefix(BULLET) if is_list else line for line in lines)
        yield Run(is_list, tuple(tuple(_pieces(line, links)) for line in bare))


def _pieces(line: str, links: Sequence[str]) -> Iterator[Piece]:
    wanted = {link for link in links if link.startswith(ADDRESS)}
    # The longest first: one may begin with another.
    pattern = "|".join(re.escape(link) for link in sorted(wanted, key=len, reverse=True))
    for part in re.split(f"({pattern})", line) if pattern else [line]:
        if part:
            yield Piece(part, part in wanted)
