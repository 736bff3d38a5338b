"""The wiring of triage."""

from fastapi import FastAPI

from services.triage import api, handlers, pages
from services.triage.conditions import compile_rules
from services.triage.rules import LivePolicy, PolicyBook
from services.triage.settings import Settings
from services.triage.sql import roster as roster_sql
from shared import policy
from shared.core import Core
from shared.policy import Policies, PolicyFault
from shared.settings import StartupFault
from shared.web.session import Account, ops_account, signed_in, token_hash
from shared.web.site import new_app


def wire(core: Core) -> FastAPI:
    """Give the door its consumers and build API and pages."""
    assert isinstance(core.settings, Settings)
    password = core.settings.ops_password.get_secret_value()
    books = compile_books(policy.load(core.settings.policy_folder))
    handlers.register(core.door, books)

    async def find_account(name: str | None, secret: str) -> Account | None:
        if account := ops_account(name, secret, password):
            return account
        async with core.pool.acquire() as connection:
            login = await roster_sql.find_login(connection, token_hash(secret))
        if login is None or name not in {None, login.worker_id}:
            return None
        return Account(login.worker_id, is_ops=False)

    app = new_app(core, find_account)
    app.state.core, app.state.books = core, books
    app.state.account_of = signed_in(find_account)
    app.include_router(api.router)
    pages.add(app, core, find_account)
    return app


def compile_books(policies: Policies) -> dict[str, PolicyBook]:
    """The policies of each municipality, ready to decide; raises StartupFault for a bad rule."""
    books = {}
    for municipality, known in policies.by_municipality.items():
        try:
            live = [LivePolicy(one, compile_rules(one.triage.rules)) for one in known]
        except PolicyFault as fault:
            raise StartupFault(f"policy of {municipality}: {fault}") from None
        books[municipality] = PolicyBook(live)
    return books
