"""Which of Airflow's Connections stands for which settings. Said here alone; `task_settings` asks.

A Connection replaces its settings as a whole: S3 without keys is S3 by the process's role.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import quote, urlsplit

from acude.errors import AcudeError

Values = dict[str, object]
"""Settings by name."""

Extra = dict[str, str]
"""What a Connection holds beside the form's fields."""

_ANY_TYPE: Final = "generic"
"""Airflow's form offers the types of installed providers only, and this one."""

_CONNECT_PORT: Final = 15002
_PORTS: Final = {"redshift": 5439}
_POSTGRES_PORT: Final = 5432


class BadConnectionError(AcudeError):
    """A Connection that can't be used."""


class Connection(Protocol):
    """Airflow's, as far as it is read here."""

    conn_id: str
    conn_type: str | None
    host: str | None
    schema: str | None
    login: str | None
    password: str | None
    port: int | None
    extra: str | None


@dataclass(frozen=True)
class Known:
    """What is read of a Connection.

    Attributes:
        types: Airflow's types that it may have, beside `generic`.
        replaces: the settings that it stands for.
        extras: what its extra may hold; None where a database's own parameters are taken.
        read: its settings' values, out of the Connection and its extra.
    """

    types: tuple[str, ...]
    replaces: tuple[str, ...]
    extras: tuple[str, ...] | None
    read: Callable[[Connection, Extra], Values]


def settings_of(connection: Connection) -> Values:
    """The settings that a Connection replaces, with its values.

    Raises:
        BadConnectionError: it is of another type, lacks something, or has what can't be honoured.
    """
    known = KNOWN[connection.conn_id]
    if connection.conn_type not in (*known.types, _ANY_TYPE):
        raise bad(connection, f"should be of type {' or '.join(known.types)}, and is {connection.conn_type!r}")
    extra = _extra(connection)
    if known.extras is not None and (unknown := sorted(extra.keys() - set(known.extras))):
        raise bad(connection, f"has {', '.join(unknown)} in its extra, which takes {', '.join(known.extras)} only")
    return known.read(connection, extra)


def _extra(connection: Connection) -> Extra:
    try:
        found = json.loads(connection.extra or "{}")
    except ValueError:
        raise bad(connection, "has an extra that is no JSON") from None
    if not isinstance(found, dict) or not all(isinstance(value, str | int | bool) for value in found.values()):
        raise bad(connection, "has an extra that is no JSON object of texts, numbers, true and false")
    return {name: _text(value) for name, value in found.items() if value != ""}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _s3(connection: Connection, extra: Extra) -> Values:
    if connection.host:
        raise bad(connection, "has a host; S3's address belongs in its extra, as endpoint_url")
    access, secret = connection.login or None, connection.password or None
    if bool(access) != bool(secret):
        raise bad(connection, "has one of login (the access key's id) and password (its secret); it takes both or none")
    keys: Values = {"s3_access_key": access, "s3_secret_key": secret, "s3_endpoint": _endpoint(connection, extra)}
    return keys | ({"aws_region": extra["region_name"]} if "region_name" in extra else {})


def _athena(connection: Connection, extra: Extra) -> Values:
    if connection.login or connection.password or connection.host:
        raise bad(connection, "has a host, login or password; Athena is asked with the keys of acude_s3")
    found: Values = {"athena_endpoint": _endpoint(connection, extra)}
    if "work_group" in extra:
        found["athena_workgroup"] = extra["work_group"]
    if "s3_staging_dir" in extra:
        place = urlsplit(extra["s3_staging_dir"])
        if place.scheme != "s3" or not place.netloc or place.path.strip("/"):
            raise bad(connection, "has an s3_staging_dir that is no bucket, s3://name/")
        found["results_bucket"] = place.netloc
    return found


def _endpoint(connection: Connection, extra: Extra) -> str | None:
    found = extra.get("endpoint_url")
    if found and not (found.startswith(("http://", "https://")) and urlsplit(found).netloc):
        raise bad(connection, "has an endpoint_url that does not begin with http:// or https://")
    return found


def _spark(connection: Connection, extra: Extra) -> Values:
    host = (connection.host or "").removeprefix("sc://")
    if not host or "/" in host:
        raise bad(connection, "should have a Spark Connect server's name as its host")
    if extra.get("use_ssl", "true").lower() not in {"true", "false"}:
        raise bad(connection, "has a use_ssl that is neither true nor false")
    said = {"user_id": connection.login, "token": connection.password, "use_ssl": extra.get("use_ssl")}
    parts = [f"{name}={quote(value, safe='')}" for name, value in said.items() if value]
    return {"spark_remote": ";".join([f"sc://{host}:{connection.port or _CONNECT_PORT}/", *parts])}


def _warehouse(connection: Connection, extra: Extra) -> Values:
    kind = {} if connection.conn_type == _ANY_TYPE else {"warehouse_kind": connection.conn_type}
    return kind | _database("warehouse_dsn")(connection, extra)


def _database(setting: str) -> Callable[[Connection, Extra], Values]:
    def read(connection: Connection, extra: Extra) -> Values:
        from psycopg2 import ProgrammingError  # noqa: PLC0415 - too heavy for the reading of a DAG
        from psycopg2.extensions import make_dsn  # noqa: PLC0415

        named = {"host": connection.host, "user": connection.login, "dbname": connection.schema}
        if missing := [name for name, value in named.items() if not value]:
            words = {"host": "host", "user": "login", "dbname": "schema (the database's name)"}
            raise bad(connection, f"has no {', no '.join(words[name] for name in missing)}")
        port = connection.port or _PORTS.get(connection.conn_type or "", _POSTGRES_PORT)
        login = named | {"password": connection.password, "port": str(port)}
        try:
            return {setting: make_dsn(None, **extra | login)}
        except (ProgrammingError, TypeError):
            names = ", ".join(sorted(extra))
            raise bad(connection, f"has {names} in its extra, which takes libpq's parameters only") from None

    return read


KNOWN: Final[Mapping[str, Known]] = {
    "acude_s3": Known(
        ("aws",),
        ("s3_access_key", "s3_secret_key", "s3_endpoint", "aws_region"),
        ("endpoint_url", "region_name"),
        _s3,
    ),
    "acude_athena": Known(
        ("athena", "aws"),
        ("athena_endpoint", "athena_workgroup", "results_bucket"),
        ("endpoint_url", "s3_staging_dir", "work_group"),
        _athena,
    ),
    "acude_spark": Known(("spark_connect",), ("spark_remote",), ("use_ssl",), _spark),
    "acude_redshift": Known(("redshift", "postgres"), ("warehouse_kind", "warehouse_dsn"), None, _warehouse),
    "acude_shop": Known(("postgres",), ("shop_dsn",), None, _database("shop_dsn")),
    "acude_risk": Known(("postgres",), ("risk_dsn",), None, _database("risk_dsn")),
}


def bad(connection: Connection | str, found: str) -> BadConnectionError:
    """What is wrong with a Connection, or with that of an id; names no value of it but its type."""
    name = connection if isinstance(connection, str) else connection.conn_id
    instead = ", ".join(map(variable, KNOWN[name].replaces))
    return BadConnectionError(
        f"Airflow's Connection {name} {found}.",
        f"Correct it under Admin, Connections, or in AIRFLOW_CONN_{name.upper()}; or delete it, to use {instead}.",
    )


def variable(setting: str) -> str:
    """The name under which the environment has a setting."""
    return f"ACUDE_{setting.upper()}"
