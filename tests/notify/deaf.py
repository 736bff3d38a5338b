"""Runs notify with one queue that it does not consume: `python -m tests.notify.deaf QUEUE`."""

import runpy
import sys

from fastapi import FastAPI

from services.notify import app, freshness
from shared.core import Core

wire = app.wire


def main(queue: str) -> None:
    """Run it as in production, but for that."""

    def wire_deaf(core: Core) -> FastAPI:
        made = wire(core)
        del core.door.consumers[queue]
        return made

    app.wire = wire_deaf
    freshness.BEHIND_SECONDS_MAX = 0.0  # a test does not wait a minute for a worker's mail to doubt
    sys.argv = ["services.notify", "serve"]
    runpy.run_module("services.notify", run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1])
