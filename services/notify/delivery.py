"""Carries what passed the gate to a gateway: writes it in its channel's form, and hands it over."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from email.message import EmailMessage
from uuid import UUID

from services.notify import facts
from services.notify.appointments import Invitation, calendar_of
from services.notify.channels.answers import Answer, Outcome
from services.notify.channels.notifynl import NotifyNl
from services.notify.channels.smtp import Smtp
from services.notify.facts import Site
from services.notify.gating import Item
from services.notify.recipients import Recipient
from services.notify.schedule import Alert, addressee_of
from services.notify.writing.facts import Audience
from services.notify.writing.texts import Message, Texts
from shared import clock, log
from shared.policy import Channel

NOT_SET_UP = Answer(Outcome.TEMPORARY, "no account")
NOT_ASKED = Answer(Outcome.UNKNOWN, "no account")  # it may have been taken while there was one
logger = log.get()


@dataclass
class Carrier:
    """The gateways, and what it takes to write for them."""

    smtp: Smtp
    notifynl: NotifyNl | None  # None: no account is set up
    texts: Texts
    mail_from: str
    site: Site

    @property
    def domain(self) -> str:
        """Of our Message-IDs and calendar entries."""
        return self.mail_from.rpartition("@")[2]

    def message_id_of(self, alert_ids: Sequence[UUID], derived: UUID) -> str:
        """The Message-ID of a mail; the same whenever the same alerts go out again."""
        return f"<{alert_ids[0] if len(alert_ids) == 1 else derived}@{self.domain}>"

    async def carry(self, items: Sequence[Item], message_id: str) -> Answer:
        """Write and hand over one message about one item, or a worker's digest of several.

        Raises only while nothing has been handed over.
        """
        item = items[0]
        recipient = addressee_of(item.alert, item.case, item.subject)
        assert recipient, "the gate lets nothing through to nobody"
        message = self._write(items, recipient)
        if item.alert.channel is Channel.MAIL:
            mail = self._mail(items, recipient, message, message_id)
            answer = await _handed(self.smtp.send(mail))
        else:
            answer = await self._by_notifynl(item, recipient, message)
        return replace(answer, text_version=message.version)

    async def _by_notifynl(self, item: Item, recipient: Recipient, message: Message) -> Answer:
        if self.notifynl is None:
            return NOT_SET_UP
        contact, reference = recipient.contacts[item.alert.channel], item.alert.id
        if item.alert.channel is Channel.SMS:
            return await _handed(self.notifynl.send_sms(contact, message.text, reference))
        address = f"{contact} {facts.town_of(item)}"  # the post asks for the town too
        return await _handed(
            self.notifynl.send_letter(address, message.subject, message.text, reference)
        )

    async def look_up(self, alert: Alert) -> Answer:
        """What the gateway has of a text message or letter that it told nothing of."""
        return await _handed(self.notifynl.look_up(alert.id)) if self.notifynl else NOT_ASKED

    def _write(self, items: Sequence[Item], recipient: Recipient) -> Message:
        first = items[0]
        if recipient.is_resident:
            language = self.texts.language_for(Audience.RESIDENT, recipient.language)
            told = facts.for_resident(first, language, self.site)
            template, channel = first.alert.template, first.alert.channel
            return self.texts.write(template, Audience.RESIDENT, channel, language, told)
        newest = sorted(items, key=lambda one: one.alert.subject_revision, reverse=True)
        lines = [
            (item.alert.template, facts.for_worker(item, recipient, self.site)) for item in newest
        ]
        return self.texts.write_bundle(lines, facts.LANGUAGE, {"name": recipient.name})

    def _mail(
        self, items: Sequence[Item], recipient: Recipient, message: Message, message_id: str
    ) -> EmailMessage:
        now = clock.now()
        mail = EmailMessage()
        mail["From"] = f"Voordeur <{self.mail_from}>"
        mail["To"] = recipient.contacts[Channel.MAIL]
        mail["Date"] = now
        mail["Message-ID"] = message_id
        mail["X-Voordeur-Alerts"] = " ".join(str(item.alert.id) for item in items)
        mail["X-Voordeur-Written-At"] = now.isoformat()
        mail["Auto-Submitted"] = "auto-generated"
        mail["Subject"] = message.subject
        mail.set_content(message.text)
        if message.html:
            mail.add_alternative(message.html, subtype="html")
        if len(items) == 1 and not recipient.is_resident:
            address = recipient.contacts[Channel.MAIL]
            whom = Invitation(recipient.name, address, self.mail_from, self.domain)
            about = items[0].alert, items[0].subject
            if calendar := calendar_of(*about, message.subject, whom, now):
                mail.add_attachment(
                    calendar.to_ical(),
                    maintype="text",
                    subtype="calendar",
                    filename="afspraak.ics",
                    params={"method": str(calendar["method"]), "charset": "utf-8"},
                )
        return mail


async def _handed(work: Awaitable[Answer]) -> Answer:
    """What a gateway said; after a fault that nobody foresaw, nobody knows what it has."""
    try:
        return await work
    except Exception as error:
        logger.error("handing_over_failed", fault=log.fault_of(error))
        return Answer(Outcome.UNKNOWN, log.fault_of(error))
