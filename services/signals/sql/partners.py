"""Statements on partners, agreements, what partners sign in with, and signing keys."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from services.signals.situation import Agreement, Partner
from shared.contracts.signals import LegalGround, PartnerKind
from shared.db import Tx


async def load_partners(tx: Tx, ids: Collection[str]) -> dict[str, Partner]:
    """The partners with these ids, with all their agreements."""
    rows = await tx.fetch(
        """
        select id, kvk, kinds, wants_feedback, requests_per_minute,
          suspended_at is not null as is_suspended, municipality, legal_ground, valid_from,
          valid_until
        from partner left join agreement on partner_id = id
        where id = any($1::text[])
        """,
        list(ids),
    )
    agreements: dict[str, list[Agreement]] = {row["id"]: [] for row in rows}
    for row in rows:
        if row["municipality"]:
            agreements[row["id"]].append(
                Agreement(
                    municipality=row["municipality"],
                    legal_ground=LegalGround(row["legal_ground"]),
                    valid_from=row["valid_from"],
                    valid_until=row["valid_until"],
                )
            )
    return {row["id"]: _as_partner(row, agreements[row["id"]]) for row in rows}


def _as_partner(row: asyncpg.Record, agreements: Sequence[Agreement]) -> Partner:
    return Partner(
        id=row["id"],
        kvk=row["kvk"],
        kinds=frozenset(map(PartnerKind, row["kinds"])),
        is_suspended=row["is_suspended"],
        wants_feedback=row["wants_feedback"],
        requests_per_minute=row["requests_per_minute"],
        agreements=tuple(agreements),
    )


async def load_profile(tx: Tx, partner_id: str) -> dict[str, Any] | None:
    """What a partner may see of how it is known here: never a secret, only whether it has one."""
    row = await tx.fetchrow(
        """
        select id, name, kvk, contact, suspended_at, api_key_hash is not null as has_key,
          client_secret_hash is not null as has_client
        from partner where id = $1
        """,
        partner_id,
    )
    return dict(row) if row else None


async def find_namesake(tx: Tx, kvk: str, partner_id: str) -> str | None:
    """Another partner with this KvK number; an event's id counts within it."""
    found: str | None = await tx.fetchval(
        "select id from partner where kvk = $1 and id <> $2", kvk, partner_id
    )
    return found


async def save_partner(tx: Tx, partner: Partner, name: str, contact: str) -> None:
    """Insert or replace a partner and its agreements; its keys and a suspension stay."""
    await tx.execute(
        """
        insert into partner (id, name, kvk, kinds, wants_feedback, contact, requests_per_minute)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (id) do update
          set name = $2, kvk = $3, kinds = $4, wants_feedback = $5, contact = $6,
            requests_per_minute = $7
        """,
        partner.id,
        name,
        partner.kvk,
        sorted(partner.kinds),
        partner.wants_feedback,
        contact,
        partner.requests_per_minute,
    )
    await tx.execute("delete from agreement where partner_id = $1", partner.id)
    await tx.execute(
        """
        insert into agreement (partner_id, municipality, legal_ground, valid_from, valid_until)
        select $1, * from unnest($2::text[], $3::text[], $4::date[], $5::date[])
        """,
        partner.id,
        [one.municipality for one in partner.agreements],
        [one.legal_ground.value for one in partner.agreements],
        [one.valid_from for one in partner.agreements],
        [one.valid_until for one in partner.agreements],
    )


async def list_partners(tx: Tx) -> list[dict[str, Any]]:
    """Every partner, with how many agreements it has."""
    rows = await tx.fetch(
        """
        select id, name, kvk, kinds, contact, wants_feedback, suspended_at,
          api_key_hash is not null as has_key,
          (select count(*) from agreement where partner_id = id) as agreements
        from partner order by id limit 10000
        """
    )
    return [dict(row) for row in rows]


