"""The wiring of signals."""

from functools import partial
from pathlib import Path

from fastapi import FastAPI

from services.signals import (
    api,
    handlers,
    openapi,
    pages,
    refusals,
    timer,
    tokens,
    uploads,
)
from services.signals.api import FrontDesk
from services.signals.intake import Office
from services.signals.keys import Keyring
from services.signals.limits import Limits
from services.signals.pages.desk import Archive, PageDesk
from services.signals.receipts import Signer
from services.signals.settings import Settings
from services.signals.sign_in import only_partners
from services.signals.summons import read_terms
from shared import policy
from shared.core import Core
from shared.policy import Policies
from shared.policy.shelf import Shelf
from shared.settings import Environment, StartupFault
from shared.web.problems import add_problems
from shared.web.session import only_ops, signed_in
from shared.web.shell import add_shell
from shared.web.site import CONTACT, VERSION, new_app

TEMPLATES = Path(__file__).parent / "templates"


def wire(core: Core) -> FastAPI:
    """Give the door its consumers and its timer, and build API and pages."""
    assert isinstance(core.settings, Settings)
    settings = core.settings
    policies = policy.load(settings.policy_folder)
    keyring = Keyring(settings.signing_secret.get_secret_value())
    is_demo = settings.environment is not Environment.PRODUCTION
    shelf = Shelf(policies)
    office = Office(shelf, keyring, Signer(settings.source("signals"), is_demo))
    core.checks += [partial(check_keys, core, keyring, policies), partial(shelf.check, core.pool)]
    core.timers.append(partial(timer.run_purging, core.pool, shelf))
    handlers.register(core.door, office)
    app = new_app(core, only_ops(settings.ops_password.get_secret_value()))
    partner_of = signed_in(only_partners(core.pool))
    app.state.desk = FrontDesk(core, office, partner_of, Limits())
    shell = add_shell(app, app.state.entrance, TEMPLATES)
    app.state.page_desk = PageDesk(app.state.desk, shell, Archive(shelf, read_terms()))
    pages.add(app, core, only_ops(settings.ops_password.get_secret_value()))
    app.mount("/v1", new_api(app.state.desk))
    return app


def new_api(desk: FrontDesk) -> FastAPI:
    """The API for partners, an app of its own with its own description."""
    told = FastAPI(
        title="Voordeur signals",
        version=VERSION,
        description="Deliver signals of arrears and the events after them, and get proof of it.",
        contact=CONTACT,
        docs_url=None,
        redoc_url=None,
    )
    told.state.desk = desk
    add_problems(told)
    for door in (api, uploads, refusals, tokens):
        told.include_router(door.router)
    openapi.describe(told)
    return told


async def check_keys(core: Core, keyring: Keyring, policies: Policies) -> None:
    """Raise StartupFault when a municipality could not sign a receipt."""
    async with core.pool.acquire() as connection:
        try:
            await keyring.active(connection, policies.by_municipality.keys())
        except LookupError as missing:
            raise StartupFault(f"{missing}: run `python -m services.signals keys make`") from None
