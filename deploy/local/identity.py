"""Plays the organisation's OpenID provider: who works in the demo may sign in, without a password.

    python -m deploy.local.identity serve --http-port 8026 --site-url http://127.0.0.1:8080

Code flow with PKCE, RP-initiated and back-channel logout, as any provider has them; tests of the
product's side run against another provider too (tests/pages). Everybody of the roster and somebody
of every partner is an account. For a demo only: it listens on 127.0.0.1 and asks no password.
"""

import asyncio
import base64
import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode

import httpx
import typer
import uvicorn
import yaml
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from joserfc import jwt
from joserfc.jwk import RSAKey

HOST = "127.0.0.1"
CODE_SECONDS = 60
TOKEN_SECONDS = 300
CALL_SECONDS_MAX = 5.0
COOKIE = "identity"
SEE_OTHER = 303
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
SERVICES = ("signals", "triage", "notify")
DEMO = Path(__file__).parent / "demo"

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The demo's OpenID provider.")


@dataclass(frozen=True)
class Account:
    """Somebody of the demo."""

    name: str
    claims: Mapping[str, Any]
    group: str


@dataclass(frozen=True)
class Grant:
    """A code that was given, and what it may be changed for."""

    account: str
    session: str
    client_id: str
    redirect_uri: str
    nonce: str
    challenge: str
    until: float


@dataclass
class Books:
    """What the provider remembers; gone when it stops."""

    accounts: Mapping[str, Account]
    secrets: Mapping[str, str]
    site_url: str
    issuer: str
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"use": "sig"}))
    grants: dict[str, Grant] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)  # who is signed in, by session

    def redirect_of(self, client_id: str) -> str:
        """The only place that a code for this client goes to."""
        return f"{self.site_url}/{client_id}/signed-in"

    def signed(self, claims: Mapping[str, Any], kind: str = "JWT") -> str:
        """A token of ours."""
        now = int(time.time())
        told = {"iss": self.issuer, "iat": now, "exp": now + TOKEN_SECONDS, **claims}
        header = {"alg": "RS256", "typ": kind, "kid": self.key.thumbprint()}
        return jwt.encode(header, told, self.key)


def read_accounts(roster: Path, partners: Path) -> dict[str, Account]:
    """Everybody of a roster, and somebody of every partner."""
    found = {"beheer": Account("Beheer", {"roles": ["ops"]}, "Beheer")}
    for team in yaml.safe_load(roster.read_text())["teams"]:
        there = {"municipality": team["municipality"], "team": team["id"]}
        people = [(team["lead"], "lead"), *((one, "generalist") for one in team["generalists"])]
        for person, role in people:
            claims = {"roles": [role], **there}
            group = f"{team['name']}, {'teamleider' if role == 'lead' else 'generalisten'}"
            found[person["id"]] = Account(person["name"], claims, group)
    for partner in yaml.safe_load(partners.read_text())["partners"]:
        claims = {"roles": ["partner"], "partner_id": partner["id"]}
        name = f"Medewerker van {partner['name']}"
        found[f"{partner['id']}-medewerker"] = Account(name, claims, "Partners")
    return found


def build(books: Books) -> FastAPI:
    """The provider's addresses."""
    site = FastAPI(openapi_url=None)
    site.state.books = books
    for path, method, endpoint in (
        ("/ready", "GET", show_readiness),
        ("/.well-known/openid-configuration", "GET", show_metadata),
        ("/jwks", "GET", show_keys),
        ("/authorize", "GET", show_accounts),
        ("/authorize", "POST", choose_account),
        ("/token", "POST", give_token),
        ("/end-session", "GET", end_session),
    ):
        site.add_api_route(path, endpoint, methods=[method])
    return site


def _books(request: Request) -> Books:
    found: Books = request.app.state.books
    return found


async def show_readiness() -> Response:
    """Whether it runs."""
    return Response("ready", media_type="text/plain")


async def show_metadata(request: Request) -> dict[str, Any]:
    """OpenID Discovery 1.0."""
    issuer = _books(request).issuer
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/jwks",
        "end_session_endpoint": f"{issuer}/end-session",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }


async def show_keys(request: Request) -> dict[str, Any]:
    """The key that tokens are signed with."""
    key = _books(request).key
    public = key.as_dict(private=False)
    return {"keys": [{**public, "kid": key.thumbprint(), "use": "sig", "alg": "RS256"}]}


async def show_accounts(request: Request) -> Response:
    """Who somebody wants to be; who chose already goes on."""
    books, asked = _books(request), dict(request.query_params)
    if fault := _fault_of(books, asked):
        return HTMLResponse(_page(f"<p>{escape(fault)}</p>"), 400)
    session = request.cookies.get(COOKIE, "")
    if session in books.sessions:
        return _go_on(books, asked, session)
    groups: dict[str, list[str]] = {}
    for name, account in books.accounts.items():
        button = f'<button name="account" value="{escape(name)}">{escape(account.name)}</button>'
        groups.setdefault(account.group, []).append(button)
    lists = "".join(f"<h2>{escape(one)}</h2>{''.join(who)}" for one, who in groups.items())
    hidden = f'<input type="hidden" name="asked" value="{escape(urlencode(asked))}">'
    page = f'<form method="post" action="/authorize">{hidden}{lists}</form>'
    return HTMLResponse(_page(page))


async def choose_account(request: Request) -> Response:
    """Somebody says who they are; that is enough in a demo."""
    books, form = _books(request), await _form(request)
    asked = {name: values[0] for name, values in parse_qs(form.get("asked", "")).items()}
    account = form.get("account", "")
    if account not in books.accounts or _fault_of(books, asked):
        return HTMLResponse(_page("<p>Onbekend.</p>"), 400)
    session = secrets.token_urlsafe(16)
    books.sessions[session] = account
    response = _go_on(books, asked, session)
    response.set_cookie(COOKIE, session, httponly=True, samesite="lax")
    return response


