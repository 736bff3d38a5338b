"""Statements that gather what triage keeps of a household, under the Dutch names of the export."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import asyncpg

from services.triage.persons import Person
from shared.db import Tx

Rows = list[dict[str, Any]]


def _rows(found: list[asyncpg.Record]) -> Rows:
    return [dict(row) for row in found]


async def find_by_contract(tx: Tx, partner_id: str, contract: str) -> list[UUID]:
    """The households that a partner reported under a contract."""
    rows = await tx.fetch(
        """
        select household_id from signal where partner_id = $1 and contract = $2
        union
        select household_id from fact where partner_id = $1 and contract = $2
        order by household_id limit 100
        """,
        partner_id,
        contract,
    )
    return [row["household_id"] for row in rows]


async def show_household(tx: Tx, household_id: UUID) -> dict[str, Any] | None:
    """Where a household lives, and since when."""
    row = await tx.fetchrow(
        """
        select household.id as huishouden, municipality as gemeente, postcode,
          house_number as huisnummer, suffix as "letterEnToevoeging",
          nullif(since, '-infinity') as "woontHierSinds"
        from household join address on address.id = address_id where household.id = $1
        """,
        household_id,
    )
    return dict(row) if row else None


async def list_persons(
    tx: Tx, household_ids: Collection[UUID]
) -> list[tuple[UUID, tuple[str, str], Person]]:
    """The persons of households' signals: signal, partner and contract, person."""
    rows = await tx.fetch(
        """
        select id, partner_id, contract, surname, surname_infix, initials, birth_date from signal
        where household_id = any($1::uuid[]) order by reported_on, id
        """,
        list(household_ids),
    )
    return [(row["id"], (row["partner_id"], row["contract"]), Person(*row[3:])) for row in rows]


async def list_signals(tx: Tx, signal_ids: Collection[UUID]) -> Rows:
    """What partners reported, and what became of it."""
    return _rows(
        await tx.fetch(
            """
            select id as "meldingId", partner_id as partner, partner_kind as "soortPartner",
              contract as contractnummer, round(arrears_cents / 100.0, 2)::text as "bedragInEuro",
              arrears_since as "achterstandSinds", reported_on as "gemeldOp",
              received_at as "ontvangenOp", is_crisis as crisissignaal,
              is_warm_handover as "warmeOverdracht", tenancy_start as "ingangsdatumHuur",
              surname_infix as voorvoegsel, surname as achternaam, initials as voorletters,
              birth_date as geboortedatum, phone as telefoonnummer, email, language as taal,
              bag_id as "bagId", match_reason as "waaromDitHuishouden",
              (select coalesce(jsonb_agg(jsonb_build_object('status', status, 'op', decided_at,
                 'beleid', policy_sha256) order by status_no), '[]')
               from signal_status where signal_id = signal.id) as statussen,
              (select coalesce(jsonb_agg(jsonb_build_object('week', week, 'status', status,
                 'klopt', is_right, 'opmerking', remark, 'door', reviewed_by) order by week), '[]')
               from sample where signal_id = signal.id) as steekproef
            from signal where id = any($1::uuid[]) order by reported_on, id
            """,
            list(signal_ids),
        )
    )


async def list_facts(tx: Tx, household_ids: Collection[UUID]) -> Rows:
    """What partners told besides, and what workers entered."""
    return _rows(
        await tx.fetch(
            """
            select id as "feitId", kind as soort, nullif(partner_id, 'gemeente') as partner,
              nullif(contract, '') as contractnummer, reported_on as "gemeldOp",
              received_at as "ontvangenOp", nullif(court, '') as rechtbank,
              nullif(case_number, '') as zaaknummer, nullif(detail, '') as bijzonderheid,
              nullif(place, '') as "plaatsOfDeurwaarder", at as tijdstip, day as dag, until as tot,
              nullif(source, '') as bron, nullif(recorded_by, '') as "ingevoerdDoor",
              bag_id as "bagId"
            from fact where household_id = any($1::uuid[]) order by reported_on, id
            """,
            list(household_ids),
        )
    )


async def list_cases(tx: Tx, household_ids: Collection[UUID]) -> Rows:
    """The cases of households as they stand, the oldest first."""
    return _rows(
        await tx.fetch(
            """
            select id as zaak, reference as kenmerk, opened_on as "geopendOp",
              closed_on as "geslotenOp", closed_by as "geslotenDoor",
              closed_reason as "waaromGesloten", result as eindresultaat, track as aanpak,
              proposed_track as "voorgesteldeAanpak", priority as prioriteit,
              reason as reden, confirmed_by as "bevestigdDoor", override_reason as "waaromAnders",
              legal_stage as "juridischeFase", is_multiple as meervoudig,
              is_consecutive as opeenvolgend, has_objection as bezwaar, was_reached as bereikt,
              help as hulp, paused_until as "rustTot", pause_reason as "waaromRust",
              assignee_id as behandelaar, lead_id as teamleider
            from household_case where household_id = any($1::uuid[]) order by opened_at
            """,
            list(household_ids),
        )
    )


