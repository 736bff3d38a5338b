"""What notify publishes: what became of an alert, what a resident answered, and that it forgot."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.contracts.envelope import Event


class AlertFact(Event):
    """Something became of one alert to one person about one case."""

    owner: ClassVar[str] = "notify"
    consumers: ClassVar[tuple[str, ...]] = ("triage",)

    alert_id: UUID
    case_id: UUID
    template: str
    recipient_id: str
    # What became of it before that is another fact.
    attempts_before: int = Field(
        0, ge=0, description="attempts that were made before a person let it go once more"
    )

    @property
    def natural_key(self) -> str:
        more = f"|{self.attempts_before}" if self.attempts_before else ""
        return f"{self.alert_id}{more}"


class AlertSent(AlertFact):
    """The gateway took the alert."""

    sent_at: AwareDatetime


class AlertFailed(AlertFact):
    """The gateway refused the alert for good, or nobody could be reached in its useful life."""

    reason: str
    failed_at: AwareDatetime


class AlertStopped(AlertFact):
    """The alert was not sent, because what it says no longer holds."""

    reason: str
    stopped_at: AwareDatetime


class Answer(StrEnum):
    """What a resident may answer to a message, by its link and without signing in."""

    OTHER_TIME = "other_time"
    NOT_ME = "not_me"
    NO_MESSAGES = "no_messages"
    CALL_ME = "call_me"


class ResidentReplied(Event):
    """Somebody answered a message by its link. Who had the message did, whoever that is."""

    owner: ClassVar[str] = "notify"
    consumers: ClassVar[tuple[str, ...]] = ("triage",)

    reply_id: UUID
    case_id: UUID
    alert_id: UUID
    answer: Answer
    given_at: AwareDatetime

    @property
    def natural_key(self) -> str:
        return str(self.reply_id)


class AlertsErased(Event):
    """notify keeps nothing more of an erased household than the ids of its cases."""

    owner: ClassVar[str] = "notify"
    consumers: ClassVar[tuple[str, ...]] = ("triage",)

    household_id: UUID
    erased_at: AwareDatetime

    @property
    def natural_key(self) -> str:
        return str(self.household_id)


EVENTS: tuple[type[Event], ...] = (
    AlertSent,
    AlertFailed,
    AlertStopped,
    ResidentReplied,
    AlertsErased,
)
