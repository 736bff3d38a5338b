"""The topology of the bus, generated from the contracts: `python -m shared.topology`.

Queues carry `x-queue-type` as their only argument; all else is policy, which can change while the
bus runs. Service users may configure nothing and write only their own events. Passwords are not
here: whoever loads the definitions sets them. Partner users and queues are data of signals.
"""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from shared.contracts import notify, partners, signals, triage
from shared.contracts.envelope import (
    EVENTS_EXCHANGE,
    FEEDBACK_EXCHANGE,
    INTAKE_EXCHANGE,
    Event,
)

SERVICES = ("signals", "triage", "notify")
EVENTS: tuple[type[Event], ...] = (*signals.EVENTS, *triage.EVENTS, *notify.EVENTS)
UNROUTED_EXCHANGE = "unrouted"
UNROUTED_QUEUE = "signals.from.partners.unrouted"
DEAD_EXCHANGE = "dead"
EXCHANGES = {
    INTAKE_EXCHANGE: "topic",
    EVENTS_EXCHANGE: "topic",
    FEEDBACK_EXCHANGE: "topic",
    UNROUTED_EXCHANGE: "fanout",
    DEAD_EXCHANGE: "direct",
}

# A connection loss counts as a delivery, so a few restarts must not use the limit up.
DELIVERY_LIMIT = 20
# Room for the largest monthly delivery seen by the statistics office (72,643 records) twice over;
# over it the broker says no and the sender keeps its events.
QUEUE_LENGTH_MAX = 200_000
QUEUE_BYTES_MAX = 4 * 1024**3
DEAD_LENGTH_MAX = 100_000
FEEDBACK_LENGTH_MAX = 100_000
FEEDBACK_DAYS_MAX = 30


def dead_queue(service: str) -> str:
    """The net under the delivery limit; the service drains it into its table `waiting`."""
    return f"{service}.dead"


def feedback_queue(partner_id: str) -> str:
    """Where a partner reads our answers, if it asked for them."""
    return f"partner.{partner_id}.feedback"


def event_queues(service: str) -> Iterator[tuple[str, str]]:
    """Queue and routing key of every event and lane that a service consumes."""
    for event in EVENTS:
        if service in event.consumers:
            for lane in event.lanes:
                yield event.queue(service, lane), event.routing_key(lane)


def intake_queues() -> Iterator[tuple[str, str]]:
    """Queue and binding of every event and lane that partners send."""
    for event in partners.EVENTS:
        for lane in event.accepted_as.lanes:
            yield event.queue(lane), event.binding(lane)


def queues_of(service: str) -> list[str]:
    """Every queue that a service reads."""
    own = [queue for queue, _ in event_queues(service)]
    if service == "signals":
        own += [queue for queue, _ in intake_queues()] + [UNROUTED_QUEUE]
    return [*own, dead_queue(service)]


def definitions(vhost: str = "/") -> dict[str, Any]:
    """RabbitMQ's definitions document, in a stable order."""
    return {
        "users": [_user(service) for service in SERVICES],
        "vhosts": [{"name": vhost}],
        "permissions": [_permission(service, vhost) for service in SERVICES],
        "topic_permissions": [_topic_permission(service, vhost) for service in SERVICES],
        "policies": list(_policies(vhost)),
        "exchanges": [_exchange(name, kind, vhost) for name, kind in EXCHANGES.items()],
        "queues": [
            {
                "name": queue,
                "vhost": vhost,
                "durable": True,
                "auto_delete": False,
                "arguments": {"x-queue-type": "quorum"},
            }
            for service in SERVICES
            for queue in queues_of(service)
        ],
        "bindings": list(_bindings(vhost)),
    }


def _user(service: str) -> dict[str, Any]:
    return {
        "name": service,
        "password_hash": "",
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": [],
    }


def _permission(service: str, vhost: str) -> dict[str, Any]:
    exchanges = [EVENTS_EXCHANGE] + ([FEEDBACK_EXCHANGE] if service == "signals" else [])
    names = "|".join(name.replace(".", r"\.") for name in exchanges)
    return {
        "user": service,
        "vhost": vhost,
        "configure": "^$",
        "write": f"^({names})$",
        "read": rf"^{service}\.",
    }


def _topic_permission(service: str, vhost: str) -> dict[str, Any]:
    return {
        "user": service,
        "vhost": vhost,
        "exchange": EVENTS_EXCHANGE,
        "write": rf"^{service}\.",
        "read": "^$",
    }


def _policies(vhost: str) -> Iterator[dict[str, Any]]:
    policy = partial(_policy, vhost)
    for service in SERVICES:
        yield policy(
            f"{service}-queues",
            rf"^{service}\.from\.",
            {
                "delivery-limit": DELIVERY_LIMIT,
                "dead-letter-exchange": DEAD_EXCHANGE,
                "dead-letter-routing-key": dead_queue(service),
                "dead-letter-strategy": "at-least-once",
                "overflow": "reject-publish",
                "max-length": QUEUE_LENGTH_MAX,
                "max-length-bytes": QUEUE_BYTES_MAX,
            },
        )
    yield policy(
        "dead-queues",
        r"^[a-z]+\.dead$",
        {"overflow": "reject-publish", "max-length": DEAD_LENGTH_MAX},
    )
    # The one stated exception to "nothing is dropped": a partner who does not read its answers.
    yield policy(
        "feedback-queues",
        r"^partner\.[a-z0-9-]+\.feedback$",
        {
            "overflow": "drop-head",
            "max-length": FEEDBACK_LENGTH_MAX,
            "message-ttl": FEEDBACK_DAYS_MAX * 24 * 3600 * 1000,
        },
    )
    intake = policy(
        "intake-unrouted",
        rf"^{INTAKE_EXCHANGE}$".replace(".", r"\."),
        {"alternate-exchange": UNROUTED_EXCHANGE},
    )
    yield intake | {"apply-to": "exchanges"}


def _policy(vhost: str, name: str, pattern: str, definition: dict[str, Any]) -> dict[str, Any]:
    return {
        "vhost": vhost,
        "name": name,
        "pattern": pattern,
        "apply-to": "queues",
        "priority": 10,
        "definition": definition,
    }


def _exchange(name: str, kind: str, vhost: str) -> dict[str, Any]:
    return {
        "name": name,
        "vhost": vhost,
        "type": kind,
        "durable": True,
        "auto_delete": False,
        "internal": False,
        "arguments": {},
    }


def _bindings(vhost: str) -> Iterator[dict[str, Any]]:
    def binding(exchange: str, queue: str, key: str) -> dict[str, Any]:
        return {
            "source": exchange,
            "vhost": vhost,
            "destination": queue,
            "destination_type": "queue",
            "routing_key": key,
            "arguments": {},
        }

    for queue, key in intake_queues():
        yield binding(INTAKE_EXCHANGE, queue, key)
    yield binding(UNROUTED_EXCHANGE, UNROUTED_QUEUE, "")
    for service in SERVICES:
        for queue, key in event_queues(service):
            yield binding(EVENTS_EXCHANGE, queue, key)
        yield binding(DEAD_EXCHANGE, dead_queue(service), dead_queue(service))


if __name__ == "__main__":
    print(json.dumps(definitions(), indent=1))  # noqa: T201 - a command writes to its output
