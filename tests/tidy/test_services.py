"""What the services consume, serve and may touch; each check is seen to fail."""

import re

import asyncpg
import httpx
import pytest
from fastapi import APIRouter, FastAPI

from shared import topology
from shared.db import read_migrations
from shared.settings import StartupFault
from tests.paths import REPOSITORY
from tests.routes import routes_of
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
# By which somebody signs in and out with a browser, and what a page has before they did.
SIGN_IN = {"/signed-out", "/language/{language}", "/theme.css"} | {
    f"/{service}/{step}"
    for service in SERVICES
    for step in ("sign-in", "signed-in", "back-channel-logout")
}
SOMEBODY = "5c1f4d0e-0000-4000-8000-000000000001"


@pytest.mark.parametrize("service", SERVICES)
async def test_every_queue_is_consumed_by_the_service_it_names(service: str) -> None:
    core, _ = built(service)
    assert set(core.door.consumers) == set(topology.queues_of(service))
    assert all(queue.startswith(f"{service}.") for queue in core.door.consumers)


async def open_routes(app: FastAPI) -> set[str]:
    """The routes that neither refuse somebody who did not sign in, nor send them to do so."""
    found = set()
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for route in routes_of(app):
            path = re.sub(r"{\w+}", SOMEBODY, route.path)
            for method in route.methods:
                answer = await client.request(method, path)
                sent_to = answer.headers.get("location", "").partition("?")[0]
                is_asked = answer.status_code == httpx.codes.UNAUTHORIZED
                if not (is_asked or sent_to.endswith("/sign-in")):
                    found.add(route.path)
    return found


@pytest.mark.parametrize("service", SERVICES)
async def test_every_route_asks_for_sign_in(service: str) -> None:
    _, app = built(service)
    assert len(routes_of(app)) > 4
    assert await open_routes(app) <= OPEN | SIGN_IN

    @app.get("/planted")
    async def show_planted() -> str:
        return "open to everybody"

    planted = APIRouter()
    planted.add_api_route("/planted-in-a-router", show_planted)
    app.include_router(planted)
    assert {"/planted", "/planted-in-a-router"} <= await open_routes(app)


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
