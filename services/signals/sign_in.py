"""How partners sign in over HTTP: with an API key, or with a token for their OAuth 2 client.

Secrets are random and long; the database has only their SHA-256. A suspended partner's key is
known and says so; its tokens are gone.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.signals.sql import partners as partner_sql
from shared import clock
from shared.db import Pool, Tx
from shared.web.problems import Problem
from shared.web.session import Account, FindAccount, token_hash

TOKEN_LIFE = timedelta(hours=1)
SECRET_BYTES = 32


@dataclass(frozen=True)
class PartnerAccount(Account):
    """A partner that signed in."""

    requests_per_minute: int


def new_secret(prefix: str) -> str:
    """A secret that can be recognised when it turns up where it should not be."""
    return f"{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"


def only_partners(pool: Pool, now: Callable[[], datetime] = clock.lease_now) -> FindAccount:
    """Find partners by API key or access token; a name beside the key must be the partner's."""

    async def find(name: str | None, secret: str) -> Account | None:
        async with pool.acquire(timeout=5) as connection:
            row = await partner_sql.find_by_key(connection, token_hash(secret), now())
        if row is None or name not in {None, row["id"]}:
            return None
        if row["is_suspended"]:
            raise Problem(403, "This partner is suspended: ask the municipality.")
        return PartnerAccount(row["id"], False, row["requests_per_minute"])

    return find


async def give_token(tx: Tx, client_id: str, client_secret: str) -> str | None:
    """An access token for an OAuth 2 client; None when the client is not known."""
    if not await partner_sql.has_client(tx, client_id, token_hash(client_secret)):
        return None
    token = new_secret("vdt")
    now = clock.lease_now()
    await partner_sql.insert_token(tx, token_hash(token), client_id, now + TOKEN_LIFE, now)
    return token
