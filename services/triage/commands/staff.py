"""What a lead notes of people and of decisions, apart from single cases."""

from typing import Any
from uuid import UUID

from services.triage.commands.assigning import UNKNOWN_TARGET
from services.triage.commands.desk import Refused, WorkerAccount
from services.triage.commands.households import Judge
from services.triage.sql import lists as list_sql
from services.triage.sql import roster as roster_sql
from services.triage.sql import verdicts as verdict_sql
from services.triage.sql.lists import Absence
from services.triage.sql.verdicts import Review
from shared import clock
from shared.contracts.envelope import Event
from shared.db import Tx

Done = tuple[dict[str, Any], list[Event]]

NO_SUCH_WORKER = "No such worker in this municipality."
IN_DOUBT = (
    "It is uncertain whose signals these are. Give the verdict, which closes the task: the same "
    "household (a match confirmation or a merge), or not the same (a split)."
)


async def plan_hand_overs(
    tx: Tx, actor: WorkerAccount, worker_id: str, to: str | None
) -> list[tuple[UUID, int]]:
    """The open cases of somebody that this actor may give away; raises Refused."""
    roster = await roster_sql.load_roster(tx, actor.municipality)
    if worker_id not in roster.workers:
        raise Refused(404, NO_SUCH_WORKER)
    if to is not None and to not in roster.workers:
        raise Refused(400, UNKNOWN_TARGET)
    return await list_sql.list_open_ids(tx, worker_id, actor.id)


async def note_absence(judge: Judge, absence: Absence) -> Done:
    """Note when somebody is away; absent people get nothing."""
    roster = await roster_sql.lock_roster(judge.tx, judge.actor.municipality)
    if absence.worker_id not in roster.workers:
        raise Refused(404, NO_SUCH_WORKER)
    await list_sql.save_absence(judge.tx, absence, clock.today())
    return {"worker_id": absence.worker_id}, []


async def close_task(judge: Judge, task_id: UUID, outcome: str) -> Done:
    """Note what came of a task; a doubt needs a verdict, for its partners wait for one."""
    actor = judge.actor
    doubted = await verdict_sql.lock_doubted(judge.tx, task_id, actor.municipality)
    if await verdict_sql.has_doubt(judge.tx, doubted):
        raise Refused(409, IN_DOUBT)
    if not await verdict_sql.close_task(
        judge.tx, task_id, actor.municipality, actor.id, outcome, now=clock.now()
    ):
        raise Refused(404, "No such open task.")
    return {"task_id": str(task_id)}, []


async def review_sample(judge: Judge, review: Review) -> Done:
    """Note what a lead thinks of a decision of the sample."""
    if not await verdict_sql.save_review(judge.tx, review, judge.actor.id, clock.now()):
        raise Refused(404, "No such decision in that week's sample.")
    return {"signal_id": str(review.signal_id)}, []
