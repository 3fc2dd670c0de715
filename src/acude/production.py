"""What settings must be before anybody's money depends on them: `ACUDE_PROFILE=production` refuses all others."""

import base64
import binascii
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from acude.errors import AcudeError

if TYPE_CHECKING:
    from acude.settings import Settings

_LEAST_SECRET = 24
"""Bytes of a webhook's secret, by Standard Webhooks."""

_LEAST_KEY = 32
_KEYS = ("document_key", "velocity_key")

_LEAST_KEPT = timedelta(days=1)

_HTTPS = ("oauth_issuer", "oauth_jwks_url", "oauth_token_url", "webhook_url", "blacklist_url", "s3_endpoint")
_TLS_MODES = ("sslmode=require", "sslmode=verify-ca", "sslmode=verify-full")
_DATABASES = ("risk_dsn", "risk_read_dsn", "warehouse_dsn", "shop_dsn")


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
    found = []
    for name in _HTTPS:
        url = getattr(config, name)
        if url and urlsplit(url).scheme != "https":
            found.append(f"{_variable(name)} is no https address")
    if not config.blacklist_url:
        found.append(f"{_variable('blacklist_url')} is empty, and every document would count as clean")
    if config.webhook_url and _bytes(config.webhook_secret.get_secret_value()) < _LEAST_SECRET:
        found.append(f"{_variable('webhook_secret')} has fewer than {_LEAST_SECRET} bytes")
    found += _keys(config)
    if config.spark_master.startswith("spark://") and not config.spark_secret.get_secret_value():
        found.append(f"{_variable('spark_master')} takes code from everybody without {_variable('spark_secret')}")
    if not config.tls:
        found.append(f"{_variable('tls')} is off, and Kafka is reached in clear")
    if config.expire_after < _LEAST_KEPT:
        found.append(f"{_variable('expire_after')} is less than a day: who reads a table overnight loses its files")
    if ";use_ssl=false" in (config.spark_remote or ""):
        found.append(f"{_variable('spark_remote')} sends its token in clear")
    valkey = config.valkey_url.get_secret_value()
    if valkey and urlsplit(valkey).scheme != "rediss":
        found.append(f"{_variable('valkey_url')} is no rediss address")
    return found + [
        f"{_variable(name)} has no sslmode of require or more"
        for name in _DATABASES
        if (dsn := getattr(config, name).get_secret_value()) and not any(mode in dsn for mode in _TLS_MODES)
    ]


def _keys(config: "Settings") -> list[str]:
    short = [name for name in _KEYS if len(getattr(config, name).get_secret_value()) < _LEAST_KEY]
    found = [f"{_variable(name)} has fewer than {_LEAST_KEY} characters" for name in short]
    if config.risk_dsn.get_secret_value() and not config.audit_keys.get_secret_value():
        found.append(f"{_variable('audit_keys')} is empty, and decisions are not recorded without it")
    return found


def _variable(name: str) -> str:
    return f"ACUDE_{name.upper()}"


def _bytes(secret: str) -> int:
    try:
        return len(base64.b64decode(secret.removeprefix("whsec_"), validate=True))
    except (binascii.Error, ValueError):
        return 0
