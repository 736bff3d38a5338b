"""The section of a policy that notify reads."""

from datetime import time
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from shared.policy.parts import Number, Part, Source

Offset = Annotated[
    str,
    Field(
        pattern=r"^(at once|digest|[0-9]{1,3} (workdays|days|hours))$",
        description='"at once", "digest", or a time before the fact, such as "7 days"',
    ),
]
Recipient = Literal["assignee", "lead", "second", "resident"]


class Channel(StrEnum):
    """A way to reach somebody."""

    MAIL = "mail"
    SMS = "sms"
    LETTER = "letter"


class AlertRule(Part):
    """When one kind of recipient is alerted to one kind of fact; an offset counts back from it."""

    about: Literal[
        "assignment", "track", "visit", "hearing", "eviction", "summons", "judgment", "objection",
        "deadline_near", "deadline_missed", "not_accepted", "restriction", "moratorium",
        "undelivered", "bounced", "reply", "first_contact",
    ]  # fmt: skip
    to: Recipient = "assignee"
    channels: tuple[Channel, ...] = Field((Channel.MAIL,), min_length=1)  # the first that can
    offsets: tuple[Offset, ...]
    source: Source

    @model_validator(mode="after")
    def _workers_read_mail(self) -> Self:
        if self.to != "resident" and self.channels != (Channel.MAIL,):
            raise ValueError("those who work on cases are reached by mail: leave channels out")
        return self


def _no_number(value: object) -> object:
    # To YAML, 8:00 without quotes is a number: of seconds, as pydantic would take it.
    if isinstance(value, int | float):
        raise ValueError('write the time in quotes, such as "08:00"')  # noqa: TRY004
    return value


class QuietHours(Part):
    """Between these hours, over midnight if the second is earlier, residents are left in peace."""

    begins: time
    ends: time
    source: Source

    _are_no_numbers = field_validator("begins", "ends", mode="before")(_no_number)

    def holds_at(self, hour: time) -> bool:
        """Whether an hour is a quiet one."""
        if self.begins <= self.ends:
            return self.begins <= hour < self.ends
        return hour >= self.begins or hour < self.ends


class ReceiptTerms(Part):
    """How long may pass untold, since the gateway took a message, what became of it."""

    ask_hours: Number  # then the gateway is asked, and again after growing pauses
    unknown_hours: Number  # then nobody knows, and a person decides

    @model_validator(mode="after")
    def _asks_before_it_gives_up(self) -> Self:
        if self.unknown_hours.value < self.ask_hours.value:
            raise ValueError("unknown_hours is not before ask_hours")
        return self


class ReceiptRules(Part):
    """The terms of text messages and of letters."""

    sms: ReceiptTerms
    letter: ReceiptTerms

    def of(self, channel: Channel) -> ReceiptTerms:
        """The terms of a channel that tells what becomes of a message."""
        assert channel is not Channel.MAIL, "of a mail nothing is told"
        return self.sms if channel is Channel.SMS else self.letter


def _terms(ask_hours: int, why: str, unknown_hours: int, why_unknown: str) -> ReceiptTerms:
    return ReceiptTerms(
        ask_hours=Number(value=ask_hours, source=why),
        unknown_hours=Number(value=unknown_hours, source=why_unknown),
    )


# Of policies that say nothing of it, such as those that were activated before they could.
RECEIPTS = ReceiptRules(
    sms=_terms(
        72, "GOV.UK Notify: a text message is tried for up to 72 hours",
        96, "ours: a day more, for a gateway that is late",
    ),
    letter=_terms(
        96, "ours: printed within two working days, with a weekend between",
        160, "ours: before the gateway forgets it (GOV.UK Notify: 7 days unless set otherwise)",
    ),
)  # fmt: skip


class ResidentRules(Part):
    """How residents are written to; without it, they are not."""

    sender: str = Field(min_length=3, max_length=40, description="the municipality, as it signs")
    callback: str = Field(min_length=3, max_length=40, description="number to call, as it is said")
    quiet: QuietHours
    daily_ceiling: Number  # messages to residents in a day; then they hold for a person
    freshness_minutes: Number  # how old the last word of triage may be
    receipts: ReceiptRules = RECEIPTS


class NotifyPolicy(Part):
    """What notify needs: when whom is alerted."""

    digest_at: time
    short_notice_hours: Number
    residents: ResidentRules | None = None
    alerts: tuple[AlertRule, ...]

    _is_no_number = field_validator("digest_at", mode="before")(_no_number)

    @model_validator(mode="after")
    def _names_the_sender(self) -> Self:
        if self.residents is None and any(rule.to == "resident" for rule in self.alerts):
            raise ValueError("a rule writes to residents, so `residents` must say who writes")
        return self

    def rules(self, about: str) -> tuple[AlertRule, ...]:
        """The rules about one kind of fact; none when the policy does not name it."""
        return tuple(rule for rule in self.alerts if rule.about == about)
