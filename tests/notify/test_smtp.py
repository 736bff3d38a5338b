"""A mail server that asks for TLS and a password: whom it lets in, and whom we trust."""

import asyncio
import base64
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from deploy.local.driver import Clock
from deploy.local.servers import Servers
from services.notify.channels.answers import Answer, Outcome
from services.notify.channels.smtp import Smtp
from services.notify.settings import Settings
from tests.notify import counter
from tests.notify.counter import Counter
from tests.notify.test_sending import DIGEST, assigned
from tests.tidy.generated import SETTINGS

USER, PASSWORD = "voordeur", "p@ss/word:of the tests"
WRONG = "not the p@ss/word"
HOST = "127.0.0.1"


@dataclass
class MailServer:
    """One that takes mail over TLS only, from who has the password."""

    ca_file: Path
    port: int = 0
    mails: list[bytes] = field(default_factory=list)

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert session.authenticated, "it is asked for before anything is taken"
        assert isinstance(envelope.content, bytes)
        self.mails.append(envelope.content)
        return "250 OK"

    def authenticate(self, _: SMTP, *told: Any) -> AuthResult:
        login: LoginPassword = told[-1]
        is_right = (login.login, login.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_right, handled=False)

    def smtp(self, scheme: str, password: str = PASSWORD, *, is_trusted: bool = True) -> Smtp:
        """The way to this server, for who knows it."""
        url = f"{scheme}://{USER}:{quote(password, safe='')}@{HOST}:{self.port}"
        return Smtp(url, self.ca_file if is_trusted else None)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this host that nobody signed but itself, with its key behind it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a mail server of the tests")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "server.pem"
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(made.public_bytes(pem) + secret)
    return path


@asynccontextmanager
async def serving(certificate: Path, scheme: str) -> AsyncIterator[MailServer]:
    """A mail server that asks for TLS at once, or for STARTTLS, and for a password."""
    server = MailServer(certificate)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    is_tls_at_once = scheme == "smtps"
    how: dict[str, Any] = {"auth_require_tls": False}  # it is there already, below SMTP
    if not is_tls_at_once:
        how = {"tls_context": context, "require_starttls": True, "auth_required": True}

    def answering() -> SMTP:
        return SMTP(server, authenticator=server.authenticate, **how)

    loop = asyncio.get_running_loop()
    listening = await loop.create_server(
        answering, HOST, 0, ssl=context if is_tls_at_once else None
    )
    server.port = listening.sockets[0].getsockname()[1]
    yield server
    listening.close()


def mail() -> EmailMessage:
    told = EmailMessage()
    told["From"], told["To"] = "voordeur@voorbeeldstad.example", "anna@voorbeeldstad.example"
    told["Subject"] = "Een melding"
    told.set_content("Dag.")
    return told


async def sent(smtp: Smtp) -> Answer:
    answer = await smtp.send(mail())
    await smtp.close()
    return answer


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps", "smtp"])
async def test_a_mail_goes_over_tls_to_who_asks_for_a_password(
    certificate: Path, scheme: str
) -> None:
    async with serving(certificate, scheme) as server:
        assert (await sent(server.smtp(scheme))).outcome is Outcome.ACCEPTED
        assert len(server.mails) == 1


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps", "smtp"])
async def test_a_certificate_that_nobody_we_trust_has_signed_is_refused(
    certificate: Path, scheme: str
) -> None:
    async with serving(certificate, scheme) as server:
        answer = await sent(server.smtp(scheme, is_trusted=False))
        assert (answer.outcome, server.mails) == (Outcome.TEMPORARY, [])


async def test_no_password_goes_to_a_server_that_hides_its_tls() -> None:
    said: list[str] = []

    def authenticate(*told: Any) -> AuthResult:
        said.append(str(told[-1]))
        return AuthResult(success=True)

    def answering() -> SMTP:
        return SMTP(object(), authenticator=authenticate, auth_require_tls=False)

    listening = await asyncio.get_running_loop().create_server(answering, HOST, 0)
    port = listening.sockets[0].getsockname()[1]
    async with listening:
        answer = await sent(Smtp(f"smtp+starttls://{USER}:secret@{HOST}:{port}"))
    assert (answer.outcome, said) == (Outcome.TEMPORARY, [])


@pytest.fixture(scope="module")
async def url(servers: Servers) -> AsyncIterator[str]:
    yield await servers.create_database_from_template("template_notify", "smtp", "notify")
    await servers.drop_database("smtp")


@pytest.fixture
async def desk(url: str, stepped_clock: Clock) -> AsyncIterator[Counter]:
    async with counter.clean_pool(url) as pool, counter.opened(pool) as found:
        yield found


async def test_a_wrong_password_loses_nothing_and_is_told_without_the_password(
    certificate: Path,
    desk: Counter,
    stepped_clock: Clock,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    await desk.say(assigned(1))
    stepped_clock.move(DIGEST)
    query = "select id, state, reason from alert"
    async with serving(certificate, "smtp+starttls") as server:
        desk.sending.carrier.smtp = server.smtp("smtp+starttls", WRONG)
        await desk.send()
        (row,) = await desk.pool.fetch(query)
        assert (row["state"], row["reason"]) == ("scheduled", "temporary SMTPAuthenticationError")
        attempts = await desk.pool.fetch("select outcome, answer from attempt")
        assert [tuple(one) for one in attempts] == [("temporary", "SMTPAuthenticationError")]
        logged = capsys.readouterr().out + caplog.text
        assert "SMTPAuthenticationError" in logged
        for word in (WRONG, quote(WRONG, safe=""), base64.b64encode(WRONG.encode()).decode()):
            assert word not in logged
        desk.sending.carrier.smtp = server.smtp("smtp+starttls")
        await desk.pool.execute("update alert set free_at = '-infinity'")
        await desk.send()
        assert await desk.state(row["id"]) == "sent"
        assert len(server.mails) == 1


@pytest.mark.parametrize(
    "url",
    ["http://u:secret@h:25", "smtp://", "smtp+starttls://u:sec/ret@h:587", "smtps://u:secret@h:x"],
)
def test_what_is_no_mail_server_is_refused_at_the_start_without_its_password(url: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Settings(**{**SETTINGS, "smtp_url": url})
    told = str(raised.value.errors(include_input=False, include_url=False))
    assert "smtp+starttls" in told
    assert "sec" not in told.replace("SecretStr", "")


def test_the_file_of_an_authority_must_be_there(certificate: Path) -> None:
    assert Settings(**{**SETTINGS, "smtp_ca_file": certificate}).smtp_ca_file == certificate
    with pytest.raises(ValidationError):
        Settings(**{**SETTINGS, "smtp_ca_file": certificate.with_name("missing.pem")})
