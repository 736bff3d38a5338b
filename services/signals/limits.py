"""How much may come in over HTTP at once, so that one partner cannot take the service from all.

Limits of a replica, kept in memory: with n replicas a partner may send n times as much.
"""

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from shared import clock
from shared.web.limits import Bucket
from shared.web.problems import Problem

# Bodies being read or handled at this moment; a batch is 16 MB at most.
BYTES_IN_FLIGHT_MAX = 64 * 1024**2
# Of one partner: a largest batch, or many small ones. Alone it cannot fill the room.
PARTNER_BYTES_MAX = 16 * 1024**2
# Tables under way: each is on disk as a whole, and of a workbook the strings in memory.
UPLOADS_MAX = 4
PARTNER_UPLOADS_MAX = 2  # one whose sender has gone may not have ended yet
# A body comes in within this time, or gives its room back: 16 MB at 2 Mbit/s.
BODY_SECONDS_MAX = 64
BUSY_RETRY_SECONDS = 2
FULL_RETRY_SECONDS = 30


@dataclass
class Limits:
    """What this replica is handling now, and what each partner has used of late."""

    bytes_in_flight: Counter[str] = field(default_factory=Counter)  # by partner
    uploads: Counter[str] = field(default_factory=Counter)  # by partner
    _buckets: dict[str, Bucket] = field(default_factory=dict)

    def count_request(self, partner_id: str, per_minute: int) -> None:
        """Count a request; raises Problem 429 with Retry-After when there were too many."""
        now = clock.monotonic()
        bucket = self._buckets.get(partner_id)
        if bucket is None or bucket.per_minute != per_minute:
            bucket = self._buckets[partner_id] = Bucket(per_minute, per_minute, now)
        if seconds := bucket.take(now):
            raise Problem(
                429,
                f"More than {per_minute} requests a minute. Send batches, or wait.",
                headers={"Retry-After": str(math.ceil(seconds))},
            )

    @contextmanager
    def hold(self, partner_id: str, size: int) -> Iterator[None]:
        """Make room for a body of so many bytes.

        Raises Problem 429 when this partner has too much under way, 503 when all together have.
        """
        if self.bytes_in_flight[partner_id] + size > PARTNER_BYTES_MAX:
            raise _no_room(429, "You have too much under way at once.")
        if self.bytes_in_flight.total() + size > BYTES_IN_FLIGHT_MAX:
            raise _no_room(503, "Too much is coming in at once.")
        self.bytes_in_flight[partner_id] += size
        try:
            yield
        finally:
            self.bytes_in_flight[partner_id] -= size

    @contextmanager
    def hold_upload(self, partner_id: str) -> Iterator[None]:
        """Make room for a table.

        Raises Problem 429 when this partner has too many under way, 503 when all together have.
        """
        if self.uploads[partner_id] >= PARTNER_UPLOADS_MAX:
            raise _no_room(429, "You have too many tables under way at once.", FULL_RETRY_SECONDS)
        if self.uploads.total() >= UPLOADS_MAX:
            raise _no_room(503, "Too many tables are coming in at once.", FULL_RETRY_SECONDS)
        self.uploads[partner_id] += 1
        try:
            yield
        finally:
            self.uploads[partner_id] -= 1


def _no_room(status: int, why: str, seconds: int = BUSY_RETRY_SECONDS) -> Problem:
    return Problem(
        status,
        f"{why} Nothing of this request was accepted.",
        headers={"Retry-After": str(seconds)},
    )
