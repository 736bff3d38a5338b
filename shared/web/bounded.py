"""Bounds on what comes in: every text, day and instant in an API of ours has one of these types.

PostgreSQL has no NUL in its texts, and a day after the year 9999 or before the first has no morrow:
what no column or calendar can hold is refused with the name of its field.
"""

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

_INK = r"[^\s\x00-\x1f\x7f-\x9f]"  # something that can be seen
_ANY = r"[^\x00-\x08\x0b-\x1f\x7f-\x9f]"  # of control characters, tab and newline only

Day = Annotated[
    date,
    Field(ge=date(2000, 1, 1), le=date(2100, 12, 31), description="between 2000 and 2100"),
]
Instant = Annotated[
    AwareDatetime,
    Field(
        ge=datetime(2000, 1, 1, tzinfo=UTC),
        lt=datetime(2101, 1, 1, tzinfo=UTC),
        description="with its offset, between 2000 and 2100",
    ),
]
Text = Annotated[str, Field(pattern=rf"^{_ANY}*$")]  # may be empty
Filled = Annotated[str, Field(pattern=rf"^{_ANY}*{_INK}{_ANY}*$")]
Words = Annotated[Filled, Field(min_length=1, max_length=2000)]
Reason = Annotated[
    Filled, Field(min_length=3, max_length=500, description="why, for the team to read")
]
