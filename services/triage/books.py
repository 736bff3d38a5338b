"""The policies of every municipality, compiled, as a transaction sees them."""

from collections.abc import Mapping

from services.triage.conditions import compile_rules
from services.triage.rules import LivePolicy, PolicyBook
from shared.db import Pool, Tx
from shared.policy import Policies, Policy, PolicyFault
from shared.policy.shelf import Shelf
from shared.settings import StartupFault

Books = Mapping[str, PolicyBook]  # by municipality


class BookShelf:
    """Compiles what the shelf holds, once for each change."""

    def __init__(self, in_folder: Policies) -> None:
        self.policies = Shelf(in_folder, compile_policy)
        self._compiled_from = in_folder
        self._books = compile_books(in_folder)

    async def check(self, pool: Pool) -> None:
        """Read what was activated, and log what can no longer be gone by."""
        await self.policies.check(pool)

    async def current(self, tx: Tx) -> Books:
        """The books now."""
        policies = await self.policies.current(tx)
        if policies is not self._compiled_from:
            self._books = compile_books(policies)
            self._compiled_from = policies
        return self._books


def compile_policy(policy: Policy) -> LivePolicy:
    """A policy, ready to decide; raises PolicyFault for a bad rule."""
    profiling = policy.triage.profiling
    asked = frozenset(profiling.facts) if profiling else frozenset()
    return LivePolicy(policy, compile_rules(policy.triage.rules, asked))


def compile_books(policies: Policies) -> dict[str, PolicyBook]:
    """The policies of each municipality, ready to decide; raises StartupFault for a bad rule."""
    books = {}
    for municipality, known in policies.by_municipality.items():
        try:
            books[municipality] = PolicyBook([compile_policy(one) for one in known])
        except PolicyFault as fault:
            raise StartupFault(f"policy of {municipality}: {fault}") from None
    return books
