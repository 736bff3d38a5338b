"""The lock that a signal and its withdrawal share, whatever address each of them names."""

from collections.abc import Collection
from uuid import UUID

from shared.db import Tx

# Any number: who lets signals in shares their locks, who lets withdrawals in has them alone.
WITHDRAWAL_LOCKS = 24_031
# Not a lock for each signal: a few full batches at once would fill the server's table of locks.
WITHDRAWAL_LOCKS_MAX = 64


async def lock_signals(tx: Tx, told: Collection[UUID], withdrawn: Collection[UUID]) -> None:
    """Wait until whoever lets in the other half of these has committed; before any building.

    Of two that come in at once under two addresses neither would see the other, and no building
    would hold one up: the withdrawal would be lost.
    """
    alone = {_lock_of(one) for one in withdrawn}
    wanted = sorted({_lock_of(one) for one in told} | alone)
    await tx.execute(
        """
        select case when is_alone then pg_advisory_xact_lock($1, number)
          else pg_advisory_xact_lock_shared($1, number) end
        from unnest($2::int[], $3::boolean[]) as wanted (number, is_alone)
        """,
        WITHDRAWAL_LOCKS,
        wanted,
        [one in alone for one in wanted],
    )


def _lock_of(signal_id: UUID) -> int:
    return signal_id.int % WITHDRAWAL_LOCKS_MAX
