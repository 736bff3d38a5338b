"""Open data: totals of each municipality over the twelve months that were over last, for everybody.

They are counted once a month, when somebody first asks, and kept as they were made public. So a
stranger can ask as often as they like without a query, and learns nothing from asking again.
"""

import asyncio
from dataclasses import dataclass, field

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from services.triage.api.monitor import load_figures
from services.triage.api.taking import Counter
from services.triage.books import Books
from services.triage.counts import Period
from services.triage.pages.desk import At
from services.triage.pages.open_totals import TOTALS, totals_of
from services.triage.pages.periods import last_year_until
from services.triage.sql import open_figures
from services.triage.sql.open_figures import Published
from shared import clock
from shared.web.spreadsheet import as_csv, csv_answer

router = APIRouter(include_in_schema=False)
LICENCE = "https://creativecommons.org/publicdomain/zero/1.0/"
CACHED = {"Cache-Control": "public, max-age=3600"}


@dataclass(frozen=True)
class Town:
    """A municipality and its totals."""

    name: str
    published: Published


@dataclass
class Publications:
    """What was made public of the last year, once it was asked for."""

    counter: Counter
    _of: Period | None = None
    _towns: list[Town] = field(default_factory=list)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def last_year(self) -> tuple[Period, list[Town]]:
        """The towns with their totals; each is counted once a month, whoever asks."""
        period = last_year_until(clock.today())
        async with self._one_at_a_time:
            if period != self._of:
                self._towns = await self._publish(period)
                self._of = period
            return period, self._towns

    async def _publish(self, period: Period) -> list[Town]:
        pool = self.counter.core.pool
        async with pool.acquire() as connection:
            books = await self.counter.shelf.current(connection)
            known = await open_figures.load_published(connection, period)
        for municipality in books.keys() - known.keys():
            await self._count(municipality, period)
        async with pool.acquire() as connection:
            known = await open_figures.load_published(connection, period)
        return [Town(_name(books, one), known[one]) for one in sorted(books) if one in known]

    async def _count(self, municipality: str, period: Period) -> None:
        figures = await load_figures(self.counter, municipality, period)
        if figures is None:
            return
        totals, small = totals_of(figures), figures.small_number
        published = Published(municipality, period, clock.now(), totals, small)
        async with self.counter.core.pool.acquire() as connection, connection.transaction():
            await open_figures.insert_published(connection, published)


def _name(books: Books, municipality: str) -> str:
    return books[municipality].on(clock.today()).policy.name


@router.get("/open-data")
async def show_open_data(request: Request, desk: At) -> Response:
    """For people."""
    period, towns = await _publications(request).last_year()
    return desk.shell.page(
        request, "open_data.html", period=period, towns=towns, totals=TOTALS, licence=LICENCE
    )


@router.get("/open-data.csv")
async def show_open_csv(request: Request) -> Response:
    """For spreadsheets: a line for each municipality and figure; empty is not shown."""
    period, towns = await _publications(request).last_year()
    headings = ["municipality", "name", "from", "to", "figure", "value", "small_number"]
    rows = [
        [town.published.municipality, town.name, str(period.starts_on), str(period.ends_on), name,
         "" if value is None else value, town.published.small_number]
        for town in towns
        for name, value in town.published.totals.items()
    ]  # fmt: skip
    answer = csv_answer(f"voordeur-open-data-{period.ends_on:%Y-%m}", as_csv(headings, rows))
    answer.headers.update(CACHED)
    return answer


@router.get("/open-data.json")
async def show_open_json(request: Request) -> Response:
    """For programs; null is not shown."""
    period, towns = await _publications(request).last_year()
    told = {
        "licence": LICENCE,
        "from": str(period.starts_on),
        "to": str(period.ends_on),
        "explained": {one.name: one.meaning for one in TOTALS},
        "municipalities": [
            {
                "municipality": town.published.municipality,
                "name": town.name,
                "made_at": town.published.made_at.isoformat(),
                "small_number": town.published.small_number,
                "totals": {one.name: town.published.totals[one.name] for one in TOTALS},
            }
            for town in towns
        ],
    }
    return JSONResponse(told, headers=CACHED)


def _publications(request: Request) -> Publications:
    found: Publications = request.app.state.publications
    return found
