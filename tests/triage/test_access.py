"""Who asks what is kept of them gets all of it, readable, and nothing of anybody else."""

import json
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from services.triage import access, cases, reports
from services.triage.access import Asked, Unclear
from services.triage.commands.help import PlanLayer
from services.triage.legal_path import StepKind, StepState
from services.triage.sql import access as access_sql
from services.triage.texts import WORDS, in_dutch
from shared import db
from shared.contracts import signals
from shared.contracts.triage import AttemptResult, ClockKind, ContactRestriction, Track
from shared.door import Door
from tests.builders import NOW, arrears_reported, fact
from tests.triage.planting import (
    CHECKS,
    COLUMNS,
    OF_TABLE,
    OTHERS,
    allowed,
    plant,
    take,
    words,
)

# Columns whose words are not handed out, each with the reason.
NOT_TOLD = {
    "command.actor": "what it did is told",
    "command.key": "what it did is told",
    "conflict.reason": "of the worker, about the worker",
    "consultation.with_whom": "the name of somebody else",
    "household_case.details_told": "a fingerprint of contact data, which are told",
    "verdict.reason": "about other households too",
    "verdict.undone_reason": "about other households too",
}
# Where somebody lives is told once, with the household.
PLACE = {"municipality", "postcode"}


async def gathered(pool: db.Pool, asked: Asked, actor: str = "ops") -> dict[str, Any]:
    async with pool.acquire() as tx, tx.transaction():
        told = await access.gather(tx, asked, actor)
    found: dict[str, Any] = json.loads(json.dumps(told, default=str))
    return found


async def test_everything_of_a_household_is_told_and_nothing_of_its_neighbours(
    pool: db.Pool,
) -> None:
    mine = await plant(pool, "Vraagster", 1, NOW)
    await plant(pool, "Buurma", 1, NOW)
    told = await gathered(pool, Asked(mine.household_id))
    text = json.dumps(told, ensure_ascii=False)
    assert "Buurma" not in text
    assert await silent_columns(pool, "Vraagster", text) == set(NOT_TOLD)
    assert text.count(str(mine.id_of("fact"))) >= 1
    assert told["huishouden"]["huisnummer"] == 1
    (case,) = told["zaken"]
    assert all(len(case[name]) == 1 for name in access_sql.PARTS), "each part of the case"
    assert all(len(told[name]) == 1 for name in access_sql.AROUND)
    assert len(case["huisbezoeken"][0]["wijzigingen"]) == 1
    assert len(told["meldingen"][0]["statussen"]) == 1
    assert "with_whom" not in text


async def silent_columns(pool: db.Pool, name: str, text: str) -> set[str]:
    """The columns of words that a text says nothing of; codes are told in other words."""
    checks = await pool.fetch(CHECKS)
    found = set()
    for row in await pool.fetch(COLUMNS):
        table, column = row["table_name"], row["column_name"]
        is_words = row["udt_name"] == "text" and (table, column) not in OF_TABLE
        is_words &= table not in OTHERS and column not in PLACE
        is_code = bool(allowed(table, column, checks))
        if is_words and not is_code and words(name, table, column) not in text:
            found.add(f"{table}.{column}")
    return found


async def test_what_was_done_for_a_household_that_became_this_one_is_told_too(
    pool: db.Pool,
) -> None:
    mine = await plant(pool, "Vraagster", 1, NOW)
    before = await plant(pool, "Eerderma", 1, NOW, moved_to=mine.household_id)
    earlier = await plant(pool, "Nogeerder", 1, NOW, moved_to=before.household_id)
    await plant(pool, "Buurma", 1, NOW)
    for one in (before, earlier):
        for table in ("signal", "fact"):
            await pool.execute(
                f"update {table} set household_id = $1 where household_id = $2",
                mine.household_id, one.household_id,
            )  # fmt: skip
    told = await gathered(pool, Asked(mine.household_id), "noor")
    became = {str(before.household_id), str(earlier.household_id)}
    assert set(told["huishoudensDieHiervanDeelWerden"]) == became
    wanted = {str(one.case_id) for one in (mine, before, earlier)}
    assert {case["zaak"] for case in told["zaken"]} == wanted
    assert all(len(told[name]) == 3 for name in access_sql.AROUND)
    assert len(told["meldingen"]) == len(told["feiten"]) == 3
    assert all(case_id in told["elders"]["notify"] for case_id in wanted)
    assert "Buurma" not in json.dumps(told, ensure_ascii=False)
    (read,) = await pool.fetch("select case_ids from read_log where actor = 'noor'")
    assert {str(one) for one in read["case_ids"]} == wanted
    async with pool.acquire() as tx:
        with pytest.raises(Unclear, match=f"became part of {before.household_id}"):
            await access.gather(tx, Asked(earlier.household_id), "ops")


