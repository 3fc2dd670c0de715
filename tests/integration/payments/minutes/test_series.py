"""The time series in PostgreSQL: it follows gold, whatever happens to the database."""

from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from acude.payments.series.schema import Kind, script
from tests.integration.payments.minutes.conftest import Shop
from tests.integration.payments.minutes.rows import DAY, HOUR, MINUTE, NOON, decision, expected, payment, some_payments
from tests.integration.streams.steps import payments_that_end_before_the_database


def test_a_driver_killed_between_gold_and_the_database_leaves_nothing_behind(shop: Shop) -> None:
    shop.pay(*some_payments(50))
    with pytest.raises(BrokenProcessPool):
        shop.lab.do(payments_that_end_before_the_database)
    shop.lab.forget_the_process()
    assert shop.gold() == expected(shop.paid, [], MINUTE)
    assert shop.ask("SELECT to_regclass('pagamentos_minuto') AS there") == [{"there": None}]
    shop.count()
    shop.all_agree()


def test_an_absent_database_stops_nothing_and_gets_everything_when_it_is_back(shop: Shop) -> None:
    shop.lab.change(risk_dsn=make_conninfo(shop.database, port="1"))
    shop.pay(payment(NOON))
    shop.count()
    shop.pay(payment(NOON + HOUR))
    shop.count()
    assert shop.gold() == expected(shop.paid, [], MINUTE)
    shop.lab.change(risk_dsn=shop.database)
    # Nothing new has come since.
    shop.count()
    shop.all_agree()


def test_a_database_that_lost_or_changed_hours_gets_them_again(shop: Shop) -> None:
    shop.pay(payment(NOON), payment(NOON + HOUR))
    shop.count()
    with psycopg.connect(shop.database) as connection:
        connection.execute("DELETE FROM pagamentos_por_minuto WHERE janela_inicio = %s", (NOON,))
        connection.execute("UPDATE pagamentos_cargas SET arquivos = 'outro'")
    shop.count()
    shop.all_agree()


def test_old_minutes_go_and_their_hours_stay(shop: Shop) -> None:
    shop.pay(payment(NOON - 30 * DAY), payment(NOON))
    shop.count()
    hours = shop.hours()
    with psycopg.connect(shop.database) as connection:
        connection.execute("SELECT pagamentos_expirar(%s)", (NOON + 10 * DAY,))
    assert [key[0] for key in shop.minutes()] == [NOON]
    assert shop.hours() == hours
    with psycopg.connect(shop.database) as connection:
        connection.execute("SELECT pagamentos_expirar(%s)", (NOON + 500 * DAY,))
    assert shop.hours() == {}


def test_a_second_run_of_the_script_changes_nothing(shop: Shop) -> None:
    shop.pay(*some_payments(50))
    shop.count()
    with psycopg.connect(shop.database, autocommit=True) as connection:
        connection.execute(script(Kind.PLAIN).encode())
    shop.all_agree()


def test_an_hour_that_the_database_refuses_holds_up_no_other(shop: Shop) -> None:
    shop.pay(payment(NOON), payment(NOON + HOUR))
    shop.count()
    with psycopg.connect(shop.database, autocommit=True) as connection:
        connection.execute(
            sql.SQL(
                "ALTER TABLE pagamentos_por_minuto ADD CONSTRAINT so_uma CHECK (transacoes = 1 OR janela_inicio <> {})"
            ).format(NOON)
        )
    before = shop.minutes()
    shop.pay(payment(NOON), payment(NOON + HOUR), payment(NOON + 2 * HOUR))
    shop.count()
    found = shop.minutes()
    assert {key[0]: row[0] for key, row in found.items()} == {NOON: 1, NOON + HOUR: 2, NOON + 2 * HOUR: 1}
    assert before.items() & found.items()  # The refused hour is as it was, not half loaded.
    with psycopg.connect(shop.database, autocommit=True) as connection:
        connection.execute("ALTER TABLE pagamentos_por_minuto DROP CONSTRAINT so_uma")
    shop.count()
    shop.all_agree()


