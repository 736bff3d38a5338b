"""Door 3 of signals: an OAuth 2 client gets a token, and errors as RFC 6749 wants them."""

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import parse_qs, unquote

from fastapi import APIRouter, Header, Request

from services.signals import sign_in
from services.signals.answers import Token
from services.signals.api import Shared, read_body
from shared.web.problems import Problem

router = APIRouter()

FORM_BYTES_MAX = 4096
GRANT = "client_credentials"
# Of RFC 6749 section 5.2, those that can be.
Code = Literal["invalid_request", "unsupported_grant_type", "invalid_client"]


@router.post(
    "/tokens",
    operation_id="giveToken",
    tags=["sign-in"],
    summary="An access token (OAuth 2 client credentials)",
)
async def give_token(
    request: Request, desk: Shared, authorization: Annotated[str, Header()] = ""
) -> Token:
    """Client id and secret by HTTP Basic or in the form, as RFC 6749 sections 2.3.1 and 4.4 say."""
    body = (await read_body(request, FORM_BYTES_MAX)).decode(errors="replace")
    form = {name: values[0] for name, values in parse_qs(body).items()}
    if "grant_type" not in form:
        raise _error(400, "invalid_request", "grant_type is missing.")
    if form["grant_type"] != GRANT:
        raise _error(400, "unsupported_grant_type", f"grant_type must be {GRANT}.")
    client_id, secret = _client(authorization, form)
    if "\x00" not in client_id:
        async with desk.database() as connection, connection.transaction():
            if token := await sign_in.give_token(connection, client_id, secret):
                seconds = int(sign_in.TOKEN_LIFE.total_seconds())
                return Token(access_token=token, expires_in=seconds)
    raise _error(401, "invalid_client", "This client is not known, or its secret is another.")


def _error(status: int, code: Code, why: str) -> Problem:
    """An error that a reader of problem+json and an OAuth 2 client both understand."""
    basic = {"WWW-Authenticate": 'Basic realm="voordeur", charset="UTF-8"'}
    return Problem(
        status,
        why,
        headers=basic if code == "invalid_client" else None,
        error=code,
        error_description=why,
    )


def _client(authorization: str, form: Mapping[str, str]) -> tuple[str, str]:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote(name), unquote(secret)
