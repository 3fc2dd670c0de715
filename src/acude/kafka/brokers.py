"""The connection settings of each of the three Kafka clients: brokers, TLS, trusted certificates."""

from typing import Any

from acude.settings import Settings


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


def spark(config: Settings) -> dict[str, str]:
    """Options of Spark's Kafka source; the broker's Java client has the same names without their first part."""
    brokers = {"kafka.bootstrap.servers": config.kafka_bootstrap}
    if config.tls:
        brokers["kafka.security.protocol"] = "SSL"
        if config.tls_authority:
            brokers["kafka.ssl.truststore.type"] = "PEM"
            brokers["kafka.ssl.truststore.location"] = str(config.tls_authority)
    return brokers
