"""The list of the platform's servers, and the order in which they start."""

from collections.abc import Callable, Iterable, Sequence
from graphlib import TopologicalSorter

from acude.local.errors import UnknownServiceError
from acude.local.servers import (
    airflow,
    athena,
    glue,
    kafka,
    postgres,
    risk,
    s3,
    shop,
    spark,
    spark_cluster,
    streams,
    trino,
    valkey,
)
from acude.local.service import Service
from acude.settings import Settings

SERVERS: Sequence[Callable[[Settings], Service]] = (
    kafka.service,
    s3.service,
    glue.service,
    trino.service,
    athena.service,
    spark.service,
    airflow.api,
    airflow.scheduler,
    airflow.dag_processor,
    airflow.triggerer,
    shop.blacklist,
    risk.worker,
    risk.recorder,
    shop.receiver,
    risk.notifier,
    risk.issuer,
    risk.payment_api,
    streams.service,
    shop.warehouses,
    shop.poller,
    shop.traffic,
    shop.payers,
)
"""Adding a server means adding its line here."""


def all_services(config: Settings) -> list[Service]:
    """Every server of the platform, as ``config`` configures it."""
    return [
        *(server(config) for server in SERVERS),
        *risk.own_workers(config),
        *spark_cluster.services(config),
        *postgres.services(config, _make_databases),
        *valkey.services(config),
    ]


def _make_databases(config: Settings) -> None:
    # Its client of PostgreSQL costs every command that knows the servers 0.1 s, and few make databases.
    from acude.local.database_setup import create_databases  # noqa: PLC0415

    create_databases(config)


def chosen(services: Iterable[Service], names: Iterable[str] | None) -> list[Service]:
    """The named services and all that they depend on; every bare server (not the live shop) where no name is given.

    Raises:
        UnknownServiceError: A name is unknown.
    """
    by_name = {service.name: service for service in services}
    wanted = [service.name for service in by_name.values() if not service.live] if names is None else list(names)
    found: dict[str, Service] = {}
    while wanted:
        name = wanted.pop()
        if name not in by_name:
            raise UnknownServiceError(f"There is no service {name!r}.", f"Choose from: {', '.join(sorted(by_name))}.")
        if name not in found:
            found[name] = by_name[name]
            wanted.extend(by_name[name].after)
    return [service for service in by_name.values() if service.name in found]


def start_order(services: Iterable[Service]) -> TopologicalSorter[str]:
    """A prepared sorter: ``get_ready()`` names what may start now, ``done(name)`` frees what waited for it.

    A dependency that isn't among the services counts as running.
    """
    given = list(services)
    names = {service.name for service in given}
    sorter = TopologicalSorter({service.name: names.intersection(service.after) for service in given})
    sorter.prepare()
    return sorter
