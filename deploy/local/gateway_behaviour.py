"""The switches that make the gateway misbehave: read and set over HTTP at `/v1/behaviour`."""

import dataclasses
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0, le=60)]
LongSeconds = Annotated[float, Field(ge=0, le=24 * 3600)]
Pattern = Annotated[str, Field(min_length=1, max_length=200)]
Completed = Literal["delivered", "permanent-failure", "temporary-failure", "technical-failure"]

# What is counted down (or lasts until the switch is changed), by what it counts.
COUNTED = {
    "refuse_next": "refuse_code",
    "greylist_next": "greylist_seconds",
    "api_error_next": "api_error_status",
    "api_lookup_error_next": "api_lookup_error_status",
}


class _Switch(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Recipient(_Switch):
    """What is said to `RCPT TO` an address like `*@bounces.example`: a refusal, or null for yes."""

    pattern: Pattern
    code: int | None = Field(None, ge=400, le=599)


class Outcome(_Switch):
    """What becomes of an SMS, e-mail or letter to somebody; null: nothing is ever heard of it."""

    pattern: Pattern
    status: Completed | None


class Behaviour(_Switch):
    """Test switches: how the gateway misbehaves. All off is how it starts.

    `…_next`, `…_after_data` and `…_on_connect` count down to 0; where one may be null, null means
    until the switch is changed. Patterns are globs without regard to case, the first that fits
    counts; `*` fits all. A letter's pattern is held against its lines, joined by line feeds.

    **Mail.** A connection is perhaps never greeted (`hang_on_connect`) or greeted with what is no
    SMTP (`nonsense_on_connect`). A recipient is answered as `recipients` say. A mail waits
    `delay_seconds`, is then perhaps refused with `refuse_code` (421 also closes the connection) or
    greylisted: 451 at first, accepted when it comes again after `greylist_seconds`; else it is
    kept. After keeping, the connection is closed without an answer (`drop_after_data`), is left
    without one (`hang_after_data`) or gets one that is no SMTP (`nonsense_after_data`).

    **API.** What is posted waits `api_delay_seconds`; then perhaps it is never answered
    (`api_hang_next`), or answered with `api_error_status` or with a web page and 200
    (`api_html_next`), all that without being kept. After keeping, the connection is closed without
    an answer (`api_drop_next`), or the answer breaks off (`api_broken_json_next`). Look-ups have an
    error of their own.

    **Delivery**, settled when a notification is accepted: it is `sending` after `sending_seconds`
    and has its end, delivered or by `outcomes`, after `completed_seconds`. `vanish_next` are said
    yes to, and never sent.

    **Callbacks**, settled then too: `callback_late_seconds` after the end; twice at the same time;
    lost; or in the wrong order: a temporary failure that came before the end is called back after
    it (before a temporary failure: `sending`). One that is answered with 429 or 5xx, or not at all,
    comes again after `callback_retry_seconds`, five times at most.
    """

    delay_seconds: Seconds = 0
    refuse_code: int | None = Field(None, ge=400, le=599)
    refuse_next: Count | None = None
    drop_after_data: Count = 0
    hang_after_data: Count = 0
    nonsense_after_data: Count = 0
    hang_on_connect: Count = 0
    nonsense_on_connect: Count = 0
    greylist_seconds: LongSeconds | None = None
    greylist_next: Count | None = None
    recipients: tuple[Recipient, ...] = Field((), max_length=100)

    api_delay_seconds: Seconds = 0
    api_error_status: int | None = Field(None, ge=400, le=599)
    api_error_next: Count | None = None
    api_lookup_error_status: int | None = Field(None, ge=400, le=599)
    api_lookup_error_next: Count | None = None
    api_hang_next: Count = 0
    api_html_next: Count = 0
    api_broken_json_next: Count = 0
    api_drop_next: Count = 0
    api_rate_per_minute: Count = 3000
    api_daily_limit: Count = 250_000

    sending_seconds: LongSeconds = 0.2
    completed_seconds: LongSeconds = 1
    outcomes: tuple[Outcome, ...] = Field((), max_length=100)
    vanish_next: Count = 0

    callback_late_seconds: LongSeconds = 0
    callback_twice_next: Count = 0
    callback_lost_next: Count = 0
    callback_wrong_order_next: Count = 0
    callback_retry_seconds: LongSeconds = 300

    @model_validator(mode="after")
    def _counts_something(self) -> Self:
        for left, what in COUNTED.items():
            if getattr(self, left) is not None and getattr(self, what) is None:
                raise ValueError(f"{left} needs a {what}")
        return self

    @model_validator(mode="after")
    def _ends_after_it_began(self) -> Self:
        if self.completed_seconds < self.sending_seconds:
            raise ValueError("completed_seconds is not before sending_seconds")
        return self

    def code_for(self, recipient: str) -> int | None:
        """The code to refuse a recipient with; None: accept."""
        fitting = (one.code for one in self.recipients if fits(one.pattern, recipient))
        return next(fitting, None)

    def outcome_for(self, to: str) -> Completed | None:
        """How a notification ends; None: never."""
        fitting = (one.status for one in self.outcomes if fits(one.pattern, to))
        return next(fitting, "delivered")


def fits(pattern: str, text: str) -> bool:
    """Whether a glob describes all of a text, without regard to case."""
    return fnmatchcase(text.lower(), pattern.lower())


@dataclasses.dataclass
class Switches:
    """The behaviour in force. Only the event loop's own thread may take from it."""

    now: Behaviour

    def take(self, name: str) -> bool:
        """Whether it is this one's turn, for a switch that is counted down."""
        left = getattr(self.now, name)
        self._change({name: max(left - 1, 0)})
        return bool(left)

    def take_from(self, counter: str) -> Any:
        """What this one gets, of what a counter of `COUNTED` counts; None: nothing."""
        what, left = getattr(self.now, COUNTED[counter]), getattr(self.now, counter)
        if left is not None:
            self._change(
                {counter: left - 1} if left > 1 else {counter: None, COUNTED[counter]: None}
            )
        return None if left == 0 else what

    def _change(self, values: dict[str, object]) -> None:
        self.now = self.now.model_copy(update=values)
