"""What settings must be before anybody's money depends on them: `ACUDE_PROFILE=production` refuses all others."""

import base64
import binascii
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from acude.errors import AcudeError

if TYPE_CHECKING:
    from acude.settings import Settings

_LEAST_SECRET = 24
"""Bytes of a webhook's secret, by Standard Webhooks."""

_LEAST_KEY = 32
_KEYS = ("document_key", "velocity_key")

_LEAST_KEPT = timedelta(days=1)

_ADDRESSES = ("_url", "_endpoint")
_DATABASES = "_dsn"
_MORE_ADDRESSES = ("oauth_issuer",)
_OTHER_ADDRESSES = ("valkey_url",)
"""Of another protocol, and looked at apart."""

_TLS_MODES = {"require", "verify-ca", "verify-full"}
_CHECKED = {"required", "optional"}
"""What a client's `ssl_cert_reqs` may be: to it, both mean the same."""


def require_safe(config: "Settings") -> None:
    """Raises where these settings are for one machine only.

    Raises:
        AcudeError: names each setting, and what is wrong with it; no value.
    """
    if config.profile == "production" and (found := problems(config)):
        raise AcudeError(
            f"ACUDE_PROFILE=production refuses these settings: {'; '.join(found)}.",
            "Set them as docs/operations.md says, or leave the profile out on a machine that nobody depends on.",
        )


def problems(config: "Settings") -> list[str]:
    """What is unsafe, a phrase for each setting."""
    found = [*_addresses(config), *_databases(config), *_valkey(config)]
    if not config.blacklist_url:
        found.append(f"{_variable('blacklist_url')} is empty, and every document would count as clean")
    if config.webhook_url and _bytes(config.webhook_secret.get_secret_value()) < _LEAST_SECRET:
        found.append(f"{_variable('webhook_secret')} has fewer than {_LEAST_SECRET} bytes")
    found += _keys(config)
    found += _spark(config)
    if not (config.kafka_tls or config.kafka_iam):
        found.append(f"{_variable('kafka_tls')} is off, and Kafka is reached in clear")
    found += _kafka(config)
    if config.expire_after < _LEAST_KEPT:
        found.append(f"{_variable('expire_after')} is less than a day: who reads a table overnight loses its files")
    return found


def _spark(config: "Settings") -> list[str]:
    found = []
    has_secret = bool(config.spark_secret.get_secret_value())
    if config.spark_master.startswith("spark://") and not has_secret:
        found.append(f"{_variable('spark_master')} takes code from everybody without {_variable('spark_secret')}")
    if has_secret and not config.spark_encryption:
        found.append(f"{_variable('spark_encryption')} is off, and Spark's processes talk in clear")
    if ";use_ssl=false" in (config.spark_remote or ""):
        found.append(f"{_variable('spark_remote')} sends its token in clear")
    return found


def _kafka(config: "Settings") -> list[str]:
    if config.kafka_iam:
        return []
    if config.kafka_username and not config.kafka_password.get_secret_value():
        return [f"{_variable('kafka_password')} is empty, and so nobody's"]
    if config.kafka_certificate and not config.kafka_certificate.is_file():
        return [f"{_variable('kafka_certificate')} is no file"]
    if not (config.kafka_username or config.kafka_certificate):
        return [f"{_variable('kafka_username')} is empty, and the brokers take everybody's decisions"]
    return []


def _addresses(config: "Settings") -> list[str]:
    """Whatever setting names an address is looked at; an empty one is asked by nobody."""
    named = [name for name in type(config).model_fields if name.endswith(_ADDRESSES) and name not in _OTHER_ADDRESSES]
    return [
        f"{_variable(name)} is no https address"
        for name in (*named, *_MORE_ADDRESSES)
        if (url := _text(config, name)) and not url.lower().startswith("https://")
    ]


def _databases(config: "Settings") -> list[str]:
    return [
        f"{_variable(name)} has no sslmode of require or more"
        for name in type(config).model_fields
        if name.endswith(_DATABASES) and (dsn := _text(config, name)) and _tls_mode(dsn) not in _TLS_MODES
    ]


def _tls_mode(dsn: str) -> str | None:
    """As libpq reads it; None also where it can't read the rest."""
    from psycopg import ProgrammingError  # noqa: PLC0415 - every process reads the settings, few of this profile
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    try:
        mode = conninfo_to_dict(dsn).get("sslmode")
    except ProgrammingError:
        return None
    return None if mode is None else str(mode)


def _valkey(config: "Settings") -> list[str]:
    url = _text(config, "valkey_url")
    if not url:
        return []
    if not url.lower().startswith("rediss://"):
        return [f"{_variable('valkey_url')} is no rediss address"]
    asked = parse_qs(urlsplit(url).query).get("ssl_cert_reqs", [])
    return [] if set(asked) <= _CHECKED else [f"{_variable('valkey_url')} takes any certificate (ssl_cert_reqs)"]


def _keys(config: "Settings") -> list[str]:
    short = [name for name in _KEYS if len(_text(config, name)) < _LEAST_KEY]
    found = [f"{_variable(name)} has fewer than {_LEAST_KEY} characters" for name in short]
    document, velocity = (_text(config, name) for name in _KEYS)
    if document and document == velocity:
        found.append(
            f"{_variable('document_key')} is {_variable('velocity_key')}, too: draw a new one for the latter, "
            f"and the old one is {_variable('velocity_key_before')} for 51 days"
        )
    if config.risk_dsn.get_secret_value() and not config.audit_keys.get_secret_value():
        found.append(f"{_variable('audit_keys')} is empty, and decisions are not recorded without it")
    return found


def _text(config: "Settings", name: str) -> str:
    found = getattr(config, name) or ""
    return found if isinstance(found, str) else str(found.get_secret_value())


def _variable(name: str) -> str:
    return f"ACUDE_{name.upper()}"


def _bytes(secret: str) -> int:
    try:
        return len(base64.b64decode(secret.removeprefix("whsec_"), validate=True))
    except (binascii.Error, ValueError):
        return 0
