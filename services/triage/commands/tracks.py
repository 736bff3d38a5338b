"""A person decides: confirm or override the track, not take up, close, reopen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.triage import announcements, beginnings, casework, deadlines
from services.triage.commands.assigning import assign_again, require_lead
from services.triage.commands.desk import Desk, Refused, meet_terms
from services.triage.commands.visits import call_off_visits
from services.triage.reports import BY_PERSON, FactKind, Status
from services.triage.sql import cases as case_sql
from services.triage.sql import deadlines as deadline_sql
from services.triage.sql import reports as report_sql
from services.triage.sql import work as work_sql
from shared.contracts import triage
from shared.contracts.triage import Track


class EndResult(StrEnum):
    """How a case ended; the values are DDAS 1.2's, spelled exactly."""

    ADVICE = "(Budget)advies en/of quick fix"
    NO_CONTACT = "Definitief geen contact kunnen krijgen"
    NO_REACTION = "Geen reactie na eerder contact"
    KNOWN_TO_DEBT_HELP = "Inwoner al bekend bij schuldhulpverlening"
    OTHER_HELP_RUNS = "Inwoner heeft al een ander lopend traject"
    PAID = "Inwoner heeft zelf al betaald/betalingsregeling getroffen"
    DECEASED = "Inwoner is overleden"
    NO_HELP_WANTED = "Inwoner regelt het zelf/hoeft geen hulp vanuit vroegsignalering"
    REPEATED = "Niet opgepakt: herhaalde melding"
    UNJUSTIFIED = "Niet opgepakt: onterecht signaal"
    OTHER_REASON = "Niet opgepakt: andere reden"
    NOT_RESIDENT = "Persoon is geen inwoner (meer) in de gemeente"
    REFERRED = "Vervolghulp en/of verwijzing"
    REFERRED_FINANCIAL = "Vervolghulp en/of verwijzing financieel"
    REFERRED_OTHER = "Vervolghulp en/of verwijzing niet financieel"
    REFERRED_WITHOUT_RESIDENT = "Verwijzing zonder tussenkomst inwoner"


# What a result says of every signal of the case.
STATUS_OF = {
    EndResult.KNOWN_TO_DEBT_HELP: Status.KNOWN_TO_DEBT_HELP,
    EndResult.DECEASED: Status.DECEASED,
    EndResult.NOT_RESIDENT: Status.NOT_RESIDENT,
    EndResult.OTHER_REASON: Status.OTHER_REASON,
}


async def confirm(desk: Desk) -> dict[str, Any]:
    """A person agrees with what the machine proposes; `none` closes the case."""
    if desk.case.proposed_track is Track.NONE:
        return await close(desk, EndResult.OTHER_REASON, desk.case.reason)
    if desk.case.confirmed_by and desk.case.track is desk.case.proposed_track:
        raise Refused(409, "The track is confirmed already.")
    _put_on_track(desk, desk.case.proposed_track, desk.case.proposed_priority)
    desk.change(override_reason=None)
    desk.voice.say(triage.TrackConfirmed, confirmed_by=desk.actor.id)
    proposed = desk.case.proposed_track.value
    await work_sql.insert_choice(desk.tx, desk.case, desk.actor.id, proposed, None, now=desk.now)
    return _told(desk)


@dataclass(frozen=True)
class Override:
    """What a person chooses instead, and why."""

    track: Track
    priority: int
    reason: str


async def override(desk: Desk, chosen: Override) -> dict[str, Any]:
    """A person chooses another track or priority than the machine proposes."""
    if chosen.track is Track.NONE:
        raise Refused(400, "track none is no track to work on: close the case instead.")
    proposed = desk.case.proposed_track
    if (chosen.track, chosen.priority) == (proposed, desk.case.proposed_priority):
        raise Refused(409, "That is what the machine proposes: confirm it.")
    _put_on_track(desk, chosen.track, chosen.priority)
    desk.change(override_reason=chosen.reason)
    desk.voice.say(
        triage.TrackOverridden,
        proposed_track=proposed,
        overridden_by=desk.actor.id,
        reason=announcements.OVERRIDDEN,
    )
    await work_sql.insert_choice(
        desk.tx, desk.case, desk.actor.id, proposed.value, chosen.reason, now=desk.now
    )
    return _told(desk)


