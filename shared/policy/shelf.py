"""The policies that a service goes by: those in its folder, and those that were activated since.

What was activated is a row in every service's own database: triage writes it, the others keep what
`PolicyActivated` brings. A replica sees it with its next transaction. One that does not load here,
because it was written for another version, takes the place of none: the one before it holds on.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime

from shared import log
from shared.contracts.envelope import Event
from shared.contracts.triage import PolicyActivated
from shared.db import Pool, Tx
from shared.policy.document import Policies, Policy, parse
from shared.policy.parts import PolicyFault
from shared.waiting import Park

FAULT_LINES_MAX = 10  # of a document that does not load, as the page of parked events shows them
SHORT = 12  # characters of a hash that tell documents apart

logger = log.get()


class Shelf:
    """The policies of a service, as they are now."""

    def __init__(
        self, in_folder: Policies, prove: Callable[[Policy], object] = lambda _: None
    ) -> None:
        """`prove` raises PolicyFault for a policy that loads and that this service cannot go by."""
        self._in_folder = in_folder
        self._prove = prove
        self._seen: tuple[int, datetime | None] = (0, None)
        self._current = in_folder

    async def current(self, tx: Tx) -> Policies:
        """Every policy, as this transaction sees it; the same object until one is activated."""
        row = await tx.fetchrow("select count(*) as n, max(activated_at) as last from policy")
        assert row is not None
        if (row["n"], row["last"]) != self._seen:
            self._current = merged(self._in_folder, await list_activated(tx, self._prove))
            self._seen = (row["n"], row["last"])
        return self._current

    async def check(self, pool: Pool) -> None:
        """Read what was activated before the first transaction asks, and log what does not load."""
        async with pool.acquire() as connection:
            await self.current(connection)


def merged(in_folder: Policies, activated: Sequence[Policy]) -> Policies:
    """Both; of one municipality and day the one that was activated last, which comes last here."""
    found: dict[tuple[str, date], Policy] = {}
    for policy in [*in_folder.all(), *activated]:
        found[policy.municipality, policy.valid_from] = policy
    by_municipality: dict[str, list[Policy]] = {}
    for policy in sorted(found.values(), key=lambda one: one.valid_from, reverse=True):
        by_municipality.setdefault(policy.municipality, []).append(policy)
    return Policies(by_municipality)


async def list_activated(tx: Tx, prove: Callable[[Policy], object]) -> list[Policy]:
    """Every policy that was activated and can be gone by, the oldest activation first."""
    rows = await tx.fetch(
        "select municipality, sha256, document from policy"
        " order by activated_at, municipality, valid_from"
    )
    found = []
    for row in rows:
        try:
            policy = parse(row["document"], _name(row["sha256"]))
            prove(policy)
        except PolicyFault:
            # Not the end of a service: every other municipality would suffer for this one.
            of = {"municipality": row["municipality"], "policy": row["sha256"][:SHORT]}
            logger.error("policy_left_out", **of)
        else:
            found.append(policy)
    return found


def _name(sha256: str) -> str:
    return f"policy {sha256[:SHORT]}"


async def on_policy_activated(events: Sequence[PolicyActivated], tx: Tx) -> tuple[Event, ...]:
    """A municipality's policy was activated: it holds here too from now on."""
    for event in events:
        _require_loads(event)
    await insert_policies(tx, events)
    return ()


def _require_loads(event: PolicyActivated) -> None:
    """Raises Park for a document that does not load here: a person must see to it."""
    name = _name(event.sha256)
    try:
        policy = parse(event.document, name)
    except PolicyFault as fault:
        lines = str(fault).splitlines()
        more = [f"and {len(lines) - FAULT_LINES_MAX} more"] if len(lines) > FAULT_LINES_MAX else []
        told = "\n".join(lines[:FAULT_LINES_MAX] + more)
        raise Park(f"a policy of {event.municipality} does not load here:\n{told}") from None
    said = (event.municipality, event.valid_from, event.sha256)
    if said != (policy.municipality, policy.valid_from, policy.sha256):
        raise Park(f"{name} is not the document that its event names")


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
