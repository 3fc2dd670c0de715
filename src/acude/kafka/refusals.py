"""Says who may not do what where a broker refuses, whichever client heard it."""

from confluent_kafka import KafkaError as RdKafkaError
from confluent_kafka import KafkaException
from kafka.errors import AuthorizationError

from acude.errors import AcudeError
from acude.kafka.users import ANYBODY
from acude.settings import Settings


class RefusedError(AcudeError):
    """The broker knows the login, and its access lists do not let it do this."""


def refused(config: Settings, problem: BaseException, topic: str = "") -> RefusedError | None:
    """The sentence for a broker's refusal; None where the problem is another.

    Args:
        config: whose login it was.
        problem: kafka-python's or librdkafka's.
        topic: what was asked for, where the client does not say it.
    """
    if isinstance(problem, AuthorizationError):
        said = ", ".join(map(str, problem.args)) or topic
        kind = problem.message
    elif isinstance(problem, KafkaException) and _is_refusal(cause := problem.args[0]):
        said, kind = topic or cause.str(), cause.name().lstrip("_")
    else:
        return None
    return RefusedError(
        f"The Kafka broker at {config.kafka_bootstrap} does not let {config.kafka_username or ANYBODY} do this: "
        f"{said} ({kind}).",
        "`acude init --plan` names rights that are missing; ACUDE_KAFKA_USERNAME says whose they are.",
    )


def _is_refusal(cause: object) -> bool:
    return isinstance(cause, RdKafkaError) and cause.name().endswith("AUTHORIZATION_FAILED")
