"""Door 3 of signals: a partner reads what was refused, also when it asked for no feedback queue."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, Field

from services.signals.answers import Told
from services.signals.api import Limit, Shared, Since, Who, read_cursor, write_cursor
from services.signals.sql import refusals as refusal_sql
from shared.contracts.signals import Fault

router = APIRouter()


class Refusal(Told):
    """An event that was refused, and why; nothing of what it said was kept."""

    refusal_id: UUID = Field(alias="weigeringId")
    event_id: str | None = Field(alias="gebeurtenisId", description="null when it had none to read")
    message_id: str | None = Field(alias="berichtId", description="the AMQP property")
    body_hash: str = Field(alias="hash", description="SHA-256 of the event as it came, in hex")
    received_at: AwareDatetime = Field(alias="ontvangenOp")
    seen_at: AwareDatetime = Field(alias="laatstOntvangenOp")
    times_seen: int = Field(alias="keren", description="how often the same was sent")
    faults: tuple[Fault, ...] = Field(alias="fouten")


class Refusals(Told):
    """Refusals, the oldest first, and where to read on."""

    refusals: list[Refusal] = Field(alias="weigeringen")
    next: str = Field(alias="volgende", description="the `since` of the next request")


@router.get(
    "/refusals",
    operation_id="listRefusals",
    tags=["events"],
    summary="Refused events since a cursor, with all their faults",
)
async def list_refusals(who: Who, desk: Shared, since: Since = "", limit: Limit = 100) -> Refusals:
    """Own events that were refused, by whichever way they came; kept for 90 days.

    What is sent and refused again comes again.
    """
    after = read_cursor(since)
    async with desk.database() as connection:
        rows = await refusal_sql.list_refused(connection, who.id, after, limit)
    last = (rows[-1]["told_in"], rows[-1]["id"]) if rows else after
    return Refusals(refusals=[_refusal_of(row) for row in rows], next=write_cursor(last))


def _refusal_of(row: Mapping[str, Any]) -> Refusal:
    names = ("code", "field", "text_nl", "text_en", "source")
    return Refusal(
        **{name: row[name] for name in ("event_id", "message_id", "received_at", "seen_at",
                                        "times_seen")},
        refusal_id=row["id"],
        body_hash=row["body_hash"].hex(),
        faults=tuple(Fault(**dict(zip(names, one, strict=True))) for one in row["faults"]),
    )  # fmt: skip
