"""Statements on totals that were made public."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.triage.counts import Period
from shared.db import Tx


@dataclass(frozen=True)
class Published:
    """Totals of a municipality as they were made public."""

    municipality: str
    period: Period
    made_at: datetime
    totals: Mapping[str, int | None]  # None: not shown
    small_number: int


async def load_published(tx: Tx, period: Period) -> dict[str, Published]:
    """What was made public of a period, by municipality."""
    rows = await tx.fetch(
        """
        select municipality, made_at, totals, small_number from open_figure
        where starts_on = $1 and ends_on = $2
        order by municipality limit 1000
        """,
        period.starts_on,
        period.ends_on,
    )
    return {row[0]: Published(row[0], period, *row[1:]) for row in rows}


async def insert_published(tx: Tx, one: Published) -> None:
    """Make totals public; what another replica made public a moment ago stays."""
    await tx.execute(
        """
        insert into open_figure (municipality, starts_on, ends_on, made_at, totals, small_number)
        values ($1, $2, $3, $4, $5, $6)
        on conflict do nothing
        """,
        one.municipality,
        one.period.starts_on,
        one.period.ends_on,
        one.made_at,
        dict(one.totals),
        one.small_number,
    )
