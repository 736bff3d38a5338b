"""Sign-in. For now HTTP Basic or a bearer token; every page but `/health` and `/ready` asks for it.

Who an account is, each service decides: `ops` in all of them, workers in triage.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import Request

from shared.web.problems import Problem

OPS = "ops"


@dataclass(frozen=True)
class Account:
    """Somebody who signed in."""

    id: str
    is_ops: bool


# Finds the account of a name (None with a bearer token) and a secret; None when there is none.
FindAccount = Callable[[str | None, str], Awaitable[Account | None]]
# Gives the account of a request, or answers 401.
AccountOf = Callable[[Request], Awaitable[Account]]


def token_hash(secret: str) -> bytes:
    """How a token is stored; tokens are random and long, so one round is enough."""
    return hashlib.sha256(secret.encode()).digest()


def ops_account(name: str | None, secret: str, ops_password: str) -> Account | None:
    """The operators' account, if that is who signs in."""
    is_right = hmac.compare_digest(secret.encode(), ops_password.encode())
    return Account(OPS, is_ops=True) if name == OPS and is_right else None


def only_ops(ops_password: str) -> FindAccount:
    """For services where nobody but the operators signs in."""

    async def find(name: str | None, secret: str) -> Account | None:
        return ops_account(name, secret, ops_password)

    return find


def signed_in(find: FindAccount) -> AccountOf:
    """A FastAPI dependency that gives the account of a request, or answers 401."""

    async def account_of(request: Request) -> Account:
        name, secret = _credentials(request.headers.get("authorization", ""))
        if secret and (account := await find(name, secret)):
            return account
        raise Problem(
            401,
            "Sign in with your name and token.",
            headers={"WWW-Authenticate": 'Basic realm="voordeur", charset="UTF-8"'},
        )

    return account_of


def _credentials(header: str) -> tuple[str | None, str]:
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return None, value.strip()
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None, ""
        return name, secret
    return None, ""
