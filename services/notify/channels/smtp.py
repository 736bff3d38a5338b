"""Mail, over SMTP."""

import asyncio
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aiosmtplib

from services.notify.channels.answers import Answer, Outcome

SMTP_SECONDS_MAX = 20  # for each answer
MAIL_SECONDS_MAX = 40  # for a whole mail: less than its claim lasts
SCHEMES = frozenset({"smtp", "smtp+starttls", "smtps"})
TEMPORARY_FROM, PERMANENT_FROM, CODE_MAX = 400, 500, 599


class Smtp:
    """One SMTP server, over a connection that is kept while it works."""

    def __init__(self, url: str, ca_file: Path | None = None) -> None:
        """`ca_file`: who signed the certificate of a private server; others are trusted too."""
        parts = urlsplit(url)
        self._client = aiosmtplib.SMTP(
            hostname=parts.hostname,
            port=parts.port,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            use_tls=parts.scheme == "smtps",
            # None: where it is offered. Whoever sits in between can hide the offer.
            start_tls=True if parts.scheme == "smtp+starttls" else None,
            cert_bundle=str(ca_file) if ca_file else None,
            timeout=SMTP_SECONDS_MAX,
        )
        self._one_at_a_time = asyncio.Lock()

    async def send(self, mail: EmailMessage) -> Answer:
        """Hand a mail over and return what the server answered."""
        async with self._one_at_a_time:
            try:
                if not self._client.is_connected:
                    await self._client.connect()
            except (aiosmtplib.SMTPException, OSError) as error:
                self._client.close()
                return Answer(Outcome.TEMPORARY, type(error).__name__)
            return await self._hand_over(mail)

    async def _hand_over(self, mail: EmailMessage) -> Answer:
        try:
            async with asyncio.timeout(MAIL_SECONDS_MAX):
                await self._client.send_message(mail)
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _by_code(error.recipients[0].code)
        except aiosmtplib.SMTPSenderRefused as error:
            # A quota or a rule of the server about us: it says nothing of this mail.
            return Answer(Outcome.TEMPORARY, str(error.code))
        except aiosmtplib.SMTPResponseException as error:
            if not TEMPORARY_FROM <= error.code <= CODE_MAX:  # no answer of SMTP: nobody knows
                self._client.close()
                return Answer(Outcome.UNKNOWN, "nonsense")
            return _by_code(error.code)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            # After the body was sent nobody knows whether the server has the mail.
            self._client.close()
            return Answer(Outcome.UNKNOWN, type(error).__name__)
        return Answer(Outcome.ACCEPTED, "250")

    async def close(self) -> None:
        """Say goodbye."""
        try:
            await self._client.quit()
        except (aiosmtplib.SMTPException, OSError):
            self._client.close()


def _by_code(code: int) -> Answer:
    outcome = Outcome.PERMANENT if code >= PERMANENT_FROM else Outcome.TEMPORARY
    return Answer(outcome, str(code))
