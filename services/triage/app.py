"""The wiring of triage."""

import asyncio
from datetime import datetime
from functools import partial

from fastapi import FastAPI

from services.triage import activating, handlers, pages
from services.triage.api import new_api
from services.triage.api.taking import Counter
from services.triage.books import BookShelf
from services.triage.commands.desk import WorkerAccount
from services.triage.leaving import Leaving
from services.triage.purging import Purging
from services.triage.redeciding import Redecider, earliest
from services.triage.sealing import Sealing
from services.triage.settings import Settings
from services.triage.sql import roster as roster_sql
from services.triage.timer import Calendar
from shared import clock, policy
from shared.contracts.triage import TriageAlive
from shared.core import Core
from shared.db import Tx
from shared.door import Door, Follow
from shared.web.session import Account, ops_account, signed_in, token_hash
from shared.web.site import new_app

ALIVE_SECONDS = 30.0


def wire(core: Core) -> FastAPI:
    """Give the door its consumers, start the calendar, build API and pages."""
    assert isinstance(core.settings, Settings)
    password = core.settings.ops_password.get_secret_value()
    shelf = BookShelf(policy.load(core.settings.policy_folder))
    handlers.register(core.door, shelf)
    calendar, redecider = Calendar(core.door, shelf), Redecider(core.door, shelf)
    core.timers += [calendar.run_terms, calendar.run_slow, redecider.run]
    core.checks += [partial(shelf.check, core.pool), partial(keep_policies, core)]
    core.timers.append(partial(say_alive, core.door))
    core.timers += [Purging(core.door, shelf.policies).run, Sealing(core.pool).run]
    core.timers += [Leaving(core.door, shelf).run]

    async def find_account(name: str | None, secret: str) -> Account | None:
        if account := ops_account(name, secret, password):
            return account
        async with core.pool.acquire() as connection:
            login = await roster_sql.find_login(connection, token_hash(secret), clock.today())
        if login is None or name not in {None, login.worker_id}:
            return None
        place = (login.team_id, login.municipality, login.role)
        return WorkerAccount(login.worker_id, False, *place)

    async def next_due() -> datetime | None:
        return earliest(await calendar.next_due(), await redecider.next_due())

    app = new_app(core, find_account, next_due)
    counter = Counter(core, shelf, signed_in(find_account))
    pages.add(app, counter, find_account)
    app.mount("/v1", new_api(counter))
    return app


async def say_alive(door: Door) -> None:
    """Say every so often that triage works, for ever; a loop of the service."""

    async def work(_: Tx) -> tuple[None, Follow]:
        return None, [TriageAlive(said_at=clock.lease_now())]

    while True:
        await door.transact(work)
        await asyncio.sleep(ALIVE_SECONDS)


async def keep_policies(core: Core) -> None:
    """Keep the documents that decisions will be made by, so that these can be replayed."""
    assert isinstance(core.settings, Settings)
    texts = activating.texts_in(core.settings.policy_folder)
    async with core.pool.acquire() as connection, connection.transaction():
        await activating.keep_texts(connection, texts, clock.now())
