"""The legal path of households: summons, hearing, judgment, eviction, each in its turn."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from deploy.local.month import AMSTERDAM, Household, Month, at, weekday, working_day
from deploy.local.parameters import P

COURT = "Rechtbank Noord-Nederland"


@dataclass
class LegalPaths:
    """Adds the legal paths to a month whose signals are written."""

    month: Month

    def write(self, rent: list[Household]) -> None:
        """The month's hearings, judgments and evictions; uses up households behind on rent."""
        homes = self.month.inhabitants * P["corporation_homes_per_1000"].value / 1000
        monthly = homes * P["judgments_per_home_a_year"].value / 12
        judgments = max(2, round(monthly * P["legal_path_times"].value))
        for number in range(max(4, round(judgments / (1 - P["solved_before_hearing"].value)))):
            self._write_hearing(self._legal_household(rent), number)
        for number in range(judgments):
            self._write_judgment(self._legal_household(rent), number)

    def _legal_household(self, rent: list[Household]) -> Household:
        if rent and not self.month.hit("legal_household_is_unknown"):
            return rent.pop(self.month.chance.randrange(len(rent)))
        return self.month.new_household()

    def facts(
        self, partner: str, household: Household, when: datetime, case: str
    ) -> dict[str, Any]:
        """The data that every fact of a legal path has."""
        ground = "wettelijke-plicht" if partner == "gerechtsdeurwaarder" else "convenant"
        return {
            **self.month.about(partner, household, when),
            "grondslag": ground,
            "rechtbank": COURT,
            "zaaknummer": case,
        }

    def _write_hearing(self, household: Household, number: int) -> None:
        """Summons, hearing; perhaps moved, perhaps told in the wrong order, perhaps off."""
        landlord = ("woonstad", "volkshuis")[household.number % 2]
        case = f"C/18/{26_0000 + number} 26-{number}"
        served = at(working_day(1 + number % 12), time(10, 7)) + timedelta(seconds=number)
        day = {"betekendOp": str(served.astimezone(AMSTERDAM).date())}
        self.month.send(
            landlord,
            "dagvaarding-betekend",
            served,
            {**self.facts(landlord, household, served, case), **day},
        )
        told = served + timedelta(days=2, hours=1)
        hearing_day = weekday(told.date() + timedelta(days=14 + number % 21))
        hearing_at = at(hearing_day, time(9 + number % 7, 30 * (number % 2)))
        self.tell_hearing(landlord, household, told, (case, hearing_at, "1"))
        if self.month.hit("hearing_told_twice"):
            later = told + timedelta(hours=2)
            self.tell_hearing("gerechtsdeurwaarder", household, later, (case, hearing_at, "1"))
        if self.month.hit("solved_before_hearing"):
            off = told + timedelta(days=6)
            data = {**self.facts(landlord, household, off, case), "soortZitting": "rolzitting"}
            self.month.send(landlord, "zitting-vervallen", off, data, sequence="9")
        elif self.month.hit("hearing_moved"):
            self._move_hearing(landlord, household, told + timedelta(days=5), (case, hearing_at))

    def _move_hearing(
        self, partner: str, household: Household, when: datetime, told: tuple[str, datetime]
    ) -> None:
        """Moved twice; some of these arrive in the wrong order, and the first must not win."""
        case, before = told
        first = at(weekday(before.date() + timedelta(days=7)), time(11, 0))
        second = at(weekday(before.date() + timedelta(days=10)), time(13, 30))
        moves = [(first, "2"), (second, "3")]
        if self.month.hit("delivered_out_of_order"):
            moves.reverse()
        for hours, (hearing_at, sequence) in enumerate(moves):
            self.tell_hearing(
                partner, household, when + timedelta(hours=hours), (case, hearing_at, sequence)
            )

    def tell_hearing(
        self, partner: str, household: Household, when: datetime, told: tuple[str, datetime, str]
    ) -> None:
        """Say when a hearing is: `told` is its case number, its instant and the sequence."""
        case, hearing_at, sequence = told
        data = {
            **self.facts(partner, household, when, case),
            "soortZitting": "rolzitting",
            "plaats": "Voorbeeldstad",
            "tijdstip": hearing_at.astimezone(AMSTERDAM).isoformat(),
        }
        if partner == "gerechtsdeurwaarder":
            data["grondslag"] = "convenant"
        self.month.send(partner, "zitting-gepland", when, data, sequence=sequence)

    def _write_judgment(self, household: Household, number: int) -> None:
        """A judgment on an earlier hearing, and what follows from it."""
        landlord = ("woonstad", "volkshuis")[household.number % 2]
        case = f"C/18/{25_0000 + number} 25-{number}"
        given = at(working_day(2 + number % 15), time(11, 13)) + timedelta(seconds=number)
        data = {
            **self.facts(landlord, household, given, case),
            "vonnisdatum": str(given.astimezone(AMSTERDAM).date()),
            "uitkomst": self.month.chance.choice(("ontruiming", "ontruiming onder voorwaarden")),
        }
        self.month.send(landlord, "vonnis-gewezen", given, data)
        if self.month.hit("evictions_announced_per_judgment"):
            self._write_eviction(household, given + timedelta(days=3, hours=1), case)

    def _write_eviction(self, household: Household, when: datetime, case: str) -> None:
        bailiff = "gerechtsdeurwaarder"
        day = weekday(when.date() + timedelta(days=18 + household.number % 14))
        data = {
            **self.facts(bailiff, household, when, case),
            "tijdstip": at(day, time(9, 0)).astimezone(AMSTERDAM).isoformat(),
            "deurwaarder": "Gerechtsdeurwaarders Noord",
        }
        self.month.send(bailiff, "ontruiming-aangezegd", when, data, sequence="1")
        if self.month.hit("evictions_carried_out"):
            done = at(day, time(11, 17))
            carried = {"uitgevoerdOp": str(day)}
            self.month.send(
                bailiff,
                "ontruiming-uitgevoerd",
                done,
                {**self.facts(bailiff, household, done, case), **carried},
            )
        else:
            off = when + timedelta(days=self.month.chance.randrange(4, 16))
            self.month.send(
                bailiff,
                "ontruiming-afgelast",
                off,
                self.facts(bailiff, household, off, case),
                sequence="2",
            )
