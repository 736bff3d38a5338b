"""The environment variables of triage, beside those of every service."""

from pathlib import Path

from pydantic import Field

from shared.settings import DatabaseSettings, ServiceSettings


class Settings(ServiceSettings):
    """What `serve` and `migrate` need."""

    policy_folder: Path = Field(description="folder with the municipalities' policies, *.yaml")


class RosterSettings(DatabaseSettings):
    """What `roster` needs."""

    roster_tokens_file: Path | None = Field(
        None, description="file that new workers' tokens are written to; else printed once"
    )
