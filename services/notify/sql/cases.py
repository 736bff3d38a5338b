"""Statements on case files and on what there is to tell about cases."""

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg

from services.notify.sql.wishes import load_wishes
from services.notify.subjects import UNKNOWN_HOUSEHOLD, CaseFile, State, Subject, together
from shared.contracts.triage import ContactRestriction, Person, Resident, Role
from shared.db import Tx

_FIELDS = (
    "case_id, municipality, reference, revision, is_open, has_objection, assignee_id,"
    " assignee_name, assignee_email, assignee_role, lead_id, lead_name, lead_email, household_id,"
    " is_confirmed, paused_until, track, restrictions, former"
)
_TYPES = (
    "$1::uuid[], $2::text[], $3::text[], $4::int[], $5::boolean[], $6::boolean[], $7::text[],"
    " $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::uuid[],"
    " $15::boolean[], $16::date[], $17::text[], $18::text[], $19::text[]"
)
# Lists of different lengths make no array; these words have no spaces in them.
_UNPACKED = _FIELDS.replace("restrictions", "string_to_array(restrictions, ' ')").replace(
    "former", "former::jsonb"
)
_CASE_FILE = f"""
    select {", ".join(f"case_file.{name}" for name in _FIELDS.split(", "))}, name, postcode,
      house_number, suffix, phone, email, language, is_verified, kin,
      resident.revision as resident_revision
    from case_file left join resident using (case_id) where case_file.case_id = any($1::uuid[])
    """  # noqa: S608 - texts of ours


async def lock_case_files(tx: Tx, files: Sequence[CaseFile]) -> dict[UUID, CaseFile]:
    """Insert case files that are absent, sorted; lock the others, sorted, and return those."""
    ordered = sorted(files, key=lambda file: file.case_id)
    inserted = await tx.fetch(
        f"""
        insert into case_file ({_FIELDS})
        select {_UNPACKED} from unnest({_TYPES}) as told ({_FIELDS})
        on conflict do nothing
        returning case_id
        """,  # noqa: S608 - texts of ours
        *_columns(ordered),
    )
    existing = {file.case_id for file in ordered} - {row["case_id"] for row in inserted}
    if not existing:
        return {}
    # Read after they are locked, not while: whoever had them may just have written what hangs on
    # them (residents, wishes), and that is not in the sight of the statement that waited.
    await hold_case_files(tx, existing)
    return await load_case_files(tx, existing)


async def save_case_files(tx: Tx, files: Sequence[CaseFile]) -> None:
    """Write case files that are newer than what was stored; they are locked."""
    await tx.execute(
        f"""
        update case_file set ({_FIELDS}) = row(told.*) from (
          select {_UNPACKED} from unnest({_TYPES}) as packed ({_FIELDS})) as told ({_FIELDS})
        where case_file.case_id = told.case_id
        """,  # noqa: S608 - texts of ours
        *_columns(files),
    )


def _columns(files: Sequence[CaseFile]) -> list[list[Any]]:
    return [
        [file.case_id for file in files],
        [file.municipality for file in files],
        [file.reference for file in files],
        [file.revision for file in files],
        [file.is_open for file in files],
        [file.has_objection for file in files],
        [file.assignee.id for file in files],
        [file.assignee.name for file in files],
        [file.assignee.email for file in files],
        [file.assignee.role.value for file in files],
        [file.lead.id for file in files],
        [file.lead.name for file in files],
        [file.lead.email for file in files],
        [file.household_id for file in files],
        [file.is_confirmed for file in files],
        [file.paused_until for file in files],
        [file.track for file in files],
        [" ".join(sorted(file.restrictions)) for file in files],
        [json.dumps([one.model_dump(mode="json") for one in file.former]) for file in files],
    ]


def _as_case_file(row: asyncpg.Record) -> CaseFile:
    return CaseFile(
        case_id=row["case_id"],
        municipality=row["municipality"],
        reference=row["reference"],
        revision=row["revision"],
        is_open=row["is_open"],
        has_objection=row["has_objection"],
        assignee=Person(
            id=row["assignee_id"],
            name=row["assignee_name"],
            email=row["assignee_email"],
            role=Role(row["assignee_role"]),
        ),
        lead=Person(
            id=row["lead_id"], name=row["lead_name"], email=row["lead_email"], role=Role.LEAD
        ),
        household_id=row["household_id"] or UNKNOWN_HOUSEHOLD,
        is_confirmed=row["is_confirmed"],
        paused_until=row["paused_until"],
        track=row["track"],
        restrictions=frozenset(map(ContactRestriction, row["restrictions"])),
        resident=_as_resident(row) if row["postcode"] else None,
        kin=frozenset(row["kin"] or ()),
        resident_revision=row["resident_revision"] or 0,
        former=tuple(Person.model_validate(one) for one in row["former"]),
    )


