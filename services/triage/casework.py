"""What becomes of a household's case when more is known: pure, from before and decision to after.

A case opens when a signal is taken up or the legal path begins. The machine only proposes track and
priority: a heavier proposal holds at once, until a person confirms or overrides it; a lighter one
never takes the place of what a person confirmed. The machine closes a case by itself only when no
signal counts any more before anybody acted, or when its household turned out to be another's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from services.triage import beginnings, deadlines
from services.triage.addresses import Address
from services.triage.assignment import (
    Answer,
    Choice,
    Roster,
    Wanted,
    answer_wanted,
    choose_assignee,
    weight_tenths,
)
from services.triage.cases import BY_MERGE, Case, Deadline, Running, Visit
from services.triage.hands import given, passed_on
from services.triage.legal_path import Step
from services.triage.matching import Residence
from services.triage.reports import Fact, Status
from services.triage.rules import TRACKS, Decision
from services.triage.visiting import Visitors, off
from shared.contracts.triage import ContactRestriction, Resident, Track
from shared.policy import TriagePolicy

VOID = "Alle signalen zijn ingetrokken voordat er iets was gedaan."
NOTHING_COUNTS = "Geen signaal telt nog mee, en er was nog niets gedaan."
MERGED = "Dit huishouden is samengevoegd met een ander."
RISEN = "De achterstand is hoger dan toen de zaak werd gesloten."
UNMERGED = "De samenvoeging van dit huishouden is teruggedraaid."


@dataclass(frozen=True)
class Needs:
    """What a household asks of who comes, as the resident stated it, and who may not come."""

    language: str | None = None
    skills: frozenset[str] = frozenset()
    conflicts: frozenset[str] = frozenset()  # workers who know them too well


@dataclass(frozen=True)
class Known:
    """What is stored of a household before a batch."""

    residence: Residence
    address: Address
    case: Case | None  # the open one
    last_closed: Case | None  # the last one that was closed
    case_count: int  # cases ever, so that each has an id of its own
    generalist_id: str | None  # whom the household has; also of one that turned out to be it
    needs: Needs
    steps: Mapping[tuple[str, UUID], Step]
    statuses: Mapping[UUID, tuple[Status, int]]  # with the number of the status
    doubtful: frozenset[UUID] = frozenset()  # signals whose match is uncertain now
    doubtful_before: frozenset[UUID] = frozenset()
    untold: frozenset[UUID] = frozenset()  # signals whose status their partner did not hear
    running: Running = field(default_factory=dict)  # terms of the open case, else the last one's
    moratorium_said: UUID | None = None  # the fact that was announced last
    restrictions: frozenset[ContactRestriction] = frozenset()
    restrictions_before: frozenset[ContactRestriction] = frozenset()
    kin: frozenset[UUID] = frozenset()  # households that turned out to be this one, so far
    has_grown: bool = False  # another household turned out to be this one
    visits: tuple[Visit, ...] = ()  # that lie ahead, where the household has grown


@dataclass(frozen=True)
class Outcome:
    """What a batch changed for one household; None and empty where nothing did."""

    known: Known
    decision: Decision
    case: Case | None
    is_opened: bool = False
    is_closed: bool = False
    is_reopened: bool = False
    is_reweighed: bool = False  # track or priority, proposed or in force, are others than before
    choice: Choice | None = None  # of a case that was opened, or goes to somebody else
    visits_off: tuple[Visit, ...] = ()  # that may not be made any more
    steps: tuple[Step, ...] = ()  # those that changed
    gone: tuple[Step, ...] = ()  # those that turned out to be another household's
    statuses: Mapping[UUID, tuple[Status, int]] = field(default_factory=dict)  # that changed
    told: Mapping[UUID, tuple[Status, int]] = field(default_factory=dict)  # partners hear now
    begun: tuple[Deadline, ...] = ()
    dropped: tuple[str, ...] = ()
    moratorium: Fact | None = None  # when it is news
    details: Resident | None = None  # how to reach the household, when that is news
    is_by_policy: bool = False  # nothing happened to the household: another policy holds

    @property
    def is_urgent(self) -> bool:
        # A crisis was told when it was reported; a date in court does not wait for a digest.
        is_new_crisis = self.decision.facts.is_crisis and not self.is_by_policy
        return self.decision.facts.legal_stage != "none" or is_new_crisis

    @property
    def has_changed(self) -> bool:
        """Whether anything but the case itself has to be written."""
        return bool(self.steps or self.gone or self.begun or self.dropped or self.moratorium)

    @property
    def is_news(self) -> bool:
        """Whether the decision says something else than the last one did."""
        before = self.known.case
        return (
            before is None
            or (self.case is not None and self.case.reason != before.reason)
            or (self.is_reweighed or self.is_closed or self.is_reopened)
        )


def needs_roster(known: Known, decision: Decision) -> bool:
    """Whether the teams have to be locked: somebody's load may change."""
    if known.case is None:
        return decision.needs_case
    if not decision.needs_case and not known.case.is_touched:
        return True
    if known.visits or known.case.assignee_id in known.needs.conflicts:
        return True
    track = track_in_force(known.case, decision)[0]
    weight = weight_tenths(decision.live.policy.triage, track, was_reached=known.case.was_reached)
    return (track, weight) != (known.case.track, known.case.weight_tenths)


