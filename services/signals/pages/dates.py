"""The date calculator: from when a summons may follow a signal, by court. Advice, no right."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import TypeAdapter, ValidationError

from services.signals.pages.desk import At, Partner
from services.signals.summons import Advice, Terms, advise
from shared import clock
from shared.web.bounded import Day

router = APIRouter(include_in_schema=False)

A_DAY: TypeAdapter[date] = TypeAdapter(Day)
Asked = Annotated[str, Query(max_length=100)]


@dataclass(frozen=True)
class Wish:
    """What somebody asks of the calculator."""

    day: date
    court: str  # empty: all


@router.get("/partner/dates")
async def show_dates(
    request: Request, desk: At, _: Partner, day: Asked = "", court: Asked = ""
) -> Response:
    """When a summons may follow a signal of a day, at a court or at all of them."""
    async with desk.front.database() as connection:
        policies = await desk.archive.shelf.current(connection)
    terms, today = desk.archive.terms, clock.today()
    own = {policy.signals.court for policy in policies.all() if policy.signals.court}
    courts = sorted({*terms.courts, *own})
    reported_on = read_day(day)
    wish = Wish(reported_on, court if court in courts else "") if reported_on else None
    return desk.shell.page(
        request,
        "dates.html",
        status=400 if day and not wish else 200,
        courts=courts,
        wish=wish,
        is_wrong=bool(day) and not wish,
        day=day or str(today),
        today=today,
        advices=advices_for(terms, [wish.court] if wish.court else courts, wish.day, today)
        if wish
        else [],
    )


def read_day(text: str) -> date | None:
    """The day that was typed; None when it is none."""
    try:
        return A_DAY.validate_python(text.strip())
    except ValidationError:
        return None


def advices_for(terms: Terms, courts: list[str], reported_on: date, today: date) -> list[Advice]:
    """The advice of each of these courts for which a line of the table holds."""
    found = (advise(terms, court, reported_on, today) for court in courts)
    return [one for one in found if one]