# Each part of a case, by its Dutch name; parameters: the cases.
PARTS: Mapping[str, str] = {
    "besluiten": """
        select case_id, decided_at as op, track as aanpak, priority as prioriteit, reason as reden,
          fired as "regelsDieGolden", failed as "regelsDieFaalden", facts as "waarnaarIsGekeken",
          policy_sha256 as beleid
        from decision where case_id = any($1::uuid[]) order by revision""",
    "keuzesVanMedewerkers": """
        select case_id, chosen_at as op, chosen_by as door, proposed_track as "voorgesteldeAanpak",
          track as aanpak, priority as prioriteit, reason as reden
        from track_choice where case_id = any($1::uuid[]) order by revision""",
    "toewijzingen": """
        select case_id, assigned_at as op, assignee_id as aan, reason as reden
        from assignment where case_id = any($1::uuid[]) order by revision""",
    "antwoordenOpToewijzing": """
        select case_id, answered_at as op, assignee_id as door, answer as antwoord, reason as reden
        from assignment_answer where case_id = any($1::uuid[]) order by revision""",
    "juridischPad": """
        select case_id, kind as soort, state as stand, court as rechtbank,
          case_number as zaaknummer, detail as bijzonderheid, place as "plaatsOfDeurwaarder",
          at as tijdstip, day as dag
        from legal_step where case_id = any($1::uuid[]) order by coalesce(at, day), kind""",
    "termijnen": """
        select case_id, name as termijn, clock as klok, starting_fact as "begonnenMet",
          starts_on as van, due_on as tot, met_at as "gehaaldOp",
missed_said_at is not null as gemist, dropped_at as "vervallenOp",
          policy_sha256 as beleid
        from deadline where case_id = any($1::uuid[]) order by starts_on, name""",
    "huisbezoeken": """
        select case_id, visit.starts_at as van, visit.ends_at as tot, state as stand,
          planned_by as "geplandDoor", second_worker_id as "tweedeMedewerker",
          (select coalesce(jsonb_agg(jsonb_build_object('wat', what, 'van', visit_change.starts_at,
             'tot', visit_change.ends_at, 'door', changed_by, 'op', visit_change.changed_at)
             order by revision), '[]')
           from visit_change where visit_id = visit.id) as wijzigingen
        from visit where case_id = any($1::uuid[]) order by visit.starts_at""",
    "contactpogingen": """
        select case_id, attempted_at as op, kind as soort, part_of_day as dagdeel,
          was_reached as bereikt, result as uitkomst, is_first_talk as "eersteGesprek",
          recorded_by as door
        from contact_attempt where case_id = any($1::uuid[]) order by attempted_at""",
    "antwoordenOpHulp": """
        select case_id, answered_on as op, answer as antwoord,
          paused_until as "incassopauzeTot", recorded_by as door
        from help_answer where case_id = any($1::uuid[]) order by recorded_at""",
    "plan": """
        select case_id, layer as laag, words as woorden, written_by as "geschrevenDoor",
          recorded_by as "opgeschrevenDoor", written_at as op, removed_at as "weggehaaldOp"
        from plan_item where case_id = any($1::uuid[]) order by written_at""",
    "advies": """
        select case_id, kind as soort, held_on as op, outcome as uitkomst, recorded_by as door
        from consultation where case_id = any($1::uuid[]) order by held_on""",
    "berichtenAanMedewerkers": """
        select case_id, at as op, template as bericht, what as uitkomst, recipient_id as aan,
          nullif(reason, '') as reden
        from alert_log where case_id = any($1::uuid[]) order by at""",
    "antwoordenOpBerichten": """
        select case_id, given_at as op, answer as antwoord
        from resident_reply where case_id = any($1::uuid[]) order by given_at, id""",
}


async def list_part(tx: Tx, name: str, case_ids: Collection[UUID]) -> Rows:
    """One part of cases, each row with its `case_id`."""
    return _rows(await tx.fetch(PARTS[name], list(case_ids)))


# What was decided, asked, restricted, declared and looked at around a household, by its Dutch name.
# Not the words of who said who belongs together, or knows whom: they are about others too.
AROUND: Mapping[str, str] = {
    "wieBijElkaarHoren": """
        select kind as soort, made_by as door, made_at as op, undone_by as "teruggedraaidDoor",
          undone_at as "teruggedraaidOp"
        from verdict where fact_ids && array(
          select id from signal where household_id = any($1::uuid[])
          union select id from fact where household_id = any($1::uuid[]))
        order by made_at, id""",
    "behoeften": """
        select kind as soort, value as waarde, stated_at as op, recorded_by as door from need
        where household_id = any($1::uuid[]) order by stated_at""",
    "beperkingen": """
        select kind as soort, reason as reden, review_on as "opnieuwKijkenOp", made_by as door,
          made_at as op, lifted_by as "opgehevenDoor", lifted_at as "opgehevenOp"
        from restriction where household_id = any($1::uuid[]) order by made_at""",
    "medewerkersDieNietMogenKomen": """
        select worker_id as medewerker, declared_at as op from conflict
        where household_id = any($1::uuid[]) order by declared_at""",
    "taken": """
        select kind as soort, reason as reden, made_at as op, closed_at as "klaarOp",
          closed_by as "klaarDoor", outcome as uitkomst
        from task where household_id = any($1::uuid[]) order by made_at, id""",
}


async def list_around(tx: Tx, name: str, household_ids: Collection[UUID]) -> Rows:
    """One of the things around households."""
    return _rows(await tx.fetch(AROUND[name], list(household_ids)))


async def list_readers(tx: Tx, case_ids: Collection[UUID], limit: int) -> Rows:
    """Who read these cases, when and why, the newest first."""
    return _rows(
        await tx.fetch(
            """
            select read_at as op, actor as wie, purpose as doel from read_log
            where case_ids && $1::uuid[] order by read_at desc, no desc limit $2
            """,
            list(case_ids),
            limit,
        )
    )


async def list_workers(tx: Tx, municipality: str) -> dict[str, str]:
    """The ids of who works or worked in a municipality, by name."""
    rows = await tx.fetch(
        """
        select worker.name, worker.id from worker join team on team.id = team_id
        where municipality = $1 order by length(worker.name) desc limit 10000
        """,
        municipality,
    )
    return {row["name"]: row["id"] for row in rows}
