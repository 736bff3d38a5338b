"""The programs of the local stack, as a table: what prepares each, what runs, with which settings.

A `$name` stands for what is only known at start: `$data` the data folder, `$root` the repository,
`$port` and `$url` the program's own address, `$<program>_port` and `$<program>_url` another's,
`$database_url` and `$amqp_url` the service's own, and the rest of `Stack.values`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from deploy.local.gateway import LOCAL_KEY
from deploy.local.notify_requests import LETTER_TEMPLATE, SMS_TEMPLATE

Words = Sequence[str]


@dataclass(frozen=True)
class Program:
    """A program that serves HTTP on `$port` and says at `/ready` when it is."""

    name: str
    serve: Words
    prepare: Sequence[Words] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    while_preparing: Mapping[str, str] = field(default_factory=dict)


def service(
    name: str,
    *,
    prepare: Sequence[Words] = (),
    while_preparing: Mapping[str, str] | None = None,
    **environment: str,
) -> Program:
    """One of the three services: brought to its schema, then prepared, then run."""
    module = ("-m", f"services.{name}")
    return Program(
        name,
        serve=(*module, "serve"),
        prepare=[(*module, *words) for words in (["migrate"], *prepare)],
        while_preparing=while_preparing or {},
        environment={
            "ENVIRONMENT": "demo",
            "DATABASE_URL": "$database_url",
            "AMQP_URL": "$amqp_url",
            "HTTP_HOST": "127.0.0.1",
            "HTTP_PORT": "$port",
            "OPS_PASSWORD": "$ops_password",
            "POLICY_FOLDER": "$root/deploy/local/demo/policies",
            "CLOCK_FILE": "$data/clock",
            "LOG_LEVEL": "INFO",
            "SITE_URL": "$site_url",
            "OIDC_ISSUER": "$identity_url",
            "OIDC_CLIENT_SECRET": "$oidc_secret",
            **environment,
        },
    )


PROGRAMS: tuple[Program, ...] = (
    Program(
        "gateway",
        serve=(
            *("-m", "deploy.local.gateway", "serve", "--smtp-port", "$smtp_port"),
            *("--http-port", "$port", "--store", "$data/mails.sqlite"),
            *("--callback-url", "$notify_url/v1/receipts"),
        ),
        environment={"GATEWAY_CALLBACK_TOKEN": "$callback_token"},
    ),
    service(
        "signals",
        prepare=(
            ("keys", "make"),
            ("partner", "load", "deploy/local/demo/partners.yaml"),
            ("partner", "sync"),
        ),
        # The broker's administrator is for `partner sync`; the service itself never has it.
        while_preparing={
            "RABBITMQ_MANAGEMENT_URL": "$management_url",
            "RABBITMQ_VHOST": "$vhost",
            "PARTNER_SECRETS_FILE": "$data/partners.json",
            "PARTNER_KEYS_FILE": "$data/partner-keys.json",
        },
        SIGNING_SECRET="$signing_secret",  # noqa: S106 - a name, filled in at start
    ),
    service(
        "triage",
        prepare=(("roster", "load", "deploy/local/demo/roster.yaml"),),
        while_preparing={"ROSTER_TOKENS_FILE": "$data/roster.json"},
    ),
    service(
        "notify",
        SMTP_URL="$smtp_url",
        MAIL_FROM="voordeur@voordeur.example",
        NOTIFYNL_URL="$gateway_url",
        NOTIFYNL_API_KEY=LOCAL_KEY,
        NOTIFYNL_SMS_TEMPLATE=SMS_TEMPLATE,
        NOTIFYNL_LETTER_TEMPLATE=LETTER_TEMPLATE,
        NOTIFYNL_CALLBACK_TOKEN="$callback_token",  # noqa: S106 - a name, filled in at start
    ),
    Program(
        "identity",
        serve=(
            *("-m", "deploy.local.identity", "serve"),
            *("--http-port", "$port", "--site-url", "$site_url"),
        ),
        environment={"OIDC_CLIENT_SECRET": "$oidc_secret"},
    ),
    Program(
        "site",
        serve=("-m", "deploy.local.proxy", "--http-port", "$port"),
        environment={
            "SIGNALS_URL": "$signals_url",
            "TRIAGE_URL": "$triage_url",
            "NOTIFY_URL": "$notify_url",
        },
    ),
)

# What a driver of the demo, or a person with a shell, needs: `.local/env`.
ENV_FILE: Mapping[str, str] = {
    "PARTNER_ID": "$partner_id",
    "AMQP_URL_PARTNER": "$partner_amqp_url",
    "VOORDEUR_URL": "$signals_url",
    "VOORDEUR_KEY": "$partner_key",
    "SIGNALS_URL": "$signals_url",
    "TRIAGE_URL": "$triage_url",
    "NOTIFY_URL": "$notify_url",
    "SITE_URL": "$site_url",
    "GATEWAY_URL": "$gateway_url",
    "SMTP_URL": "$smtp_url",
    "DATABASE_URL_SIGNALS": "$signals_database_url",
    "DATABASE_URL_TRIAGE": "$triage_database_url",
    "DATABASE_URL_NOTIFY": "$notify_database_url",
    "DATABASE_URL_ADMIN": "$admin_database_url",
    "RABBITMQ_MANAGEMENT_URL": "$management_url",
    "OPS_USER": "ops",
    "OPS_PASSWORD": "$ops_password",
    "CLOCK_FILE": "$data/clock",
    "PARTNER_SECRETS_FILE": "$data/partners.json",
    "PARTNER_KEYS_FILE": "$data/partner-keys.json",
    "ROSTER_TOKENS_FILE": "$data/roster.json",
}
