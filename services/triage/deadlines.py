"""The terms of a case: pure, computed anew from what is known whenever something changes.

Legal and service terms are never mixed: each names its clock and the fact that started it.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from services.triage.assignment import Answer
from services.triage.cases import Case, Deadline, Running
from services.triage.rules import Decision
from shared.clock import amsterdam_day
from shared.contracts.triage import ClockKind
from shared.policy import LegalTerms, TriagePolicy
from shared.workdays import add_workdays

ACCEPTANCE, FIRST_ATTEMPT, ACT_ON_SIGNAL = "acceptance", "first_attempt", "act_on_signal"
FIRST_TALK, PAUSE_END, MORATORIUM_END, REVIEW = "first_talk", "pause", "moratorium", "review"
# These end on their day; nobody has missed anything then.
ENDINGS = frozenset({PAUSE_END, MORATORIUM_END, REVIEW})
# These run on when their case is closed: partners were told of a pause, and hear of its end.
OUTLIVE = frozenset({PAUSE_END})


Changes = tuple[tuple[Deadline, ...], tuple[str, ...]]


def wanted(case: Case, decision: Decision, today: date) -> list[Deadline]:
    """The terms that should run for a case, each name once; none for one that is closed."""
    if not case.is_open:
        return []
    policy = decision.live.policy.triage
    return [*_service(case, decision, policy), *_legal(case, decision, policy, today)]


def changes(running: Running, terms: list[Deadline]) -> Changes:
    """What is to begin, and the names of what is to be dropped before."""
    names = {term.name: term for term in terms}
    begun = tuple(term for term in terms if running.get(term.name) != term)
    dropped = tuple(name for name, term in running.items() if names.get(name) != term)
    return begun, dropped


def _service(case: Case, decision: Decision, policy: TriagePolicy) -> Iterator[Deadline]:
    is_untried = case.work.first_attempt_on is None
    asked_on = max(case.assigned_on, case.track_since)  # another track asks again
    starts = {
        ACCEPTANCE: (case.answer is Answer.AWAITED, asked_on, "toewijzing"),
        FIRST_ATTEMPT: (is_untried, case.track_since, "aanpak"),
        ACT_ON_SIGNAL: (
            is_untried and bool(decision.taken_up), _told_on(case, decision), "signaal opgepakt"
        ),
    }  # fmt: skip
    for term in policy.terms:
        runs, starts_on, fact = starts[term.name]
        if runs and term.track is case.track:
            due_on = add_workdays(starts_on, term.workdays)
            near_on = max(starts_on, add_workdays(due_on, -term.near_workdays))
            yield Deadline(term.name, ClockKind.SERVICE, fact, starts_on, due_on, near_on)
    if case.work.review_on:
        day = case.work.review_on
        yield Deadline(REVIEW, ClockKind.SERVICE, "afspraak om opnieuw te kijken", day, day, day)


def _told_on(case: Case, decision: Decision) -> date:
    """The day from which there was a signal to act on; a case may have begun without one."""
    recorded = (amsterdam_day(signal.recorded_at) for signal in decision.taken_up)
    return max(case.since, min(recorded, default=case.since))


def _legal(case: Case, decision: Decision, policy: TriagePolicy, today: date) -> Iterator[Deadline]:
    work, terms = case.work, policy.legal_terms
    if work.help_accepted_on and work.first_talk_on is None:
        yield _first_talk(work.help_accepted_on, decision.threatened_on, terms)
    if work.paused_since and work.collection_paused_until:
        since, until = work.paused_since, work.collection_paused_until
        near_on = max(since, add_workdays(until, -terms.near_workdays.value))
        yield Deadline(PAUSE_END, ClockKind.PAUSE, "hulp aanvaard", since, until, near_on)
    stay = decision.moratorium
    if stay and stay.until and stay.day and stay.until >= today:
        near_on = max(stay.day, add_workdays(stay.until, -terms.near_workdays.value))
        yield Deadline(MORATORIUM_END, ClockKind.LEGAL, "moratorium", stay.day, stay.until, near_on)


def _first_talk(accepted_on: date, threatened_on: date | None, terms: LegalTerms) -> Deadline:
    """Four weeks from acceptance of help; three working days once an eviction is known too."""
    due_on = accepted_on + timedelta(days=terms.first_talk_days.value)
    starts_on, fact = accepted_on, "hulp aanvaard (Wgs art. 4 lid 1)"
    if threatened_on:
        starts_on = max(accepted_on, threatened_on)
        soon = add_workdays(starts_on, terms.first_talk_threatening_workdays.value)
        due_on = min(due_on, soon)
        fact = "hulp aanvaard en ontruiming aangezegd (Wgs art. 4 lid 2)"
    near_on = max(starts_on, add_workdays(due_on, -terms.near_workdays.value))
    return Deadline(FIRST_TALK, ClockKind.LEGAL, fact, starts_on, due_on, near_on)
