"""The section of a policy that notify reads."""

from datetime import time
from typing import Annotated, Literal

from pydantic import Field, field_validator

from shared.policy.parts import Number, Part, Source

Offset = Annotated[
    str,
    Field(
        pattern=r"^(at once|digest|[0-9]{1,3} (workdays|days|hours))$",
        description='"at once", "digest", or a time before the fact, such as "7 days"',
    ),
]


class AlertRule(Part):
    """When alerts about one kind of fact go out; an offset counts back from the fact."""

    about: Literal[
        "assignment", "track", "visit", "hearing", "eviction", "summons", "judgment", "objection"
    ]
    offsets: tuple[Offset, ...]
    source: Source


class NotifyPolicy(Part):
    """What notify needs: when whom is alerted."""

    digest_at: time
    short_notice_hours: Number
    alerts: tuple[AlertRule, ...]

    @field_validator("digest_at", mode="before")
    @classmethod
    def _is_no_number(cls, value: object) -> object:
        # To YAML, 8:00 without quotes is a number: of seconds, as pydantic would take it.
        if isinstance(value, int | float):
            raise ValueError('write the time in quotes, such as "08:00"')  # noqa: TRY004
        return value

    def offsets(self, about: str) -> tuple[str, ...]:
        """The offsets of one kind of fact; none when the policy does not name it."""
        return next((rule.offsets for rule in self.alerts if rule.about == about), ())
