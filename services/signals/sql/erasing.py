"""Statements that forget events of an erased household, and that gather what is kept of them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from services.signals.sql.statuses import load_statuses
from shared.db import Tx


async def erase_events(tx: Tx, fact_ids: Collection[UUID], now: datetime) -> None:
    """Forget bodies, salts and statuses, in id order; the ids stay, so that none is new again."""
    ids = sorted(fact_ids)
    await tx.execute(
        """
        with ours as (
          select fact_id from event where fact_id = any($1::uuid[]) order by fact_id for update)
        update event set document = null, salt = null, erased_at = $2,
          purged_at = coalesce(purged_at, $2)
        from ours where event.fact_id = ours.fact_id
        """,
        ids,
        now,
    )
    await tx.execute("delete from status where fact_id = any($1::uuid[])", ids)


async def purge_statuses_of_erased(tx: Tx, limit: int) -> int:
    """Forget so many statuses that came while their event was being erased; how many went."""
    status: str = await tx.execute(
        """
        delete from status using (
          select status.fact_id, status.event_id from status
            join event on event.fact_id = status.fact_id
          where erased_at is not null limit $1) as late
        where status.fact_id = late.fact_id and status.event_id = late.event_id
        """,
        limit,
    )
    return int(status.rsplit(maxsplit=1)[-1])


async def gather(tx: Tx, fact_ids: Collection[UUID]) -> list[dict[str, Any]]:
    """All that is kept of events, under the names that partners know."""
    rows = await tx.fetch(
        """
        select fact_id as "meldingId", partner_id as partner, source as bron,
          event_id as "gebeurtenisId", event_type as type, municipality as gemeentecode,
          reported_on as "gemeldOp", received_at as "ontvangenOp", times_seen as "keerOntvangen",
          unknown as "nietBewaard", receipt as ontvangstbewijs, purged_at as "verwijderdOp",
          document
        from event where fact_id = any($1::uuid[]) order by received_at, fact_id
        """,
        list(fact_ids),
    )
    statuses = await load_statuses(tx, list(fact_ids))
    return [{**row, "statussen": statuses.get(row["meldingId"], [])} for row in rows]
