"""Alembic runs this file: all migrations that are missing, one process at a time, all of them or none."""

from collections.abc import Collection, Mapping
from typing import Final

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from sqlalchemy import text
from sqlalchemy.schema import CreateSchema

_MIGRATING: Final = 0x61637564650003
_SCHEMA: Final = context.config.attributes["schema"]
_OPTIONS: Final = {"version_table": context.config.attributes["version_table"], "version_table_schema": _SCHEMA}


def _online() -> None:
    connection = context.config.attributes["connection"]
    # Whoever reads or writes a table waits behind a migration that waits for it.
    connection.execute(text("SET LOCAL lock_timeout = '10s'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATING})
    if _SCHEMA:
        connection.execute(CreateSchema(_SCHEMA, if_not_exists=True))
    context.configure(connection=connection, on_version_apply=_applied, **_OPTIONS)
    context.run_migrations()


def _applied(
    ctx: MigrationContext,  # noqa: ARG001 - Alembic gives all of them by their names
    step: MigrationInfo,
    heads: Collection[str],  # noqa: ARG001
    run_args: Mapping[str, object],  # noqa: ARG001
) -> None:
    context.config.attributes["applied"].append(step.up_revision_id)


def _as_script() -> None:
    # By this style of parameters a percent sign stays one.
    context.configure(dialect_name="postgresql", dialect_opts={"paramstyle": "named"}, literal_binds=True, **_OPTIONS)
    with context.begin_transaction():
        if _SCHEMA:
            context.execute(CreateSchema(_SCHEMA, if_not_exists=True))
        context.run_migrations()


if context.is_offline_mode():
    _as_script()
else:
    _online()
