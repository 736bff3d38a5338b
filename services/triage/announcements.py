"""Which events follow from what changed: pure.

Each case event takes the next revision, so that no two are alike and the highest is the newest.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from services.triage.assignment import Roster
from services.triage.cases import Case, Deadline, Visit
from services.triage.casework import RISEN, UNMERGED, Outcome
from services.triage.legal_path import Step, StepKind, StepState
from services.triage.reports import BY_PERSON, Fact, Status
from shared.contracts import triage
from shared.contracts.envelope import Event
from shared.contracts.signals import HearingKind, JudgmentOutcome
from shared.contracts.triage import CaseEvent, NotTakenUpReason, Person

# What a person did, as it leaves triage. What they typed with it stays in their team's file: who
# reads a mail later may not work on the case any more.
HANDED_OVER = "De zaak is overgedragen door een collega of teamleider."
OVERRIDDEN = "Een medewerker koos een andere aanpak of prioriteit dan was voorgesteld."
CLOSED = "Een medewerker heeft de zaak afgesloten."
REOPENED = "Een medewerker heeft de zaak heropend."


class Voice:
    """Announces events of one case, each with the next revision and the case as it is now."""

    def __init__(self, case: Case, assignee: Person, lead: Person) -> None:
        self.case = case
        self._assignee = assignee
        self._lead = lead
        self.events: list[Event] = []

    @classmethod
    def of(cls, case: Case, roster: Roster) -> "Voice":
        """The voice of a case as it is. Whose it is works here, unless it is closed."""
        assert not case.is_open or case.assignee_id in roster.workers
        assignee, lead = (
            roster.worker_or_lead(one, case.address.postcode)
            for one in (case.assignee_id, case.lead_id)
        )
        return cls(case, assignee.person(), lead.person())

    def hand_to(self, assignee: Person, lead: Person) -> None:
        """From now on these are named."""
        self._assignee, self._lead = assignee, lead

    def say(self, event_class: type[CaseEvent], **fields: Any) -> None:
        """Announce one event."""
        self.case = case = replace(self.case, revision=self.case.revision + 1)
        # Not validated: every value is ours, and a batch holds a thousand of these.
        self.events.append(
            event_class.model_construct(
                case_id=case.id,
                revision=case.revision,
                reference=case.reference,
                municipality=case.address.municipality,
                household_id=case.household_id,
                track=case.track,
                priority=case.priority,
                assignee=self._assignee,
                lead=self._lead,
                has_objection=case.has_objection,
                is_confirmed=case.confirmed_by is not None,
                paused_until=case.paused_until,
                restrictions=tuple(sorted(case.restrictions)),
                **fields,
            )
        )


def announce(outcome: Outcome, roster: Roster) -> tuple[Case | None, list[Event]]:
    """The events of an outcome, and the case with the revision after them."""
    events = list(_statuses(outcome))
    case = outcome.case
    if case is None:
        return None, events
    voice = Voice.of(case, roster)
    # First: after a case was closed nothing more is said of it.
    say_terms_met(voice, said_to_run(outcome))
    _say_what_became(voice, outcome)
    _say_who_may_come(voice, outcome)
    for step in outcome.steps:
        say_step(voice, step, outcome.known.steps.get((step.kind, step.key)))
    for step in outcome.gone:
        say_step(voice, replace(step, state=StepState.CANCELLED), step)
    if outcome.moratorium:
        say_moratorium(voice, outcome.moratorium)
    had_objection = outcome.known.case is not None and outcome.known.case.has_objection
    if case.has_objection and not had_objection:
        voice.say(triage.ObjectionRecorded)
    if outcome.details:
        kin = tuple(sorted(outcome.known.kin))
        voice.say(triage.ContactDetailsKnown, resident=outcome.details, kin=kin)
    if outcome.is_news and not voice.events:
        # Another reason for the same is no event, but a decision of its own: it is kept by this.
        return replace(voice.case, revision=voice.case.revision + 1), events
    return voice.case, events + voice.events


def _say_what_became(voice: Voice, outcome: Outcome) -> None:
    """Whether the case was opened, goes on, ended, or is weighed otherwise."""
    urgent = outcome.is_urgent
    if outcome.is_opened:
        assert outcome.choice is not None
        voice.say(triage.CaseOpened, urgent=urgent, reason=voice.case.reason)
        voice.say(triage.GeneralistAssigned, urgent=urgent, reason=outcome.choice.reason)
    elif outcome.is_reopened:
        assert outcome.choice is not None
        voice.say(triage.CaseReopened, reason=RISEN if outcome.decision.risen else UNMERGED)
        voice.say(triage.GeneralistAssigned, urgent=urgent, reason=outcome.choice.reason)
    elif outcome.is_closed:
        voice.say(triage.CaseClosed, reason=voice.case.reason)
    elif outcome.is_reweighed:
        voice.say(triage.TrackProposed, urgent=urgent, reason=voice.case.reason)


def _say_who_may_come(voice: Voice, outcome: Outcome) -> None:
    """That the case has somebody else, what nobody does any more, and which visits are off."""
    known = outcome.known
    if outcome.choice and known.case:
        voice.say(
            triage.GeneralistReassigned,
            previous_assignee_id=known.case.assignee_id,
            reason=outcome.choice.reason,
        )
    if voice.case.is_open and known.restrictions != known.restrictions_before:
        voice.say(triage.ContactRestricted)
    for visit in outcome.visits_off:
        voice.say(triage.VisitCancelled, visit_id=visit.id)


def said_to_run(outcome: Outcome) -> list[Deadline]:
    """The terms that run no longer, of which somebody heard that they are near or missed.

    Of a case that is closed also those that outlive it.
    """
    running = outcome.known.running
    ended = running if outcome.is_closed else outcome.dropped
    return [running[name] for name in ended if running[name].was_said]


def say_terms_met(voice: Voice, terms: Iterable[Deadline]) -> None:
    """Say of terms that they run no longer; to be called with those that somebody heard of."""
    for term in terms:
        voice.say(triage.DeadlineMet, **named(term))


def named(term: Deadline) -> dict[str, Any]:
    """What every event of a term says."""
    return {
        "name": term.name,
        "clock": term.clock,
        "due_on": term.due_on,
        "starting_fact": term.starting_fact,
    }


def announce_closing(
    case: Case, planned: Sequence[Visit], terms: Iterable[Deadline], roster: Roster
) -> tuple[Case, list[Event]]:
    """That a case is closed, and the case with the revision after it.

    First that its terms that somebody heard of run no longer, and that its visits are off.
    """
    voice = Voice.of(case, roster)
    say_terms_met(voice, terms)
    for visit in planned:
        voice.say(triage.VisitCancelled, visit_id=visit.id)
    voice.say(triage.CaseClosed, reason=case.reason, result=case.result)
    return voice.case, voice.events


def _statuses(outcome: Outcome) -> Iterator[Event]:
    for signal_id, (status, status_no) in outcome.told.items():
        if status is Status.TAKEN_UP:
            yield triage.SignalTakenUp.model_construct(signal_id=signal_id, status_no=status_no)
        else:
            # A partner may know that a person decided so, and never why (DDAS detailmodel).
            is_by_person = status in BY_PERSON
            reason = NotTakenUpReason.OTHER if is_by_person else NotTakenUpReason(status.value)
            yield triage.SignalNotTakenUp.model_construct(
                signal_id=signal_id, status_no=status_no, reason=reason
            )


def say_moratorium(voice: Voice, stay: Fact) -> None:
    """Announce a moratorium."""
    voice.say(triage.MoratoriumRecorded, granted_on=stay.day, until=stay.until)


def say_step(voice: Voice, step: Step, before: Step | None) -> None:
    """Announce one step of the legal path; nothing for what was called off before it was known."""
    where = {"court": step.court, "case_number": step.case_number}
    match step.kind, step.state:
        case ((StepKind.SUMMONS | StepKind.JUDGMENT), StepState.CANCELLED):
            pass  # it was told to the wrong case; there is nothing to undo in anybody's calendar
        case StepKind.SUMMONS, _:
            voice.say(triage.CaseSummonsRecorded, **where, served_on=step.day)
        case StepKind.JUDGMENT, _:
            outcome = JudgmentOutcome(step.detail)
            voice.say(triage.CaseJudgmentRecorded, **where, given_on=step.day, outcome=outcome)
        case StepKind.HEARING, _:
            _say_hearing(voice, step, before, where)
        case StepKind.EVICTION, _:
            _say_eviction(voice, step, before, where)


def _say_hearing(voice: Voice, step: Step, before: Step | None, where: dict[str, str]) -> None:
    kind = HearingKind(step.detail)
    was_set = before is not None and before.state is StepState.SET
    if step.state is not StepState.SET:
        if was_set:
            is_unknown = step.state is StepState.UNKNOWN
            voice.say(
                triage.CaseHearingCancelled,
                **where, hearing_id=step.key, kind=kind, is_unknown=is_unknown,
            )  # fmt: skip
    elif not was_set:
        voice.say(
            triage.CaseHearingSet,
            **where, hearing_id=step.key, kind=kind, place=step.place, at=step.at,
        )  # fmt: skip
    elif before and (before.at, before.place) != (step.at, step.place):
        voice.say(
            triage.CaseHearingMoved,
            **where, hearing_id=step.key, kind=kind, place=step.place, at=step.at,
        )  # fmt: skip


def _say_eviction(voice: Voice, step: Step, before: Step | None, where: dict[str, str]) -> None:
    was_set = before is not None and before.state is StepState.SET
    is_same = before is not None and (before.at, before.state) == (step.at, step.state)
    if step.state in {StepState.CANCELLED, StepState.UNKNOWN} and was_set:
        is_unknown = step.state is StepState.UNKNOWN
        voice.say(
            triage.CaseEvictionCalledOff, **where, eviction_id=step.key, is_unknown=is_unknown
        )
    elif step.state is StepState.DONE and not is_same:
        voice.say(
            triage.CaseEvictionCarriedOut,
            **where, eviction_id=step.key, carried_out_on=step.day,
        )  # fmt: skip
    elif step.state is StepState.SET and not is_same:
        voice.say(
            triage.CaseEvictionSet, **where, eviction_id=step.key, at=step.at, bailiff=step.place
        )
