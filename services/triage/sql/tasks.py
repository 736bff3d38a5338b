"""Statements on what a person has to look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.triage.casework import Known
from services.triage.matches import Match
from shared.contracts.envelope import derived_id
from shared.db import Tx


@dataclass(frozen=True)
class NewTask:
    """Something that a person has to look at; its id follows from what it is about."""

    kind: str
    municipality: str
    household_id: UUID | None
    case_id: UUID | None
    reason: str  # Dutch; says nothing that its readers may not know
    occasion: str = ""  # tells tasks of one kind about one household apart

    @property
    def id(self) -> UUID:
        return derived_id("task", self.kind, self.household_id, self.case_id, self.occasion)

    @staticmethod
    def about_match(known: Known, match: Match) -> "NewTask":
        """That it is uncertain whose signal it is."""
        assert match.doubt
        household_id = known.residence.household_id
        return NewTask(
            match.doubt.value, known.address.municipality, household_id, None, match.reason
        )


async def insert_tasks(tx: Tx, tasks: Sequence[NewTask], now: datetime) -> None:
    """Make tasks; one that was made before stays as it is, closed or not."""
    ordered = sorted({one.id: one for one in tasks}.values(), key=lambda one: one.id)
    await tx.execute(
        """
        insert into task (id, kind, municipality, household_id, case_id, reason, made_at)
        select *, $7 from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[],
          $6::text[])
        on conflict do nothing
        """,
        [one.id for one in ordered],
        [one.kind for one in ordered],
        [one.municipality for one in ordered],
        [one.household_id for one in ordered],
        [one.case_id for one in ordered],
        [one.reason for one in ordered],
        now,
    )
