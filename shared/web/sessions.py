"""Who is signed in with a browser: kept here, in the service's own database, not in the browser.

A session ends 12 hours after it began, after an hour without a click, when the person signs out, or
when the provider says so. Times are real ones, also where business time is stepped.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared import clock
from shared.db import Tx
from shared.web.oidc import Begun, Identity, LoggedOut, SignedIn, SiteRole
from shared.web.session import token_hash

LIFE = timedelta(hours=12)
IDLE = timedelta(hours=1)
SEEN_EVERY = timedelta(minutes=1)  # noted no more often than this
ON_THE_WAY = timedelta(minutes=15)  # so long may somebody take at the provider
TOKEN_BYTES = 32
CLEARED_MAX = 1000  # rows that are over, taken away with each new one


@dataclass(frozen=True)
class Session:
    """Somebody who is signed in, and what the forms of their pages must carry."""

    identity: Identity
    form_key: str
    id_token: str

    def has(self, *roles: SiteRole) -> bool:
        """Whether they have one of these roles."""
        return bool(self.identity.roles & set(roles))


async def begin(tx: Tx, begun: Begun, return_to: str) -> None:
    """Keep what a browser must come back with."""
    now = clock.lease_now()
    await tx.execute(
        """
        delete from web_sign_in where state_hash in (
          select state_hash from web_sign_in where began_at < $1
          order by began_at limit $2 for update skip locked)
        """,
        now - ON_THE_WAY,
        CLEARED_MAX,
    )
    await tx.execute(
        """
        insert into web_sign_in (state_hash, nonce, verifier, return_to, began_at)
        values ($1, $2, $3, $4, $5)
        """,
        token_hash(begun.state),
        begun.nonce,
        begun.verifier,
        return_to,
        now,
    )


async def take_begun(tx: Tx, state: str) -> tuple[Begun, str] | None:
    """What began with this state, once, and where to return to; None when nothing did."""
    row = await tx.fetchrow(
        """
        delete from web_sign_in where state_hash = $1 and began_at >= $2
        returning nonce, verifier, return_to
        """,
        token_hash(state),
        clock.lease_now() - ON_THE_WAY,
    )
    return (Begun("", state, row["nonce"], row["verifier"]), row["return_to"]) if row else None


async def insert_session(tx: Tx, told: SignedIn) -> str:
    """Begin a session; returns the token that the browser keeps."""
    now, token = clock.lease_now(), secrets.token_urlsafe(TOKEN_BYTES)
    await tx.execute(
        """
        delete from web_session where token_hash in (
          select token_hash from web_session where seen_at < $1 or began_at < $2
          order by seen_at limit $3 for update skip locked)
        """,
        now - IDLE,
        now - LIFE,
        CLEARED_MAX,
    )
    await tx.execute(
        """
        insert into web_session (token_hash, person, claims, subject, provider_id, id_token,
          form_key, began_at, seen_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
        """,
        token_hash(token),
        told.identity.person,
        _as_claims(told.identity),
        told.subject,
        told.provider_id,
        told.id_token,
        secrets.token_urlsafe(TOKEN_BYTES),
        now,
    )
    return token


async def find_session(tx: Tx, token: str) -> Session | None:
    """The session of a token; None when it is over, or never was."""
    now = clock.lease_now()
    row = await tx.fetchrow(
        """
        select person, claims, form_key, id_token, seen_at from web_session
        where token_hash = $1 and began_at > $2 and seen_at > $3
        """,
        token_hash(token),
        now - LIFE,
        now - IDLE,
    )
    if row is None:
        return None
    if row["seen_at"] < now - SEEN_EVERY:
        await _note_seen(tx, token, now)
    return Session(_as_identity(row["person"], row["claims"]), row["form_key"], row["id_token"])


async def _note_seen(tx: Tx, token: str, now: datetime) -> None:
    await tx.execute(
        "update web_session set seen_at = $2 where token_hash = $1", token_hash(token), now
    )


async def end_session(tx: Tx, token: str) -> None:
    """Somebody signs out here."""
    await tx.execute("delete from web_session where token_hash = $1", token_hash(token))


async def end_sessions(tx: Tx, told: LoggedOut) -> None:
    """The provider ended a session of its own, or all of somebody."""
    await tx.execute(
        """
        delete from web_session
        where ($1 = '' or provider_id = $1) and ($2 = '' or subject = $2)
        """,
        told.provider_id,
        told.subject,
    )


def _as_claims(told: Identity) -> dict[str, Any]:
    return {
        "name": told.name,
        "roles": sorted(told.roles),
        "partner_id": told.partner_id,
        "municipality": told.municipality,
    }


def _as_identity(person: str, told: dict[str, Any]) -> Identity:
    return Identity(
        person=person,
        name=told["name"],
        roles=frozenset(map(SiteRole, told["roles"])),
        partner_id=told["partner_id"],
        municipality=told["municipality"],
    )
