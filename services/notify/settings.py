"""The environment variables of notify, beside those of every service."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """What `serve` and `migrate` need."""

    policy_folder: Path = Field(description="folder with the municipalities' policies, *.yaml")
    smtp_url: SecretStr = Field(description="smtp://user:password@host:port, or smtps://…")
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

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        has_templates = self.notifynl_sms_template and self.notifynl_letter_template
        if self.notifynl_api_key and not has_templates:
            raise ValueError("NOTIFYNL_API_KEY needs NOTIFYNL_SMS_TEMPLATE and …_LETTER_TEMPLATE")
        return self
