"""A service that cannot start says in one line what is missing and what to do."""

import asyncio
import json
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import asyncpg
import pytest

from deploy.local.servers import Servers
from tests.paths import POLICIES, REPOSITORY
from tests.town import SERVICES, Town

SECONDS_MAX = 40
NOWHERE = "127.0.0.1:1"


async def said(service: str, environment: Mapping[str, str]) -> str:
    """The one line that a service says before it gives up."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"services.{service}", "serve",
        cwd=REPOSITORY, env=dict(environment), stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, told = await asyncio.wait_for(process.communicate(), SECONDS_MAX)
    assert process.returncode == 2
    # What it logged before is JSON.
    (line,) = [one for one in told.decode().splitlines() if not one.startswith("{")]
    assert "Traceback" not in told.decode()
    for name in ("DATABASE_URL", "AMQP_URL", "OPS_PASSWORD"):
        assert environment.get(name, "nothing") not in told.decode(), "no secret is told"
    return line


@pytest.mark.parametrize("service", SERVICES)
async def test_every_missing_setting_is_named(service: str) -> None:
    line = await said(service, {"PATH": ""})
    for name in ("DATABASE_URL", "AMQP_URL", "HTTP_PORT", "OPS_PASSWORD", "POLICY_FOLDER"):
        assert f"{name} (" in line
    assert ("SMTP_URL (" in line) == (service == "notify")


async def test_what_is_wrong_or_away_is_named(town: Town, tmp_path: Path) -> None:
    right = town.environment["triage"]

    async def with_(**changes: str) -> str:
        return await said("triage", {**right, **changes})

    assert "HTTP_PORT" in await with_(HTTP_PORT="door")
    assert "CLOCK_FILE" in await with_(ENVIRONMENT="production")
    away = f"postgresql://triage:secret@{NOWHERE}/triage"
    assert "PostgreSQL cannot be reached" in await with_(DATABASE_URL=away)
    line = await with_(AMQP_URL=f"amqp://triage:secret@{NOWHERE}/")
    assert "RabbitMQ" in line
    assert "check AMQP_URL" in line
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"HTTP_PORT {port} is taken" in await with_(HTTP_PORT=str(port))
    (tmp_path / "policies").mkdir()
    (policy,) = POLICIES.glob("*.yaml")
    broken = policy.read_text().replace("arrears_cents >= 150000", "surname == 'x'")
    (tmp_path / "policies" / policy.name).write_text(broken)
    line = await with_(POLICY_FOLDER=str(tmp_path / "policies"))
    assert "high_amount" in line
    assert "surname" in line


async def test_a_stale_schema_and_a_missing_queue_are_named(servers: Servers, town: Town) -> None:
    connection = await asyncpg.connect(town.databases["signals"])
    await connection.execute("delete from schema_version where series = 'signals'")
    await connection.close()
    line = await said("signals", town.environment["signals"])
    assert "python -m services.signals migrate" in line

    empty = f"{town.name}-empty"
    environment = await empty_vhost(servers, town, empty)
    line = await said("notify", environment)
    assert "RabbitMQ has no queue notify." in line
    assert "definitions.json" in line
    await servers.drop_vhost(empty)


async def empty_vhost(servers: Servers, town: Town, name: str) -> dict[str, str]:
    """The environment of notify on a virtual host that has users and no queues."""
    definitions = town.folder / "empty.json"
    text = (REPOSITORY / "deploy/rabbitmq/definitions.json").read_text()
    told = {**json.loads(text), "queues": [], "bindings": []}
    definitions.write_text(json.dumps(told))
    urls = await servers.load_definitions(name, definitions)
    return {**town.environment["notify"], "AMQP_URL": urls["notify"]}
