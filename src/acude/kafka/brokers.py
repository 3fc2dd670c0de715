"""The connection settings of each of the three Kafka clients: brokers, TLS, trusted certificates, login."""

import logging
from functools import partial
from typing import Any, Final

from acude.kafka import iam
from acude.settings import Settings

PROMPT_MS: Final = 25
"""Where a payment's answer waits for it."""

_MECHANISM: Final = "SCRAM-SHA-512"
_TOKENS: Final = "OAUTHBEARER"

_JAVA_IAM: Final = {
    "sasl.mechanism": "AWS_MSK_IAM",
    "sasl.jaas.config": "software.amazon.msk.auth.iam.IAMLoginModule required;",
    "sasl.client.callback.handler.class": "software.amazon.msk.auth.iam.IAMClientCallbackHandler",
}
"""AWS's own library for the Java client (`aws-msk-iam-auth`); it takes the region from the brokers' names."""
_GATHERED_BYTES: Final = 64 * 1024

# kafka-python warns of each login without TLS. That is said once: by `acude doctor`, and by the profile `production`.
logging.getLogger("kafka.net.sasl").setLevel(logging.ERROR)


def kafka_python(config: Settings) -> dict[str, Any]:
    """Arguments of kafka-python's producers, consumers and admin clients."""
    brokers: dict[str, Any] = {"bootstrap_servers": config.kafka_bootstrap.split(",")}
    if protocol := _protocol(config):
        brokers["security_protocol"] = protocol
    if _is_encrypted(config):
        brokers["ssl_cafile"] = config.tls_authority and str(config.tls_authority)
        brokers["ssl_certfile"] = config.kafka_certificate and str(config.kafka_certificate)
    if config.kafka_iam:
        brokers["sasl_mechanism"] = _TOKENS
        brokers["sasl_oauth_token_provider"] = iam.TokenProvider(config.aws_region)
    elif config.kafka_username:
        brokers["sasl_mechanism"] = _MECHANISM
        brokers["sasl_plain_username"] = config.kafka_username
        brokers["sasl_plain_password"] = config.kafka_password.get_secret_value()
    return brokers


def without_scram(config: Settings) -> dict[str, Any]:
    """Arguments of kafka-python's clients for the local broker's administrator, whose users don't exist yet."""
    return kafka_python(config) | {"sasl_mechanism": "PLAIN"}


def librdkafka(config: Settings) -> dict[str, Any]:
    """Properties of librdkafka's producers and consumers."""
    brokers: dict[str, Any] = {"bootstrap.servers": config.kafka_bootstrap}
    if protocol := _protocol(config):
        brokers["security.protocol"] = protocol.lower()
    if _is_encrypted(config) and config.tls_authority:
        brokers["ssl.ca.location"] = str(config.tls_authority)
    if _is_encrypted(config) and config.kafka_certificate:
        brokers["ssl.certificate.location"] = brokers["ssl.key.location"] = str(config.kafka_certificate)
    if config.kafka_iam:
        brokers["sasl.mechanism"] = _TOKENS
        brokers["oauth_cb"] = partial(iam.token, config.aws_region)
    elif config.kafka_username:
        brokers["sasl.mechanism"] = _MECHANISM
        brokers["sasl.username"] = config.kafka_username
        brokers["sasl.password"] = config.kafka_password.get_secret_value()
    return brokers


def gathering(wait_ms: int) -> dict[str, int]:
    """Properties of a consumer that takes records in kilobytes, not one by one.

    Otherwise each record is an answer of the broker's, and what follows from it a batch and a transaction.

    Args:
        wait_ms: the longest that a record waits for others.
    """
    return {"fetch.min.bytes": _GATHERED_BYTES, "fetch.wait.max.ms": wait_ms}


def spark(config: Settings) -> dict[str, str]:
    """Options of Spark's Kafka source; the broker's Java client has the same names without their first part.

    The files that they name lie at the same place on every executor.
    """
    return {f"kafka.{name}": value for name, value in java(config).items()}


def java(config: Settings) -> dict[str, str]:
    """Properties of the broker's own client."""
    brokers = {"bootstrap.servers": config.kafka_bootstrap}
    if protocol := _protocol(config):
        brokers["security.protocol"] = protocol
    stores = {"truststore": config.tls_authority, "keystore": config.kafka_certificate}
    for name, path in stores.items():
        if path and _is_encrypted(config):
            brokers |= {f"ssl.{name}.type": "PEM", f"ssl.{name}.location": str(path)}
    if config.kafka_iam:
        brokers |= _JAVA_IAM
    elif config.kafka_username:
        brokers["sasl.mechanism"] = _MECHANISM
        brokers["sasl.jaas.config"] = (
            "org.apache.kafka.common.security.scram.ScramLoginModule required "
            f"username={quoted(config.kafka_username)} password={quoted(config.kafka_password.get_secret_value())};"
        )
    return brokers


def _protocol(config: Settings) -> str:
    """The security protocol; empty where everybody is let in, in clear."""
    if config.kafka_iam or config.kafka_username:
        return "SASL_SSL" if _is_encrypted(config) else "SASL_PLAINTEXT"
    return "SSL" if config.kafka_tls else ""


def _is_encrypted(config: Settings) -> bool:
    # MSK has no other way in for its roles.
    return config.kafka_tls or config.kafka_iam


def quoted(text: str) -> str:
    r"""A value as JAAS reads it.

    >>> print(quoted('a"b'))
    "a\"b"
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
