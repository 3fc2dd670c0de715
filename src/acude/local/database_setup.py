"""Makes the local server's roles and databases, as an administrator would."""

from collections.abc import Iterable
from contextlib import closing

from psycopg.conninfo import conninfo_to_dict

from acude.local.databases import Step, audit_grant, server
from acude.local.servers.postgres import connect, dsns, superuser_dsn
from acude.migrations.database import AUDIT, migrate
from acude.settings import Settings


def create_databases(config: Settings) -> None:
    """Creates the roles and databases that are missing, and gives each role the password of its DSN."""
    _run(config, "postgres", server(dsns(config), config.risk_dsn.get_secret_value()))
    ensure_audit_log(config)


def ensure_audit_log(config: Settings) -> None:
    """Migrates the audit log, owned by the superuser: the role that stores decisions may only append to it."""
    dsn = config.risk_dsn.get_secret_value()
    database = str(conninfo_to_dict(dsn)["dbname"])
    migrate(AUDIT, superuser_dsn(config, database))
    _run(config, database, audit_grant(dsn))


def _run(config: Settings, database: str, steps: Iterable[Step]) -> None:
    """Runs the statements as superuser, but those that were run before."""
    with closing(connect(config, database)) as session, session.cursor() as cursor:
        for step in steps:
            if step.known:
                cursor.execute(step.known)
                if cursor.rowcount:
                    continue
            cursor.execute(step.statement)
