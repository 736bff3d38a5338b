"""What somebody sent by a form, ready to be carried out; and the moments that forms name."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated

from fastapi import Depends, Request

from services.triage.api.taking import Counter, Taking
from services.triage.pages.desk import At, SignedForm, Worker, taking_of
from shared import clock
from shared.web.forms import Form
from shared.web.problems import Problem
from shared.workdays import at_hour

WAITED_DAYS_MAX = 14


@dataclass(frozen=True)
class SentForm:
    """A form of a worker, and the command that it is."""

    form: Form
    take: Taking
    counter: Counter

    def filled(self, *names: str) -> Mapping[str, str]:
        """Those of these fields that were filled in."""
        return self.form.filled(*names)

    def tapped_at(self) -> datetime:
        """When the button was pressed: the form may have waited for a connection since."""
        waited = self.form.one("waited")
        seconds = int(waited) if waited.isdigit() and len(waited) < 9 else 0
        return clock.now() - min(timedelta(seconds=seconds), timedelta(days=WAITED_DAYS_MAX))

    def instant(self, day: str, hour: str) -> datetime | None:
        """A day and an hour as typed, on the Amsterdam clock; None when no day was."""
        if not self.form.one(day):
            return None
        try:
            told = date.fromisoformat(self.form.one(day))
            return at_hour(told, time.fromisoformat(self.form.one(hour) or "12:00"))
        except ValueError:
            raise Problem(400, "A day or an hour cannot be read; nothing was changed.") from None


async def sent_form(request: Request, desk: At, who: Worker, form: SignedForm) -> SentForm:
    """What somebody sent."""
    return SentForm(form, taking_of(request, form, who, desk), desk.counter)


Sent = Annotated[SentForm, Depends(sent_form)]
