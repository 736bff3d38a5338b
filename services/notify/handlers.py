"""Door 1 of notify: triage's case events. What changed decides what is scheduled and superseded."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from services.notify import schedule, sql
from services.notify.schedule import Alert, CaseFile, Moment, Plan, Subject
from shared import clock
from shared.contracts import triage
from shared.contracts.triage import CaseEvent
from shared.db import Tx
from shared.door import Door, Follow
from shared.policy import Policies
from shared.waiting import Park

Key = tuple[UUID, str, UUID]  # of a subject


def register(door: Door, policies: Policies) -> None:
    """Serve every queue of notify."""

    async def on_case_events(events: Sequence[CaseEvent], tx: Tx) -> Follow:
        """Keep the newest of each case, and plan alerts anew where it matters."""
        await take_events(tx, events, policies)
        return ()

    for event_class in triage.EVENTS:
        if door.service in event_class.consumers:
            door.on(cast("type[CaseEvent]", event_class))(on_case_events)


async def take_events(tx: Tx, events: Sequence[CaseEvent], policies: Policies) -> None:
    """Load, plan, save; under the lock of the case files."""
    told = _newest_files(events)
    stored = await sql.lock_case_files(tx, list(told.values()))
    files = {
        **stored,
        **{case_id: _newer(stored.get(case_id), file) for case_id, file in told.items()},
    }
    if newer := [file for case_id, file in files.items() if _is_newer(file, stored.get(case_id))]:
        await sql.save_case_files(tx, newer)
    subjects = _by_key(await sql.load_subjects(tx, stored)) if stored else {}
    changed = _newer_subjects(events, subjects)
    if changed:
        await sql.save_subjects(tx, list(changed.values()))
    # Where people changed, everything about the case is planned anew, else only what was told.
    moved = {
        case_id for case_id, file in stored.items() if _people(file) != _people(files[case_id])
    }
    to_plan = {key: one for key, one in subjects.items() if key[0] in moved} | changed
    if to_plan:
        await _replan(tx, list(to_plan.values()), files, set(stored), policies)


def _newest_files(events: Iterable[CaseEvent]) -> dict[UUID, CaseFile]:
    newest: dict[UUID, CaseFile] = {}
    for event in events:
        before = newest.get(event.case_id)
        if before is None or before.revision < event.revision:
            newest[event.case_id] = schedule.case_file_of(event)
    return newest


def _newer(stored: CaseFile | None, told: CaseFile) -> CaseFile:
    return told if stored is None or told.revision > stored.revision else stored


def _is_newer(file: CaseFile, stored: CaseFile | None) -> bool:
    return stored is not None and file.revision > stored.revision


def _people(file: CaseFile) -> tuple[Any, ...]:
    return file.assignee.id, file.lead.id, file.is_open


def _by_key(subjects: Iterable[Subject]) -> dict[Key, Subject]:
    return {(one.case_id, one.kind, one.key): one for one in subjects}


def _newer_subjects(
    events: Iterable[CaseEvent], stored: Mapping[Key, Subject]
) -> dict[Key, Subject]:
    newest: dict[Key, Subject] = {}
    for event in events:
        subject = schedule.subject_of(event)
        if subject is None:
            continue
        key = (subject.case_id, subject.kind, subject.key)
        known = newest.get(key) or stored.get(key)
        if known is None or known.revision < subject.revision:
            newest[key] = subject
    return newest


async def _replan(
    tx: Tx,
    subjects: Sequence[Subject],
    files: Mapping[UUID, CaseFile],
    existing: set[UUID],
    policies: Policies,
) -> None:
    now = clock.now()
    known = {subject.case_id for subject in subjects} & existing
    alerts: dict[Key, list[Alert]] = {}
    for alert in await sql.load_alerts(tx, known) if known else ():
        alerts.setdefault((alert.case_id, alert.kind, alert.key), []).append(alert)
    plans: list[Plan] = []
    for subject in subjects:
        case = files[subject.case_id]
        policy = policies.on(case.municipality, clock.amsterdam_day(now))
        if policy is None:
            raise Park(f"no policy for municipality {case.municipality}")
        about = alerts.get((subject.case_id, subject.kind, subject.key), [])
        plans.append(schedule.plan(subject, Moment(case, about, policy, now)))
    if superseded := [alert_id for one in plans for alert_id in one.superseded]:
        await sql.supersede(tx, superseded, now)
    if wanted := [alert for one in plans for alert in one.wanted]:
        await sql.insert_alerts(tx, wanted, now)
