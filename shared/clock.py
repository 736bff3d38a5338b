"""The clock: outside this file nobody reads one.

In a demo or a test a driver steps business time by writing an instant into a file; without a file,
or once it is gone, time is real. Leases and pauses never follow a step: they use `lease_now`.
"""

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")

_stepped_by: Path | None = None


def step_by(path: Path | None) -> None:
    """Read business time from this file from now on; None is real time."""
    global _stepped_by  # noqa: PLW0603 - one process has one clock
    _stepped_by = path


def now() -> datetime:
    """The business instant, in UTC."""
    if _stepped_by:
        try:
            return datetime.fromisoformat(_stepped_by.read_text().strip()).astimezone(UTC)
        except FileNotFoundError:
            pass
    return datetime.now(UTC)


def today() -> date:
    """The business day on the Amsterdam calendar."""
    return amsterdam_day(now())


def amsterdam_day(instant: datetime) -> date:
    """The Amsterdam calendar day of an instant."""
    return instant.astimezone(AMSTERDAM).date()


def monotonic() -> float:
    """Seconds that only ever grow, for pauses within this process."""
    return time.monotonic()


def lease_now() -> datetime:
    """The real instant, in UTC, for leases and pauses that replicas on several machines share.

    Not monotonic across machines; a clock that is off makes a lease end early or late, and the
    inbox of whoever gets an event twice drops it.
    """
    return datetime.now(UTC)


def lease_until(seconds: float) -> datetime:
    """The end of a lease or pause that begins now."""
    return lease_now() + timedelta(seconds=seconds)
