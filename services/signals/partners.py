"""Partners at the broker: a user each that may write its own routing keys and read its answers.

An ops command with a broker administrator's credential, which the service itself never has. The
database says who the partners are; `sync` makes the broker agree, as often as one likes.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.signals.situation import Agreement, Partner
from shared import topology
from shared.contracts.envelope import FEEDBACK_EXCHANGE, INTAKE_EXCHANGE
from shared.contracts.signals import LegalGround, PartnerKind
from shared.settings import StartupFault

LIMITS = {"max-connections": 10, "max-channels": 40}
HTTP_SECONDS_MAX = 20
# A partner's id is its user at the broker: these are somebody else's, and so is the administrator,
# whatever its name is.
RESERVED = {*topology.SERVICES, "administrator", "monitor", "guest", "ops", "operator"}
Kvk = Annotated[str, Field(pattern=r"^[0-9]{8}$", description="KvK number, eight digits")]


class AgreementEntry(BaseModel):
    """An agreement in the partners file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    municipality: str = Field(pattern=r"^GM[0-9]{4}$")
    legal_ground: LegalGround
    valid_from: date
    valid_until: date | None = None

    @classmethod
    def parse(cls, text: str) -> "AgreementEntry":
        """`GM0363,bgs,2026-01-01` or with a last day behind it; raises ValidationError."""
        parts = (*text.split(","), None, None, None)[:4]
        municipality, ground, first, last = (part.strip() if part else None for part in parts)
        return cls.model_validate(
            {
                "municipality": municipality,
                "legal_ground": ground,
                "valid_from": first,
                "valid_until": last,
            }
        )


class PartnerEntry(BaseModel):
    """A partner in the partners file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{1,40}$")
    name: str = Field(min_length=1)
    kvk: Kvk
    kinds: tuple[PartnerKind, ...] = Field(min_length=1)
    contact: str = Field("", description="whom to ring about a delivery: a name, and how")
    wants_feedback: bool = False
    requests_per_minute: int = Field(600, ge=1, le=100_000)
    agreements: tuple[AgreementEntry, ...] = Field(min_length=1)

    @field_validator("id")
    @classmethod
    def _is_free(cls, value: str) -> str:
        if value in RESERVED:
            raise ValueError("this name is taken by a service or an operator")
        return value

    def as_partner(self) -> Partner:
        """The partner as the rules know it."""
        return Partner(
            id=self.id,
            kvk=self.kvk,
            kinds=frozenset(self.kinds),
            is_suspended=False,
            wants_feedback=self.wants_feedback,
            requests_per_minute=self.requests_per_minute,
            agreements=tuple(Agreement(**entry.model_dump()) for entry in self.agreements),
        )


class PartnersFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partners: tuple[PartnerEntry, ...]


@dataclass
class Broker:
    """RabbitMQ's management API, for one virtual host."""

    api: httpx.Client
    vhost: str

    def put(self, path: str, body: dict[str, Any]) -> None:
        """Make something so."""
        self._ask("PUT", path, json=body)

    def has_user(self, name: str) -> bool:
        """Whether there is a user of this name."""
        return self._ask("GET", f"users/{name}").status_code != httpx.codes.NOT_FOUND

    def delete_user(self, name: str) -> None:
        """Delete a user. Clearing its permissions would not stop a channel that is open."""
        self._ask("DELETE", f"users/{name}")

    def bind(self, exchange: str, queue: str, key: str) -> None:
        """Bind a queue."""
        body = {"routing_key": key, "arguments": {}}
        self._ask("POST", f"bindings/{self.path}/e/{exchange}/q/{queue}", json=body)

    @property
    def path(self) -> str:
        return quote(self.vhost, safe="")

    def _ask(self, method: str, path: str, **body: Any) -> httpx.Response:
        """Ask; raises StartupFault for any answer but success, or 404 to GET and DELETE."""
        advice = "check RABBITMQ_MANAGEMENT_URL, its user and RABBITMQ_VHOST"
        try:
            answer = self.api.request(method, f"/api/{path}", **body)
        except httpx.TransportError as error:
            kind = type(error).__name__
            raise StartupFault(f"RabbitMQ's management API: {kind}: {advice}") from None
        is_gone = answer.status_code == httpx.codes.NOT_FOUND and method in {"GET", "DELETE"}
        if answer.is_error and not is_gone:
            raise StartupFault(f"RabbitMQ's management API answered {answer.status_code}: {advice}")
        return answer


def sync(
    broker: Broker,
    partners: Sequence[dict[str, Any]],
    known: dict[str, str],
    *,
    renew: bool = True,
) -> None:
    """Make the broker's users, permissions and feedback queues agree with the database.

    `known` holds the passwords that are on file. A partner without a user gets a new password
    there; so does, with `renew`, one that has a user whose password is not on file.
    """
    for partner in partners:
        if partner["suspended_at"]:
            broker.delete_user(partner["id"])
            known.pop(partner["id"], None)
        else:
            _sync_partner(broker, partner, known, renew=renew)


def _sync_partner(
    broker: Broker, partner: dict[str, Any], known: dict[str, str], *, renew: bool
) -> None:
    name = partner["id"]
    if not broker.has_user(name) or (renew and name not in known):
        known[name] = secrets.token_urlsafe(24)
        broker.put(f"users/{name}", {"password": known[name], "tags": ""})
    feedback = topology.feedback_queue(name)
    if partner["wants_feedback"]:
        arguments = {"x-queue-type": "quorum"}
        broker.put(f"queues/{broker.path}/{feedback}", {"durable": True, "arguments": arguments})
        broker.bind(FEEDBACK_EXCHANGE, feedback, name)
    broker.put(
        f"permissions/{broker.path}/{name}",
        {
            "configure": "^$",
            "write": f"^{INTAKE_EXCHANGE}$".replace(".", r"\."),
            "read": f"^{feedback}$".replace(".", r"\."),
        },
    )
    broker.put(
        f"topic-permissions/{broker.path}/{name}",
        {"exchange": INTAKE_EXCHANGE, "write": rf"^{name}\.", "read": "^$"},
    )
    for limit, value in LIMITS.items():
        broker.put(f"user-limits/{name}/{limit}", {"value": value})


def administrator_of(url: str) -> str:
    """The broker's user that a URL of the management API names."""
    return httpx.URL(url).username


def connect(url: str, vhost: str) -> Broker:
    """The management API at a URL with user and password in it."""
    parsed = httpx.URL(url)
    client = httpx.Client(
        base_url=parsed.copy_with(username=None, password=None),
        auth=(parsed.username, parsed.password),
        timeout=HTTP_SECONDS_MAX,
    )
    return Broker(client, vhost)
