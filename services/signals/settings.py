"""The environment variables of signals, beside those of every service."""

from pathlib import Path

from pydantic import Field, SecretStr

from shared.settings import CommandSettings, DatabaseSettings, ServiceSettings


class KeySettings(CommandSettings):
    """What `keys` and `purge` need, and `serve` too."""

    policy_folder: Path = Field(description="folder with the municipalities' policies, *.yaml")
    signing_secret: SecretStr = Field(
        description="seals the signing keys; `keys secret` makes one", min_length=32
    )


class Settings(ServiceSettings, KeySettings):
    """What `serve` and `migrate` need."""


class PartnerSettings(DatabaseSettings):
    """What `partner` needs besides: the broker's administrator, which no service has."""

    rabbitmq_management_url: SecretStr = Field(
        description="http://administrator:password@host:port of the management API"
    )
    rabbitmq_vhost: str = Field("/", description="virtual host that partners use")
    partner_secrets_file: Path | None = Field(
        None, description="file that new broker passwords are written to; else they are printed"
    )
    partner_keys_file: Path | None = Field(
        None, description="file that new API keys are written to; else they are printed"
    )
