"""The role of dashboards is on the local server, too: it reads two views, once an administrator gives it a password."""

from contextlib import closing

import psycopg

from acude.local.database_setup import create_databases
from acude.local.databases import PANEL
from acude.local.platform import Platform
from acude.local.servers import postgres
from acude.payments.series.loader import prepare

_READABLE = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v') AND has_table_privilege(%s, oid, 'SELECT')
ORDER BY relname
"""


def test_it_reads_payments_by_minute_and_hour_and_nothing_else(database: str) -> None:
    with psycopg.connect(database) as owner:
        prepare(owner)
        assert [name for (name,) in owner.execute(_READABLE, (PANEL,))] == ["pagamentos_hora", "pagamentos_minuto"]


def test_it_has_no_password_at_first_and_a_start_keeps_the_one_that_it_was_given(platform: Platform) -> None:
    with closing(postgres.connect(platform.config)) as admin, admin.cursor() as cursor:

        def has_password() -> bool:
            cursor.execute("SELECT rolpassword IS NOT NULL FROM pg_authid WHERE rolcanlogin AND rolname = %s", (PANEL,))
            [found] = cursor.fetchall()
            return bool(found[0])

        assert not has_password()
        cursor.execute(f"ALTER ROLE {PANEL} PASSWORD 'dada'")
        try:
            create_databases(platform.config)
            assert has_password()
        finally:
            cursor.execute(f"ALTER ROLE {PANEL} PASSWORD NULL")
