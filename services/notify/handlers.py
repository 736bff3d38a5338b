"""Door 1 of notify: triage's case events. What changed decides what is scheduled and superseded."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.notify import subjects
from services.notify.planning import Key, replan
from services.notify.sql import cases as case_sql
from services.notify.sql import erasing as erase_sql
from services.notify.sql import live as live_sql
from services.notify.subjects import CaseFile, State, Subject
from shared import clock, waiting
from shared.contracts import triage
from shared.contracts.notify import AlertsErased
from shared.contracts.triage import CaseEvent
from shared.db import Tx
from shared.door import Door, Follow
from shared.policy import Policies
from shared.policy.shelf import Shelf, on_policy_activated


def register(door: Door, shelf: Shelf) -> None:
    """Serve every queue of notify."""

    async def on_case_events(events: Sequence[CaseEvent], tx: Tx) -> Follow:
        """Keep the newest of each case, and plan alerts anew where it matters."""
        await take_events(tx, events, await shelf.current(tx))
        return ()

    for event_class in triage.EVENTS:
        if door.service in event_class.consumers and issubclass(event_class, CaseEvent):
            door.on(event_class)(on_case_events)
    door.on(triage.HouseholdErased)(on_household_erased)
    door.on(triage.HouseholdPurged)(on_household_purged)
    door.on(triage.PolicyActivated)(on_policy_activated)
    door.on(triage.TriageAlive)(on_triage_alive)


async def on_household_erased(events: Sequence[triage.HouseholdErased], tx: Tx) -> Follow:
    """Forget the cases of households, with what was still to be sent, and answer."""
    now = clock.now()
    await _forget(tx, {one for event in events for one in event.case_ids}, now)
    return [AlertsErased(household_id=one.household_id, erased_at=now) for one in events]


async def on_household_purged(events: Sequence[triage.HouseholdPurged], tx: Tx) -> Follow:
    """Forget cases that triage keeps no longer."""
    await _forget(tx, {one for event in events for one in event.case_ids}, clock.now())
    return ()


async def on_triage_alive(events: Sequence[triage.TriageAlive], tx: Tx) -> Follow:
    """Note when triage was last heard of."""
    await live_sql.note_alive(tx, max(one.said_at for one in events))
    return ()


async def _forget(tx: Tx, case_ids: Collection[UUID], now: datetime) -> None:
    if not case_ids:
        return
    # Inserted where absent, so that who is just taking in such a case is waited for.
    await case_sql.lock_case_files(tx, [subjects.unknown_case(one) for one in case_ids])
    await erase_sql.forget_cases(tx, case_ids, now)
    await waiting.forget(tx, [[str(one)] for one in case_ids])


async def take_events(tx: Tx, events: Sequence[CaseEvent], policies: Policies) -> None:
    """Load, plan, save; under the lock of the case files."""
    told = _newest_files(events)
    stored = await case_sql.lock_case_files(tx, list(told.values()))
    if late := await erase_sql.list_forgotten(tx, told.keys() - stored.keys()):
        await erase_sql.forget_cases(tx, late, clock.now())
        events = [one for one in events if one.case_id not in late]
        told = {case_id: file for case_id, file in told.items() if case_id not in late}
    files = {
        **stored,
        **{case_id: subjects.newer(stored.get(case_id), file) for case_id, file in told.items()},
    }
    files |= _with_residents(events, files)
    if other := [one for one in files.values() if _is_of_others(one, stored.get(one.case_id))]:
        files |= await case_sql.with_wishes(tx, other)
    known = _by_key(await case_sql.load_subjects(tx, stored)) if stored else {}
    changed = _newer_subjects(events, known)
    files |= _with_former(changed, known, files)
    await _save_files(tx, stored, files)
    if changed:
        await case_sql.save_subjects(tx, list(changed.values()))
    # Where people changed, everything about the case is planned anew, else only what was told.
    moved = {
        case_id for case_id, file in stored.items() if _people(file) != _people(files[case_id])
    }
    to_plan = {key: one for key, one in known.items() if key[0] in moved} | changed
    if to_plan:
        await replan(tx, list(to_plan.values()), files, set(stored), policies)


def _newest_files(events: Iterable[CaseEvent]) -> dict[UUID, CaseFile]:
    newest: dict[UUID, CaseFile] = {}
    for event in events:
        before = newest.get(event.case_id)
        if before is None or before.revision < event.revision:
            newest[event.case_id] = subjects.case_file_of(event)
    return newest


def _is_of_others(file: CaseFile, stored: CaseFile | None) -> bool:
    """Whether wishes of others hold now: the case is new, or whose it is has changed."""
    return stored is None or stored.households != file.households


def _with_residents(
    events: Iterable[CaseEvent], files: Mapping[UUID, CaseFile]
) -> dict[UUID, CaseFile]:
    """The case files whose household can be reached otherwise than was known."""
    found: dict[UUID, CaseFile] = {}
    for event in events:
        if isinstance(event, triage.ContactDetailsKnown):
            file = found.get(event.case_id) or files[event.case_id]
            if event.revision > file.resident_revision:
                found[event.case_id] = replace(
                    file,
                    resident=event.resident,
                    kin=frozenset(event.kin),
                    resident_revision=event.revision,
                )
    return found


def _with_former(
    changed: Mapping[Key, Subject], known: Mapping[Key, Subject], files: Mapping[UUID, CaseFile]
) -> dict[UUID, CaseFile]:
    """The case files that remember one more who was to go along and is so no more."""
    found: dict[UUID, CaseFile] = {}
    for key, subject in changed.items():
        before = known[key].second if key in known else None
        if before is None or subject.state is State.OVER:
            continue
        if subject.second is None or subject.second.id != before.id:
            file = found.get(subject.case_id) or files[subject.case_id]
            found[subject.case_id] = file.left_by(before)
    return found


async def _save_files(
    tx: Tx, stored: Mapping[UUID, CaseFile], files: Mapping[UUID, CaseFile]
) -> None:
    """Write what is newer than what was stored; new case files are there already."""
    newer = [
        files[case_id]
        for case_id, file in stored.items()
        if (files[case_id].revision, files[case_id].former) != (file.revision, file.former)
    ]
    if newer:
        await case_sql.save_case_files(tx, newer)
    told = [
        file
        for case_id, file in files.items()
        if file.resident and file.resident_revision > _resident_revision(stored.get(case_id))
    ]
    if told:
        await case_sql.save_residents(tx, told)


def _resident_revision(file: CaseFile | None) -> int:
    return file.resident_revision if file else 0


def _people(file: CaseFile) -> tuple[Any, ...]:
    """What decides who can be told, and how."""
    whom = file.assignee.id, file.lead.id, file.is_open
    when = file.paused_until, file.has_objection  # what was stopped meanwhile may go after all
    return *whom, *when, file.is_confirmed, file.resident, file.restrictions, file.wishes


def _by_key(subjects: Iterable[Subject]) -> dict[Key, Subject]:
    return {(one.case_id, one.kind, one.key): one for one in subjects}


def _newer_subjects(
    events: Iterable[CaseEvent], stored: Mapping[Key, Subject]
) -> dict[Key, Subject]:
    newest: dict[Key, Subject] = {}
    for event in events:
        for subject in subjects.subjects_of(event):
            key = (subject.case_id, subject.kind, subject.key)
            known = newest.get(key) or stored.get(key)
            if known is None or known.revision < subject.revision:
                newest[key] = subject.after(known)
    return newest
