"""The municipalities' signing keys: made here, sealed at rest, and gone once they are retired.

The private half is kept in the database, encrypted with SIGNING_SECRET, so that any replica can
sign and a copy of the database alone cannot. Retiring a key forgets its private half; the public
half stays in the key set for ten years.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from joserfc.jwk import OKPKey

from services.signals.receipts import SigningKey
from services.signals.sql import partners as partner_sql
from shared.db import Tx
from shared.settings import StartupFault

COMPARING = b"voordeur signals: key that compares bodies"


@dataclass
class Keyring:
    """Opens sealed keys, each once."""

    secret: str
    _opened: dict[str, SigningKey] = field(default_factory=dict)

    def fingerprint(self, canonical: bytes) -> bytes:
        """Tells bodies apart for us, and says nothing to somebody without our secret."""
        return hmac.digest(self._comparing_key, canonical, "sha256")

    @cached_property
    def _comparing_key(self) -> bytes:
        return hmac.digest(self.secret.encode(), COMPARING, "sha256")

    async def active(self, tx: Tx, municipalities: Collection[str]) -> dict[str, SigningKey]:
        """The key of each municipality; raises LookupError for one that has none."""
        rows = await partner_sql.load_active_keys(tx, municipalities)
        if missing := set(municipalities) - {row["municipality"] for row in rows}:
            raise LookupError(f"no signing key for {', '.join(sorted(missing))}")
        return {row["municipality"]: self._open(row) for row in rows}

    def _open(self, row: Mapping[str, Any]) -> SigningKey:
        if row["kid"] not in self._opened:
            seed = unseal(row, self.secret)
            private = OKPKey.import_key({**row["public"], "d": seed.decode()})
            self._opened[row["kid"]] = SigningKey(row["kid"], row["municipality"], private)
        return self._opened[row["kid"]]


def new_secret() -> str:
    """A new SIGNING_SECRET."""
    return secrets.token_urlsafe(32)


def fernet(secret: str) -> Fernet:
    """The cipher of a secret; the secret is random and long, so one round of SHA-256 is enough."""
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()))


def unseal(row: Mapping[str, Any], secret: str) -> bytes:
    """The private half of a key; raises StartupFault when another secret sealed it."""
    try:
        return fernet(secret).decrypt(row["sealed"])
    except InvalidToken:
        raise StartupFault(
            f"SIGNING_SECRET does not open the signing key of {row['municipality']}: "
            "it was sealed with another (if that one is lost: `keys rotate --secret-lost`)"
        ) from None


async def rotate(
    tx: Tx, municipality: str, secret: str, now: datetime, *, is_secret_lost: bool = False
) -> str:
    """Make a municipality's next key and retire the one it has; returns the new key's id.

    Raises StartupFault when the secret is not the one that opens the present key: the service has
    that one, could not open the next, and the present one would be gone. Unless it is lost.
    """
    if not is_secret_lost:
        for row in await partner_sql.load_active_keys(tx, [municipality]):
            unseal(row, secret)
    key = OKPKey.generate_key("Ed25519")
    private: Any = key.as_dict(private=True)
    kid = f"{municipality}-{now:%Y%m%d}-{secrets.token_hex(4)}"
    public = {name: private[name] for name in ("kty", "crv", "x")}
    sealed = fernet(secret).encrypt(private["d"].encode())
    await partner_sql.retire_key(tx, municipality, now)
    await partner_sql.insert_key(tx, kid, municipality, public=public, sealed=sealed, now=now)
    return kid


def as_jwk(row: Mapping[str, Any]) -> dict[str, Any]:
    """A key as the key set shows it, with whose it is and when it signed."""
    told = {
        **row["public"],
        "kid": row["kid"],
        "use": "sig",
        "alg": "Ed25519",
        "gemeentecode": row["municipality"],
        "vanaf": row["made_at"].isoformat(),
    }
    return told | ({"tot": row["retired_at"].isoformat()} if row["retired_at"] else {})
