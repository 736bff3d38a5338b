"""The wiring of notify."""

from datetime import datetime

from fastapi import FastAPI

from services.notify import handlers, pages, sql
from services.notify.channels import Smtp
from services.notify.settings import Settings
from services.notify.texts import Sender
from services.notify.timer import Sending
from shared import policy
from shared.core import Core
from shared.web.session import only_ops
from shared.web.site import new_app


def wire(core: Core) -> FastAPI:
    """Give the door its consumers, start the calendar, build the pages."""
    settings = core.settings
    assert isinstance(settings, Settings)
    find_account = only_ops(settings.ops_password.get_secret_value())
    handlers.register(core.door, policy.load(settings.policy_folder))
    sender = Sender(settings.mail_from, settings.site_url)
    sending = Sending(core.door, Smtp(settings.smtp_url.get_secret_value()), sender)
    core.timers.append(sending.run)

    async def next_due() -> datetime | None:
        async with core.pool.acquire() as connection:
            return await sql.find_next_due(connection)

    app = new_app(core, find_account, next_due)
    pages.add(app, core, find_account)
    return app
