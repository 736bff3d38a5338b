"""Signing in at the OpenID provider of an organisation: code flow with PKCE, and logging out.

OpenID Connect Core 1.0, RFC 7636 (PKCE), Back-Channel Logout 1.0. The provider says who somebody is
and which roles they have; what follows from a role each service decides.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared import clock

HTTP_SECONDS_MAX = 10.0
KEYS_SECONDS = 60.0  # asked again at most so often for a key that is not known
METADATA_SECONDS = 3600.0
LEEWAY_SECONDS = 60
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri", "issuer")


class SiteRole(StrEnum):
    """What the provider says that somebody is here."""

    GENERALIST = "generalist"
    LEAD = "lead"
    PARTNER = "partner"
    OPS = "ops"


class SignInFault(Exception):
    """Nobody can be signed in by this; the text says why, without anything personal."""


@dataclass(frozen=True)
class Client:
    """How this service is known at the provider, and which claims say what."""

    issuer: str
    client_id: str
    client_secret: str
    person_claim: str = "preferred_username"
    roles_claim: str = "roles"
    partner_claim: str = "partner_id"
    municipality_claim: str = "municipality"


@dataclass(frozen=True)
class Begun:
    """A sign-in on its way: where the browser goes, and what it must come back with."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Identity:
    """Who somebody is, as the provider says."""

    person: str
    name: str
    roles: frozenset[SiteRole]
    partner_id: str
    municipality: str


@dataclass(frozen=True)
class SignedIn:
    """What came of a sign-in."""

    identity: Identity
    subject: str
    provider_id: str  # `sid`; empty when the provider has none
    id_token: str


@dataclass(frozen=True)
class LoggedOut:
    """Whose sessions the provider ended: of a session there, or, without one, of a subject."""

    subject: str
    provider_id: str


