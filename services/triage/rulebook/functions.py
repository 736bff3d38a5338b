"""Every function and operator of the rule language: its types for CEL, and what it does.

CEL's own library is left out: its numbers do not mix, are off on the border, and it lacks dates.
What && || ! ?: and the macros need of it is declared anew.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Any

from services.triage.rulebook import dates, numbers, texts
from services.triage.rulebook.dates import Workdays
from services.triage.rulebook.numbers import Absent, Trouble, checked, same

LIST_ITEMS_MAX = 1_000
TEXT_CHARACTERS_MAX = 10_000


@dataclass(frozen=True)
class Function:
    """A function as CEL knows it: the types it takes and gives, and what it does."""

    signatures: tuple[str, ...]  # as "double, double -> bool"; ~A is one type, whichever
    does: Callable[..., Any] | None  # None: CEL does it itself

    @property
    def counts(self) -> frozenset[int]:
        """With how many arguments it can be called."""
        return frozenset(len(parameters) for parameters, _ in map(split, self.signatures))


def split(signature: str) -> tuple[list[str], str]:
    """The types of the parameters and of the result."""
    parameters, _, result = signature.partition("->")
    return [one.strip() for one in parameters.split(",")], result.strip()


def equal(a: Any, b: Any) -> bool:
    """Whether two values of one type are equal."""
    if isinstance(a, float) and isinstance(b, float):
        return same(a, b)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(equal, a, b))
    return bool(a == b)


def is_less(a: Any, b: Any) -> bool:
    """Whether one value is below another of its type."""
    return bool(a < b) and not equal(a, b)


def add(a: Any, b: Any) -> Any:
    """Numbers, texts, lists, or a date and days."""
    if isinstance(a, float):
        return checked(a + b)
    if isinstance(a, int):
        return dates.add_days(a, b) if isinstance(b, float) else a + b
    joined = a + b
    if len(joined) > (LIST_ITEMS_MAX if isinstance(joined, list) else TEXT_CHARACTERS_MAX):
        raise Trouble(f"a {'list' if isinstance(joined, list) else 'text'} that is too long")
    return joined


def subtract(a: Any, b: Any) -> Any:
    """Numbers; a date and days; two dates, in days."""
    if isinstance(a, float):
        return checked(a - b)
    return dates.add_days(a, -b) if isinstance(b, float) else dates.days_between(b, a)


def item(items: list[Any], at: int) -> Any:
    """The first or last item; an empty list has none."""
    if not items:
        raise Absent
    return items[at]


def lowest(*values: Any) -> Any:
    """The lowest of a list, or of two; an empty list has none."""
    found = values[0] if len(values) == 1 else list(values)
    if not found:
        raise Absent
    return min(found)


def highest(*values: Any) -> Any:
    """The highest of a list, or of two; an empty list has none."""
    found = values[0] if len(values) == 1 else list(values)
    if not found:
        raise Absent
    return max(found)


_COMPARED = tuple(f"{one}, {one} -> bool" for one in ("double", "string", "date", "timestamp"))
_NUMBERS = ("double, double -> double",)
_DATE_COUNT = ("date, double -> date",)
_TWO_DATES = ("date, date -> double",)
_OF_DATE = ("date -> double",)
_OF_NUMBER = ("double -> double",)
_OF_NUMBERS = ("list<double> -> double", "double, double -> double")
_OF_MOMENTS = (
    "list<date> -> date", "list<timestamp> -> timestamp", "date, date -> date",
    "timestamp, timestamp -> timestamp",
)  # fmt: skip

OPERATORS: Mapping[str, Function] = {
    "_&&_": Function(("bool, bool -> bool",), None),
    "_||_": Function(("bool, bool -> bool",), None),
    "_?_:_": Function(("bool, ~A, ~A -> ~A",), None),
    "!_": Function(("bool -> bool",), lambda a: not a),
    "@not_strictly_false": Function(("bool -> bool",), lambda a: a),
    "_==_": Function(("~A, ~A -> bool",), equal),
    "_!=_": Function(("~A, ~A -> bool",), lambda a, b: not equal(a, b)),
    "_<_": Function(_COMPARED, is_less),
    "_<=_": Function(_COMPARED, lambda a, b: not is_less(b, a)),
    "_>_": Function(_COMPARED, lambda a, b: is_less(b, a)),
    "_>=_": Function(_COMPARED, lambda a, b: not is_less(a, b)),
    # Whole numbers are only those with which CEL counts in exists_one.
    "_+_": Function(
        (*_NUMBERS, "string, string -> string", "list<~A>, list<~A> -> list<~A>", *_DATE_COUNT,
         "int, int -> int"), add,
    ),
    "_-_": Function((*_NUMBERS, *_DATE_COUNT, *_TWO_DATES), subtract),
    "_*_": Function(_NUMBERS, lambda a, b: checked(a * b)),
    "_/_": Function(_NUMBERS, lambda a, b: checked(numbers.divide(a, b))),
    "_%_": Function(_NUMBERS, lambda a, b: checked(numbers.remainder(a, b))),
    "-_": Function(_OF_NUMBER, lambda a: -a),
    "@in": Function(("~A, list<~A> -> bool",), None),
    "_[_]": Function(("list<~A>, double -> ~A",), None),
}  # fmt: skip

_ALWAYS: Mapping[str, Function] = {
    "abs": Function(_OF_NUMBER, abs),
    "floor": Function(_OF_NUMBER, numbers.floor),
    "ceil": Function(_OF_NUMBER, numbers.ceiling),
    "round": Function((*_OF_NUMBER, "double, double -> double"), numbers.rounded),
    "min": Function(_OF_NUMBERS, lowest),
    "max": Function(_OF_NUMBERS, highest),
    "earliest": Function(_OF_MOMENTS, lowest),
    "latest": Function(_OF_MOMENTS, highest),
    "sum": Function(("list<double> -> double",), lambda a: checked(numbers.total(a))),
    "average": Function(("list<double> -> double",), lambda a: checked(numbers.average(a))),
    "size": Function(("list<~A> -> double", "string -> double"), lambda a: float(len(a))),
    "count": Function(("list<~A> -> double",), lambda a: float(len(a))),
    "first": Function(("list<~A> -> ~A",), lambda a: item(a, 0)),
    "last": Function(("list<~A> -> ~A",), lambda a: item(a, -1)),
    "lower": Function(("string -> string",), str.lower),
    "upper": Function(("string -> string",), str.upper),
    "trim": Function(("string -> string",), str.strip),
    "contains": Function(("string, string -> bool",), lambda a, b: b in a),
    "startsWith": Function(("string, string -> bool",), str.startswith),
    "endsWith": Function(("string, string -> bool",), str.endswith),
    "matches": Function(("string, string -> bool",), texts.matches),
    "date": Function(("string -> date", "double, double, double -> date"), dates.date_of),
    "instant": Function(("string -> timestamp",), dates.instant_from),
    "add_days": Function(_DATE_COUNT, dates.add_days),
    "add_weeks": Function(_DATE_COUNT, dates.add_weeks),
    "add_months": Function(_DATE_COUNT, dates.add_months),
    "add_years": Function(_DATE_COUNT, dates.add_years),
    "days_between": Function(_TWO_DATES, dates.days_between),
    "months_between": Function(_TWO_DATES, dates.months_between),
    "years_between": Function(_TWO_DATES, dates.years_between),
    "start_of_month": Function(("date -> date",), dates.start_of_month),
    "end_of_month": Function(("date -> date",), dates.end_of_month),
    "year": Function(_OF_DATE, lambda a: float(date.fromordinal(a).year)),
    "month": Function(_OF_DATE, lambda a: float(date.fromordinal(a).month)),
    "day": Function(_OF_DATE, lambda a: float(date.fromordinal(a).day)),
    "weekday": Function(_OF_DATE, lambda a: float(date.fromordinal(a).isoweekday())),
    "add_hours": Function(("timestamp, double -> timestamp",), dates.add_hours),
    "hours_between": Function(("timestamp, timestamp -> double",), dates.hours_between),
}


def functions(workdays: Workdays, zone: tzinfo) -> Mapping[str, Function]:
    """Every named function; working days and the clock are those of a document."""

    def date_of(instant: int) -> int:
        return dates.moment_of(instant, zone).toordinal()

    def start_of_day(day: int) -> int:
        return dates.instant_of(day, zone)

    def hour_of(instant: int) -> float:
        return float(dates.moment_of(instant, zone).hour)

    return {
        **_ALWAYS,
        "date_of": Function(("timestamp -> date",), date_of),
        "start_of_day": Function(("date -> timestamp",), start_of_day),
        "hour_of": Function(("timestamp -> double",), hour_of),
        "is_workday": Function(("date -> bool",), workdays.is_workday),
        "add_workdays": Function(_DATE_COUNT, workdays.add),
        "workdays_between": Function(_TWO_DATES, workdays.between),
        "workday_on_or_after": Function(("date -> date",), workdays.on_or_after),
        "workday_on_or_before": Function(("date -> date",), workdays.on_or_before),
        "next_workday": Function(("date -> date",), workdays.next),
    }
