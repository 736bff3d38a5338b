"""Whether the dates of an event can be: plausible, in order, and what has happened not ahead. Pure.

What a day is worth is not asked here: whether arrears are old enough is triage's to say.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from services.signals.situation import Situation
from services.signals.texts import DECREE, fault
from shared.contracts.forms import Form
from shared.contracts.signals import Fault

# A partner's clock may be this far ahead of ours.
CLOCK_AHEAD_MAX = timedelta(minutes=5)
# Nobody who is alive was born before, and no lease is older.
LIVES_FROM = date(1900, 1, 1)
LIVES = {"birth_date", "tenancy_start"}
# A claim for rent lapses after five years unless it is renewed (BW 3:308, 3:317), and the decree is
# of 2021: what is older than this century is a slip of the pen. It also keeps instants within what
# can be told in another time zone.
EVENTS_FROM = date(2000, 1, 1)
# What may lie ahead. An arrangement has 120 instalments at most, monthly, and may begin later. No
# source says how far ahead a court or bailiff plans: two years are ours.
AHEAD_MAX = {"until": timedelta(days=12 * 366), "at": timedelta(days=2 * 366)}
# Dates of things that have happened: none may lie in the future.
PAST_DATES = (
    "reported_on",
    "arrears_since",
    "settled_on",
    "received_on",
    "made_on",
    "broken_on",
    "served_on",
    "given_on",
    "carried_out_on",
)
EVIDENCES = {
    "personal_contact_on": "data.inspanningen.persoonlijkContactOp",
    "pointed_to_help_on": "data.inspanningen.gewezenOpHulpOp",
    "reminder_sent_on": "data.inspanningen.herinneringOp",
    "offer_made_on": "data.inspanningen.aanbodOp",
}
THE_REPORT_DATE = Form("de dag van het signaal", "the day of the signal")
THE_FIRST_UNPAID_DAY = Form("de dag van ontstaan", "the first unpaid day")
THE_REMINDER = Form("de dag van de herinnering", "the day of the reminder")
THE_ARRANGEMENT = Form("de dag van de regeling", "the day of the arrangement")


def check_dates(situation: Situation) -> Iterator[Fault]:
    """Every date that cannot be."""
    yield from _implausible(situation)
    yield from _ahead(situation)
    yield from _out_of_order(situation)
    if getattr(situation.event, "evidences", None) is not None:
        yield from _evidences_out_of_order(situation)


def wire_path(event: Any, name: str) -> str:
    """Where a field of the data stands on the wire."""
    return f"data.{type(event).model_fields[name].alias}"


def _implausible(situation: Situation) -> Iterator[Fault]:
    time = situation.reading.envelope.time
    days = [*_days_of(situation.event, "data"), *([("time", "time", time.date())] if time else [])]
    for path, name, day in days:
        first = LIVES_FROM if name in LIVES else EVENTS_FROM
        last = situation.today + AHEAD_MAX[name] if name in AHEAD_MAX else None
        if day < first or (last and day > last):
            yield fault("implausible", path, _span(first, last))


def _days_of(part: Any, path: str) -> Iterator[tuple[str, str, date]]:
    """Path, name and day of every date and instant, however deep it stands."""
    for name, info in type(part).model_fields.items():
        value, inside = getattr(part, name), f"{path}.{info.alias or name}"
        if isinstance(value, datetime):
            yield inside, name, value.date()
        elif isinstance(value, date):
            yield inside, name, value
        elif isinstance(value, BaseModel):
            yield from _days_of(value, inside)


def _span(first: date, last: date | None) -> Form:
    if last is None:
        return Form(f"vanaf {first}", f"from {first}")
    return Form(f"van {first} tot en met {last}", f"from {first} to {last}")


def _ahead(situation: Situation) -> Iterator[Fault]:
    envelope, event = situation.reading.envelope, situation.event
    if envelope.time and envelope.time > situation.now + CLOCK_AHEAD_MAX:
        yield fault("in_future", "time")
    for name in PAST_DATES:
        value = getattr(event, name, None)
        if value and value > situation.today:
            yield fault("in_future", wire_path(event, name))
    born = event.client and getattr(event.client, "birth_date", None)
    if born and born > situation.today:
        yield fault("in_future", "data.client.geboortedatum")


def _out_of_order(situation: Situation) -> Iterator[Fault]:
    event = situation.event
    # There are no arrears before there is a lease, nor a signal before there are arrears.
    for name in ("arrears_since", "tenancy_start"):
        value = getattr(event, name, None)
        if value and event.reported_on and value > event.reported_on:
            yield fault("order", wire_path(event, name), THE_REPORT_DATE)
    made_on, until = getattr(event, "made_on", None), getattr(event, "until", None)
    if made_on and until and until < made_on:
        yield fault("too_early", wire_path(event, "until"), THE_ARRANGEMENT)


def _evidences_out_of_order(situation: Situation) -> Iterator[Fault]:
    event = situation.event
    since, reminder = event.arrears_since, event.evidences.reminder_sent_on
    for name, path in EVIDENCES.items():
        value = getattr(event.evidences, name)
        if value and event.reported_on and value > event.reported_on:
            yield fault("order", path, THE_REPORT_DATE, DECREE)
    # Contact about preventing arrears may come before them; what reminds of them may not.
    for name in ("reminder_sent_on", "offer_made_on"):
        value = getattr(event.evidences, name)
        if value and since and value < since:
            yield fault("too_early", EVIDENCES[name], THE_FIRST_UNPAID_DAY, DECREE)
    # The offer stands in a reminder, says the decree (art. 2 under d).
    offer = event.evidences.offer_made_on
    if offer and reminder and offer < reminder:
        yield fault("too_early", EVIDENCES["offer_made_on"], THE_REMINDER, DECREE)