class Provider:
    """The OpenID provider, asked for its addresses and keys when they are needed."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._metadata: Mapping[str, Any] = {}
        self._keys: KeySet | None = None
        self._metadata_at = self._keys_at = float("-inf")

    async def begin(self, back_url: str) -> Begun:
        """Where to send the browser; it comes back to `back_url`. Raises SignInFault."""
        metadata = await self.metadata()
        verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
        async with self._oauth(back_url) as oauth:
            url, state = oauth.create_authorization_url(
                metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
            )
        return Begun(url, state, nonce, verifier)

    async def finish(self, code: str, begun: Begun, back_url: str) -> SignedIn:
        """Who came back with this code; raises SignInFault."""
        metadata = await self.metadata()
        async with self._oauth(back_url) as oauth:
            try:
                token = await oauth.fetch_token(
                    metadata["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=begun.verifier,
                )
            except (AuthlibBaseError, httpx2.HTTPError, ValueError) as error:
                raise SignInFault(f"no token: {type(error).__name__}") from None
        if not isinstance(token.get("id_token"), str):
            raise SignInFault("the provider gave no id_token")
        claims = await self._claims(token["id_token"], nonce=begun.nonce)
        told = identity_of(claims, self.client)
        return SignedIn(told, str(claims["sub"]), str(claims.get("sid", "")), token["id_token"])

    async def read_logout(self, token: str) -> LoggedOut:
        """What a logout token says (Back-Channel Logout 1.0, 2.4 and 2.6); raises SignInFault."""
        claims = await self._claims(token, nonce=None)
        events = claims.get("events")
        if not isinstance(events, dict) or LOGOUT_EVENT not in events or "nonce" in claims:
            raise SignInFault("this is no logout token")
        told = LoggedOut(str(claims.get("sub", "")), str(claims.get("sid", "")))
        if not (told.subject or told.provider_id):
            raise SignInFault("the logout token names nobody")
        return told

    async def end_url(self, id_token: str, then: str) -> str | None:
        """Where a browser ends its session at the provider; None when it has no such place."""
        address = (await self.metadata()).get("end_session_endpoint")
        if not address:
            return None
        told = {
            "id_token_hint": id_token,
            "client_id": self.client.client_id,
            "post_logout_redirect_uri": then,
        }
        return str(httpx2.URL(address).copy_merge_params(told))

    async def metadata(self) -> Mapping[str, Any]:
        """The provider's addresses (OpenID Discovery 1.0); raises SignInFault."""
        if clock.monotonic() - self._metadata_at > METADATA_SECONDS:
            issuer = self.client.issuer.rstrip("/")
            told = await _get(f"{issuer}/.well-known/openid-configuration")
            if missing := [name for name in NEEDED if not isinstance(told.get(name), str)]:
                raise SignInFault(f"the provider does not say its {', '.join(missing)}")
            if told["issuer"].rstrip("/") != issuer:
                raise SignInFault("the provider says to be another issuer")
            self._metadata, self._metadata_at = told, clock.monotonic()
        return self._metadata

    async def _claims(self, token: str, *, nonce: str | None) -> Mapping[str, Any]:
        keys = await self._key_set(is_new=self._keys is None)
        try:
            claims = self._decoded(token, keys)
        except (JoseError, ValueError):
            # Perhaps signed by a key that is newer than what we have.
            try:
                claims = self._decoded(token, await self._key_set(is_new=True))
            except (JoseError, ValueError) as error:
                raise SignInFault(f"the token does not hold: {type(error).__name__}") from None
        wanted: dict[str, Any] = {
            "iss": {"essential": True, "value": self._metadata["issuer"]},
            "aud": {"essential": True, "value": self.client.client_id},
            "iat": {"essential": True},
        }
        if nonce is not None:
            wanted |= {
                "nonce": {"essential": True, "value": nonce},
                "sub": {"essential": True},
                "exp": {"essential": True},
            }
        now = int(clock.lease_now().timestamp())
        try:
            jwt.JWTClaimsRegistry(now, LEEWAY_SECONDS, **wanted).validate(claims)
        except JoseError as error:
            raise SignInFault(f"the token does not hold: {type(error).__name__}") from None
        return claims

    def _decoded(self, token: str, keys: KeySet) -> dict[str, Any]:
        return dict(jwt.decode(token, keys, algorithms=ALGORITHMS).claims)

    async def _key_set(self, *, is_new: bool) -> KeySet:
        is_due = clock.monotonic() - self._keys_at > KEYS_SECONDS
        if self._keys is None or (is_new and is_due):
            told = await _get((await self.metadata())["jwks_uri"])
            try:
                self._keys = KeySet.import_key_set({"keys": told["keys"]})
            except (JoseError, ValueError, KeyError, TypeError):
                raise SignInFault("the provider's keys cannot be read") from None
            self._keys_at = clock.monotonic()
        return self._keys

    def _oauth(self, back_url: str) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            self.client.client_id,
            self.client.client_secret,
            scope="openid profile",
            redirect_uri=back_url,
            code_challenge_method="S256",
            timeout=HTTP_SECONDS_MAX,
            trust_env=False,
        )


def identity_of(claims: Mapping[str, Any], client: Client) -> Identity:
    """Who the claims are of; raises SignInFault for nobody or no role of ours."""
    person = claims.get(client.person_claim)
    if not isinstance(person, str) or not person:
        raise SignInFault(f"the provider gave no {client.person_claim}")
    told = claims.get(client.roles_claim, [])
    known = {role.value for role in SiteRole}
    roles = {SiteRole(one) for one in (told if isinstance(told, list) else [told]) if one in known}
    return Identity(
        person=person,
        name=str(claims.get("name") or person),
        roles=frozenset(roles),
        partner_id=str(claims.get(client.partner_claim) or ""),
        municipality=str(claims.get(client.municipality_claim) or ""),
    )


async def _get(url: str) -> dict[str, Any]:
    try:
        async with httpx2.AsyncClient(timeout=HTTP_SECONDS_MAX, trust_env=False) as http:
            answer = await http.get(url)
            told = answer.raise_for_status().json()
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        raise SignInFault(f"the provider does not answer: {type(error).__name__}") from None
    if not isinstance(told, dict):
        raise SignInFault("the provider answers nonsense")
    return told
