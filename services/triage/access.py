"""What triage keeps of a household, for who asks what is kept of them (AVG art. 15).

One service calls no other, so signals and notify have a command of their own; which ones to run
stands in the export. Who hands it out reads the free texts first: they may name others.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.triage.persons import Person, Relation, relation
from services.triage.sql import access as access_sql
from services.triage.sql import erasing as erase_sql
from services.triage.sql import purging as purge_sql
from services.triage.sql import reading as reading_sql
from services.triage.texts import in_dutch
from shared import clock
from shared.db import Tx
from shared.exports import without_names

PURPOSE = "access request"
READERS_MAX = 10_000
Contract = tuple[str, str]  # partner, and its number

EXPLAINED = {
    "doel": "vroegsignalering van schulden en voorkomen van ontruiming (Wgs art. 3)",
    "grondslag": "taak van algemeen belang (AVG art. 6, eerste lid, onder e)",
    "herkomst": "de partner die bij elke melding en elk feit staat, of een medewerker met diens "
    "bron",
    "ontvangers": "de behandelaar en de teamleider; de partner hoort alleen de status van zijn "
    "eigen meldingen",
    "bewaartermijn": "triage.case_days in het afwegingskader van de gemeente, nadat de laatste "
    "zaak is gesloten",
    "automatischeBesluiten": "regels doen een voorstel voor aanpak en prioriteit; een medewerker "
    "besluit. Welke regels golden en waarnaar is gekeken, staat bij elk besluit",
    "rechten": "rectificatie, wissen, beperking en bezwaar bij de gemeente; een klacht bij de "
    "Autoriteit Persoonsgegevens",
}
CHECK_FIRST = (
    "Vrije tekst (reden, woorden, uitkomst, bron, opmerking) kan anderen noemen: haal dat "
    "weg (AVG art. 15, vierde lid).",
    "Beperkingen: weeg of het noemen van de reden iemand in gevaar brengt (UAVG art. 41).",
)


class Unclear(Exception):
    """It is not clear whose data are asked for; the text says what to ask instead."""


@dataclass(frozen=True)
class Asked:
    """Whose data: a household, and of the persons in it the one of a contract, if one is named."""

    household_id: UUID
    contract: Contract | None = None


async def find(tx: Tx, contract: Contract) -> Asked:
    """The household of a partner's contract; raises Unclear unless there is exactly one."""
    found = await access_sql.find_by_contract(tx, *contract)
    if len(found) != 1:
        told = ", ".join(map(str, found)) or "none"
        raise Unclear(f"this contract is of {len(found)} households ({told}): name one")
    return Asked(found[0], contract)


async def gather(tx: Tx, asked: Asked, actor: str) -> dict[str, Any]:
    """All that is kept, under Dutch names; that it was read is logged. Raises Unclear.

    Also of the households that became this one: what was done for them is theirs too.
    """
    household = await access_sql.show_household(tx, asked.household_id)
    if household is None:
        raise Unclear("no such household")
    if other := await erase_sql.find_mover(tx, asked.household_id):
        raise Unclear(f"this household became part of {other}: name that one")
    ids = [one.household_id for one in await purge_sql.load_holdings(tx, [asked.household_id])]
    persons = await access_sql.list_persons(tx, ids)
    theirs = signals_of(persons, asked.contract)
    facts = without_others(await access_sql.list_facts(tx, ids), persons, theirs)
    cases = await access_sql.list_cases(tx, ids)
    case_ids = [row["zaak"] for row in cases]
    told = {
        "gemaaktOp": clock.now(),
        "uitleg": EXPLAINED,
        "nalopenVoorUitreiking": CHECK_FIRST,
        "huishouden": household,
        "huishoudensDieHiervanDeelWerden": [one for one in ids if one != asked.household_id],
        "meldingen": await access_sql.list_signals(tx, theirs),
        "meldingenOverAnderenWeggelaten": len(persons) - len(theirs),
        "feiten": facts,
        "zaken": await _with_parts(tx, cases),
        **{name: await access_sql.list_around(tx, name, ids) for name in access_sql.AROUND},
        "ingezienDoor": await access_sql.list_readers(tx, case_ids, READERS_MAX),
        "elders": _elsewhere(theirs, facts, case_ids),
    }
    await reading_sql.note_read(tx, actor, PURPOSE, case_ids, clock.now())
    names = await access_sql.list_workers(tx, household["gemeente"])
    readable: dict[str, Any] = without_names(in_dutch(told), names)
    return readable


Persons = Sequence[tuple[UUID, Contract, Person]]


def signals_of(persons: Persons, contract: Contract | None) -> list[UUID]:
    """The signals of a contract's person; of everybody when no contract is named."""
    if contract is None:
        return [signal_id for signal_id, _, _ in persons]
    same = [person for _, of, person in persons if of == contract]
    return [
        signal_id
        for signal_id, of, person in persons
        if of == contract or any(relation(person, one) is Relation.SAME for one in same)
    ]


def without_others(
    facts: Sequence[dict[str, Any]], persons: Persons, theirs: Sequence[UUID]
) -> list[dict[str, Any]]:
    """The facts, but for those on contracts of which only others were reported."""
    mine = {of for signal_id, of, _ in persons if signal_id in theirs}
    others = {of for _, of, _ in persons} - mine
    return [one for one in facts if (one["partner"], one["contractnummer"]) not in others]


async def _with_parts(tx: Tx, cases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each case with everything that was decided, planned, tried and told in it."""
    case_ids = [case["zaak"] for case in cases]
    parts: dict[UUID, dict[str, list[Any]]] = defaultdict(dict)
    for name in access_sql.PARTS:
        for row in await access_sql.list_part(tx, name, case_ids):
            parts[row.pop("case_id")].setdefault(name, []).append(row)
    return [{**case, **parts[case["zaak"]]} for case in cases]


def _elsewhere(
    signals: Sequence[UUID], facts: Sequence[Mapping[str, Any]], case_ids: Sequence[UUID]
) -> dict[str, str]:
    """The commands that give what the other services keep."""
    told = [*signals, *(one["feitId"] for one in facts if not one["ingevoerdDoor"])]
    commands = {}
    if told:
        commands["signals"] = f"python -m services.signals access --facts {_joined(told)}"
    if case_ids:
        commands["notify"] = f"python -m services.notify access --cases {_joined(case_ids)}"
    return commands


def _joined(ids: Sequence[UUID]) -> str:
    return ",".join(map(str, ids))
