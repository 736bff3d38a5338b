"""Small numbers are not shown, nor can they be computed from what is: pure.

A table counts one kind of thing. Its columns lie within one another (those reached are some of
those tried), and it is split in one or more ways that each add up to the same totals. A figure is
hidden when it is small, or when it leaves a small number over of a column before it. Then further
figures are hidden, the smallest first, until nothing small follows from the others: what is hidden
in a column is two figures or more, and so much together that each could be any small number. A
zero is shown: who reads that a figure is hidden knows that it is one or more.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

Values = tuple[int, ...]
Shown = tuple[int | None, ...]  # None: not shown


@dataclass(frozen=True)
class Table:
    """Counts; every split of them has the same totals."""

    totals: Values  # of each column; none is more than the one before it
    splits: Mapping[str, Mapping[str, Values]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, rows in self.splits.items():
            added = tuple(map(sum, zip(*rows.values(), strict=True))) or (0,) * len(self.totals)
            assert added == self.totals, f"{name} adds up to {added}, not {self.totals}"


@dataclass(frozen=True)
class ShownTable:
    """What is shown of a table."""

    totals: Shown
    splits: Mapping[str, Mapping[str, Shown]]


@dataclass
class _Hiding:
    """What is hidden so far: of the totals by column, of the splits by split, row and column."""

    table: Table
    totals: set[int] = field(default_factory=set)
    cells: set[tuple[str, str, int]] = field(default_factory=set)

    def rows(self, split: str, column: int) -> set[str]:
        """The rows of a split that are hidden in a column."""
        return {row for name, row, at in self.cells if (name, at) == (split, column)}

    def value(self, split: str, rows: set[str], column: int) -> int:
        """What some rows add up to in a column."""
        return sum(self.table.splits[split][row][column] for row in rows)

    def whole_split(self, column: int) -> str | None:
        """A split that is all shown in a column, so that its total follows from it."""
        return next((one for one in self.table.splits if not self.rows(one, column)), None)

    def is_known(self, column: int) -> bool:
        """Whether the total of a column is shown, or follows."""
        return column not in self.totals or self.whole_split(column) is not None


def suppress(table: Table, small: int) -> ShownTable:
    """The table without what is smaller than `small`, or gives such a number away.

    Nothing is hidden that is zero, and nothing at all when `small` is 1 or less.
    """
    hiding = _Hiding(table, set(_small(table.totals, small)))
    for split, rows in table.splits.items():
        for row, values in rows.items():
            hiding.cells |= {(split, row, column) for column in _small(values, small)}
    while leak := next(_leaks(hiding, small), None):
        _hide_one_more(hiding, *leak)
    return _shown(hiding)


def added(whole: Table, parts: Sequence[ShownTable]) -> ShownTable:
    """What is shown of a table whose parts are shown apart: their sums, nothing else.

    What is hidden in one part is hidden in the whole, so that subtracting the whole of some parts
    from that of others gives what is shown of the parts. `whole` names the rows and their order.
    """
    none = (0,) * len(whole.totals)
    splits = {
        split: {row: _sums([one.splits[split].get(row, none) for one in parts], none)
                for row in rows}
        for split, rows in whole.splits.items()
    }  # fmt: skip
    return ShownTable(_sums([one.totals for one in parts], none), splits)


def _sums(shown: Sequence[Shown], none: Shown) -> Shown:
    """Of each column; not shown when one of them is not."""
    columns = zip(none, *shown, strict=True)
    return tuple(None if None in column else sum(one or 0 for one in column) for column in columns)


def _small(values: Values, small: int) -> Iterator[int]:
    """The columns of a row to hide for what they say, or leave over of one that is shown."""
    shown: list[int] = []
    for column, value in enumerate(values):
        if value and any(0 < one < small for one in (value, *(more - value for more in shown))):
            yield column
        elif value:
            shown.append(value)


def _leaks(hiding: _Hiding, small: int) -> Iterator[tuple[str, int]]:
    """Split and column from which something small follows."""
    for split in hiding.table.splits:
        for column in range(len(hiding.table.totals)):
            if _leaks_itself(hiding, split, column, small):
                yield split, column
        for outer, inner in combinations(range(len(hiding.table.totals)), 2):
            for left, column in _left_over(hiding, split, outer, inner):
                if 0 < left < small:
                    yield split, column


def _leaks_itself(hiding: _Hiding, split: str, column: int, small: int) -> bool:
    """Whether what is hidden in a column follows from the total: it is one, or too little."""
    rows = hiding.rows(split, column)
    if not rows or not hiding.is_known(column):
        return False
    spare = hiding.value(split, rows, column) - len(rows)  # each is one or more
    return len(rows) == 1 or spare < max(1, small - 2)


def _left_over(hiding: _Hiding, split: str, outer: int, inner: int) -> Iterator[tuple[int, int]]:
    """What hidden rows leave over between two columns as far as it follows, and where to hide."""
    hidden = {column: hiding.rows(split, column) for column in (outer, inner)}
    together = [(hidden[outer] | hidden[inner], inner)]
    apart = [(hidden[outer], outer), (hidden[inner], inner)]
    for rows, column in together if hidden[outer] & hidden[inner] else apart:
        if rows and all(not rows & hidden[one] or hiding.is_known(one) for one in hidden):
            left = hiding.value(split, rows, outer) - hiding.value(split, rows, inner)
            yield left, column


def _hide_one_more(hiding: _Hiding, split: str, column: int) -> None:
    """Hide the smallest figure that is left in a split's column; else the total, for all splits."""
    if not _hide_smallest(hiding, split, column):
        hiding.totals.add(column)
        if whole := hiding.whole_split(column):
            _hide_smallest(hiding, whole, column)


def _hide_smallest(hiding: _Hiding, split: str, column: int) -> bool:
    """Hide the smallest figure of a column that is shown and not zero, if there is one."""
    hidden = hiding.rows(split, column)
    left = {
        row: values[column]
        for row, values in hiding.table.splits[split].items()
        if values[column] and row not in hidden
    }
    if left:
        hiding.cells.add((split, min(left, key=left.__getitem__), column))
    return bool(left)


def _shown(hiding: _Hiding) -> ShownTable:
    def without(values: Sequence[int], hidden: set[int]) -> Shown:
        return tuple(None if at in hidden else value for at, value in enumerate(values))

    return ShownTable(
        without(hiding.table.totals, hiding.totals),
        {
            split: {
                row: without(values, {at for name, one, at in hiding.cells
                                      if (name, one) == (split, row)})
                for row, values in rows.items()
            }
            for split, rows in hiding.table.splits.items()
        },
    )  # fmt: skip
