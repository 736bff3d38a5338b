"""The environment variables of notify, beside those of every service."""

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, FilePath, SecretStr, field_validator, model_validator

from services.notify.channels.smtp import SCHEMES
from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """What `serve` and `migrate` need."""

    policy_folder: Path = Field(description="folder with the municipalities' policies, *.yaml")
    smtp_url: SecretStr = Field(
        description="smtp+starttls://user:password@host:port, smtps://…, or smtp://…"
    )
    smtp_ca_file: FilePath | None = Field(
        None,
        description="PEM file of who signed the certificate of a private mail server",
    )
    mail_from: str = Field(description="sender's address of mails", pattern=r"^[^@\s]+@[^@\s]+$")
    site_url: str = Field(description="where workers open a case, without a slash at the end")
    reply_url: str = Field(
        "", description="where residents answer, without a slash at the end; default: SITE_URL/r"
    )
    notifynl_url: str = Field("https://api.notifynl.nl", description="API of NotifyNL")
    notifynl_api_key: SecretStr | None = Field(
        None, description="key of the municipality's NotifyNL account; without it no SMS or letter"
    )
    notifynl_sms_template: str = Field("", description="id of its SMS template, body ((bericht))")
    notifynl_letter_template: str = Field(
        "", description="id of its letter template, subject ((onderwerp)), body ((bericht))"
    )
    notifynl_callback_token: SecretStr | None = Field(
        None, description="bearer token by which NotifyNL tells what became of a message"
    )

    @field_validator("smtp_url")
    @classmethod
    def _is_a_mail_server(cls, value: SecretStr) -> SecretStr:
        try:
            parts = urlsplit(value.get_secret_value())
            is_right = parts.scheme in SCHEMES and parts.hostname and (parts.port or True)
        except ValueError:  # its text may quote a part of the password
            is_right = False
        if not is_right:
            raise ValueError(
                f"one of {', '.join(sorted(SCHEMES))}; / and @ in a password as %2F, %40"
            )
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        has_templates = self.notifynl_sms_template and self.notifynl_letter_template
        if self.notifynl_api_key and not has_templates:
            raise ValueError("NOTIFYNL_API_KEY needs NOTIFYNL_SMS_TEMPLATE and …_LETTER_TEMPLATE")
        return self
