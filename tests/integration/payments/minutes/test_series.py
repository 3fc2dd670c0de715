"""The time series in PostgreSQL: it follows gold, whatever happens to the database."""

from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime

import psycopg
import pytest
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
    views = script(Kind.TIMESCALEDB).partition("CREATE MATERIALIZED VIEW pagamentos_por_hora")[2]
    question = views.partition(" AS\n")[2].partition("WITH NO DATA")[0]
    with psycopg.connect(shop.database, autocommit=True) as connection:
        # A double of TimescaleDB's function, enough for hours.
        connection.execute(
            "CREATE FUNCTION time_bucket(interval, timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE "
            "AS $$ SELECT date_bin($1, $2, TIMESTAMPTZ '2000-01-01 00:00:00+00') $$"
        )
        connection.execute("DROP TABLE pagamentos_por_hora CASCADE")
        connection.execute(f"CREATE VIEW pagamentos_por_hora AS {question}".encode())
        view = (
            "CREATE VIEW pagamentos_hora AS" + script(Kind.TIMESCALEDB).partition("CREATE VIEW pagamentos_hora AS")[2]
        )
        connection.execute(view.encode())
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
