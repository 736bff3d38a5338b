"""No small number is shown, nor follows from what is: checked as somebody would compute it."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.triage.suppression import ShownTable, Table, Values, suppress

Key = tuple[str, ...]


def one_column(**rows: int) -> Table:
    return Table((sum(rows.values()),), {"by": {row: (value,) for row, value in rows.items()}})


def shown(table: Table, small: int = 5) -> tuple[Any, dict[str, Any]]:
    found = suppress(table, small)
    return found.totals[0], {row: values[0] for row, values in found.splits["by"].items()}


@pytest.mark.parametrize(
    ("rows", "total", "left"),
    [
        ({"a": 5, "b": 40}, 45, {"a": 5, "b": 40}),  # five is not under five
        ({"a": 4, "b": 40, "c": 30}, 74, {"a": None, "b": 40, "c": None}),  # one would follow
        ({"a": 1, "b": 4, "c": 40}, 45, {"a": None, "b": None, "c": 40}),  # five, in four ways
        ({"a": 1, "b": 3, "c": 9, "d": 40}, 53, {"a": None, "b": None, "c": None, "d": 40}),
        ({"a": 0, "b": 40}, 40, {"a": 0, "b": 40}),  # zero says nothing of anybody
        ({"a": 0, "b": 4, "c": 40}, 44, {"a": 0, "b": None, "c": None}),
        ({"a": 4}, None, {"a": None}),
        ({"a": 1, "b": 1, "c": 1}, None, {"a": None, "b": None, "c": None}),
        (dict.fromkeys("abcdef", 1), None, dict.fromkeys("abcdef")),  # six ones are known
    ],
)
def test_what_is_small_is_hidden_and_one_more_where_it_would_follow(
    rows: dict[str, int], total: int | None, left: dict[str, int | None]
) -> None:
    assert shown(one_column(**rows)) == (total, left)


@pytest.mark.parametrize(("small", "left"), [(0, 1), (1, 1), (2, None)])
def test_how_small_is_the_policy_s(small: int, left: int | None) -> None:
    assert suppress(one_column(a=1, b=40, c=50), small).splits["by"]["a"] == (left,)


@pytest.mark.parametrize(
    ("tried", "reached", "left"),
    [(20, 15, 15), (20, 16, None), (20, 20, 20), (20, 0, 0), (20, 4, None)],
)
def test_what_is_left_over_is_not_small_either(tried: int, reached: int, left: int | None) -> None:
    found = suppress(Table((tried, reached)), 5)
    assert found.totals == (tried, left)


def test_a_total_that_is_hidden_does_not_follow_from_another_split() -> None:
    ones = dict.fromkeys("abcde", (1,))
    found = suppress(Table((5,), {"age": ones, "place": {"north": (5,)}}), 5)
    assert found.totals == (None,)
    assert found.splits["place"]["north"] == (None,)


def test_a_table_whose_splits_do_not_add_up_is_a_fault() -> None:
    with pytest.raises(AssertionError, match="adds up to"):
        Table((3,), {"by": {"a": (2,)}})


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """People who came so far, split in one or two ways."""
    columns, people = draw(st.integers(1, 3)), draw(st.integers(0, 60))
    far = draw(st.lists(st.integers(0, columns - 1), min_size=people, max_size=people))
    splits = {}
    for split in ["one", "other"][: draw(st.integers(0, 2))]:
        count = draw(st.integers(1, 4))
        # Most in the first rows, so that there are small ones.
        places = draw(st.lists(st.sampled_from([*[0] * 9, *range(count)]),
                               min_size=people, max_size=people))  # fmt: skip
        splits[split] = {
            f"row {row}": counted([at for at, one in zip(far, places, strict=True) if one == row],
                                  columns)
            for row in range(count)
        }  # fmt: skip
    return Table(counted(far, columns), splits)


def counted(far: Sequence[int], columns: int) -> Values:
    return tuple(sum(one >= column for one in far) for column in range(columns))


@given(tables(), st.integers(2, 6))
@settings(max_examples=150, deadline=None)
def test_nothing_small_can_be_computed_from_what_is_shown(table: Table, small: int) -> None:
    found = suppress(table, small)
    known = Known(table, found)
    for row, values in known.rows:
        for column, value in enumerate(values):
            if 0 < value < small:
                assert not known.follows({(*row, str(column)): 1}), (table, found)
        for outer, inner in combinations(range(len(values)), 2):
            if values[inner] and 0 < values[outer] - values[inner] < small:
                left = {(*row, str(outer)): 1, (*row, str(inner)): -1}
                assert not known.follows(left), (table, found)


def test_the_computing_finds_what_follows() -> None:
    table = one_column(a=4, b=40)
    careless = ShownTable((44,), {"by": {"a": (None,), "b": (40,)}})
    assert Known(table, careless).follows({("by", "a", "0"): 1})


class Known:
    """Everything that somebody knows who reads a table: linear equations over its figures."""

    def __init__(self, table: Table, found: ShownTable) -> None:
        self.rows: list[tuple[Key, Values]] = [(("total",), table.totals)]
        told: list[tuple[Key, Any]] = [(("total",), found.totals)]
        equations: list[dict[Key, int]] = []
        for split, rows in table.splits.items():
            self.rows += [((split, row), values) for row, values in rows.items()]
            told += [((split, row), values) for row, values in found.splits[split].items()]
            for at in map(str, range(len(table.totals))):
                parts: dict[Key, int] = {(split, row, at): 1 for row in rows}
                equations.append({**parts, ("total", at): -1})
        for row, values in told:
            for column, value in enumerate(values):
                if value is not None:
                    equations.append({(*row, str(column)): 1})
        self._reduced = reduced(equations)

    def follows(self, wanted: dict[Key, int]) -> bool:
        """Whether a sum of figures is a combination of what is known."""
        return not without(self._reduced, {key: Fraction(value) for key, value in wanted.items()})


def reduced(equations: Iterable[dict[Key, int]]) -> dict[Key, dict[Key, Fraction]]:
    """The equations, each by a figure that stands in no later one of them."""
    found: dict[Key, dict[Key, Fraction]] = {}
    for equation in equations:
        left = without(found, {key: Fraction(value) for key, value in equation.items()})
        if left:
            pivot = next(iter(left))
            found[pivot] = {key: value / left[pivot] for key, value in left.items()}
    return found


def without(
    found: dict[Key, dict[Key, Fraction]], wanted: dict[Key, Fraction]
) -> dict[Key, Fraction]:
    """What is left of a sum once everything that is known is taken away."""
    for pivot, equation in found.items():
        if factor := wanted.get(pivot):
            for key, value in equation.items():
                wanted[key] = wanted.get(key, Fraction()) - factor * value
            wanted = {key: value for key, value in wanted.items() if value}
    return wanted
