"""What there is to tell in the fault test of notify: cases with hearings and visits, and changes.

Of each case there are about eight alerts: an assignment for the digest, a hearing to its generalist
(at once, 10, 7 and 1 days before) and to the household (at once, 7 and 1 days before). A sixth of
the hearings moves, a sixth is called off; a sixth of the households is visited at short notice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from shared.contracts import triage
from shared.contracts.signals import HearingKind
from shared.contracts.triage import CaseEvent, Person, Resident, Role
from tests.builders import case_event
from tests.town import MONDAY

ALERTS_A_CASE = 8
GENERALISTS = 20
BOUNCES = "*@bounces.example"
FIRST = MONDAY + timedelta(hours=1)
CHANGES = FIRST + timedelta(hours=2)
HEARING_AT = datetime(2026, 3, 24, 9, 0, tzinfo=UTC)
MOVED_TO = HEARING_AT + timedelta(hours=3)
# The next digest, then 10, 7 and 1 days before the hearing.
LATER = [
    datetime(2026, 3, 3, 7, 0, tzinfo=UTC),
    datetime(2026, 3, 13, 7, 0, tzinfo=UTC),
    datetime(2026, 3, 17, 7, 0, tzinfo=UTC),
    datetime(2026, 3, 23, 7, 0, tzinfo=UTC),
]
PLACE = {"court": "Rechtbank Noord", "kind": HearingKind.ROLL, "place": "Voorbeeldstad"}


@dataclass(frozen=True)
class Case:
    """A case of the test, and who lives there."""

    number: int

    def event(self, event_class: type[CaseEvent], revision: int, **own: object) -> CaseEvent:
        """An event of this case."""
        fields: dict[str, object] = {
            "case_id": UUID(int=0xCA5E0000 + self.number),
            "household_id": UUID(int=0x0DE00000 + self.number),
            "reference": f"Z-{self.number:08}",
            "assignee": generalist(self.number % GENERALISTS),
            "is_confirmed": self.number % 10 != 9,
        }
        return case_event(event_class, revision, **{**fields, **own})

    @property
    def resident(self) -> Resident:
        """Reached by text, mail or letter, or by several; in Dutch or English."""
        kind, mailbox = self.number % 5, f"bewoner{self.number}"
        number = f"06{12_000_000 + self.number}"
        domain = "bounces" if self.number % 30 == 1 else "bewoners"
        return Resident(
            name=f"B. Woner{self.number}",
            postcode="9901AB",
            house_number=self.number + 1,
            suffix="",
            phone=number if kind in {0, 3} else None,
            email=f"{mailbox}@{domain}.example" if kind in {1, 3, 4} else None,
            language="en" if self.number % 7 == 0 else None,
            is_verified=True,
        )

    def first(self) -> Iterator[CaseEvent]:
        """What is told first."""
        reason = {"reason": "Anna heeft ruimte.", "urgent": False}
        yield self.event(triage.GeneralistAssigned, 1, **reason)
        yield self.event(triage.ContactDetailsKnown, 2, resident=self.resident)
        yield self.event(triage.CaseHearingSet, 3, **self._hearing(), at=HEARING_AT)

    def changes(self) -> Iterator[CaseEvent]:
        """What becomes otherwise."""
        match self.number % 6:
            case 0:
                yield self.event(triage.CaseHearingMoved, 4, **self._hearing(), at=MOVED_TO)
            case 1:
                hearing = {name: one for name, one in self._hearing().items() if name != "place"}
                yield self.event(triage.CaseHearingCancelled, 4, **hearing)
            case 2:
                visit_id, starts_at = UUID(int=0x5151 + self.number), CHANGES + timedelta(hours=5)
                ends_at = starts_at + timedelta(hours=1)
                visit = {"visit_id": visit_id, "starts_at": starts_at, "ends_at": ends_at}
                yield self.event(triage.VisitPlanned, 4, **visit)

    def _hearing(self) -> dict[str, object]:
        hearing_id = UUID(int=0xEA000000 + self.number)
        return {**PLACE, "hearing_id": hearing_id, "case_number": f"26-{self.number}"}


def cases(alerts: int) -> list[Case]:
    """About as many as it takes for so many alerts."""
    return [Case(number) for number in range(max(1, alerts // ALERTS_A_CASE))]


def generalist(number: int) -> Person:
    """One of those who work on cases; the mails to one of them bounce."""
    domain = "bounces" if number == GENERALISTS - 1 else "voorbeeldstad"
    name = f"generalist{number}"
    return Person(
        id=name, name=name.title(), email=f"{name}@{domain}.example", role=Role.GENERALIST
    )


BOUNCING = generalist(GENERALISTS - 1).id
