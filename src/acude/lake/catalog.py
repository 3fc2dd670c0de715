"""Registers the lake's tables in Glue, where Athena and every other reader of the catalogue finds them."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acude import aws
from acude.contracts.glue import table_input
from acude.contracts.model import Contract, Layer, tables
from acude.settings import Settings, settings

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

log = logging.getLogger(__name__)

DATABASES = {
    Layer.BRONZE: "Every record of every topic, as it came",
    Layer.SILVER: "Typed and deduplicated rows",
    Layer.GOLD: "Daily marts and live numbers",
}


@dataclass(frozen=True)
class Registration:
    """What `register_all` did, as full names (`gold.mais_vendidos`)."""

    created: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]


def location(contract: Contract, config: Settings) -> str:
    """Where a table's files lie, as Athena says it: ``s3://``, where Spark says ``s3a://``."""
    return f"s3://{config.lake_bucket}/{contract.layer}/{contract.name}"


def _ensure_database(glue: "GlueClient", name: str, about: str) -> None:
    try:
        glue.create_database(DatabaseInput={"Name": name, "Description": about})
    except glue.exceptions.AlreadyExistsException:
        return
    log.info("created Glue database %s", name)


def _registered(glue: "GlueClient", database: str) -> dict[str, Mapping[str, Any]]:
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=database)
    return {table["Name"]: table for page in pages for table in page["TableList"]}


def _agrees(wanted: object, found: object) -> bool:
    """Whether the catalogue says all that is wanted; what it adds (versions, defaults) doesn't matter."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(_agrees(value, found.get(key)) for key, value in wanted.items())
    if isinstance(wanted, list):
        return (
            isinstance(found, Sequence)
            and len(wanted) == len(found)
            and all(_agrees(one, other) for one, other in zip(wanted, found, strict=True))
        )
    return wanted == found


def _register(glue: "GlueClient", database: str, entry: Any, found: Mapping[str, Any] | None) -> str:  # noqa: ANN401 (boto3's own type is a union of unions)
    """Creates or updates one table; says which."""
    if found is not None and _agrees(entry, found):
        return "unchanged"
    if found is None:
        try:
            glue.create_table(DatabaseName=database, TableInput=entry)
        except glue.exceptions.AlreadyExistsException:
            # Somebody registered it since it was looked for.
            glue.update_table(DatabaseName=database, TableInput=entry)
        return "created"
    glue.update_table(DatabaseName=database, TableInput=entry)
    return "updated"


def missing(config: Settings) -> list[str]:
    """Tables that the catalogue does not have."""
    glue = aws.glue(config)
    known = {
        database["Name"] for page in glue.get_paginator("get_databases").paginate() for database in page["DatabaseList"]
    }
    there = {layer: _registered(glue, layer) for layer in DATABASES if layer in known}
    return [contract.full_name for contract in tables() if contract.name not in there.get(contract.layer, {})]


def register_all(config: Settings | None = None) -> Registration:
    """Makes the catalogue say of every lake table what its contract says.

    Creates the databases bronze, silver and gold and their tables; updates the tables that differ and touches no
    other. Safe to repeat and to run twice at once; tables without a contract are left alone. The local catalogue
    forgets everything when it stops, so this runs at each start of the platform.

    Args:
        config: the settings; the process's own unless given.
    """
    config = config or settings()
    glue = aws.glue(config)
    done: dict[str, list[str]] = {"created": [], "updated": [], "unchanged": []}
    for layer, about in DATABASES.items():
        _ensure_database(glue, layer, about)
        there = _registered(glue, layer)
        for contract in (c for c in tables() if c.layer is layer):
            entry = table_input(contract, location(contract, config))
            done[_register(glue, layer, entry, there.get(contract.name))].append(contract.full_name)
    log.info("Glue: %s", ", ".join(f"{len(names)} tables {what}" for what, names in done.items()))
    return Registration(**{what: tuple(names) for what, names in done.items()})
