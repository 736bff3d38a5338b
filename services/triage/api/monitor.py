"""The figures of the lead's municipality, over some months."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.triage import monitor
from services.triage.api.taking import Counter, Lead, Shared
from services.triage.counts import Period, PeriodFault, whole_months
from services.triage.monitor import Figures
from services.triage.sql import monitor as monitor_sql
from shared import clock
from shared.web.bounded import Day
from shared.web.problems import Problem

router = APIRouter()


@router.get(
    "/monitor",
    operation_id="showMonitor",
    tags=["monitor"],
    summary="Reach, help, terms, evictions, costs and fairness over some months",
)
async def show_monitor(
    who: Lead,
    counter: Shared,
    first: Annotated[Day, Query(alias="from", description="first day of a month")],
    last: Annotated[Day, Query(alias="to", description="last day of a month")],
) -> Figures:
    """Of the municipality of the lead. A figure that is small, or gives one away, is null."""
    try:
        period = whole_months(first, last)
    except PeriodFault as fault:
        raise Problem(400, str(fault)) from None
    figures = await load_figures(counter, who.municipality, period)
    if figures is None:
        raise Problem(404, "Your municipality has no policy, and so no figures.")
    return figures


async def load_figures(counter: Counter, municipality: str, period: Period) -> Figures | None:
    """The figures of a municipality; None for one without a policy."""
    async with (
        counter.core.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        books = await counter.shelf.current(connection)
        book = books.get(municipality)
        if book is None:
            return None
        rows = await monitor_sql.load_counts(connection, municipality, period, clock.today())
    return monitor.figures(rows, period, lambda day: book.on(day).policy)
