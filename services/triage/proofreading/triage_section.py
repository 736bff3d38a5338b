"""What a careful reader finds in the section `triage`, but for its rules: pure."""

from collections.abc import Iterator

from services.triage.proofreading.remarks import Said, has, missing, repeated
from shared.contracts.signals import PartnerKind
from shared.contracts.triage import ContactKind, Track
from shared.policy.signals import SignalsPolicy
from shared.policy.triage import TriagePolicy

SECTION = "triage"
WORKED_ON = (Track.LETTER, Track.VISIT, Track.LEGAL)
# Terms that every case of a track has. A letter asks no acceptance.
TERMS = [
    *((name, track) for name in ("first_attempt", "act_on_signal") for track in WORKED_ON),
    ("acceptance", Track.VISIT),
    ("acceptance", Track.LEGAL),
]
FIRST_TALK_DAYS = 28  # Wgs art. 4(1), four weeks (S14-S16)
THREATENING_WORKDAYS = 3  # Wgs art. 4(2) (S14)
MONTH_DAYS = 31


def _windows(triage: TriagePolicy) -> Iterator[Said]:
    path = (SECTION, "windows")
    seen: set[PartnerKind] = set()
    for no, window in enumerate(triage.windows):
        if window.days_max is not None and window.days_max < window.days_min:
            words = f"days_max: {window.days_max} is before days_min: nothing lies inside"
            yield Said((*path, no, "days_max"), words)
        if not window.kinds:
            yield Said((*path, no, "kinds"), "no kinds: the window is nobody's")
        for kind in sorted(window.kinds & seen):
            words = f"{kind}: has a window already; only the first would count"
            yield Said((*path, no, "kinds"), words)
        seen |= window.kinds


def check_windows_missing(triage: TriagePolicy, signals: SignalsPolicy) -> Iterator[Said]:
    """Kinds that may signal and of which nothing says how old their arrears must be."""
    told = {kind for rule in signals.evidences for kind in rule.kinds}
    has_one = {kind for window in triage.windows for kind in window.kinds}
    words = "{}: may signal (signals.evidences) and has no window: arrears of any age would count"
    yield from missing((SECTION, "windows"), sorted(told - has_one), words)


def _terms(triage: TriagePolicy) -> Iterator[Said]:
    path = (SECTION, "terms")
    named = [(term.name, term.track) for term in triage.terms]
    yield from repeated(path, named, "is here already: one term of a name and track")
    for no, term in enumerate(triage.terms):
        if term.track is Track.NONE:
            yield Said((*path, no, "track"), "nobody works on track none: the term never runs")
        elif (term.name, term.track) not in TERMS:
            yield Said((*path, no, "track"), f"{term.name}: is not asked on track {term.track}")
        if term.near_workdays > term.workdays:
            words = "near_workdays: is longer than the term"
            yield Said((*path, no, "near_workdays"), words)
    lacking = [f"{name} of track {track}" for name, track in TERMS if (name, track) not in named]
    yield from missing(path, lacking, "{}: has no term, so nobody is reminded")


def _weights(triage: TriagePolicy) -> Iterator[Said]:
    path = (SECTION, "weights")
    named = [weight.track for weight in triage.weights]
    yield from repeated(path, named, "track: has a weight already; only the first would count")
    lacking = [track.value for track in Track if track not in named]
    yield from missing(path, lacking, "track {} has no weight")


def _skills(triage: TriagePolicy) -> Iterator[Said]:
    asked = [(one.track, one.skill) for one in triage.skills]
    yield from repeated((SECTION, "skills"), asked, "is here already")


def _ladders(triage: TriagePolicy) -> Iterator[Said]:
    path = (SECTION, "ladders")
    named = [ladder.track for ladder in triage.ladders]
    yield from repeated(path, named, "track: has a ladder already; only the first would count")
    lacking = [track.value for track in WORKED_ON if track not in named]
    yield from missing(path, lacking, "track {} has no ladder: no attempt would be proposed")
    for no, ladder in enumerate(triage.ladders):
        kinds = {step.kind for step in ladder.steps}
        if ladder.track is Track.NONE:
            yield Said((*path, no, "track"), "nobody works on track none: it is never climbed")
        elif ladder.track is Track.VISIT and ContactKind.VISIT not in kinds:
            words = f"no {ContactKind.VISIT} among the attempts of track visit"
            yield Said((*path, no, "steps"), words, is_remark=True)


def _legal_terms(triage: TriagePolicy) -> Iterator[Said]:
    """A policy may ask for more speed than the law does, never for less."""
    path, terms = (SECTION, "legal_terms"), triage.legal_terms
    if terms.first_talk_days.value > FIRST_TALK_DAYS:
        words = f"first_talk_days: the law asks {FIRST_TALK_DAYS} days at most (Wgs art. 4(1))"
        yield Said((*path, "first_talk_days", "value"), words)
    if terms.first_talk_threatening_workdays.value > THREATENING_WORKDAYS:
        words = (
            "first_talk_threatening_workdays: the law asks "
            f"{THREATENING_WORKDAYS} at most (Wgs art. 4(2))"
        )
        yield Said((*path, "first_talk_threatening_workdays", "value"), words)


def _memory(triage: TriagePolicy) -> Iterator[Said]:
    """What was purged cannot make a signal consecutive."""
    if not has(triage, "consecutive_months"):
        return
    months = triage.consecutive_months.value
    if triage.case_days.value < months * MONTH_DAYS - MONTH_DAYS:
        words = f"case_days: what {months} consecutive months look back on is purged before"
        yield Said((SECTION, "case_days", "value"), words, is_remark=True)


CHECKS = (
    (_windows, "windows"),
    (_terms, "terms"),
    (_weights, "weights"),
    (_skills, "skills"),
    (_ladders, "ladders"),
    (_legal_terms, "legal_terms"),
    (_memory, "case_days"),
)