def _as_resident(row: asyncpg.Record) -> Resident:
    return Resident.model_construct(**{name: row[name] for name in Resident.model_fields})


async def save_residents(tx: Tx, files: Sequence[CaseFile]) -> None:
    """Keep how to reach the households of case files, which are locked, and who they are too."""
    told = [(file, file.resident) for file in files if file.resident]
    await tx.execute(
        """
        insert into resident (case_id, revision, kin, name, postcode, house_number, suffix, phone,
          email, language, is_verified)
        select case_id, revision, string_to_array(kin, ' ')::uuid[], name, postcode, house_number,
          suffix, phone, email, language, is_verified
        from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::int[],
          $7::text[], $8::text[], $9::text[], $10::text[], $11::boolean[])
          as told (case_id, revision, kin, name, postcode, house_number, suffix, phone, email,
            language, is_verified)
        on conflict (case_id) do update set revision = excluded.revision, kin = excluded.kin,
          name = excluded.name, postcode = excluded.postcode, house_number = excluded.house_number,
          suffix = excluded.suffix, phone = excluded.phone, email = excluded.email,
          language = excluded.language, is_verified = excluded.is_verified
        """,
        [file.case_id for file, _ in told],
        [file.resident_revision for file, _ in told],
        [" ".join(map(str, sorted(file.kin))) for file, _ in told],
        *([getattr(one, name) for _, one in told] for name in Resident.model_fields),
    )


async def hold_case_files(tx: Tx, case_ids: Collection[UUID]) -> None:
    """Lock case files, sorted: before alerts, as every door does."""
    await tx.execute(
        "select from case_file where case_id = any($1::uuid[]) order by case_id for update",
        sorted(case_ids),
    )


async def load_case_files(tx: Tx, case_ids: Collection[UUID]) -> dict[UUID, CaseFile]:
    """Case files as they are now."""
    rows = await tx.fetch(_CASE_FILE, list(case_ids))
    return await with_wishes(tx, [_as_case_file(row) for row in rows])


async def with_wishes(tx: Tx, files: Sequence[CaseFile]) -> dict[UUID, CaseFile]:
    """Case files with what their households ask now, and those that turned out to be these."""
    wishes = await load_wishes(tx, {one for file in files for one in file.households})
    return {
        file.case_id: replace(
            file, wishes=together(wishes[one] for one in sorted(file.households) if one in wishes)
        )
        for file in files
    }


async def load_subjects(tx: Tx, case_ids: Collection[UUID]) -> list[Subject]:
    """Everything to tell about cases."""
    rows = await tx.fetch(
        """
        select case_id, kind, key, revision, state, is_urgent, at, ends_at, details
        from subject where case_id = any($1::uuid[])
        """,
        list(case_ids),
    )
    return [Subject(**{**row, "state": State(row["state"])}) for row in rows]


async def save_subjects(tx: Tx, subjects: Sequence[Subject]) -> None:
    """Write subjects that are newer than what was stored; their case files are locked."""
    await tx.execute(
        """
        insert into subject (case_id, kind, key, revision, state, is_urgent, at, ends_at, details)
        select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::int[], $5::text[],
          $6::boolean[], $7::timestamptz[], $8::timestamptz[], $9::jsonb[])
        on conflict (case_id, kind, key) do update set revision = excluded.revision,
          state = excluded.state, is_urgent = excluded.is_urgent, at = excluded.at,
          ends_at = excluded.ends_at, details = excluded.details
        """,
        [subject.case_id for subject in subjects],
        [subject.kind for subject in subjects],
        [subject.key for subject in subjects],
        [subject.revision for subject in subjects],
        [subject.state.value for subject in subjects],
        [subject.is_urgent for subject in subjects],
        [subject.at for subject in subjects],
        [subject.ends_at for subject in subjects],
        [subject.details or {} for subject in subjects],
    )
