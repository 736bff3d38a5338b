"""Statements on case files and on what there is to tell about cases."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import asyncpg

from services.notify.schedule import CaseFile, State, Subject
from shared.contracts.triage import Person, Role
from shared.db import Tx

_CASE_FILE = """
    select case_id, municipality, reference, revision, is_open, has_objection, assignee_id,
      assignee_name, assignee_email, assignee_role, lead_id, lead_name, lead_email
    from case_file where case_id = any($1::uuid[])
    """


async def lock_case_files(tx: Tx, files: Sequence[CaseFile]) -> dict[UUID, CaseFile]:
    """Insert case files that are absent, sorted; lock the others, sorted, and return those."""
    ordered = sorted(files, key=lambda file: file.case_id)
    inserted = await tx.fetch(
        """
        insert into case_file (case_id, municipality, reference, revision, is_open, has_objection,
          assignee_id, assignee_name, assignee_email, assignee_role, lead_id, lead_name, lead_email)
        select * from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::boolean[],
          $6::boolean[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
          $13::text[])
        on conflict do nothing
        returning case_id
        """,
        *_columns(ordered),
    )
    existing = {file.case_id for file in ordered} - {row["case_id"] for row in inserted}
    if not existing:
        return {}
    rows = await tx.fetch(f"{_CASE_FILE} order by case_id for update", sorted(existing))
    return {row["case_id"]: _as_case_file(row) for row in rows}


async def save_case_files(tx: Tx, files: Sequence[CaseFile]) -> None:
    """Write case files that are newer than what was stored; they are locked."""
    await tx.execute(
        """
        update case_file set municipality = newer.municipality, reference = newer.reference,
          revision = newer.revision, is_open = newer.is_open, has_objection = newer.has_objection,
          assignee_id = newer.assignee_id, assignee_name = newer.assignee_name,
          assignee_email = newer.assignee_email, assignee_role = newer.assignee_role,
          lead_id = newer.lead_id, lead_name = newer.lead_name, lead_email = newer.lead_email
        from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::boolean[], $6::boolean[],
          $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[])
          as newer (case_id, municipality, reference, revision, is_open, has_objection, assignee_id,
            assignee_name, assignee_email, assignee_role, lead_id, lead_name, lead_email)
        where case_file.case_id = newer.case_id
        """,
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
    )


async def load_case_files(tx: Tx, case_ids: Collection[UUID]) -> dict[UUID, CaseFile]:
    """Case files as they are now."""
    rows = await tx.fetch(_CASE_FILE, list(case_ids))
    return {row["case_id"]: _as_case_file(row) for row in rows}


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
