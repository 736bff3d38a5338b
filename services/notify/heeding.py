"""Keeps what a household asks of how it is written to, and plans its alerts anew at once.

The same way whoever says it, by the link of a message or through an operator; and in every case for
which it counts, also of the household that this one turned out to be.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from services.notify.planning import replan
from services.notify.sql import cases as case_sql
from services.notify.sql import wishes as wish_sql
from services.notify.sql.live import Change
from services.notify.subjects import UNKNOWN_HOUSEHOLD, CaseFile, Wishes
from shared import clock
from shared.db import Tx
from shared.policy import Policies


@dataclass(frozen=True)
class Household:
    """A household, with the files of all cases for which it counts what this one asks."""

    id: UUID
    files: Mapping[UUID, CaseFile]

    @property
    def is_known(self) -> bool:
        """Whether it has a case of its own: what it asked is kept as long as that."""
        own = (file for file in self.files.values() if file.household_id == self.id)
        return self.id != UNKNOWN_HOUSEHOLD and any(own)


async def hold(tx: Tx, household_id: UUID, *case_ids: UUID) -> Household:
    """Lock and load the files of a household, and of cases that are to be held besides."""
    held = {*case_ids, *await wish_sql.list_cases(tx, household_id)}
    await case_sql.hold_case_files(tx, held)
    return Household(household_id, await case_sql.load_case_files(tx, held))


async def heed(
    tx: Tx, household: Household, *, wishes: Wishes, change: Change, policies: Policies
) -> None:
    """Let a household, which is held, ask this from now on.

    What was not sent yet is taken back or goes another way; what is of use again is scheduled.
    """
    await wish_sql.save_wishes(tx, household.id, wishes, change)
    files = await case_sql.load_case_files(tx, household.files)
    # Without a policy nothing goes out; what was asked is kept all the same.
    names = {one.municipality for one in files.values()}
    with_policy = {name for name in names if policies.on(name, clock.today())}
    told = [
        one
        for one in await case_sql.load_subjects(tx, files)
        if one.may_be_told(files[one.case_id]) and files[one.case_id].municipality in with_policy
    ]
    await replan(tx, told, files, set(files), policies)
