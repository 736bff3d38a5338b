"""The gateway's one SQLite file. Every method may be called from any thread."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class StoreFile:
    """What is written is on disk before the call returns."""

    def __init__(self, file: Path) -> None:
        file.touch(mode=0o600)
        self._one_at_a_time = threading.Lock()
        self._database = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._database.row_factory = sqlite3.Row
        self._database.execute("pragma journal_mode = wal")
        self._database.execute("pragma synchronous = full")

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        """What a query finds."""
        with self._one_at_a_time:
            return self._database.execute(statement, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Cursor]:
        """A cursor whose statements hold together, or not at all."""
        with self._one_at_a_time:
            cursor = self._database.cursor()
            cursor.execute("begin immediate")
            try:
                yield cursor
                cursor.execute("commit")
            except BaseException:
                cursor.execute("rollback")
                raise

    def create(self, schema: str) -> None:
        """Make the tables that are not there yet."""
        with self._one_at_a_time:
            self._database.executescript(schema)

    def close(self) -> None:
        """Write all to the one file and let go of it."""
        with self._one_at_a_time:
            self._database.close()


def last_id(cursor: sqlite3.Cursor) -> int:
    """The id of the row that was just inserted."""
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def like(search: str) -> str:
    """A pattern for `like … escape '\\'` that fits whatever has this text in it."""
    escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
