"""Calls the sender back about what became of its notifications, as NotifyNL does."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from deploy.local.gateway_behaviour import Switches
from deploy.local.notification_store import Due, NotificationStore, State

ANSWER_SECONDS_MAX = 5
TRIES_MAX = 6  # the first, and five again
AT_ONCE_MAX = 20
POLL_SECONDS = 0.05
TOO_MANY, SERVER_FAULT = 429, 500


def moment(at: datetime | None) -> str | None:
    """A moment as the API writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if at else None


@dataclass(frozen=True)
class Receiver:
    """Who is called back, and the token that it knows the caller by."""

    url: str
    token: str


class Caller:
    """Posts what is due to one address, with its bearer token; several at a time."""

    def __init__(self, store: NotificationStore, switches: Switches, receiver: Receiver) -> None:
        self._store = store
        self._switches = switches
        self._url = receiver.url
        self._headers = {"Authorization": f"Bearer {receiver.token}"}

    async def call_for_ever(self) -> None:
        """Call until cancelled. One cut off by the end of the process is made again."""
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS_MAX) as client:
            while True:
                due = await asyncio.to_thread(self._store.list_due, AT_ONCE_MAX)
                await asyncio.gather(*(self._call(client, one) for one in due))
                if not due:
                    await asyncio.sleep(POLL_SECONDS)

    async def _call(self, client: httpx.AsyncClient, due: Due) -> None:
        answer, state = await self._post(client, _body(due))
        if state == "waiting" and due.attempts + 1 >= TRIES_MAX:
            state = "given_up"
        pause = timedelta(seconds=self._switches.now.callback_retry_seconds)
        again_at = datetime.now(UTC) + pause  # when it really is: it is another's clock
        await asyncio.to_thread(self._store.save_attempt, due.id, answer, state, again_at)

    async def _post(self, client: httpx.AsyncClient, body: dict[str, Any]) -> tuple[str, State]:
        try:
            answer = await client.post(self._url, json=body, headers=self._headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return type(error).__name__, "waiting"
        if answer.is_success:
            return str(answer.status_code), "answered"
        # Only what may pass is tried again: to the real one a 4xx is an answer.
        passes = answer.status_code == TOO_MANY or answer.status_code >= SERVER_FAULT
        return str(answer.status_code), "waiting" if passes else "given_up"


def _body(due: Due) -> dict[str, Any]:
    """As documented for delivery receipts. The status is the raw one, also a letter's."""
    told = due.notification
    return {
        "id": told.id,
        "reference": told.reference,
        "to": told.to,
        "status": due.status,
        "created_at": moment(told.created_at),
        "completed_at": moment(due.status_at) if due.status != "sending" else None,
        "sent_at": moment(told.moment_of("sending")),
        "notification_type": told.kind,
        "template_id": told.template_id,
        "template_version": 1,
    }
