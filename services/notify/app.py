"""The wiring of notify."""

from datetime import datetime
from functools import partial

from fastapi import FastAPI

from services.notify import handlers, pages, reply_pages
from services.notify.api import new_api
from services.notify.api.desk import Desk
from services.notify.asking import Asking
from services.notify.channels.notifynl import Account as NotifyNlAccount
from services.notify.channels.notifynl import NotifyNl
from services.notify.channels.smtp import Smtp
from services.notify.delivery import Carrier
from services.notify.facts import Site
from services.notify.freshness import Freshness
from services.notify.gating import Gate
from services.notify.purging import run_purging
from services.notify.sending import WAYS, Sending
from services.notify.settings import Settings
from services.notify.sql import alerts as alert_sql
from services.notify.writing.loading import TextFault
from services.notify.writing.texts import Texts
from shared import policy
from shared.core import Core
from shared.policy.shelf import Shelf
from shared.settings import StartupFault
from shared.web.session import only_ops, signed_in
from shared.web.site import new_app


def wire(core: Core) -> FastAPI:
    """Give the door its consumers, start the calendar, build the pages."""
    settings = core.settings
    assert isinstance(settings, Settings)
    find_account = only_ops(settings.ops_password.get_secret_value())
    shelf = Shelf(policy.load(settings.policy_folder))
    core.checks.append(partial(shelf.check, core.pool))
    handlers.register(core.door, shelf)
    freshness = Freshness(core)
    carrier = new_carrier(settings)
    sending = Sending(core.door, Gate(shelf, freshness), carrier)
    asking = Asking(core.door, shelf, carrier)
    core.timers += [freshness.run, asking.run, partial(run_purging, core.pool)]
    core.timers += [partial(sending.run, way) for way in WAYS]

    async def next_due() -> datetime | None:
        async with core.pool.acquire() as connection:
            return await alert_sql.find_next_due(connection)

    app = new_app(core, find_account, next_due)
    reply_pages.add(app, core, shelf)
    token = settings.notifynl_callback_token
    desk = Desk(
        core=core,
        shelf=shelf,
        account_of=signed_in(find_account),
        callback_token=token.get_secret_value() if token else None,
        has_notifynl=carrier.notifynl is not None,
    )
    pages.add(app, desk, freshness, find_account)
    app.mount("/v1", new_api(desk))
    return app


def new_carrier(settings: Settings) -> Carrier:
    """The gateways that the settings name."""
    notifynl = None
    if settings.notifynl_api_key:
        account = NotifyNlAccount(
            url=settings.notifynl_url,
            api_key=settings.notifynl_api_key.get_secret_value(),
            sms_template=settings.notifynl_sms_template,
            letter_template=settings.notifynl_letter_template,
        )
        notifynl = NotifyNl(account)
    return Carrier(
        smtp=Smtp(settings.smtp_url.get_secret_value(), settings.smtp_ca_file),
        notifynl=notifynl,
        texts=_load_texts(),
        mail_from=settings.mail_from,
        site=Site(settings.site_url, settings.reply_url or f"{settings.site_url}/r"),
    )


def _load_texts() -> Texts:
    try:
        return Texts.load()
    except TextFault as fault:
        raise StartupFault(f"texts: {fault}") from None
