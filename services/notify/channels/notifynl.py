"""Text messages and letters, over the API of NotifyNL or GOV.UK Notify, by its own client.

The client is not made for threads or for asyncio: one call at a time, in a thread of its own.
`reference` is a label there and no idempotency key: the same twice is two messages, so whoever does
not know whether a message was taken looks it up before anything else.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from notifications_python_client.errors import APIError
from notifications_python_client.notifications import NotificationsAPIClient

from services.notify.channels.answers import Answer, Outcome

SECONDS_MAX = 20
# Its words for the end of a message, in those of its receipts; any other is said on the way.
ENDS = {
    "delivered": "delivered",
    "received": "delivered",  # of a letter: printed and posted; no more is ever known
    "permanent-failure": "permanent-failure",
    "temporary-failure": "temporary-failure",
    "technical-failure": "technical-failure",
    "validation-failed": "permanent-failure",
    "virus-scan-failed": "permanent-failure",
    "cancelled": "permanent-failure",
}
# Its own log quotes what it was asked to send.
logging.getLogger("notifications_python_client").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Account:
    """An account of a municipality, and the templates that it set up there for us."""

    url: str
    api_key: str
    sms_template: str  # body ((bericht))
    letter_template: str  # subject ((onderwerp)), body ((bericht))


class NotifyNl:
    """The API of one account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._client = NotificationsAPIClient(account.api_key, account.url, SECONDS_MAX)
        self._thread = ThreadPoolExecutor(1, "notifynl")

    async def send_sms(self, number: str, text: str, reference: UUID) -> Answer:
        """Hand a text message over; the number as E.164."""
        return await self._hand_over(
            lambda: self._client.send_sms_notification(
                number, self._account.sms_template, {"bericht": text}, str(reference)
            )
        )

    async def send_letter(self, address: str, subject: str, text: str, reference: UUID) -> Answer:
        """Hand a letter over; the address in lines."""
        lines = enumerate(address.split("\n"), 1)
        filled = {f"address_line_{no}": line for no, line in lines}
        filled |= {"onderwerp": subject, "bericht": text}
        return await self._hand_over(
            lambda: self._client.send_letter_notification(
                self._account.letter_template, filled, str(reference)
            )
        )

    async def look_up(self, reference: UUID) -> Answer:
        """What became of a message of which the answer, or the receipt, never came.

        TEMPORARY: the gateway does not have it, so it can be sent; UNKNOWN: it does not say.
        """
        try:
            told = await self._call(
                lambda: self._client.get_all_notifications(reference=str(reference))
            )
            found = told["notifications"]
            if not found:
                return Answer(Outcome.TEMPORARY, "not there")
            gateway_id = str(found[0]["id"])  # the newest: it may have been sent once more
            status = ENDS.get(str(found[0].get("status", "")))
        except (APIError, KeyError, TypeError) as error:
            return Answer(Outcome.UNKNOWN, type(error).__name__)
        if status is None or status == "delivered":
            return Answer(Outcome.ACCEPTED, "found", gateway_id, status=status)
        return Answer(Outcome.PERMANENT, status, gateway_id, status=status)

    async def close(self) -> None:
        """Let go of the connection."""
        self._client.request_session.close()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _hand_over(self, work: Callable[[], Any]) -> Answer:
        try:
            told = await self._call(work)
        except APIError as error:
            return _by_error(error)
        if not isinstance(told, Mapping) or "id" not in told:
            return Answer(Outcome.UNKNOWN, "nonsense")
        return Answer(Outcome.ACCEPTED, "201", str(told["id"]))

    async def _call(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _by_error(error: APIError) -> Answer:
    """By the code alone: the texts quote numbers and addresses."""
    if error.response is None:
        return Answer(Outcome.UNKNOWN, "no answer")
    code = error.status_code
    match code:
        case 400:
            return Answer(Outcome.PERMANENT, "400")
        case 401 | 403 | 404 | 429:  # a key, a route or a limit: nothing of the message itself
            return Answer(Outcome.TEMPORARY, str(code))
    # A server that failed may have taken it before.
    return Answer(Outcome.UNKNOWN, str(code))