@pytest.fixture
def unpartitioned(shop: Shop) -> Shop:
    """A database with TimescaleDB's names but tables of PostgreSQL's: nothing is packed, the loader does the same."""
    text = script(Kind.TIMESCALEDB)
    tables, rest = text.partition("-- TimescaleDB keeps hours")[::2]
    functions = rest[rest.index("CREATE OR REPLACE FUNCTION pagamentos_preparar") :]
    hours = (
        "CREATE VIEW pagamentos_por_hora AS SELECT date_trunc('hour', janela_inicio) AS hora, tipo_pagamento, "
        "operacao, moeda, uf, resultado, sum(transacoes) AS transacoes, sum(valor) AS valor FROM pagamentos_por_minuto "
        "GROUP BY 1, 2, 3, 4, 5, 6;"
    )
    with psycopg.connect(shop.database, autocommit=True) as connection:
        connection.execute((tables + hours + functions).encode())
    return shop


def test_with_timescaledb_a_late_decision_replaces_what_its_hour_had(unpartitioned: Shop) -> None:
    first, second = payment(NOON), payment(NOON + HOUR)
    unpartitioned.pay(first, second)
    unpartitioned.count()
    unpartitioned.decide(decision(first, "negar"))
    unpartitioned.count()
    unpartitioned.all_agree()


def test_with_timescaledb_an_hour_is_emptied_and_filled_in_one_transaction(unpartitioned: Shop) -> None:
    unpartitioned.pay(payment(NOON))
    unpartitioned.count()
    before = unpartitioned.minutes()
    with psycopg.connect(unpartitioned.database, autocommit=True) as connection:
        connection.execute("ALTER TABLE pagamentos_por_minuto ADD CONSTRAINT so_uma CHECK (transacoes = 1)")
    unpartitioned.pay(payment(NOON))
    unpartitioned.count()
    assert unpartitioned.minutes() == before
    with psycopg.connect(unpartitioned.database, autocommit=True) as connection:
        connection.execute("ALTER TABLE pagamentos_por_minuto DROP CONSTRAINT so_uma")
    unpartitioned.count()
    unpartitioned.all_agree()


def test_timescaledbs_script_is_sql_that_postgresql_parses(shop: Shop) -> None:
    # The whole text is parsed before its first statement runs; only that one is let through to fail.
    probe = b"DO $$BEGIN RAISE EXCEPTION 'lido'; END$$;"
    with psycopg.connect(shop.database, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.RaiseException, match="lido"):
            connection.execute(probe + script(Kind.TIMESCALEDB).encode())
        with pytest.raises(psycopg.errors.SyntaxError):
            connection.execute(probe + script(Kind.TIMESCALEDB).replace("WITH NO DATA", "WITH NO DATUM").encode())


def test_timescaledbs_hours_are_those_of_the_plain_tables(shop: Shop) -> None:
    paid = some_payments(200)
    shop.pay(*paid)
    shop.decide(*(decision(row, "negar") for row in paid[:40]))
    shop.count()
    found = shop.hours()
    views = script(Kind.TIMESCALEDB).partition("CREATE MATERIALIZED VIEW IF NOT EXISTS pagamentos_por_hora")[2]
    question = views.partition(" AS\n")[2].partition("WITH NO DATA")[0]
    with psycopg.connect(shop.database, autocommit=True) as connection:
        # A double of TimescaleDB's function, enough for hours.
        connection.execute(
            "CREATE FUNCTION time_bucket(interval, timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE "
            "AS $$ SELECT date_bin($1, $2, TIMESTAMPTZ '2000-01-01 00:00:00+00') $$"
        )
        connection.execute("DROP TABLE pagamentos_por_hora CASCADE")
        connection.execute(f"CREATE VIEW pagamentos_por_hora AS {question}".encode())
        create = "CREATE OR REPLACE VIEW pagamentos_hora AS"
        connection.execute((create + script(Kind.TIMESCALEDB).partition(create)[2]).encode())
    assert shop.hours() == found


def test_the_clock_of_a_database_elsewhere_changes_no_hour(shop: Shop) -> None:
    with psycopg.connect(shop.database, autocommit=True) as connection:
        connection.execute("ALTER ROLE CURRENT_USER SET timezone = 'Asia/Kolkata'")
    try:
        shop.pay(payment(NOON), payment(datetime(NOON.year, NOON.month, NOON.day, 23, 59, 59, tzinfo=UTC)))
        shop.count()
        shop.all_agree()
    finally:
        with psycopg.connect(shop.database, autocommit=True) as connection:
            connection.execute("ALTER ROLE CURRENT_USER RESET timezone")
