"""The legal path as a line in time, and how long it is until a hearing or an eviction. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from services.triage.api.cases import CaseInFull
from shared.clock import amsterdam_day


@dataclass(frozen=True)
class Point:
    """Something on the line."""

    kind: str
    state: str  # set, cancelled, unknown or done
    day: date | None
    at: datetime | None = None
    court: str = ""
    case_number: str = ""
    detail: str = ""
    place: str = ""
    is_disputed: bool = False
    days_left: int | None = None  # from today; below 0: it is over

    @property
    def is_ahead(self) -> bool:
        return self.state == "unknown" or (self.days_left is not None and self.days_left > 0)


def line_of(case: CaseInFull, now: datetime) -> list[Point]:
    """Everything in order; what has no day comes last."""
    today = amsterdam_day(now)
    points = [*_signals(case, today), *_steps(case, today), *_moratoria(case, today)]
    return sorted(points, key=lambda one: (one.day is None, one.day or today, one.kind))


def next_of(points: list[Point], now: datetime) -> Point | None:
    """The first hearing or eviction that stands and lies ahead."""
    ahead = [one for one in points if one.state == "set" and one.at and one.at > now]
    return min(ahead, key=lambda one: one.at or now, default=None)


def _steps(case: CaseInFull, today: date) -> Iterator[Point]:
    for told in case.legal_path:
        at = datetime.fromisoformat(told["at"]) if told["at"] else None
        day = date.fromisoformat(told["day"]) if told["day"] else None
        day = amsterdam_day(at) if at else day
        yield Point(
            kind=told["kind"],
            state=told["state"],
            day=day,
            at=at,
            court=told["court"],
            case_number=told["case_number"],
            detail=told["detail"],
            place=told["place"],
            is_disputed=told["is_disputed"],
            days_left=(day - today).days if day else None,
        )


def _signals(case: CaseInFull, today: date) -> Iterator[Point]:
    if case.signals:
        since = min(date.fromisoformat(one["arrears_since"]) for one in case.signals)
        first = min(date.fromisoformat(one["reported_on"]) for one in case.signals)
        yield Point("arrears", "done", since, days_left=(since - today).days)
        yield Point("reported", "done", first, days_left=(first - today).days)


def _moratoria(case: CaseInFull, today: date) -> Iterator[Point]:
    if case.moratoria:
        until = case.moratoria[-1].until
        yield Point("moratorium", "set", until, days_left=(until - today).days)
