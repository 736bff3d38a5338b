"""A month of arrears events for a made-up municipality, from a seed: the same seed, the same month.

Every parameter stands in `parameters.py` with its source. Nobody in it exists: no name, address,
contract or number is anyone's.
"""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from deploy.local.parameters import P

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TYPE = "nl.betalingsachterstanden."


MONTH = (2026, 3)  # March: the yearly peak (Divosa 2023)
# The working day of the month on which a partner delivers its file, and at what hour.
DELIVERIES = {
    "woonstad": (3, time(6, 5)),
    "volkshuis": (4, time(6, 20)),
    "zorgzeker": (6, time(2, 10)),
    "stroomnet": (8, time(3, 30)),
    "helderwater": (9, time(4, 0)),
}
KVK = {
    "woonstad": "90000001",
    "volkshuis": "90000002",
    "stroomnet": "90000003",
    "helderwater": "90000004",
    "zorgzeker": "90000005",
    "gerechtsdeurwaarder": "90000006",
}
KIND = {
    "woonstad": "Huur",
    "volkshuis": "Huur",
    "stroomnet": "Energie",
    "helderwater": "Water",
    "zorgzeker": "Zorg",
    "gerechtsdeurwaarder": "Deurwaarder",
}
MEAN = {"Huur": "rent", "Energie": "energy", "Water": "water", "Zorg": "health"}
SURNAMES = ("Voorbeeld", "Proefsma", "Testers", "Demonstratie", "Schets", "Fictief", "Verzonnen")
LANGUAGES = (None,) * 17 + ("tr", "ar", "pl")
HOUSES_PER_STREET = 40
DISTRICTS = 49


@dataclass(frozen=True)
class Outgoing:
    """An event to send: when, by whom, and what is expected to become of it."""

    at: datetime  # UTC
    partner: str
    routing_key: str
    body: dict[str, Any] | bytes
    expected: str  # accepted, duplicate, or the code of the fault
    content_type: str = "application/cloudevents+json"


@dataclass
class Household:
    """Somebody at an address."""

    number: int
    client: dict[str, Any]
    contracts: dict[str, str] = field(default_factory=dict)


def working_day(number: int) -> date:
    """The so-manieth weekday of the month; no holiday falls in the first half of this one."""
    day = date(*MONTH, 1)
    while True:
        if day.weekday() < 5:
            number -= 1
            if not number:
                return day
        day += timedelta(days=1)


def at(day: date, hour: time) -> datetime:
    """An hour on the Amsterdam clock, in UTC."""
    return datetime.combine(day, hour, AMSTERDAM).astimezone(UTC)