async def suspend(tx: Tx, partner_id: str, now: datetime) -> bool:
    """Refuse a partner from now on, and forget what it signed in with; False when unknown."""
    await tx.execute("delete from access_token where partner_id = $1", partner_id)
    status: str = await tx.execute(
        "update partner set suspended_at = coalesce(suspended_at, $2) where id = $1",
        partner_id,
        now,
    )
    return status != "UPDATE 0"


async def resume(tx: Tx, partner_id: str) -> bool:
    """Take a partner's events again; False when unknown."""
    status: str = await tx.execute(
        "update partner set suspended_at = null where id = $1", partner_id
    )
    return status != "UPDATE 0"


async def save_keys(tx: Tx, partner_id: str, api_key: bytes, client_secret: bytes) -> bool:
    """Replace what a partner signs in with, as hashes; what it had ends at once."""
    await tx.execute("delete from access_token where partner_id = $1", partner_id)
    status: str = await tx.execute(
        "update partner set api_key_hash = $2, client_secret_hash = $3 where id = $1",
        partner_id,
        api_key,
        client_secret,
    )
    return status != "UPDATE 0"


async def find_by_key(tx: Tx, secret_hash: bytes, now: datetime) -> dict[str, Any] | None:
    """The partner of an API key or of an access token that has not expired."""
    row = await tx.fetchrow(
        """
        select id, suspended_at is not null as is_suspended, requests_per_minute from partner
        where api_key_hash = $1
          or id = (select partner_id from access_token where token_hash = $1 and expires_at > $2)
        """,
        secret_hash,
        now,
    )
    return dict(row) if row else None


async def has_client(tx: Tx, partner_id: str, secret_hash: bytes) -> bool:
    """Whether this is the OAuth client secret of a partner that is not suspended."""
    found: bool = await tx.fetchval(
        """
        select exists (select from partner
          where id = $1 and client_secret_hash = $2 and suspended_at is null)
        """,
        partner_id,
        secret_hash,
    )
    return found


async def insert_token(
    tx: Tx, token_hash: bytes, partner_id: str, expires_at: datetime, now: datetime
) -> None:
    """Give a partner an access token, and forget those of anybody that have expired."""
    await tx.execute("delete from access_token where expires_at <= $1", now)
    await tx.execute(
        "insert into access_token (token_hash, partner_id, expires_at) values ($1, $2, $3)",
        token_hash,
        partner_id,
        expires_at,
    )


async def load_active_keys(tx: Tx, municipalities: Collection[str]) -> list[dict[str, Any]]:
    """The sealed keys that these municipalities sign with now."""
    rows = await tx.fetch(
        """
        select kid, municipality, public, sealed from signing_key
        where retired_at is null and municipality = any($1::text[])
        """,
        list(municipalities),
    )
    return [dict(row) for row in rows]


async def list_keys(tx: Tx, retired_after: datetime) -> list[dict[str, Any]]:
    """Every key's public half: those in use, and those retired after an instant."""
    rows = await tx.fetch(
        """
        select kid, municipality, public, made_at, retired_at from signing_key
        where retired_at is null or retired_at > $1
        order by municipality, made_at desc limit 5000
        """,
        retired_after,
    )
    return [dict(row) for row in rows]


async def retire_key(tx: Tx, municipality: str, now: datetime) -> None:
    """Retire the key that a municipality signs with, if it has one: its private half goes."""
    await tx.execute(
        """
        update signing_key set retired_at = $2, sealed = null
        where municipality = $1 and retired_at is null
        """,
        municipality,
        now,
    )


async def insert_key(
    tx: Tx, kid: str, municipality: str, *, public: Mapping[str, Any], sealed: bytes, now: datetime
) -> None:
    """Store a municipality's new key."""
    await tx.execute(
        """
        insert into signing_key (kid, municipality, public, sealed, made_at)
        values ($1, $2, $3, $4, $5)
        """,
        kid,
        municipality,
        public,
        sealed,
        now,
    )
