"""kafka-python's producer as everything here uses it: acknowledged records are in their topic once."""

from contextlib import suppress
from typing import Any

from kafka import KafkaAdminClient, KafkaProducer
from kafka.codec import has_zstd
from kafka.errors import KafkaError, KafkaTimeoutError

from acude.errors import AcudeError
from acude.kafka import brokers
from acude.settings import Settings

MAX_REQUEST_BYTES = 2 * 1024 * 1024
"""As much as the broker takes: a payload of 1 MB with its headers fits."""

_FOUND_WITHIN_MS = 8_000

_NEVER_MS = 2**31 - 1
"""A record waits for its broker as long as its producer lives.

kafka-python resets an idempotent producer when a record that was under way runs out of time, and never asks for a new
producer id: from then on it sends nothing, and says nothing. Whoever waits for an answer has a limit of his own.
"""

_AGAIN_WITHIN_MS = 1_000
"""A producer finds a broker that is back soon; kafka-python's own limit is half a minute."""


class BrokerError(AcudeError):
    """No broker answers, or it lacks the topic."""

    retryable = True


def connect(config: Settings, client_id: str, **options: Any) -> KafkaProducer:  # noqa: ANN401 - kafka-python's own options
    """A producer whose acknowledged records are in the topic once.

    What it has taken waits for a broker that is away, and is sent when it is back: whoever must not wait gives
    `get` and `flush` a time limit, and ends with this module's `close`.

    Args:
        config: where the brokers are.
        client_id: how the broker's logs name this producer.
        options: kafka-python's, on top of these.

    Raises:
        BrokerError: no broker answers within a few seconds.
    """
    usual: dict[str, Any] = {
        "acks": "all",
        "enable_idempotence": True,
        "compression_type": "zstd" if has_zstd() else "gzip",
        "linger_ms": 20,
        "batch_size": 128 * 1024,
        "max_request_size": MAX_REQUEST_BYTES,
        "max_block_ms": 60_000,
        "delivery_timeout_ms": _NEVER_MS,
        "reconnect_backoff_max_ms": _AGAIN_WITHIN_MS,
        "bootstrap_timeout_ms": _FOUND_WITHIN_MS,
    }
    try:
        return KafkaProducer(**brokers.kafka_python(config), client_id=client_id, **(usual | options))
    except KafkaError as problem:
        raise _no_broker(config, problem) from problem


def close(producer: KafkaProducer, within_s: float) -> None:
    """Closes a producer; what the broker has not taken by then is never sent, and its answers are errors.

    kafka-python's own `close` raises where something is left, and its thread goes on and sends it some day.
    """
    with suppress(KafkaTimeoutError):
        producer.flush(within_s)
    producer._sender.force_close()
    producer.close(within_s)


def require_topic(config: Settings, topic: str) -> None:
    """Refuse to begin where the topic is missing: the broker makes none by itself.

    Raises:
        BrokerError: says what is missing.
    """
    try:
        client = KafkaAdminClient(
            **brokers.kafka_python(config),
            bootstrap_timeout_ms=_FOUND_WITHIN_MS,
            request_timeout_ms=_FOUND_WITHIN_MS,
        )
        try:
            found = client.list_topics()
        finally:
            client.close()
    except KafkaError as problem:
        raise _no_broker(config, problem) from problem
    if topic not in found:
        # A broker hides topics in which a login may neither write nor read.
        known, login = ", ".join(sorted(found)) or "no topics", config.kafka_username
        sees = f", and {login} sees {known}" if login else f", found {known}"
        rights = f", and gives {login} its rights (`acude init` on brokers of your own)" if login else ""
        raise BrokerError(
            f"Expected topic {topic} on the broker at {config.kafka_bootstrap}{sees}.",
            f"`acude up` creates the topics of contracts/topics/{rights}.",
        )


def _no_broker(config: Settings, problem: KafkaError) -> BrokerError:
    next_step = "Start the platform with `acude up`, or set ACUDE_KAFKA_BOOTSTRAP."
    if login := config.kafka_username:
        # kafka-python asks again and again, whatever the broker answers to a login.
        next_step = (
            f"Start the platform with `acude up`. Where it runs, does it know the login {login}? Set "
            "ACUDE_KAFKA_BOOTSTRAP, ACUDE_KAFKA_USERNAME and ACUDE_KAFKA_PASSWORD."
        )
    return BrokerError(
        f"Expected a Kafka broker at {config.kafka_bootstrap}, and none answered within {_FOUND_WITHIN_MS // 1000} s "
        f"({type(problem).__name__}).",
        next_step,
    )
