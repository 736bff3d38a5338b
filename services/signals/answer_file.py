"""The file beside a table in which its sender keeps the answer to every row.

The first line names the delivery: which table, to which address, under which key, with which names
of columns. A row has a line for each time that it was answered, of which the last holds; when all
is done, one line a row is left, in order.
"""

import json
import os
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

REFUSED = "geweigerd"


class AnswerFile:
    """What was answered so far; of 200,000 rows it knows the places, not the answers."""

    def __init__(self, path: Path, first: bytes) -> None:
        self.path = path
        self.first = first
        self.places: dict[int, tuple[int, int]] = {}  # of each row's last line: offset and length
        self.refused: set[int] = set()  # rows whose last answer was a refusal

    def read(self) -> bool:
        """Learn what an earlier run of this very delivery wrote down; False when there is none."""
        if not self.path.exists():
            return False
        with self.path.open("r+b") as file:
            if file.readline() != self.first:
                return False
            end = file.tell()
            for line in file:
                if not line.endswith(b"\n"):
                    break  # cut off while it was written
                self._learn(json.loads(line), end, len(line))
                end += len(line)
            file.truncate(end)
        return True

    def begin(self) -> Path | None:
        """Begin anew. What is there goes nowhere: it may hold receipts. Returns where it is now."""
        aside = self._put_aside() if self.path.exists() else None
        self.empty()
        return aside

    def empty(self) -> None:
        """Forget every answer."""
        self.places, self.refused = {}, set()
        # Nobody else reads it: it will hold events, with personal data.
        with os.fdopen(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
            file.truncate()
            file.write(self.first)

    def _put_aside(self) -> Path:
        aside = next(
            one
            for no in count(1)
            if not (one := self.path.with_name(f"{self.path.name}.{no}")).exists()
        )
        return self.path.rename(aside)

    def add(self, told: dict[str, Any], line: str, out: BinaryIO) -> None:
        """Write an answer down at the end of the file."""
        written = line.encode() + b"\n"
        self._learn(told, out.seek(0, os.SEEK_END), len(written))
        out.write(written)
        out.flush()

    def _learn(self, told: dict[str, Any], offset: int, length: int) -> None:
        row = told["rij"]
        self.places[row] = offset, length
        if told["resultaat"] == REFUSED:
            self.refused.add(row)
        else:
            self.refused.discard(row)

    def tidy(self) -> None:
        """Leave one line a row, in order."""
        whole = self.path.with_name(f"{self.path.name}.whole")
        with (
            self.path.open("rb") as old,
            os.fdopen(os.open(whole, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as new,
        ):
            new.truncate()
            new.write(self.first)
            for _, (offset, length) in sorted(self.places.items()):
                old.seek(offset)
                new.write(old.read(length))
        whole.replace(self.path)
