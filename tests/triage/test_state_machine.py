"""Whatever partners tell and workers do, in whatever order: what must always hold, holds.

One building with two front doors, on a real database, in a transaction that never happened.
"""

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.triage.commands import assigning, facts, households, tracks, visits
from services.triage.commands import help as help_commands
from services.triage.commands.assigning import Decline
from services.triage.commands.facts import LegalEntry, LegalState, LegalStep
from services.triage.commands.tracks import EndResult, Override
from services.triage.commands.visits import Tried, Window
from services.triage.reports import ResidenceResult
from services.triage.timer import Calendar
from shared.contracts import signals
from shared.contracts.signals import HearingKind, PartnerFact, PartnerKind
from shared.contracts.triage import (
    AttemptResult,
    ContactKind,
    ContactRestriction,
    Track,
)
from tests.builders import arrears_reported, fact
from tests.triage.machine import Machine, Through

DOORS = st.sampled_from(["", "A"])
NAMES = st.sampled_from(["Jansen", "Bakker"])
CONTRACTS = st.sampled_from(["C-1", "C-2", "C-3"])
AMOUNTS = st.sampled_from([5_000, 20_000, 90_000, 200_000])
CHOICE = st.integers(0, 999)


class Triage(Machine):
    """One building, everything that can happen to it, and what must hold."""

    @rule(
        door=DOORS,
        surname=NAMES,
        contract=CONTRACTS,
        cents=AMOUNTS,
        crisis=st.booleans(),
        days=st.integers(0, 60),
        kind=st.sampled_from([PartnerKind.RENT, PartnerKind.ENERGY]),
    )
    def a_signal_comes(self, **told: Any) -> None:
        day = self.today - timedelta(days=told["days"])
        self.tell(
            arrears_reported(
                house_addition=told["door"], surname=told["surname"], contract=told["contract"],
                arrears_cents=told["cents"], partner_kind=told["kind"], is_crisis=told["crisis"],
                reported_on=day, arrears_since=day - timedelta(days=45), recorded_at=self.now,
            )
        )  # fmt: skip

    @rule(door=DOORS, contract=CONTRACTS, days=st.integers(1, 40), sequence=st.integers(1, 4),
          event_class=st.sampled_from([
              one for one in signals.FACTS
              if one not in {signals.ArrearsReported, signals.SignalWithdrawn}]))  # fmt: skip
    def another_fact_comes(
        self, door: str, contract: str, days: int, sequence: int, event_class: type[PartnerFact]
    ) -> None:
        changes: dict[str, Any] = {
            "house_addition": door, "contract": contract, "sequence": sequence,
            "reported_on": self.today, "recorded_at": self.now,
        }  # fmt: skip
        if "at" in event_class.model_fields:
            changes["at"] = self.now + timedelta(days=days)
        self.tell(fact(event_class, **changes))

    @rule(choice=CHOICE)
    def a_signal_is_withdrawn(self, choice: int) -> None:
        rows = self.run(
            self.tx.fetch(
                "select signal.id, suffix, contract from signal"
                " join address on address.id = address_id order by signal.id"
            )
        )
        if rows:
            row = rows[choice % len(rows)]
            self.tell(
                fact(
                    signals.SignalWithdrawn, house_addition=row["suffix"],
                    contract=row["contract"], withdrawn_fact_id=row["id"],
                    reported_on=self.today, recorded_at=self.now,
                )
            )  # fmt: skip

    @rule(choice=CHOICE)
    def somebody_accepts(self, choice: int) -> None:
        self.command(assigning.accept, choice)

    @rule(choice=CHOICE, conflict=st.booleans())
    def somebody_declines(self, choice: int, conflict: bool) -> None:
        said = Decline("daarom", has_conflict=conflict)
        self.command(lambda one: assigning.decline(one, said), choice)

    @rule(choice=CHOICE, to=st.sampled_from([None, "anna-jansen", "daan-smit", "noor-de-wit"]))
    def a_case_is_handed_over(self, choice: int, to: str | None) -> None:
        self.command(lambda one: assigning.hand_over(one, to, "omdat"), choice)

    @rule(choice=CHOICE)
    def the_lead_confirms(self, choice: int) -> None:
        self.command(tracks.confirm, choice, as_lead=True)

    @rule(choice=CHOICE, track=st.sampled_from(Track), priority=st.integers(1, 9))
    def the_lead_overrides(self, choice: int, track: Track, priority: int) -> None:
        chosen = Override(track, priority, "omdat")
        self.command(lambda one: tracks.override(one, chosen), choice, as_lead=True)

    @rule(choice=CHOICE, days=st.integers(1, 10))
    def a_visit_is_planned(self, choice: int, days: int) -> None:
        starts_at = self.now + timedelta(days=days)
        window = Window(starts_at, starts_at + timedelta(hours=1))
        self.command(lambda one: visits.plan_visit(one, window), choice)

    @rule(choice=CHOICE, result=st.sampled_from(AttemptResult), first=st.booleans())
    def somebody_goes_by(self, choice: int, result: AttemptResult, first: bool) -> None:
        tried = Tried(ContactKind.VISIT, self.now, result, is_first_talk=first)
        self.command(lambda one: visits.record_attempt(one, tried), choice)

    @rule(choice=CHOICE, answer=st.sampled_from(["accepted", "declined"]))
    def help_is_offered(self, choice: int, answer: Any) -> None:
        self.command(lambda one: help_commands.record_help_answer(one, answer, one.today), choice)

    @rule(choice=CHOICE, days=st.one_of(st.none(), st.integers(1, 20)))
    def a_case_rests_or_goes_on(self, choice: int, days: int | None) -> None:
        until = self.today + timedelta(days=days) if days else None
        self.command(lambda one: help_commands.pause(one, until, "omdat"), choice)

    @rule(choice=CHOICE, kind=st.sampled_from(ContactRestriction), days=st.integers(1, 20))
    def a_household_is_restricted(self, choice: int, kind: ContactRestriction, days: int) -> None:
        until = self.today + timedelta(days=days)
        self.command(lambda one: help_commands.restrict(one, kind, until, "omdat"), choice)

    @rule(choice=CHOICE)
    def a_restriction_is_lifted(self, choice: int) -> None:
        rows = self.run(self.tx.fetch("select id from restriction order by id"))
        if rows:
            found = rows[choice % len(rows)]["id"]
            self.command(lambda one: help_commands.lift_restriction(one, found), choice)

    @rule(choice=CHOICE, state=st.sampled_from(LegalState), days=st.integers(1, 30))
    def a_worker_enters_a_hearing(self, choice: int, state: LegalState, days: int) -> None:
        entry = LegalEntry(
            LegalStep.HEARING, state, "Rechtbank Noord", "26-1", "de huurder",
            at=self.now + timedelta(days=days), hearing=HearingKind.ROLL,
        )  # fmt: skip
        self.command(lambda one: facts.enter_legal_fact(one, entry), choice)

    @rule(choice=CHOICE, result=st.sampled_from(ResidenceResult))
    def somebody_checks_who_lives_here(self, choice: int, result: ResidenceResult) -> None:
        self.command(
            lambda one: facts.record_residence_check(one, result, one.today, "BRP"), choice
        )

    @rule(choice=CHOICE, result=st.sampled_from(EndResult))
    def a_case_is_closed(self, choice: int, result: EndResult) -> None:
        self.command(lambda one: tracks.close(one, result, "klaar"), choice)

    @rule(choice=CHOICE)
    def a_case_is_reopened(self, choice: int) -> None:
        self.command(lambda one: tracks.reopen(one, "toch niet"), choice, closed=True)

    @precondition(lambda self: len(self.known()) > 1)
    @rule(first=CHOICE, second=CHOICE)
    def households_are_merged(self, first: int, second: int) -> None:
        ids = self.known()
        one, other = ids[first % len(ids)], ids[second % len(ids)]
        self.judge(lambda judge: households.merge(judge, one, other, "zelfde gezin"))

    @rule(choice=CHOICE)
    def a_household_is_split(self, choice: int) -> None:
        rows = self.run(self.tx.fetch("select id, household_id from signal order by id"))
        if rows:
            row = rows[choice % len(rows)]
            self.judge(
                lambda judge: households.split(judge, row["household_id"], [row["id"]], "ander")
            )

    @rule(choice=CHOICE)
    def a_verdict_is_undone(self, choice: int) -> None:
        rows = self.run(self.tx.fetch("select id from verdict order by made_at, id"))
        if rows:
            verdict_id = rows[choice % len(rows)]["id"]
            self.judge(lambda judge: households.undo(judge, verdict_id, "toch niet"))

    @rule(is_multi_let=st.booleans())
    def rooms_are_let_apart(self, is_multi_let: bool) -> None:
        if ids := self.known():
            self.judge(lambda judge: households.let_apart(judge, ids[0], is_multi_let=is_multi_let))

    @rule(days=st.integers(1, 12))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days)
        self.clock.move(self.now)
        calendar = Calendar(Through(self.tx, self.hear), self.shelf)  # type: ignore[arg-type]

        async def say() -> None:
            for _ in range(50):
                if not await calendar.say_due():
                    return
            raise AssertionError("the calendar never falls silent")

        self.run(say())

    @rule(choice=CHOICE)
    def a_term_is_announced_and_falls_away(self, choice: int) -> None:
        """Said to be near on its last day, and then no longer so: the case rests otherwise."""
        self.a_case_rests_or_goes_on(choice, 1)
        self.time_passes(1)
        self.a_case_rests_or_goes_on(choice, None)

    @invariant()
    def a_household_has_one_open_case_at_most(self) -> None:
        self.none("select household_id from household_case where is_open group by 1"
                  " having count(*) > 1")  # fmt: skip

    @invariant()
    def what_was_taken_up_has_a_case(self) -> None:
        self.none(
            """
            select signal.id from signal where case_id is null and 'taken_up' = (
              select status from signal_status where signal_id = signal.id
              order by status_no desc limit 1)
            and not exists (select from household_case where is_open
                            and household_id = signal.household_id)"""
        )

    @invariant()
    def every_case_has_somebody_who_works_here(self) -> None:
        self.none("select id from household_case where is_open and assignee_id not in"
                  " (select id from worker)")  # fmt: skip

    @invariant()
    def loads_are_the_sums_of_weights(self) -> None:
        self.none(
            """
            select id, load_tenths from worker where load_tenths <> (
              select coalesce(sum(weight_tenths), 0) from household_case
              where assignee_id = worker.id and is_open)"""
        )

    @invariant()
    def a_closed_case_has_no_running_term_and_no_planned_visit(self) -> None:
        self.none(
            "select deadline.id from deadline join household_case on household_case.id = case_id"
            " where not is_open and met_at is null and dropped_at is null"
            " and name <> 'pause'"  # partners hear of its end whatever became of the case
        )
        self.none("select visit.id from visit join household_case on household_case.id = case_id"
                  " where not is_open and state = 'planned'")  # fmt: skip

    @invariant()
    def statuses_are_numbered_without_gaps(self) -> None:
        self.none("select signal_id from signal_status group by 1"
                  " having max(status_no) <> count(*)")  # fmt: skip

    @invariant()
    def of_terms_was_said_last_whether_they_run(self) -> None:
        """But for an acceptance that was missed: that holds until somebody answers."""
        rows = self.run(
            self.tx.fetch(
                "select case_id, name from deadline join household_case on household_case.id ="
                " case_id where is_open and met_at is null and dropped_at is null"
                " and (near_said_at is not null or missed_said_at is not null)"
            )
        )
        running = {(row["case_id"], row["name"]) for row in rows}
        told = {key for key, word in self.words.items() if word != "DeadlineMet"}
        missed = {key for key in told if key[1] == "acceptance"
                  and self.words[key] == "DeadlineMissed"}  # fmt: skip
        assert running <= told
        assert told - running <= missed

    @invariant()
    def what_was_said_last_is_what_the_case_has(self) -> None:
        rows = self.run(self.tx.fetch("select id, revision from household_case"))
        for row in rows:
            assert row["revision"] >= max(self.revisions.get(row["id"], [0]))


def test_what_must_always_hold_holds(databases: dict[str, str]) -> None:
    Triage.url = databases["triage"]
    run_state_machine_as_test(
        Triage,
        settings=settings(
            max_examples=12, stateful_step_count=30, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