def _put_on_track(desk: Desk, track: Track, priority: int) -> None:
    is_other = track is not desk.case.track
    desk.change(track=track, priority=priority, confirmed_by=desk.actor.id)
    if is_other:
        desk.change(track_since=desk.today)
        desk.voice.case = casework.reweighed(desk.case, desk.policy, desk.roster)


def _told(desk: Desk) -> dict[str, Any]:
    return {"track": desk.case.track.value, "priority": desk.case.priority}


async def decide_signals(
    desk: Desk, signal_ids: Sequence[UUID], status: Status, reason: str
) -> dict[str, Any]:
    """Do not take signals up, for a reason that arithmetic cannot give; or do after all."""
    if status not in {*BY_PERSON, Status.TAKEN_UP}:
        raise Refused(400, "status must be one that a person decides, or taken_up.")
    known = await work_sql.list_signals(desk.tx, desk.case.household_id)
    if not set(signal_ids) <= set(known):
        raise Refused(404, "No such signal of this household.")
    for signal_id in signal_ids:
        await desk.enter(FactKind.STATUS_DECIDED, reason, refers_to=signal_id, detail=status.value)
    desk.note()
    return {"signal_ids": [str(one) for one in signal_ids], "status": status.value}


async def close(desk: Desk, result: EndResult, reason: str) -> dict[str, Any]:
    """End the case with a result of DDAS; what it dealt with opens no other."""
    await call_off_visits(desk)
    if status := STATUS_OF.get(result):
        for signal_id in await work_sql.load_taken_up(desk.tx, desk.case.household_id):
            await desk.enter(
                FactKind.STATUS_DECIDED, reason, refers_to=signal_id, detail=status.value
            )
    await _end_terms(desk)
    desk.voice.case = casework.close(
        desk.case, reason, desk.roster, by=desk.actor.id, result=result.value
    )
    desk.voice.say(triage.CaseClosed, reason=announcements.CLOSED, result=result.value)
    await report_sql.mark_handled(desk.tx, desk.case.household_id, desk.case.id)
    return {"result": result.value}


async def _end_terms(desk: Desk) -> None:
    """End the terms of a case, before it is said to be closed; nothing more is said after that."""
    await meet_terms(desk, deadlines.ACT_ON_SIGNAL)
    running = await deadline_sql.load_running(desk.tx, [desk.case.id])
    said = [one for one in running.get(desk.case.id, {}).values() if one.was_said]
    announcements.say_terms_met(desk.voice, said)
    await deadline_sql.drop_all(desk.tx, [desk.case.id], desk.now)
    ended = [(desk.case.id, term.name) for term in said]
    await deadline_sql.note_over_said(desk.tx, ended, desk.now)


async def reopen(desk: Desk, reason: str) -> dict[str, Any]:
    """Let a closed case go on."""
    case = desk.case
    if case.is_open:
        raise Refused(409, "The case is open.")
    if await case_sql.has_open_case(desk.tx, case.household_id):
        raise Refused(409, "The household has an open case: work in that one.")
    desk.voice.case = beginnings.reopened(replace(case, reason=reason), desk.today)
    desk.voice.say(triage.CaseReopened, reason=announcements.REOPENED)
    await report_sql.release_handled(desk.tx, [case.id])
    await assign_again(desk)
    return {"assignee_id": desk.case.assignee_id}


async def confirm_as_lead(desk: Desk) -> dict[str, Any]:
    """Confirm one case of a list."""
    require_lead(desk)
    return await confirm(desk)