def settle(known: Known, decision: Decision, roster: Roster | None, today: date) -> Outcome:
    """What becomes of a household. Notes changed loads in the roster."""
    if known.case is None and not decision.needs_case:
        return _outcome(known, decision, None)
    if known.case is None:
        assert roster is not None
        return _open(known, decision, roster, today)
    if not decision.needs_case and not known.case.is_touched:
        assert roster is not None
        return replace(
            _outcome(known, decision, close(known.case, _why_void(decision), roster)),
            is_closed=True,
            dropped=tuple(name for name in known.running if name not in deadlines.OUTLIVE),
        )
    return _update(known, decision, known.case, roster, today)


def _why_void(decision: Decision) -> str:
    is_withdrawn = (status is Status.WITHDRAWN for status in decision.statuses.values())
    return VOID if all(is_withdrawn) else NOTHING_COUNTS


def close(case: Case, reason: str, roster: Roster, *, by: str = "", result: str = "") -> Case:
    """The case, closed; its load is given back."""
    roster.add_load(case.assignee_id, -case.weight_tenths)
    return replace(
        case,
        is_open=False,
        reason=reason,
        weight_tenths=0,
        closed_by=by or None,
        result=result or None,
    )


def by_policy(outcome: Outcome, today: date) -> Outcome:
    """The outcome, when nothing happened to the household but that another policy holds.

    A term that this policy would have ended already goes on as it ran: nobody missed it.
    """
    if not (outcome.begun or outcome.is_reweighed or outcome.is_opened or outcome.is_reopened):
        return outcome  # nobody hears of it
    late = {term.name for term in outcome.begun if term.due_on < today}
    return replace(
        outcome,
        is_by_policy=True,
        begun=tuple(term for term in outcome.begun if term.name not in late),
        dropped=tuple(name for name in outcome.dropped if name not in late),
    )


def _outcome(known: Known, decision: Decision, case: Case | None) -> Outcome:
    changed = dict(_changed_statuses(known, decision))
    return Outcome(known, decision, case, statuses=changed, told=_told(known, changed))


def _changed_statuses(
    known: Known, decision: Decision
) -> Iterator[tuple[UUID, tuple[Status, int]]]:
    for signal_id, status in decision.statuses.items():
        before, status_no = known.statuses.get(signal_id, (None, 0))
        if status is not before:
            yield signal_id, (status, status_no + 1)


def _told(
    known: Known, changed: Mapping[UUID, tuple[Status, int]]
) -> Mapping[UUID, tuple[Status, int]]:
    """What partners hear: nothing while a match is uncertain, all of it once that is over."""
    if not known.doubtful and not known.untold:
        return changed
    held = {one: known.statuses[one] for one in known.untold}
    told = {**held, **changed}
    return {one: status for one, status in told.items() if one not in known.doubtful}


def _open(known: Known, decision: Decision, roster: Roster, today: date) -> Outcome:
    """A new case; or the last one again, when an amount rose or a merge was undone."""
    policy = decision.live.policy.triage
    goes_on = reopens(known, decision)
    if goes_on and known.last_closed:
        base = beginnings.again(known.last_closed, today, has_risen=decision.risen)
    else:
        where = (known.residence.household_id, known.address)
        base = beginnings.new_case(where, known.case_count + 1, decision, today)
    case = _as_decided(base, decision, today)
    weight = weight_tenths(policy, case.track, was_reached=case.was_reached)
    choice = choose_assignee(_wanted(known, decision, case.track, weight), roster, today)
    roster.add_load(choice.assignee.id, weight)
    case = replace(
        given(case, choice, today), weight_tenths=weight, restrictions=known.restrictions
    )
    running = known.running if goes_on else {}
    begun, dropped = deadlines.changes(running, deadlines.wanted(case, decision, today))
    return replace(
        _outcome(known, decision, case),
        is_opened=not goes_on,
        is_reopened=goes_on,
        choice=choice,
        steps=decision.steps,
        begun=begun,
        dropped=dropped,
        moratorium=_new_moratorium(known, decision),
    )


