"""At which instant an alert is due: pure."""

from datetime import datetime, time, timedelta

from services.notify.subjects import Subject
from shared.clock import AMSTERDAM
from shared.policy import QuietHours
from shared.workdays import add_workdays, at_hour, is_workday, next_digest, workday_before


def due(offset: str, subject: Subject, digest_at: time, now: datetime) -> datetime:
    """When an alert with this offset is due; days are told at the digest's hour."""
    if offset == "at once" or (offset == "digest" and subject.is_urgent):
        return now
    if offset == "digest":
        return next_digest(now, digest_at)
    assert subject.at is not None, f"{subject.kind} has no date to count back from"
    count, unit = offset.split()
    if unit == "hours":
        return subject.at - timedelta(hours=int(count))
    day = subject.at.astimezone(AMSTERDAM).date()
    if unit == "workdays":
        return at_hour(add_workdays(day, -int(count)), digest_at)
    day -= timedelta(days=int(count))
    # Nobody reads it on a Sunday: the working day before.
    return at_hour(day if is_workday(day) else workday_before(day), digest_at)


def outside_quiet(
    due_at: datetime, quiet: QuietHours, *, now: datetime, latest: datetime | None
) -> datetime:
    """The instant, or when the quiet hours around it end; before they begin where that is too late.

    When both would be too late it is sent at once: better woken than not told.
    """
    local = due_at.astimezone(AMSTERDAM)
    if not quiet.holds_at(local.time()):
        return due_at
    is_evening = quiet.begins > quiet.ends and local.time() >= quiet.begins
    ends_on = local.date() + timedelta(days=1) if is_evening else local.date()
    ends_at = at_hour(ends_on, quiet.ends)
    if latest is None or ends_at < latest:
        return ends_at
    is_after_midnight = quiet.begins > quiet.ends and not is_evening
    begins_on = local.date() - timedelta(days=1) if is_after_midnight else local.date()
    return max(now, at_hour(begins_on, quiet.begins) - timedelta(minutes=1))
