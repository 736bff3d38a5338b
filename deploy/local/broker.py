"""What a stack sets up at its RabbitMQ, over the management API: as an operator would."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self
from urllib.parse import quote, urlsplit, urlunsplit

import httpx

from deploy.local.processes import LocalFault

HTTP_SECONDS_MAX = 60.0
DROP_ATTEMPTS, DROP_PAUSE_SECONDS = 5, 1.0
LEADERS_SECONDS_MAX = 60.0
LEADERS_POLL_SECONDS = 0.1
ALL = {"configure": ".*", "write": ".*", "read": ".*"}
NOTHING = {"configure": "^$", "write": "^$", "read": "^$"}

Definitions = Mapping[str, Sequence[Mapping[str, Any]]]


class Broker:
    """The management API, as an administrator."""

    def __init__(self, client: httpx.AsyncClient, administrator: str) -> None:
        self._client = client
        self._administrator = administrator

    @classmethod
    @asynccontextmanager
    async def connect(cls, management_url: str) -> AsyncIterator[Self]:
        """Use the API at this URL, which holds an administrator's name and password."""
        administrator = urlsplit(management_url).username or "guest"
        async with httpx.AsyncClient(
            base_url=management_url, timeout=HTTP_SECONDS_MAX, trust_env=False
        ) as client:
            yield cls(client, administrator)

    async def check(self) -> None:
        """Raise LocalFault unless the API answers and the administrator may use it."""
        await self._call("GET", "/api/overview")

    async def save_user(self, name: str, password: str, tags: str = "") -> None:
        """Make a user, or give it this password and these tags."""
        await self._call("PUT", f"/api/users/{_part(name)}", {"password": password, "tags": tags})

    async def save_vhost(self, vhost: str) -> None:
        """Make a virtual host, unless it is there, that the administrator may use."""
        await self._call("PUT", f"/api/vhosts/{_part(vhost)}", {})
        await self._permit(vhost, {"user": self._administrator, **ALL})

    async def show_vhost(self, vhost: str, monitor: str) -> None:
        """Let a monitoring user see a virtual host, and do nothing in it."""
        await self._permit(vhost, {"user": monitor, **NOTHING})

    async def drop_vhost(self, vhost: str) -> None:
        """Delete a virtual host with all its queues; none is fine too.

        A busy broker may give up on the queues of one (500) with a part of them deleted: again.
        """
        path = f"/api/vhosts/{_part(vhost)}"
        for attempts_left in reversed(range(DROP_ATTEMPTS)):
            try:
                await self._call("DELETE", path, missing_is_fine=True)
            except LocalFault:
                if not attempts_left:
                    raise
                await asyncio.sleep(DROP_PAUSE_SECONDS)
            else:
                return

    async def load(self, vhost: str, definitions: Definitions) -> None:
        """Bring exchanges, queues, bindings, policies and permissions into a virtual host.

        Users are not among it. Returns once every queue has a leader.
        """
        for permission in definitions.get("permissions", ()):
            await self._permit(vhost, permission)
        for permission in definitions.get("topic_permissions", ()):
            path = f"/api/topic-permissions/{_part(vhost)}/{_part(permission['user'])}"
            await self._call("PUT", path, _without(permission, "user", "vhost"))
        wanted = {
            kind: [_without(entry, "vhost") for entry in definitions.get(kind, ())]
            for kind in ("policies", "exchanges", "queues", "bindings")
        }
        await self._call("POST", f"/api/definitions/{_part(vhost)}", wanted)
        await self._wait_for_leaders(vhost, {queue["name"] for queue in wanted["queues"]})

    async def _permit(self, vhost: str, permission: Mapping[str, Any]) -> None:
        path = f"/api/permissions/{_part(vhost)}/{_part(permission['user'])}"
        await self._call("PUT", path, _without(permission, "user", "vhost"))

    async def _wait_for_leaders(self, vhost: str, queues: set[str]) -> None:
        path = f"/api/queues/{_part(vhost)}?columns=name,type,leader"
        missing = queues
        try:
            async with asyncio.timeout(LEADERS_SECONDS_MAX):
                while missing:
                    listed = (await self._call("GET", path)).json()
                    missing = queues - {one["name"] for one in listed if _has_leader(one)}
                    if missing:
                        await asyncio.sleep(LEADERS_POLL_SECONDS)
        except TimeoutError:
            raise LocalFault(f"{len(missing)} queues without leader, as {min(missing)}") from None

    async def _call(
        self, verb: str, path: str, body: object = None, *, missing_is_fine: bool = False
    ) -> httpx.Response:
        try:
            answer = await self._client.request(verb, path, json=body)
        except httpx.TransportError as error:
            place = self._client.base_url.copy_with(userinfo=b"")
            raise LocalFault(f"RabbitMQ's management API at {place}: {error!r}") from None
        if answer.is_error and not (missing_is_fine and answer.status_code == 404):
            raise LocalFault(f"RabbitMQ: {verb} {path}: {answer.status_code} {answer.text[:300]}")
        return answer


def url_as(url: str, user: str, password: str, path: str | None = None) -> str:
    """The same server for another user, at another virtual host or database (None: the same)."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    netloc = f"{quote(user, safe='')}:{quote(password, safe='')}@{place}"
    place_in = parts.path if path is None else f"/{quote(path, safe='')}"
    return urlunsplit(parts._replace(netloc=netloc, path=place_in))


def without_credentials(url: str) -> str:
    """The URL as it may be shown."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _part(name: str) -> str:
    return quote(name, safe="")


def _without(entry: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in keys}


def _has_leader(queue: Mapping[str, Any]) -> bool:
    # Not `state`: that comes with the statistics, up to ten seconds later.
    return bool(queue.get("leader")) or queue.get("type") != "quorum"
