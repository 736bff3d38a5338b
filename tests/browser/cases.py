"""Households that journeys are about, each with a house number of its own."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from shared.contracts import signals
from tests.builders import NOW, arrears_reported, fact
from tests.pages.site import Site
from tests.triage.staffed import Office

NAMES = {
    "anna-jansen": "Anna Jansen",
    "bram-yilmaz": "Bram Yilmaz",
    "noor-de-wit": "Noor de Wit",
}
HEARING_AT = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
numbers = count(101)
keys = count(0, 10)  # where the idempotency keys of each order begin


@dataclass(frozen=True)
class Household:
    """A household with an open case, and who has it."""

    number: int
    case_id: str
    household_id: str
    assignee: str

    @property
    def address(self) -> str:
        """As pages write it."""
        return f"9901 AB {self.number}"


async def reported(site: Site, **changes: Any) -> Household:
    """A signal comes in, and somebody of team Noord has the case."""
    number, office = next(numbers), Office(site.town)
    await office.say(arrears_reported(number, arrears_since=date(2025, 12, 1), **changes))
    return await household_at(site, number)


async def household_at(site: Site, number: int) -> Household:
    """The household at a house number."""
    (row,) = await site.town.fetch(
        "triage",
        "select household_case.id, household_id, assignee_id from household_case"
        " join address on address.id = address_id where house_number = $1",
        number,
    )
    return Household(number, str(row["id"]), str(row["household_id"]), NAMES[row["assignee_id"]])


async def order(site: Site, home: Household, what: str, body: dict[str, Any]) -> None:
    """Have the assignee do something, by the API."""
    office = Office(site.town, next(keys))
    await office.order({"household_id": home.household_id}, what, body)


async def hearing_at(site: Site, home: Household, at: datetime, sequence: int) -> None:
    """A corporation says when the hearing is; a higher number moves it."""
    event = fact(
        signals.HearingScheduled,
        home.number,
        at=at,
        sequence=sequence,
        recorded_at=NOW + timedelta(minutes=sequence),
    )
    await Office(site.town).say(event)
