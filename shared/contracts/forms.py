"""The forms of the fields that partners send: strict types, each with its words.

Strict on purpose: a bare number is not an amount, "ja" is not a boolean, a timestamp is not a date.
A `Form` says in words what a field must look like, so that a refusal can name it without repeating
what stood there.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, get_args

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)


@dataclass(frozen=True)
class Form:
    """What a field must look like, in words."""

    nl: str
    en: str


# Written out, because pydantic would also read "1700006400" as a date: seconds since 1970.
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,15}(Z|[+-][0-9]{2}:[0-9]{2})")


def _date(value: object) -> date:
    if isinstance(value, str) and _DATE.fullmatch(value):
        return date.fromisoformat(value)
    raise ValueError("not a date")


def _instant(value: object) -> datetime:
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        return datetime.fromisoformat(value)
    raise ValueError("not an instant")


def text(length_max: int, pattern: str | None = None) -> StringConstraints:
    """A text with a longest length, and a pattern where the field has one."""
    return StringConstraints(min_length=1, max_length=length_max, pattern=pattern)


Short = Annotated[
    str, text(50), Form("een tekst van 1 tot 50 tekens", "a text of 1 to 50 characters")
]
Name = Annotated[
    str, text(100), Form("een tekst van 1 tot 100 tekens", "a text of 1 to 100 characters")
]
NamePart = Annotated[
    str, text(20), Form("een tekst van 1 tot 20 tekens", "a text of 1 to 20 characters")
]
Municipality = Annotated[
    str,
    text(6, r"^GM[0-9]{4}$"),
    Form("GM en vier cijfers, zoals GM0363", "GM and four digits, such as GM0363"),
]
Amount = Annotated[
    str,
    text(12, r"^[0-9]{1,7}\.[0-9]{2}$"),
    Form(
        'een bedrag in euro\'s als tekst (geen getal) met twee decimalen, zoals "1250.75"',
        'an amount in euros as a string (not a number) with two decimals, such as "1250.75"',
    ),
]
Date = Annotated[
    date,
    BeforeValidator(_date),
    Form(
        "een bestaande datum als tekst, JJJJ-MM-DD",
        "an existing date as a string, YYYY-MM-DD",
    ),
]
Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_instant),
    Form(
        "een tijdstip met tijdzone volgens RFC 3339, zoals 2026-04-01T10:00:00+02:00",
        "an instant with its offset as in RFC 3339, such as 2026-04-01T10:00:00+02:00",
    ),
]
YesNo = Annotated[bool, Form("true of false", "true or false")]
Postcode = Annotated[
    str,
    text(7, r"^[1-9][0-9]{3} ?[A-Za-z]{2}$"),
    Form("een postcode, zoals 1234AB", "a postcode, such as 1234AB"),
]
HouseNumber = Annotated[
    str,
    text(5, r"^[1-9][0-9]{0,4}$"),
    Form('een huisnummer als tekst, zoals "12"', 'a house number as a string, such as "12"'),
]
Letter = Annotated[str, text(1, r"^[A-Za-z]$"), Form("een letter", "one letter")]
BagId = Annotated[
    str,
    # 01 a dwelling, 02 a mooring, 03 a pitch, 20 an address (nummeraanduiding).
    text(16, r"^[0-9]{4}(01|02|03|20)[0-9]{10}$"),
    Form(
        "een BAG-id: 16 cijfers, met 01, 02, 03 of 20 als vijfde en zesde",
        "a BAG id: 16 digits, the fifth and sixth 01, 02, 03 or 20",
    ),
]
Email = Annotated[
    str, text(254, r"^[^@\s]+@[^@\s]+$"), Form("een e-mailadres", "an e-mail address")
]
Language = Annotated[
    str,
    text(2, r"^[a-z]{2}$"),
    Form("een taalcode van twee letters (ISO 639-1)", "a language code of two letters (ISO 639-1)"),
]
Instalments = Annotated[
    int,
    Field(ge=1, le=120),
    Form("een geheel getal van 1 tot 120", "a whole number from 1 to 120"),
]
Conditions = Annotated[
    str, text(1000), Form("een tekst van 1 tot 1000 tekens", "a text of 1 to 1000 characters")
]


class Wire(BaseModel):
    """Base of every part of a partner's document: strict, and it keeps the unknown names."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)


def forms_of(model: type[BaseModel]) -> dict[str, Form]:
    """The form of every field of a model by its wire name; a field without one is not in it."""
    found = {}
    for name, field in model.model_fields.items():
        metadata = [*field.metadata, *_metadata_inside(field.annotation)]
        if form := next((entry for entry in metadata if isinstance(entry, Form)), None):
            found[field.alias or name] = form
    return found


def _metadata_inside(annotation: Any) -> list[Any]:
    """The annotations of the parts of `Annotated[...] | None`."""
    return [entry for part in get_args(annotation) for entry in getattr(part, "__metadata__", ())]
