"""What becomes of a household's case when more is known: pure, from before and decision to after.

A case opens when a signal is taken up or the legal path begins. The machine only proposes track and
priority; it closes a case by itself only when every signal was withdrawn before anybody acted.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.triage.assignment import (
    Answer,
    Choice,
    Roster,
    Wanted,
    answer_wanted,
    choose_assignee,
    weight_tenths,
)
from services.triage.legal_path import Step
from services.triage.matching import Address, Residence
from services.triage.reports import Status
from services.triage.rules import Decision
from shared.contracts.envelope import derived_id
from shared.contracts.triage import Track
from shared.policy import TriagePolicy
from shared.workdays import add_workdays

VOID = "Alle signalen zijn ingetrokken voordat er iets was gedaan."


@dataclass(frozen=True)
class Case:
    """A case as it stands."""

    id: UUID
    household_id: UUID
    address: Address
    revision: int
    is_open: bool
    opened_on: date
    track: Track
    track_since: date
    priority: int
    legal_stage: str
    is_multiple: bool
    is_consecutive: bool
    has_objection: bool
    was_reached: bool
    is_touched: bool  # a worker accepted, planned or tried something
    assignee_id: str
    lead_id: str
    answer: Answer
    weight_tenths: int
    reason: str

    @property
    def reference(self) -> str:
        """A short name for mails, which says nothing of the household."""
        return f"Z-{self.id.hex[:8].upper()}"


@dataclass(frozen=True)
class Known:
    """What is stored of a household before a batch."""

    residence: Residence
    address: Address
    case: Case | None  # the open one
    case_count: int  # cases ever, so that each has an id of its own
    generalist_id: str | None
    language: str | None  # as the resident stated it
    steps: Mapping[tuple[str, UUID], Step]
    statuses: Mapping[UUID, tuple[Status, int]]  # with the number of the status


@dataclass(frozen=True)
class Deadline:
    """A term that runs from a day."""

    name: str
    starts_on: date
    due_on: date


@dataclass(frozen=True)
class Outcome:
    """What a batch changed for one household; None and empty where nothing did."""

    known: Known
    decision: Decision
    case: Case | None
    is_opened: bool
    is_closed: bool
    is_reweighed: bool  # track or priority are others than before
    choice: Choice | None  # of a case that was opened
    steps: tuple[Step, ...]  # those that changed
    gone: tuple[Step, ...]  # those that turned out to be another household's
    statuses: Mapping[UUID, tuple[Status, int]]  # those that changed
    deadlines: tuple[Deadline, ...]
    is_urgent: bool

    @property
    def is_news(self) -> bool:
        """Whether the decision says something else than the last one did."""
        before = self.known.case
        return (
            before is None
            or (self.case is not None and self.case.reason != before.reason)
            or (self.is_reweighed or self.is_closed)
        )


def needs_roster(known: Known, decision: Decision) -> bool:
    """Whether the teams have to be locked: somebody's load may change."""
    if known.case is None:
        return decision.needs_case
    return known.case.track is not decision.track or not decision.needs_case


def settle(known: Known, decision: Decision, roster: Roster | None, today: date) -> Outcome:
    """What becomes of a household. Notes changed loads in the roster."""
    policy = decision.live.policy.triage
    statuses = dict(_changed_statuses(known, decision))
    if known.case is None and not decision.needs_case:
        return _outcome(known, decision, None, statuses)
    if known.case is None:
        assert roster is not None
        return _open(known, decision, policy, roster, today)
    if not decision.needs_case and not known.case.is_touched:
        assert roster is not None
        roster.add_load(known.case.assignee_id, -known.case.weight_tenths)
        closed = replace(known.case, is_open=False, reason=VOID, weight_tenths=0)
        return replace(_outcome(known, decision, closed, statuses), is_closed=True)
    return _update(known, decision, policy, roster, today)


def _changed_statuses(
    known: Known, decision: Decision
) -> Iterator[tuple[UUID, tuple[Status, int]]]:
    for signal_id, status in decision.statuses.items():
        before, status_no = known.statuses.get(signal_id, (None, 0))
        if status is not before:
            yield signal_id, (status, status_no + 1)