def _fault_of(books: Books, asked: Mapping[str, str]) -> str:
    client = asked.get("client_id", "")
    if client not in books.secrets:
        return "unknown client_id"
    if asked.get("redirect_uri") != books.redirect_of(client):
        return "redirect_uri is not the client's"
    if asked.get("response_type") != "code" or asked.get("code_challenge_method") != "S256":
        return "only response_type code, with PKCE by S256"
    return "" if "openid" in asked.get("scope", "").split() else "scope is without openid"


def _go_on(books: Books, asked: Mapping[str, str], session: str) -> RedirectResponse:
    code = secrets.token_urlsafe(24)
    books.grants[code] = Grant(
        account=books.sessions[session],
        session=session,
        client_id=asked["client_id"],
        redirect_uri=asked["redirect_uri"],
        nonce=asked.get("nonce", ""),
        challenge=asked.get("code_challenge", ""),
        until=time.monotonic() + CODE_SECONDS,
    )
    told = urlencode({"code": code, "state": asked.get("state", "")})
    return RedirectResponse(f"{asked['redirect_uri']}?{told}", SEE_OTHER)


async def give_token(request: Request) -> Response:
    """An id token for a code, once, to the client that it was given for."""
    books, form = _books(request), await _form(request)
    client_id = _client_of(books, request.headers.get("authorization", ""))
    if client_id is None:
        return JSONResponse({"error": "invalid_client"}, 401)
    grant = books.grants.pop(form.get("code", ""), None)
    if grant is None or not _is_right(grant, client_id, form):
        return JSONResponse({"error": "invalid_grant"}, 400)
    account = books.accounts[grant.account]
    claims = {
        "sub": grant.account,
        "aud": client_id,
        "sid": grant.session,
        "nonce": grant.nonce,
        "name": account.name,
        "preferred_username": grant.account,
        **account.claims,
    }
    answer = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer"}
    answer["id_token"] = books.signed(claims)
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})


def _is_right(grant: Grant, client_id: str, form: Mapping[str, str]) -> bool:
    proof = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    shown = base64.urlsafe_b64encode(proof).rstrip(b"=").decode()
    return (
        grant.client_id == client_id
        and grant.redirect_uri == form.get("redirect_uri")
        and grant.until > time.monotonic()
        and hmac.compare_digest(shown, grant.challenge)
    )


def _client_of(books: Books, header: str) -> str | None:
    scheme, _, told = header.partition(" ")
    try:
        name, _, secret = base64.b64decode(told).decode().partition(":")
    except ValueError:
        return None
    is_known = scheme.lower() == "basic" and name in books.secrets
    return name if is_known and hmac.compare_digest(secret, books.secrets[name]) else None


async def end_session(request: Request, post_logout_redirect_uri: str = "") -> Response:
    """Somebody signs out: every client hears it before the browser goes on."""
    books, session = _books(request), request.cookies.get(COOKIE, "")
    account = books.sessions.pop(session, None)
    if account:
        async with httpx.AsyncClient(timeout=CALL_SECONDS_MAX, trust_env=False) as http:
            calls = (_tell(http, books, client, account, session) for client in books.secrets)
            await asyncio.gather(*calls, return_exceptions=True)
    is_ours = post_logout_redirect_uri == f"{books.site_url}/signed-out"
    response: Response = HTMLResponse(_page("<p>Uitgelogd.</p>"))
    if is_ours:
        response = RedirectResponse(post_logout_redirect_uri, SEE_OTHER)
    response.delete_cookie(COOKIE)
    return response


async def _tell(
    http: httpx.AsyncClient, books: Books, client_id: str, account: str, session: str
) -> None:
    claims = {"sub": account, "sid": session, "aud": client_id, "events": {LOGOUT_EVENT: {}}}
    told = {**claims, "jti": secrets.token_urlsafe(16)}
    token = books.signed(told, "logout+jwt")
    url = f"{books.site_url}/{client_id}/back-channel-logout"
    await http.post(url, data={"logout_token": token})


async def _form(request: Request) -> dict[str, str]:
    told = parse_qs((await request.body()).decode())
    return {name: values[0] for name, values in told.items()}


def _page(inside: str) -> str:
    return (
        '<!doctype html><html lang="nl"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<title>Inloggen in de demo</title><style>body{font:1rem/1.5 system-ui;max-width:40rem;"
        "margin:1rem auto;padding:0 1rem}button{font:inherit;margin:.2rem;padding:.6rem 1rem}"
        "</style><h1>Wie bent u in de demo?</h1><p>Hier stelt de aanbieder van uw organisatie "
        f"anders uw wachtwoord vast.</p>{inside}"
    )


@app.callback()
def _commands() -> None:
    """Have `serve` named, though it is the only command."""


@app.command()
def serve(
    http_port: Annotated[int, typer.Option()],
    site_url: Annotated[str, typer.Option(help="where the services' pages are")],
    roster: Annotated[Path, typer.Option()] = DEMO / "roster.yaml",
    partners: Annotated[Path, typer.Option()] = DEMO / "partners.yaml",
) -> None:
    """Serve until it is stopped. OIDC_CLIENT_SECRET is the secret of each service."""
    known = dict.fromkeys(SERVICES, os.environ["OIDC_CLIENT_SECRET"])
    issuer = f"http://{HOST}:{http_port}"
    books = Books(read_accounts(roster, partners), known, site_url, issuer)
    uvicorn.run(build(books), host=HOST, port=http_port, log_level="warning", access_log=False)


if __name__ == "__main__":
    app()
