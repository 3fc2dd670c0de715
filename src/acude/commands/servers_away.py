"""Says in a sentence which server failed, whatever its client raised. The traceback goes to the command's log."""

import logging
import socket
from typing import Final
from urllib.parse import urlsplit

from acude.commands.command_log import path
from acude.errors import AcudeError
from acude.masking import masked

log = logging.getLogger(__name__)

_KAFKA: Final = "The Kafka broker"

_SERVERS: Final = {
    "boto3": "S3",
    "botocore": "S3",
    "deltalake": "S3",
    "kafka": _KAFKA,
    "cimpl": _KAFKA,
    "confluent_kafka": _KAFKA,
    "psycopg": "PostgreSQL",
    "psycopg2": "PostgreSQL",
    "psycopg_pool": "PostgreSQL",
    "pyathena": "Athena",
    "airflow_client": "Airflow",
    "httpx": "A server",
    "urllib3": "A server",
    "valkey": "Valkey",
    "pyspark": "Spark",
    "py4j": "Spark",
}
"""By the package of a client's errors. By name: an import would cost each command what few of them need."""

_LONGEST: Final = 200
_CONNECT_S: Final = 3


def explained(problem: Exception) -> AcudeError | None:
    """The sentence for a client's error; None where it is no client's."""
    server = _server(problem)
    if server is None:
        return None
    log.error("%s failed", server, exc_info=problem)
    if server == _KAFKA and (refusal := _refusal(problem)):
        return refusal
    said = (masked(str(problem)).strip().splitlines() or [""])[0][:_LONGEST].rstrip(". ")
    return AcudeError(
        f"{server} does not answer as it should ({type(problem).__name__}{f': {said}' if said else ''}).",
        f"`acude status` shows what runs, `acude up` starts it; {path()} has more.",
    )


def require_answer(server: str, url: str) -> None:
    """Asks a server's port before a client does that would try for minutes.

    Raises:
        AcudeError: nothing listens there.
    """
    place = urlsplit(url)
    try:
        socket.create_connection((place.hostname or "", place.port or 0), _CONNECT_S).close()
    except OSError as problem:
        raise AcudeError(
            f"{server} does not answer at {place.hostname}:{place.port} ({problem.strerror or problem}).",
            "`acude status` shows what runs, `acude up` starts it.",
        ) from None


def _refusal(problem: Exception) -> AcudeError | None:
    """Whom the broker refuses what; None where it fails otherwise."""
    from acude.kafka.refusals import refused  # noqa: PLC0415 - its clients, which few commands need
    from acude.settings import settings  # noqa: PLC0415 - the same

    return refused(settings(), problem)


def _server(problem: Exception) -> str | None:
    for kind in type(problem).__mro__:
        if server := _SERVERS.get(kind.__module__.partition(".")[0]):
            return server
    if isinstance(problem, ConnectionError | TimeoutError):
        return "A server"
    # Arrow's and delta-rs's clients of S3 have no error of their own.
    text = str(problem)
    return "S3" if isinstance(problem, OSError) and ("AWS Error" in text or "Generic S3 error" in text) else None
