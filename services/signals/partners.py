"""Partners at the broker: a user each that may write its own routing keys and read its answers.

An ops command with a broker administrator's credential, which the service itself never has. The
database says who the partners are; `sync` makes the broker agree, as often as one likes.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict, Field

from services.signals.rules import Agreement, Partner
from shared import topology
from shared.contracts.envelope import FEEDBACK_EXCHANGE, INTAKE_EXCHANGE
from shared.contracts.signals import LegalGround, PartnerKind
from shared.settings import StartupFault

LIMITS = {"max-connections": 10, "max-channels": 40}
HTTP_SECONDS_MAX = 20


class AgreementEntry(BaseModel):
    """An agreement in the partners file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    municipality: str
    legal_ground: LegalGround
    valid_from: date
    valid_until: date | None = None


class PartnerEntry(BaseModel):
    """A partner in the partners file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{1,40}$")
    name: str
    kvk: str = Field(pattern=r"^[0-9]{8}$")
    kinds: tuple[PartnerKind, ...] = Field(min_length=1)
    wants_feedback: bool = False
    agreements: tuple[AgreementEntry, ...] = Field(min_length=1)

    def as_partner(self) -> Partner:
        """The partner as the rules know it."""
        return Partner(
            id=self.id,
            kvk=self.kvk,
            kinds=frozenset(self.kinds),
            is_suspended=False,
            wants_feedback=self.wants_feedback,
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
        self._check(self.api.put(f"/api/{path}", json=body))

    def has_user(self, name: str) -> bool:
        """Whether there is a user of this name."""
        answer = self.api.get(f"/api/users/{name}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return False
        self._check(answer)
        return True

    def delete_user(self, name: str) -> None:
        """Delete a user. Clearing its permissions would not stop a channel that is open."""
        answer = self.api.delete(f"/api/users/{name}")
        if answer.status_code != httpx.codes.NOT_FOUND:
            self._check(answer)

    def bind(self, exchange: str, queue: str, key: str) -> None:
        """Bind a queue."""
        path = f"/api/bindings/{self.path}/e/{exchange}/q/{queue}"
        self._check(self.api.post(path, json={"routing_key": key, "arguments": {}}))

    @property
    def path(self) -> str:
        return quote(self.vhost, safe="")

    def _check(self, answer: httpx.Response) -> None:
        if answer.is_error:
            raise StartupFault(
                f"RabbitMQ's management API answered {answer.status_code}: "
                "check RABBITMQ_MANAGEMENT_URL, its user and RABBITMQ_VHOST"
            )


def sync(broker: Broker, partners: Sequence[dict[str, Any]], known: dict[str, str]) -> None:
    """Make the broker's users, permissions and feedback queues agree with the database.

    `known` holds the passwords that are on file; a partner without one gets a new one there.
    """
    for partner in partners:
        if partner["suspended_at"]:
            broker.delete_user(partner["id"])
            known.pop(partner["id"], None)
        else:
            _sync_partner(broker, partner, known)


def _sync_partner(broker: Broker, partner: dict[str, Any], known: dict[str, str]) -> None:
    name = partner["id"]
    if name not in known or not broker.has_user(name):
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


def connect(url: str, vhost: str) -> Broker:
    """The management API at a URL with user and password in it."""
    parsed = httpx.URL(url)
    client = httpx.Client(
        base_url=parsed.copy_with(username=None, password=None),
        auth=(parsed.username, parsed.password),
        timeout=HTTP_SECONDS_MAX,
    )
    return Broker(client, vhost)