async def test_that_it_was_read_is_logged_and_told_the_next_time(pool: db.Pool) -> None:
    mine = await plant(pool, "Vraagster", 1, NOW)
    assert (await gathered(pool, Asked(mine.household_id), "noor"))["ingezienDoor"] == []
    (reader,) = (await gathered(pool, Asked(mine.household_id)))["ingezienDoor"]
    assert (reader["wie"], reader["doel"]) == ("noor", "access request")


async def test_workers_stand_in_it_by_their_ids(pool: db.Pool, door: Door) -> None:
    await take(door, arrears_reported(4))
    (household,) = await pool.fetch("select id from household")
    (reason,) = await pool.fetch("select reason from assignment")
    names = [row["name"] for row in await pool.fetch("select name from worker")]
    assert any(name in reason["reason"] for name in names), "here they stand by name"
    text = json.dumps(await gathered(pool, Asked(household["id"])))
    assert not [name for name in names if name in text]


async def test_one_person_of_a_household_gets_nothing_of_another(pool: db.Pool, door: Door) -> None:
    born = {"birth_date": date(1980, 1, 1)}
    hers, his = {"surname": "Eerstma", **born}, {"surname": "Tweedema", "birth_date": None}
    energy = {"partner_id": "stroomnet", "partner_kind": signals.PartnerKind.ENERGY}
    await take(
        door,
        arrears_reported(8, contract="C-1", **hers),
        arrears_reported(8, contract="C-2", **{**his, **energy}),
        arrears_reported(8, contract="C-3", **{**hers, **energy, "partner_id": "helderwater"}),
        fact(signals.ArrearsSettled, 8, contract="C-1"),
        fact(signals.ArrearsSettled, 8, contract="C-2", partner_id="stroomnet"),
    )
    assert await pool.fetchval("select count(*) from household") == 1
    async with pool.acquire() as tx:
        asked = await access.find(tx, ("woonstad", "C-1"))
    told = await gathered(pool, asked)
    assert {one["contractnummer"] for one in told["meldingen"]} == {"C-1", "C-3"}
    assert {one["contractnummer"] for one in told["feiten"]} == {"C-1"}
    assert told["meldingenOverAnderenWeggelaten"] == 1
    assert "Tweedema" not in json.dumps(told)
    ids = told["elders"]["signals"].rpartition(" ")[2].split(",")
    known = await pool.fetch("select id from signal where contract = 'C-2'")
    assert len(ids) == 3
    assert str(known[0]["id"]) not in ids
    everybody = await gathered(pool, Asked(asked.household_id))
    assert len(everybody["meldingen"]) == 3


async def test_whose_data_are_asked_for_must_be_clear(pool: db.Pool) -> None:
    await plant(pool, "Eenma", 1, NOW, contract="C-1", partner_id="woonstad")
    await plant(pool, "Tweema", 2, NOW, contract="C-1", partner_id="woonstad")
    async with pool.acquire() as tx:
        with pytest.raises(Unclear, match="2 households"):
            await access.find(tx, ("woonstad", "C-1"))
        with pytest.raises(Unclear, match="0 households"):
            await access.find(tx, ("woonstad", "C-9"))
        with pytest.raises(Unclear, match="no such household"):
            await access.gather(tx, Asked(uuid4()), "ops")


def test_every_code_has_its_dutch_words() -> None:
    kinds = (reports.FactKind, reports.Status, reports.ResidenceResult, Track, StepKind, StepState,
             AttemptResult, ContactRestriction, ClockKind, PlanLayer, cases.Help)  # fmt: skip
    same_in_dutch = {"moratorium"}
    codes = {one.value for kind in kinds for one in kind}
    assert codes - WORDS.keys() == same_in_dutch


def test_only_codes_are_put_in_dutch() -> None:
    told = {"aanpak": "visit", "achternaam": "visit", "plan": [{"laag": "own", "woorden": "own"}]}
    assert in_dutch(told) == {
        "aanpak": "huisbezoek", "achternaam": "visit",
        "plan": [{"laag": "eigen kracht", "woorden": "own"}],
    }  # fmt: skip
    assert in_dutch({"aanpak": "something new"}) == {"aanpak": "something new"}
