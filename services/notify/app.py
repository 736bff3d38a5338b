"""The wiring of notify."""

from datetime import datetime
from functools import partial

from fastapi import FastAPI

from services.notify import handlers, pages
from services.notify.channels import Smtp
from services.notify.purging import run_purging
from services.notify.settings import Settings
from services.notify.sql import alerts as alert_sql
from services.notify.texts import Sender
from services.notify.timer import Sending
from shared import policy
from shared.core import Core
from shared.policy.shelf import Shelf
from shared.web.session import only_ops
from shared.web.site import new_app


def wire(core: Core) -> FastAPI:
    """Give the door its consumers, start the calendar, build the pages."""
    settings = core.settings
    assert isinstance(settings, Settings)
    find_account = only_ops(settings.ops_password.get_secret_value())
    shelf = Shelf(policy.load(settings.policy_folder))
    core.checks.append(partial(shelf.check, core.pool))
    handlers.register(core.door, shelf)
    sender = Sender(settings.mail_from, settings.site_url)
    sending = Sending(core.door, Smtp(settings.smtp_url.get_secret_value()), sender)
    core.timers += [sending.run, partial(run_purging, core.pool)]

    async def next_due() -> datetime | None:
        async with core.pool.acquire() as connection:
            return await alert_sql.find_next_due(connection)

    app = new_app(core, find_account, next_due)
    pages.add(app, core, find_account)
    return app
