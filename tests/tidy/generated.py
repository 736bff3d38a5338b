"""The files that are generated from the code: `python -m tests.tidy.generated [--write]`.

Without `--write` it names those that are not current and exits with 1.
"""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
from fastapi import FastAPI
from starlette.routing import Mount

from shared import topology
from shared.core import Core, document_and_subscribe, new_core
from shared.settings import ServiceSettings
from shared.web.site import asyncapi
from tests.paths import POLICIES, REPOSITORY

SERVICES = ("signals", "triage", "notify")
# Nothing is connected to: the values only have the right form.
SETTINGS = {
    "database_url": "postgresql://nobody@127.0.0.1:1/nothing",
    "amqp_url": "amqp://nobody:nothing@127.0.0.1:1/",
    "http_port": 1,
    "ops_password": "not a password at all",
    "policy_folder": POLICIES,
    "signing_secret": "not a secret, but as long as one is",
    "smtp_url": "smtp://127.0.0.1:1",
    "mail_from": "nobody@voordeur.example",
    "site_url": "https://voordeur.example",
    "notifynl_callback_token": "not a token at all",
}


def built(service: str) -> tuple[Core, FastAPI]:
    """A service with all its consumers and routes, connected to nothing."""
    settings_class = importlib.import_module(f"services.{service}.settings").Settings
    settings: ServiceSettings = settings_class(**SETTINGS)
    pool = asyncpg.create_pool(SETTINGS["database_url"])
    core = new_core(service, settings, pool)
    app: FastAPI = importlib.import_module(f"services.{service}.app").wire(core)
    document_and_subscribe(core)
    return core, app


def generated() -> Iterator[tuple[Path, str]]:
    """Every generated file, and what must be in it."""
    yield REPOSITORY / "deploy/rabbitmq/definitions.json", _json(topology.definitions(), indent=1)
    for service in SERVICES:
        document = asyncapi(built(service)[0])
        yield REPOSITORY / f"docs/asyncapi/{service}.json", _json(document, indent=2)
    for service in SERVICES:
        yield REPOSITORY / f"docs/openapi/{service}.json", _json(api_of(service), indent=2)


def api_of(service: str) -> dict[str, Any]:
    """The OpenAPI document of the API that a service mounts at /v1."""
    _, app = built(service)
    (api,) = (one.app for one in app.routes if isinstance(one, Mount) and one.path == "/v1")
    assert isinstance(api, FastAPI)
    return api.openapi()


def _json(document: object, indent: int) -> str:
    return json.dumps(document, indent=indent, ensure_ascii=False) + "\n"


def stale(files: Iterator[tuple[Path, str]]) -> list[Path]:
    """The files that do not hold what they must."""
    return [path for path, text in files if not path.exists() or path.read_text() != text]


def main(arguments: list[str]) -> int:
    """Write the files, or name those that are not current."""
    if arguments == ["--write"]:
        for path, text in generated():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return 0
    found = stale(generated())
    for path in found:
        print(f"{path.relative_to(REPOSITORY)} is not current: run `make fmt` and commit it")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