def reopens(known: Known, decision: Decision) -> bool:
    """Whether it is the last case that goes on, and not a new one that begins."""
    last = known.last_closed
    return last is not None and (last.closed_by == BY_MERGE or decision.risen)


def _wanted(known: Known, decision: Decision, track: Track, weight: int) -> Wanted:
    policy = decision.live.policy.triage
    return Wanted(
        postcode=known.address.postcode,
        language=known.needs.language,
        weight_tenths=weight,
        current_id=known.generalist_id,
        excluded_ids=known.needs.conflicts,
        skills=policy.skills_for(track) | known.needs.skills,
    )


def track_in_force(case: Case, decision: Decision) -> tuple[Track, int, bool]:
    """Track and priority that hold now, and whether a person's word still carries them."""
    if case.confirmed_by is None:
        return decision.track, decision.priority, False
    is_as_before = (decision.track, decision.priority) == (
        case.proposed_track,
        case.proposed_priority,
    )
    if not is_as_before and TRACKS.index(decision.track) > TRACKS.index(case.track):
        return decision.track, decision.priority, False
    priority = case.priority if is_as_before else min(case.priority, decision.priority)
    return case.track, priority, True


def _as_decided(case: Case, decision: Decision, today: date) -> Case:
    """The case with what was decided written in it."""
    track, priority, is_confirmed = track_in_force(case, decision)
    return replace(
        case,
        track=track,
        track_since=case.track_since if track is case.track else today,
        priority=priority,
        proposed_track=decision.track,
        proposed_priority=decision.priority,
        confirmed_by=case.confirmed_by if is_confirmed else None,
        override_reason=case.override_reason if is_confirmed else None,
        legal_stage=decision.facts.legal_stage,
        is_multiple=decision.facts.is_multiple,
        is_consecutive=decision.facts.is_consecutive,
        has_objection=decision.has_objection,
        reason=decision.reason,
    )


def _update(
    known: Known, decision: Decision, before: Case, roster: Roster | None, today: date
) -> Outcome:
    after = _as_decided(before, decision, today)
    if needs_roster(known, decision):
        assert roster is not None
        weigh = reweighed if after.track is not before.track else _with_weight
        after = weigh(after, decision.live.policy.triage, roster)
    choice = None
    if roster is not None:
        wanted = _wanted(known, decision, after.track, after.weight_tenths)
        after, choice = passed_on(after, wanted, roster, today)
    begun, dropped = deadlines.changes(known.running, deadlines.wanted(after, decision, today))
    return replace(
        _outcome(known, decision, after),
        choice=choice,
        visits_off=_visits_off(known, after, roster),
        is_reweighed=_weights(before) != _weights(after),
        steps=tuple(_changed_steps(known.steps, decision.steps)),
        gone=tuple(_gone_steps(known.steps, decision.steps)),
        begun=begun,
        dropped=dropped,
        moratorium=_new_moratorium(known, decision),
    )


def _visits_off(known: Known, case: Case, roster: Roster | None) -> tuple[Visit, ...]:
    if not known.visits:
        return ()
    assert roster is not None
    asked = Wanted(known.address.postcode, None, 0, None, excluded_ids=known.needs.conflicts)
    return off(known.visits, Visitors(case.assignee_id, asked, known.restrictions, roster))


def _weights(case: Case) -> tuple[Track, int, Track, int]:
    return case.track, case.priority, case.proposed_track, case.proposed_priority


def reweighed(case: Case, policy: TriagePolicy, roster: Roster) -> Case:
    """The case with the weight of its track; its assignee is asked again if the track asks."""
    case = _with_weight(case, policy, roster)
    if case.answer is Answer.ACCEPTED:
        return case
    return replace(case, answer=answer_wanted(case.track, roster.workers[case.assignee_id].role))


def _with_weight(case: Case, policy: TriagePolicy, roster: Roster) -> Case:
    """The case with the weight that this policy gives its track."""
    weight = weight_tenths(policy, case.track, was_reached=case.was_reached)
    roster.add_load(case.assignee_id, weight - case.weight_tenths)
    return replace(case, weight_tenths=weight)


def _new_moratorium(known: Known, decision: Decision) -> Fact | None:
    stay = decision.moratorium
    return stay if stay and stay.id != known.moratorium_said else None


def _changed_steps(
    before: Mapping[tuple[str, UUID], Step], after: Sequence[Step]
) -> Iterator[Step]:
    return (step for step in after if before.get((step.kind, step.key)) != step)


def _gone_steps(before: Mapping[tuple[str, UUID], Step], after: Sequence[Step]) -> Iterator[Step]:
    left = {(step.kind, step.key) for step in after}
    return (step for key, step in before.items() if key not in left)
