"""The settings that every service has, read once from the environment at start."""

from enum import StrEnum
from pathlib import Path
from typing import Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class StartupFault(Exception):
    """The service cannot start; the text says in one line what is missing and what to do."""


class Environment(StrEnum):
    """Where the service runs. Only outside production may the clock be stepped."""

    PRODUCTION = "production"
    DEMO = "demo"
    TEST = "test"


class DatabaseSettings(BaseSettings):
    """What every command needs that touches the database. Secrets have no default."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    database_url: SecretStr = Field(description="postgresql://role:password@host:port/database")


class CommandSettings(DatabaseSettings):
    """What a command needs that acts for a service: its clock, and its name on the bus."""

    environment: Environment = Field(Environment.PRODUCTION)
    clock_file: Path | None = Field(None, description="file with the stepped instant; not live")
    oin: str = Field("00000000000000000000", description="OIN in the `source` of our events")

    @model_validator(mode="after")
    def _real_time_in_production(self) -> Self:
        if self.environment is Environment.PRODUCTION and self.clock_file:
            raise ValueError("CLOCK_FILE steps the clock and is refused in production: unset it")
        return self

    def source(self, service: str) -> str:
        """The CloudEvents `source` of what a service publishes."""
        return f"urn:nld:oin:{self.oin}:systeem:{service}"


class ServiceSettings(CommandSettings):
    """Environment variables of every service."""

    amqp_url: SecretStr = Field(description="amqp://user:password@host:port/vhost")
    http_host: str = Field("127.0.0.1", description="address that pages and API listen on")
    http_port: int = Field(description="port that pages and API listen on", ge=1, le=65535)
    ops_password: SecretStr = Field(description="password of user `ops`", min_length=16)
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    outbox_rows_max: int = Field(
        50_000, ge=1, description="events that may wait to be published; over it the doors pause"
    )
    site_url: str = Field("http://127.0.0.1", description="address that people open the site by")
    theme_file: Path | None = Field(None, description="CSS file with the municipality's tokens")
    oidc_issuer: str | None = Field(None, description="OpenID provider; none: nobody signs in")
    oidc_client_id: str | None = Field(None, description="our name there; default the service's")
    oidc_client_secret: SecretStr | None = Field(None, description="our secret there")
    oidc_person_claim: str = Field(
        "preferred_username", description="claim with the worker's id as the roster has it"
    )
    oidc_roles_claim: str = Field(
        "roles", description="claim with generalist, lead, partner or ops; others are ignored"
    )
    oidc_partner_claim: str = Field("partner_id", description="claim with a partner's id")
    oidc_municipality_claim: str = Field(
        "municipality", description="claim with the municipality of a lead"
    )
    database_connections: int = Field(12, ge=4, le=100, description="size of the pool")


S = TypeVar("S", bound=BaseSettings)


def load(settings_class: type[S]) -> S:
    """Read the environment; raises StartupFault that names every variable at fault, no values."""
    try:
        return settings_class()
    except ValidationError as error:
        faults = [
            _in_words(fault["loc"], fault["type"], fault["msg"], settings_class)
            for fault in error.errors(include_input=False, include_url=False)
        ]
        raise StartupFault("settings: " + "; ".join(faults)) from None


def _in_words(
    loc: tuple[int | str, ...], kind: str, message: str, settings_class: type[BaseSettings]
) -> str:
    if not loc:
        return message.removeprefix("Value error, ")
    name = str(loc[0])
    field = settings_class.model_fields.get(name)
    wanted = f" ({field.description})" if field and field.description else ""
    problem = "is not set" if kind == "missing" else f"is wrong: {message}"
    return f"{name.upper()}{wanted} {problem}"
