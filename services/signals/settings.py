"""The environment variables of signals, beside those of every service."""

from pathlib import Path

from pydantic import Field, SecretStr

from shared.settings import DatabaseSettings, ServiceSettings


class Settings(ServiceSettings):
    """What `serve` and `migrate` need."""

    policy_folder: Path = Field(description="folder with the municipalities' policies, *.yaml")


class PartnerSettings(DatabaseSettings):
    """What `partners` needs besides: the broker's administrator, which no service has."""

    rabbitmq_management_url: SecretStr = Field(
        description="http://administrator:password@host:port of the management API"
    )
    rabbitmq_vhost: str = Field("/", description="virtual host that partners use")
    partner_secrets_file: Path | None = Field(
        None, description="file that new passwords are written to; else they are printed once"
    )
