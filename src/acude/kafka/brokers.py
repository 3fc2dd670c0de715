"""The connection settings of each of the three Kafka clients: brokers, TLS, trusted certificates."""

from typing import Any, Final

from acude.settings import Settings

PROMPT_MS: Final = 25
"""Where a payment's answer waits for it."""

_GATHERED_BYTES: Final = 64 * 1024


def kafka_python(config: Settings) -> dict[str, Any]:
    """Arguments of kafka-python's producers, consumers and admin clients."""
    brokers: dict[str, Any] = {"bootstrap_servers": config.kafka_bootstrap.split(",")}
    if config.tls:
        brokers["security_protocol"] = "SSL"
        brokers["ssl_cafile"] = config.tls_authority and str(config.tls_authority)
    return brokers


def librdkafka(config: Settings) -> dict[str, str]:
    """Properties of librdkafka's producers and consumers."""
    brokers = {"bootstrap.servers": config.kafka_bootstrap}
    if config.tls:
        brokers["security.protocol"] = "ssl"
        if config.tls_authority:
            brokers["ssl.ca.location"] = str(config.tls_authority)
    return brokers


def gathering(wait_ms: int) -> dict[str, int]:
    """Properties of a consumer that takes records in kilobytes, not one by one.

    Otherwise each record is an answer of the broker's, and what follows from it a batch and a transaction.

    Args:
        wait_ms: the longest that a record waits for others.
    """
    return {"fetch.min.bytes": _GATHERED_BYTES, "fetch.wait.max.ms": wait_ms}


def spark(config: Settings) -> dict[str, str]:
    """Options of Spark's Kafka source; the broker's Java client has the same names without their first part."""
    brokers = {"kafka.bootstrap.servers": config.kafka_bootstrap}
    if config.tls:
        brokers["kafka.security.protocol"] = "SSL"
        if config.tls_authority:
            brokers["kafka.ssl.truststore.type"] = "PEM"
            brokers["kafka.ssl.truststore.location"] = str(config.tls_authority)
    return brokers
