"""The policies that a service goes by: those in its folder, and those that were activated since.

What was activated is a row in every service's own database: triage writes it, the others keep what
`PolicyActivated` brings. A replica sees it with its next transaction.
"""

from collections.abc import Sequence
from datetime import date, datetime

from shared.contracts.envelope import Event
from shared.contracts.triage import PolicyActivated
from shared.db import Pool, Tx
from shared.policy.document import Policies, Policy, parse
from shared.policy.parts import PolicyFault
from shared.settings import StartupFault


class Shelf:
    """The policies of a service, as they are now."""

    def __init__(self, in_folder: Policies) -> None:
        self._in_folder = in_folder
        self._seen: tuple[int, datetime | None] = (0, None)
        self._current = in_folder

    async def current(self, tx: Tx) -> Policies:
        """Every policy, as this transaction sees it; the same object until one is activated."""
        row = await tx.fetchrow("select count(*) as n, max(activated_at) as last from policy")
        assert row is not None
        if (row["n"], row["last"]) != self._seen:
            self._current = merged(self._in_folder, await list_activated(tx))
            self._seen = (row["n"], row["last"])
        return self._current

    async def check(self, pool: Pool) -> None:
        """Raise StartupFault when a policy that was activated no longer loads."""
        try:
            async with pool.acquire() as connection:
                await self.current(connection)
        except PolicyFault as fault:
            raise StartupFault(f"a policy that was activated does not load: {fault}") from None


def merged(in_folder: Policies, activated: Sequence[Policy]) -> Policies:
    """Both; of one municipality and day the one that was activated last, which comes last here."""
    found: dict[tuple[str, date], Policy] = {}
    for policy in [*in_folder.all(), *activated]:
        found[policy.municipality, policy.valid_from] = policy
    by_municipality: dict[str, list[Policy]] = {}
    for policy in sorted(found.values(), key=lambda one: one.valid_from, reverse=True):
        by_municipality.setdefault(policy.municipality, []).append(policy)
    return Policies(by_municipality)


async def list_activated(tx: Tx) -> list[Policy]:
    """Every policy that was activated, the oldest activation first."""
    rows = await tx.fetch(
        "select sha256, document from policy order by activated_at, municipality, valid_from"
    )
    return [parse(row["document"], f"policy {row['sha256'][:12]}") for row in rows]


async def on_policy_activated(events: Sequence[PolicyActivated], tx: Tx) -> tuple[Event, ...]:
    """A municipality's policy was activated: it holds here too from now on."""
    await insert_policies(tx, events)
    return ()


async def insert_policies(tx: Tx, activated: Sequence[PolicyActivated]) -> None:
    """Keep policies that were activated; what is kept already stays."""
    await tx.execute(
        """
        insert into policy (municipality, valid_from, sha256, document, activated_by, activated_at)
        select * from unnest($1::text[], $2::date[], $3::text[], $4::text[], $5::text[],
          $6::timestamptz[])
        on conflict do nothing
        """,
        [one.municipality for one in activated],
        [one.valid_from for one in activated],
        [one.sha256 for one in activated],
        [one.document for one in activated],
        [one.activated_by for one in activated],
        [one.activated_at for one in activated],
    )
