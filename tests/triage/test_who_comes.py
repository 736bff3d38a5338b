"""Whoever leaves, whatever is forbidden and whoever turns out to be one: nobody comes who may not.

The same building as in `test_state_machine`, with more that can happen in it.
"""

from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from services.triage.commands import help as help_commands
from services.triage.commands import visits
from services.triage.commands.help import REVIEW_DAYS_MAX
from services.triage.commands.visits import Window
from services.triage.leaving import Leaving
from shared.contracts.triage import ContactRestriction
from tests.triage.test_state_machine import CHOICE, Through, Triage

KINDS = st.sampled_from(ContactRestriction)
PEOPLE = st.sampled_from(["anna-jansen", "bram-yilmaz", "daan-smit", "noor-de-wit"])


class People(Triage):
    """Restrictions, visits that move, and people who come and go."""

    @rule(choice=CHOICE, kind=KINDS)
    def contact_is_restricted(self, choice: int, kind: ContactRestriction) -> None:
        review_on = self.today + timedelta(days=REVIEW_DAYS_MAX)
        self.command(lambda one: help_commands.restrict(one, kind, review_on, "omdat"), choice)

    @rule(choice=CHOICE)
    def a_restriction_is_lifted(self, choice: int) -> None:
        for row in self.run(self.tx.fetch("select id from restriction where lifted_at is null")):
            self.command(
                lambda one, lifted=row["id"]: help_commands.lift_restriction(one, lifted), choice
            )

    @rule(choice=CHOICE, days=st.integers(1, 10))
    def a_visit_is_moved(self, choice: int, days: int) -> None:
        starts_at = self.now + timedelta(days=days)
        window = Window(starts_at, starts_at + timedelta(hours=1))
        for row in self.run(self.tx.fetch("select id from visit where state = 'planned'")):
            self.command(lambda one, moved=row["id"]: visits.move_visit(one, moved, window), choice)

    @rule(who=PEOPLE, comes_back=st.booleans())
    def somebody_leaves(self, who: str, comes_back: bool) -> None:
        left_on = None if comes_back else self.today
        query = "update worker set left_on = $2 where id = $1"
        self.run(self.tx.execute(query, who, left_on))
        sweep = Leaving(Through(self.tx, self.hear), self.shelf).sweep  # type: ignore[arg-type]
        self.run(sweep())

    @invariant()
    def no_visit_is_planned_that_is_forbidden(self) -> None:
        rows = self.run(
            self.tx.fetch(
                """
                select visit.id, kind from visit join household_case as one on one.id = case_id
                  join restriction on restriction.household_id in (select kin_of(one.household_id))
                where state = 'planned' and starts_at > $1 and lifted_at is null and (
                  kind = 'no_approach' or kind = 'visit_with_two' and second_worker_id is null)
                """,
                self.now,
            )
        )
        assert not rows, [dict(row) for row in rows]

    @invariant()
    def nobody_has_a_case_of_whom_they_know_too_well(self) -> None:
        # But for a lead: somebody always has it.
        self.none(
            """
            select one.id from household_case as one
              join conflict on conflict.household_id in (select kin_of(one.household_id))
                and worker_id = assignee_id
            where is_open and assignee_id not in (select lead_id from team)"""
        )

    @invariant()
    def nobody_who_left_has_a_case_or_leads_one(self) -> None:
        # Noor de Wit can leave here; the lead of the other team stays.
        self.none(
            """
            select one.id from household_case as one
              join worker on worker.id in (assignee_id, lead_id)
            where is_open and left_on is not null"""
        )


def test_nobody_comes_who_may_not(databases: dict[str, str]) -> None:
    People.url = databases["triage"]
    run_state_machine_as_test(
        People,
        settings=settings(
            max_examples=12, stateful_step_count=30, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
