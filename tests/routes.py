"""Every route of an app, whichever router or mounted app it stands in."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Mount


@dataclass(frozen=True)
class Found:
    """A route: its whole path with the names of what is filled in, and its methods."""

    path: str
    methods: tuple[str, ...]


def routes_of(app: FastAPI) -> list[Found]:
    """The routes of an app, of the routers that it includes and of the apps that it mounts."""
    found = list(_walk(app.routes, ""))
    paths = {one.path for one in found}
    # Should FastAPI keep routes elsewhere one day, this says so; else nobody would see them missed.
    assert _documented(app, "") <= paths, _documented(app, "") - paths
    return found


def _walk(routes: Sequence[Any], prefix: str) -> Iterator[Found]:
    for route in routes:
        if isinstance(route, APIRoute):
            path = re.sub(r"{(\w+):\w+}", r"{\1}", prefix + route.path)
            yield Found(path, tuple(sorted(route.methods)))
        elif isinstance(route, Mount) and isinstance(route.app, FastAPI):
            yield from _walk(route.app.routes, prefix + route.path)
        elif router := getattr(route, "original_router", None):  # one that was included
            yield from _walk(router.routes, prefix + route.include_context.prefix)


def _documented(app: FastAPI, prefix: str) -> set[str]:
    """The paths that the descriptions of an app and of those that it mounts name."""
    found = {prefix + path for path in app.openapi()["paths"]}
    for mount in app.routes:
        if isinstance(mount, Mount) and isinstance(mount.app, FastAPI):
            found |= _documented(mount.app, prefix + mount.path)
    return found
