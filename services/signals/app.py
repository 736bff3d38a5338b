"""The wiring of signals."""

from fastapi import FastAPI

from services.signals import handlers, pages
from services.signals.settings import Settings
from shared import policy
from shared.core import Core
from shared.web.session import only_ops
from shared.web.site import new_app


def wire(core: Core) -> FastAPI:
    """Give the door its consumers and build the pages."""
    assert isinstance(core.settings, Settings)
    find_account = only_ops(core.settings.ops_password.get_secret_value())
    handlers.register(core.door, policy.load(core.settings.policy_folder))
    app = new_app(core, find_account)
    pages.add(app, core, find_account)
    return app
