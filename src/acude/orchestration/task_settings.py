"""The settings of a task that Airflow runs: those of its Connections where there are any, else the process's own."""

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from acude.errors import AcudeError
from acude.orchestration.connections import KNOWN, Connection, Values, bad, settings_of, variable
from acude.settings import override

log = logging.getLogger("acude.task")

Given = ParamSpec("Given")
Made = TypeVar("Made")


class NoAnswerError(AcudeError):
    """Airflow doesn't say whether there is a Connection."""

    retryable = True


def connected(function: Callable[Given, Made]) -> Callable[Given, Made]:
    """The function, a task's; the settings that it reads are those of the Connections where there are any."""

    @functools.wraps(function)
    def call(*args: Given.args, **kwargs: Given.kwargs) -> Made:
        override(connection_settings())
        return function(*args, **kwargs)

    return call


def connection_settings() -> Values:
    """What all Connections that there are say.

    Raises:
        BadConnectionError: one can't be used.
        NoAnswerError: Airflow doesn't answer.
    """
    found: Values = {}
    for name, known in KNOWN.items():
        if connection := _connection(name):
            found |= settings_of(connection)
            log.info("Airflow's Connection %s holds, not %s", name, ", ".join(map(variable, known.replaces)))
    return found


def _connection(name: str) -> Connection | None:
    """A Connection; None where there is none.

    Raises:
        BadConnectionError: it can't be read.
        NoAnswerError: Airflow doesn't answer.
    """
    # Airflow's own modules take a second, which reading a DAG file must not.
    from airflow.sdk import Connection as Stored  # noqa: PLC0415
    from airflow.sdk.exceptions import AirflowNotFoundException  # noqa: PLC0415
    from airflow.secrets.environment_variables import EnvironmentVariablesBackend  # noqa: PLC0415

    try:
        return Stored.get(name)  # type: ignore[no-any-return]
    except AirflowNotFoundException:
        # Airflow says the same of one that it can't read, and where its API doesn't answer.
        if EnvironmentVariablesBackend().get_conn_value(name):
            raise bad(name, "is neither an address nor JSON that Airflow can read") from None
    _require_none(name)
    return None


def _require_none(name: str) -> None:
    """Returns where Airflow says that there is no such Connection."""
    from airflow.sdk.exceptions import ErrorType  # noqa: PLC0415
    from airflow.sdk.execution_time import task_runner  # noqa: PLC0415
    from airflow.sdk.execution_time.comms import ErrorResponse, GetConnection  # noqa: PLC0415

    if (supervisor := getattr(task_runner, "SUPERVISOR_COMMS", None)) is None:
        # Outside of a task only the environment has Connections.
        return
    answer = supervisor.send(GetConnection(conn_id=name))
    if not isinstance(answer, ErrorResponse) or answer.error != ErrorType.CONNECTION_NOT_FOUND:
        raise NoAnswerError(
            f"Airflow does not say whether there is a Connection {name}.", "See `acude logs airflow-api`."
        )
