"""Has alerts be what policy and case files ask for, in the transaction of whoever calls."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.notify import gate, passing
from services.notify.schedule import Alert, Moment, Plan
from services.notify.sql import alerts as alert_sql
from services.notify.sql import live as live_sql
from services.notify.subjects import CaseFile, Subject
from shared import clock
from shared.db import Tx
from shared.policy import Policies
from shared.waiting import Park

Key = tuple[UUID, str, UUID]  # of a subject


async def replan(
    tx: Tx,
    to_plan: Sequence[Subject],
    files: Mapping[UUID, CaseFile],
    existing: set[UUID],
    policies: Policies,
) -> None:
    """Supersede and schedule what these subjects ask for; `existing` may have alerts already.

    The case files are locked. Raises Park for a municipality without a policy.
    """
    now = clock.now()
    known = {subject.case_id for subject in to_plan} & existing
    alerts: dict[Key, list[Alert]] = {}
    for alert in await alert_sql.load_alerts(tx, known) if known else ():
        alerts.setdefault((alert.case_id, alert.kind, alert.key), []).append(alert)
    plans: list[Plan] = []
    modes = await live_sql.load_modes(tx, {files[case_id].municipality for case_id in files})
    for subject in to_plan:
        case = files[subject.case_id]
        policy = policies.on(case.municipality, clock.amsterdam_day(now))
        if policy is None:
            raise Park(f"no policy for municipality {case.municipality}")
        about = alerts.get((subject.case_id, subject.kind, subject.key), [])
        channels = gate.open_channels(modes, case.municipality)
        plans.append(passing.plan_all(subject, Moment(case, about, policy, now, channels)))
    if superseded := [alert_id for one in plans for alert_id in one.superseded]:
        await alert_sql.supersede(tx, superseded, now)
    if wanted := [alert for one in plans for alert in one.wanted]:
        await alert_sql.insert_alerts(tx, wanted, now)
