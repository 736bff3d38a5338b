"""Which phone numbers, e-mail addresses and postal addresses NotifyNL takes; without I/O.

Coarser than the real one in two things: a number abroad is checked by length only, and a letter
goes to the Netherlands only.
"""

import re
from collections.abc import Mapping
from typing import Any

NOT_VALID = (
    "Het telefoonnummer is ongeldig \N{EN DASH} controleer het telefoonnummer dat je hebt ingevoerd"
)
DUTCH_DIGITS = 9  # after +31
ABROAD_DIGITS = range(8, 16)  # with the country
MOBILE = re.compile(r"6[1-58]\d{7}|970\d{8}")
LANDLINE = re.compile(r"[1-57]\d{8}|8[58]\d{7}")
EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z][a-z0-9-]+", re.I)
EMAIL_CHARACTERS_MAX = 320
POSTCODE = re.compile(r"\b([1-9][0-9]{3})\s?([A-Z]{2})\b", re.I)
COUNTRY = {"nederland", "netherlands", "the netherlands"}
ADDRESS_LINES_MIN, ADDRESS_LINES_MAX = 3, 6
NOT_AT_THE_START = tuple('@()=[]"\\/,<>~')


def phone_fault(number: str, *, landline_is_a_fault: bool = False) -> str | None:
    """What is wrong with a phone number, in the API's words; None: nothing."""
    if not re.fullmatch(r"[\d\s()+-]*", number):
        return "Must not contain letters or symbols"
    digits, is_abroad = _significant(number)
    if is_abroad:
        if digits.startswith("0"):
            return "Not a valid country prefix"
        return _fault_of_length(len(digits), ABROAD_DIGITS.start, ABROAD_DIGITS.stop - 1)
    if MOBILE.fullmatch(digits):
        return None
    if LANDLINE.fullmatch(digits):
        return "Not a dutch mobile number" if landline_is_a_fault else None
    return _fault_of_length(len(digits), DUTCH_DIGITS, DUTCH_DIGITS) or NOT_VALID


def _significant(number: str) -> tuple[str, bool]:
    """The digits that count, and whether they begin with the country, another than ours."""
    digits = re.sub(r"[^\d+]", "", number)
    if digits.startswith(("+", "00")):
        digits = digits.removeprefix("+").removeprefix("00")
    elif digits.startswith("0"):
        return digits[1:], False
    elif len(digits) <= DUTCH_DIGITS:
        return digits, False
    if digits.startswith("31"):
        return digits.removeprefix("31").removeprefix("0"), False
    return digits, True


def _fault_of_length(length: int, least: int, most: int) -> str | None:
    if length < least:
        return "Not enough digits"
    return "Too many digits" if length > most else None


def email_fault(address: str) -> str | None:
    """What is wrong with an e-mail address, in the API's words; None: nothing."""
    given = address.strip()
    is_valid = EMAIL.fullmatch(given) and ".." not in given and len(given) <= EMAIL_CHARACTERS_MAX
    return None if is_valid else "Not a valid email address"


def letter_address(given: Mapping[str, Any]) -> tuple[list[str], str | None]:
    """The lines that a letter is sent to, the town last and in capitals; and what is wrong."""
    numbered = [f"address_line_{number}" for number in range(1, 7)]
    names = numbered if "address_line_6" in given else [*numbered[:5], "postcode"]
    said = [" ".join(str(given.get(name) or "").split()).rstrip(" ,") for name in names]
    lines = [line for line in said if line and line.lower() not in COUNTRY]
    has_postcode, town, rest = _town_apart(lines)
    address = [*rest, town] if town else lines
    return address, _fault_of_address(address, has_postcode=has_postcode, has_town=bool(town))


def _fault_of_address(address: list[str], *, has_postcode: bool, has_town: bool) -> str | None:
    if len(address) < ADDRESS_LINES_MIN:
        return f"Address must be at least {ADDRESS_LINES_MIN} lines"
    if len(address) > ADDRESS_LINES_MAX:
        return f"Address must be no more than {ADDRESS_LINES_MAX} lines"
    if any(line.startswith(NOT_AT_THE_START) for line in address):
        return (
            "Address lines must not start with any of the following characters: "
            "@ ( ) = [ ] ” \\ / , < >"
        )
    if not has_postcode:
        return (
            "Cant detect a dutch postcode, postcode must be in the same line together with a city"
        )
    if not has_town:
        return "cant detect a dutch city, city name must be in the same line as postcode"
    return None


def _town_apart(lines: list[str]) -> tuple[bool, str | None, list[str]]:
    """Whether there is a postcode, the line "1234 AB  TOWN" if there is a town, and the others."""
    for place, line in enumerate(lines):
        if found := POSTCODE.search(line):
            postcode = f"{found[1]} {found[2].upper()}"
            beside = line[: found.start()].strip() or line[found.end() :].strip()
            after = lines[place + 1 : place + 2]
            town = beside or "".join(after)
            rest = lines[:place] + lines[place + (1 if beside else 2) :]
            return True, f"{postcode}  {town.upper()}" if town else None, rest
    return False, None, lines
