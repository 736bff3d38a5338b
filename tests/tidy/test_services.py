"""What the services consume, serve and may touch; each check is seen to fail."""

import copy
import re

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Mount

from shared import topology
from shared.db import read_migrations
from shared.settings import StartupFault
from tests.paths import REPOSITORY
from tests.tidy.generated import built
from tests.town import SERVICES

# Open to everybody: liveness, readiness, the description of the API, as the API Design Rules ask;
# and of signals: the keys of receipts, where a receipt is verified, where a token is given for a
# secret, and how to send a first event; of notify: where residents answer by a link.
# None of them shows anything of a household. Of triage: totals without small numbers, by law or by
# choice public; they are counted once a month, so that nobody loads the database.
OPEN_DATA = {"/open-data", "/open-data.csv", "/open-data.json"}
OPEN = {"/health", "/ready", "/openapi.json", "/v1/openapi.json", "/v1/keys", "/v1/tokens",
        "/receipts", "/examples", "/r/{token}", *OPEN_DATA}  # fmt: skip
SOMEBODY = "5c1f4d0e-0000-4000-8000-000000000001"


@pytest.mark.parametrize("service", SERVICES)
async def test_every_queue_is_consumed_by_the_service_it_names(service: str) -> None:
    core, _ = built(service)
    assert set(core.door.consumers) == set(topology.queues_of(service))
    assert all(queue.startswith(f"{service}.") for queue in core.door.consumers)


async def open_routes(app: FastAPI) -> set[str]:
    """The routes that answer somebody who did not sign in with anything but 401."""
    found = set()
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for route in routes_of(app):
            path = re.sub(r"{\w+}", SOMEBODY, route.path)
            for method in route.methods:
                answer = await client.request(method, path)
                if answer.status_code != httpx.codes.UNAUTHORIZED:
                    found.add(route.path)
    return found


def routes_of(app: FastAPI) -> list[APIRoute]:
    """The routes of an app and of the apps that it mounts, with their whole paths."""
    found = [route for route in app.routes if isinstance(route, APIRoute)]
    for mount in app.routes:
        if isinstance(mount, Mount) and isinstance(mount.app, FastAPI):
            for route in routes_of(mount.app):
                found.append(copy.copy(route))
                found[-1].path = mount.path + route.path
    return found


@pytest.mark.parametrize("service", SERVICES)
async def test_every_route_asks_for_sign_in(service: str) -> None:
    _, app = built(service)
    assert len(routes_of(app)) > 4
    assert await open_routes(app) <= OPEN

    @app.get("/planted")
    async def show_planted() -> str:
        return "open to everybody"

    assert "/planted" in await open_routes(app)


async def test_a_role_cannot_read_its_neighbours_database(databases: dict[str, str]) -> None:
    for own, url in databases.items():
        for other in databases.keys() - {own}:
            name = databases[other].rpartition("/")[2]
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await asyncpg.connect(f"{url.rpartition('/')[0]}/{name}")
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("select count(*) from inbox") == 0
        await connection.close()


def test_migrations_are_numbered_without_gaps(tmp_path_factory: pytest.TempPathFactory) -> None:
    folders = [REPOSITORY / "shared/migrations"]
    folders += [REPOSITORY / f"services/{service}/migrations" for service in SERVICES]
    assert len(read_migrations(folders)) >= len(folders)
    broken = tmp_path_factory.mktemp("planted") / "migrations"
    broken.mkdir()
    for name in ("0001_first.sql", "0003_third.sql"):
        (broken / name).write_text("select 1;")
    with pytest.raises(StartupFault, match="not numbered"):
        read_migrations([broken])
