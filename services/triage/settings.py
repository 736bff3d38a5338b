"""The environment variables of triage, beside those of every service."""

from pathlib import Path

from pydantic import Field

from shared.settings import CommandSettings, DatabaseSettings, ServiceSettings


class PolicySettings(CommandSettings):
    """What `policy` needs where it looks at what holds, and `serve` too."""

    policy_folder: Path = Field(description="folder with the municipalities' policies, *.yaml")


class Settings(ServiceSettings, PolicySettings):
    """What `serve` and `migrate` need."""


class RosterSettings(DatabaseSettings):
    """What `roster` needs."""

    roster_tokens_file: Path | None = Field(
        None, description="file that new workers' tokens are written to; else printed once"
    )


class ReportingSettings(DatabaseSettings):
    """What `monitor` and `export` need."""

    policy_folder: Path = Field(description="folder with the municipalities' policies, *.yaml")
    ddas_supplier_code: str = Field(
        "VOORDEUR", min_length=1, description="codeGegevensleverancier in a delivery for DDAS"
    )
