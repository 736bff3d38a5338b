"""Arithmetic of the rule language: decimal numbers that are right on the border.

Numbers are floats. Two of them are equal when they differ by less than half of a millionth, so that
2199.99 >= 3 * 733.33 holds, and 13 * (300 / 13) is 300.
"""

import math
from decimal import ROUND_HALF_UP, Decimal

LARGEST = 1e15
WHOLE_MAX = 100_000
PLACES_MAX = 6


class Trouble(Exception):
    """An expression cannot be evaluated; the text says why, without values of the case."""


class Absent(Exception):
    """An expression meets something that is not there."""


def same(a: float, b: float) -> bool:
    """Whether two numbers are equal; large ones may differ by a few of the last bits."""
    return math.isclose(a, b, rel_tol=2e-15, abs_tol=5e-7)


def checked(number: float) -> float:
    """What arithmetic gave, to 15 digits; raises Trouble when it is too large to be exact enough.

    The digits beyond are noise, and CEL's own `in`, which knows of no tolerance, would see it.
    """
    if not -LARGEST <= number <= LARGEST:
        raise Trouble("a number above 1,000,000,000,000,000")
    return float(f"{number:.15g}")


def divide(a: float, b: float) -> float:
    """The quotient, with its decimals."""
    if same(b, 0):
        raise Trouble("division by zero")
    return a / b


def remainder(a: float, b: float) -> float:
    """What is left of `a` after taking `b` from it as often as it goes; has the sign of `a`."""
    if same(b, 0):
        raise Trouble("division by zero")
    quotient = a / b
    return a - b * (floor(quotient) if quotient >= 0 else ceiling(quotient))


def floor(number: float) -> float:
    """The whole number at or below."""
    return float(round(number)) if same(number, round(number)) else float(math.floor(number))


def ceiling(number: float) -> float:
    """The whole number at or above."""
    return -floor(-number)


def rounded(number: float, places: float = 0) -> float:
    """Rounded to so many decimals (0 to 6), halves away from zero, as in commerce."""
    digits = whole(places)
    if not 0 <= digits <= PLACES_MAX:
        raise Trouble(f"round to 0 to {PLACES_MAX} decimals")
    exact = Decimal(repr(round(number, PLACES_MAX + 3)))
    return float(exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))


def whole(number: float) -> int:
    """A number that counts something; raises Trouble when it has decimals or is too large."""
    if not same(number, round(number)):
        raise Trouble("a whole number is needed, this one has decimals")
    if abs(number) > WHOLE_MAX:
        raise Trouble(f"a count above {WHOLE_MAX}")
    return round(number)


def total(numbers: list[float]) -> float:
    """The sum; 0 of an empty list."""
    return math.fsum(numbers)


def average(numbers: list[float]) -> float:
    """The mean; an empty list has none."""
    if not numbers:
        raise Absent
    return math.fsum(numbers) / len(numbers)