def _outcome(
    known: Known,
    decision: Decision,
    case: Case | None,
    statuses: Mapping[UUID, tuple[Status, int]],
) -> Outcome:
    return Outcome(
        known=known,
        decision=decision,
        case=case,
        is_opened=False,
        is_closed=False,
        is_reweighed=False,
        choice=None,
        steps=(),
        gone=(),
        statuses=statuses,
        deadlines=(),
        is_urgent=decision.facts.legal_stage != "none" or decision.facts.is_crisis,
    )


def _open(
    known: Known, decision: Decision, policy: TriagePolicy, roster: Roster, today: date
) -> Outcome:
    weight = weight_tenths(policy, decision.track, was_reached=False)
    wanted = Wanted(
        postcode=known.address.postcode,
        language=known.language,
        weight_tenths=weight,
        current_id=known.generalist_id,
        declined_ids=frozenset(),
    )
    choice = choose_assignee(wanted, roster, today)
    roster.add_load(choice.assignee.id, weight)
    case = _new_case(known, decision, choice, weight, today)
    return replace(
        _outcome(known, decision, case, dict(_changed_statuses(known, decision))),
        is_opened=True,
        choice=choice,
        steps=decision.steps,
        deadlines=tuple(_deadlines(case, policy)),
    )


def _new_case(
    known: Known, decision: Decision, choice: Choice, weight_tenths: int, today: date
) -> Case:
    household_id = known.residence.household_id
    return Case(
        id=derived_id("case", household_id, known.case_count + 1),
        household_id=household_id,
        address=known.address,
        revision=0,
        is_open=True,
        opened_on=today,
        track=decision.track,
        track_since=today,
        priority=decision.priority,
        legal_stage=decision.facts.legal_stage,
        is_multiple=decision.facts.is_multiple,
        is_consecutive=decision.facts.is_consecutive,
        has_objection=decision.has_objection,
        was_reached=False,
        is_touched=False,
        assignee_id=choice.assignee.id,
        lead_id=choice.lead.id,
        answer=answer_wanted(decision.track, choice.assignee.role),
        weight_tenths=weight_tenths,
        reason=decision.reason,
    )


def _update(
    known: Known, decision: Decision, policy: TriagePolicy, roster: Roster | None, today: date
) -> Outcome:
    before = known.case
    assert before is not None
    is_other_track = before.track is not decision.track
    after = replace(
        before,
        track=decision.track,
        track_since=today if is_other_track else before.track_since,
        priority=decision.priority,
        legal_stage=decision.facts.legal_stage,
        is_multiple=decision.facts.is_multiple,
        is_consecutive=decision.facts.is_consecutive,
        has_objection=decision.has_objection,
        reason=decision.reason,
    )
    if is_other_track:
        assert roster is not None
        after = _reweighed(after, policy, roster)
    is_reweighed = (before.track, before.priority) != (after.track, after.priority)
    return replace(
        _outcome(known, decision, after, dict(_changed_statuses(known, decision))),
        is_reweighed=is_reweighed,
        steps=tuple(_changed_steps(known.steps, decision.steps)),
        gone=tuple(_gone_steps(known.steps, decision.steps)),
        deadlines=tuple(_deadlines(after, policy)) if is_other_track else (),
    )


def _reweighed(case: Case, policy: TriagePolicy, roster: Roster) -> Case:
    """The case with the weight of its track; its assignee is asked again if the track asks."""
    weight = weight_tenths(policy, case.track, was_reached=case.was_reached)
    roster.add_load(case.assignee_id, weight - case.weight_tenths)
    answer = case.answer
    if answer is not Answer.ACCEPTED:
        answer = answer_wanted(case.track, roster.workers[case.assignee_id].role)
    return replace(case, weight_tenths=weight, answer=answer)


def _changed_steps(
    before: Mapping[tuple[str, UUID], Step], after: Sequence[Step]
) -> Iterator[Step]:
    return (step for step in after if before.get((step.kind, step.key)) != step)


def _gone_steps(before: Mapping[tuple[str, UUID], Step], after: Sequence[Step]) -> Iterator[Step]:
    left = {(step.kind, step.key) for step in after}
    return (step for key, step in before.items() if key not in left)


def _deadlines(case: Case, policy: TriagePolicy) -> Iterator[Deadline]:
    for term in policy.terms:
        is_asked = term.name != "acceptance" or case.answer is Answer.AWAITED
        if term.track is case.track and is_asked:
            due_on = add_workdays(case.track_since, term.workdays)
            yield Deadline(term.name, case.track_since, due_on)
