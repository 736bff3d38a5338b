"""The environment variables of notify, beside those of every service."""

from pathlib import Path

from pydantic import Field, SecretStr

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """What `serve` and `migrate` need."""

    policy_folder: Path = Field(description="folder with the municipalities' policies, *.yaml")
    smtp_url: SecretStr = Field(description="smtp://user:password@host:port, or smtps://…")
    mail_from: str = Field(description="sender's address of mails", pattern=r"^[^@\s]+@[^@\s]+$")
    site_url: str = Field(description="where workers open a case, without a slash at the end")
