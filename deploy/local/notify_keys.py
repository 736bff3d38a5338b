"""An API key of NotifyNL, and the tokens that are signed with it (JWT, HS256)."""

import json
import time
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from deploy.local.notify_requests import ApiError, is_uuid

CLOCK_SECONDS_MAX = 30
UUID_CHARACTERS = 36
MALFORMED = (
    "Invalid token: make sure your API token matches the example at "
    "https://docs.notifications.service.gov.uk/rest-api.html#authorisation-header"
)


@dataclass(frozen=True)
class ApiKey:
    """A key `name-service-secret`; service and secret are UUIDs."""

    service_id: str
    secret: str

    @classmethod
    def parse(cls, key: str) -> Self:
        """Take a key apart; `ValueError` when it is none."""
        name_and_service, secret = key[: -UUID_CHARACTERS - 1], key[-UUID_CHARACTERS:]
        service_id = name_and_service[-UUID_CHARACTERS:]
        if not (is_uuid(service_id) and is_uuid(secret)):
            raise ValueError("an API key is name-service-secret, the last two UUIDs")
        return cls(service_id, secret)

    def check(self, authorization: str | None) -> None:
        """Raise `ApiError` unless this header has a token of this key, made just now."""
        token, claims = _token(authorization)
        issuer = claims.get("iss")
        if issuer is None:
            raise _refusal("Invalid token: iss field not provided")
        if not is_uuid(issuer):
            raise _refusal("Invalid token: service id is not the right data type")
        if UUID(issuer) != UUID(self.service_id):
            raise _refusal("Invalid token: service not found")
        if token.protected.get("alg") != "HS256":
            raise _refusal("Invalid token: algorithm used is not HS256")
        made_at = claims.get("iat")
        if not self._signed(token) or not isinstance(made_at, int | float):
            raise _refusal("Invalid token: API key not found")
        if abs(time.time() - made_at) > CLOCK_SECONDS_MAX:
            raise _refusal("Error: Your system clock must be accurate to within 30 seconds")

    def _signed(self, token: jws.CompactSignature) -> bool:
        return jws.validate_compact(token, OctKey.import_key(self.secret), algorithms=["HS256"])


def _token(authorization: str | None) -> tuple[jws.CompactSignature, dict[str, Any]]:
    """The token of a header with what it claims, not yet believed."""
    if not authorization:
        raise _refusal("Unauthorized: authentication token must be provided", 401)
    if authorization[:7].title() != "Bearer ":
        raise _refusal("Unauthorized: authentication bearer scheme must be used", 401)
    try:
        token = jws.extract_compact(authorization[7:].encode())
        claims = json.loads(token.payload)
    except (JoseError, ValueError):
        raise _refusal(MALFORMED) from None
    if not isinstance(claims, dict):
        raise _refusal(MALFORMED)
    return token, claims


def _refusal(message: str, status: int = 403) -> ApiError:
    return ApiError(status, "AuthError", message)