class Month:
    """Writes the month's signals; what happens to the households is in `legal_paths.py`."""

    def __init__(self, seed: int, signals: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a demo must repeat
        self.signals = signals
        self.inhabitants = round(signals / P["signals_per_1000_a_month"].value * 1000)
        self.out: list[Outgoing] = []
        self._counter: dict[str, int] = {}
        self._households = 0

    def hit(self, name: str) -> bool:
        """Whether a parameter's chance comes true this time."""
        return self.chance.random() < P[name].value

    def _next_id(self, partner: str) -> str:
        self._counter[partner] = self._counter.get(partner, 0) + 1
        return f"{partner}-{MONTH[0]}{MONTH[1]:02d}-{self._counter[partner]:06d}"

    def new_household(self) -> Household:
        """The next household, at an address of its own."""
        number = self._households
        self._households += 1
        street, house = divmod(number, HOUSES_PER_STREET)
        letters = chr(65 + street // DISTRICTS // 26 % 26) + chr(65 + street // DISTRICTS % 26)
        client: dict[str, Any] = {
            "postcode": f"{9901 + street % DISTRICTS}{letters}",
            "huisnummer": str(1 + house * 2 + 80 * (street // DISTRICTS // 676)),
            "achternaam": f"{self.chance.choice(SURNAMES)}-{number}",
            "voorletters": f"{chr(65 + number % 26)}.",
            "geboortedatum": str(date(1945, 1, 1) + timedelta(days=self.chance.randrange(22_000))),
            "telefoonnummer": f"06000{number % 100_000:05d}",
        }
        if number % 7 == 0:
            client["huisletter"] = "A"
        if language := self.chance.choice(LANGUAGES):
            client["taal"] = language
        return Household(number, client)

    def envelope(
        self, partner: str, name: str, when: datetime, data: dict[str, Any]
    ) -> dict[str, Any]:
        """A CloudEvents document as a partner writes it."""
        return {
            "specversion": "1.0",
            "id": self._next_id(partner),
            "source": f"urn:nld:kvknr:{KVK[partner]}",
            "type": f"{TYPE}{name}.v1",
            "time": when.isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "data": {
                "gemeentecode": "GM9901",
                "signaalpartner": {"type": KIND[partner]},
                **data,
            },
        }

    def send(
        self, partner: str, name: str, when: datetime, data: dict[str, Any], **more: str
    ) -> dict[str, Any]:
        """Add an event to what is sent."""
        document = self.envelope(partner, name, when, data)
        if "sequence" in more:
            document["sequence"] = more["sequence"]
        suffix = ".urgent" if data.get("crisissignaal") else ""
        key = f"{partner}.{name}.v1{suffix}"
        self.out.append(Outgoing(when, partner, key, document, more.get("expected", "accepted")))
        return document

    def write_signals(self) -> list[Household]:
        """The monthly files; returns the households behind on rent."""
        rent: list[Household] = []
        left = self.signals
        while left > 0:
            household = self.new_household()
            partners = self.partners_of(household)[:left]
            left -= len(partners)
            for partner in partners:
                left -= self._write_signal(household, partner, again=left > 0)
            if KIND[partners[0]] == "Huur":
                rent.append(household)
        return rent

    def partners_of(self, household: Household) -> list[str]:
        """Who signals this household in the month."""
        landlord = ("woonstad", "volkshuis")[household.number % 2]
        names = (landlord, "stroomnet", "helderwater", "zorgzeker")
        weights = [P[f"share_{MEAN[KIND[name]]}"].value for name in names]
        first = self.chance.choices(names, weights)[0]
        if not self.hit("multiple_in_the_month"):
            return [first]
        return [first, next(name for name in names if name != first)]

    def _write_signal(self, household: Household, partner: str, *, again: bool) -> int:
        """One signal and what its partner says of it later; how many more signals it took."""
        day_number, hour = DELIVERIES[partner]
        when = at(working_day(day_number), hour)
        data = self.signal(household, partner, when)
        document = self.send(partner, "achterstand-gemeld", when, data)
        if again and self.hit("repeated"):
            later = when + timedelta(days=14, hours=1)
            repeated = {**data, "signaaldatum": str(later.astimezone(AMSTERDAM).date())}
            self.send(partner, "achterstand-gemeld", later, {**repeated, "crisissignaal": False})
            return 1
        self._follow_up(partner, household, document, when)
        return 0

    def signal(self, household: Household, partner: str, when: datetime) -> dict[str, Any]:
        """The data of a signal."""
        day = when.astimezone(AMSTERDAM).date()
        kind = KIND[partner]
        is_justified = self.chance.random() < (
            P["becomes_part_of_a_case"].value + P["repeated"].value
        )
        cents = self._amount(kind) if is_justified else self.chance.randrange(1_000, 7_400)
        age = self.chance.randrange(31, 96)
        household.contracts[partner] = f"{kind[0]}{household.number:07d}"
        data = {
            "contractnummer": household.contracts[partner],
            "grondslag": "bgs",
            "client": household.client,
            "signaaldatum": str(day),
            "ontstaansdatum": str(day - timedelta(days=age)),
            "bedrag": f"{cents // 100}.{cents % 100:02d}",
            "bezwaar": False,
            "crisissignaal": self.hit("crisis"),
            "warmeOverdracht": self.hit("warm_handover"),
            "inspanningen": {
                "persoonlijkContactOp": str(day - timedelta(days=18)),
                "gewezenOpHulpOp": str(day - timedelta(days=18)),
                "herinneringOp": str(day - timedelta(days=15)),
                "aanbodOp": str(day - timedelta(days=15)),
            },
        }
        if kind == "Huur":
            data["ingangsdatumHuurovereenkomst"] = str(
                date(2005, 1, 1) + timedelta(days=household.number % 6_000)
            )
        return data

    def _amount(self, kind: str) -> int:
        mean = P[f"{MEAN[kind]}_arrears_mean_cents"].value
        return max(7_600, min(2_000_000, round(self.chance.expovariate(1 / mean) + mean / 4)))

    def _follow_up(
        self, partner: str, household: Household, signal: dict[str, Any], when: datetime
    ) -> None:
        """Some signals are withdrawn, paid, arranged or objected to."""
        later = when + timedelta(days=self.chance.randrange(3, 16), hours=3)
        told = self.about(partner, household, later)
        day = str(later.astimezone(AMSTERDAM).date())
        if self.hit("withdrawn"):
            self.send(partner, "signaal-ingetrokken", later, {**told, "signaalId": signal["id"]})
        elif self.hit("settled"):
            self.send(partner, "achterstand-voldaan", later, {**told, "voldaanOp": day})
        elif self.hit("arrangement"):
            self._write_arrangement(partner, household, later)
        elif self.hit("objection"):
            self.send(partner, "bezwaar-ontvangen", later, {**told, "ontvangenOp": day})

    def about(self, partner: str, household: Household, when: datetime) -> dict[str, Any]:
        """The data that every later fact on a contract has."""
        address = ("postcode", "huisnummer", "huisletter")
        return {
            "contractnummer": household.contracts.get(partner, f"H{household.number:07d}"),
            "grondslag": "bgs",
            "meldingsdatum": str(when.astimezone(AMSTERDAM).date()),
            "client": {
                name: household.client[name] for name in address if name in household.client
            },
        }

    def _write_arrangement(self, partner: str, household: Household, when: datetime) -> None:
        told = self.about(partner, household, when)
        made_on = when.astimezone(AMSTERDAM).date()
        terms = {"aantalTermijnen": 10, "termijnbedrag": "45.00"}
        until = {"getroffenOp": str(made_on), "looptTot": str(made_on + timedelta(days=300))}
        self.send(partner, "betalingsregeling-getroffen", when, {**told, **terms, **until})
        if self.hit("arrangement_broken"):
            later = when + timedelta(days=10)
            told = self.about(partner, household, later)
            broken = {"verbrokenOp": str(later.astimezone(AMSTERDAM).date())}
            self.send(partner, "betalingsregeling-verbroken", later, {**told, **broken})

    def repeat_some(self) -> None:
        """Send some accepted events a second time, a day or so later."""
        for one in list(self.out):
            if one.expected == "accepted" and self.hit("delivered_twice"):
                hours = self.chance.choice((5, 27, 53))
                later = one.at + timedelta(hours=hours, minutes=11)
                self.out.append(
                    Outgoing(later, one.partner, one.routing_key, one.body, "duplicate")
                )


def weekday(day: date) -> date:
    """This day, or the Monday after it."""
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return day
