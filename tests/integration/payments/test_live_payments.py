"""Payments by minute in gold and in PostgreSQL, against a few lines of plain Python and against silver's sums."""

import itertools
import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from acude.local.platform import Platform
from acude.local.servers import postgres
from acude.orchestration.lag import lags
from acude.payments.series.schema import Kind, script
from acude.simulator.payments import payments as simulated
from tests.integration.streams.silver import TODAY
from tests.integration.streams.streamlab import (
    Row,
    StreamLab,
    payments,
    payments_that_end_before_the_database,
    stream_lab,
)

TABLES = ("silver.transacoes", "silver.decisoes_risco", "gold.ao_vivo_pagamentos_por_minuto")
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOON = TODAY - DAY + 12 * HOUR
KEY = ("janela_inicio", "tipo_pagamento", "operacao", "moeda", "uf", "resultado")


@pytest.fixture(scope="module")
def spark(platform: Platform) -> Iterator[StreamLab]:
    """One Spark for all tests here; each test begins with an empty lake and an empty database."""
    del platform
    with stream_lab() as lab:
        yield lab


@pytest.fixture(scope="module")
def database(platform: Platform) -> Iterator[str]:
    """A database of the tests' own, beside the decisions'."""
    dsn, name = platform.config.risk_dsn.get_secret_value(), f"teste_{uuid4().hex[:12]}"
    owner = psycopg.conninfo.conninfo_to_dict(dsn)["user"]
    with closing(postgres.connect(platform.config)) as admin, admin.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}" OWNER "{owner}"')
    yield make_conninfo(dsn, dbname=name)
    with closing(postgres.connect(platform.config)) as admin, admin.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@dataclass
class Shop:
    """Writes payments and decisions into silver as `ingest` would, and reads what was counted."""

    lab: StreamLab
    database: str
    paid: list[Row] = field(default_factory=list)
    decided: list[Row] = field(default_factory=list)

    def count(self) -> None:
        """Lets the stream see what has come."""
        self.lab.do(payments)

    def pay(self, *rows: Row) -> None:
        """One micro-batch of payments."""
        self.paid += rows
        self.lab.append("silver.transacoes", list(rows))

    def decide(self, *rows: Row) -> None:
        """One micro-batch of decisions."""
        self.decided += rows
        self.lab.append("silver.decisoes_risco", list(rows))

    def gold(self) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        return _by_key(self.lab.rows("gold.ao_vivo_pagamentos_por_minuto"))

    def version(self) -> int:
        return int(self.lab.table("gold.ao_vivo_pagamentos_por_minuto").version())

    def ask(self, question: str) -> list[Row]:
        with psycopg.connect(self.database, row_factory=psycopg.rows.dict_row, options="-c timezone=UTC") as connection:
            return connection.execute(question.encode()).fetchall()

    def minutes(self) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        return _by_key(self.ask("SELECT * FROM pagamentos_minuto"))

    def hours(self) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        return _by_key(self.ask("SELECT *, hora AS janela_inicio FROM pagamentos_hora"))

    def all_agree(self) -> None:
        """Gold and PostgreSQL say what silver says."""
        assert self.gold() == expected(self.paid, self.decided, MINUTE)
        assert self.minutes() == self.gold()
        assert self.hours() == expected(self.paid, self.decided, HOUR)


def _by_key(rows: Sequence[Row]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    found = {
        tuple(row[name] for name in KEY): (row["transacoes"], row["valor"], row["media"], row["taxa_fraude"])
        for row in rows
    }
    assert len(found) == len(rows)
    return found


@pytest.fixture
def shop(spark: StreamLab, database: str) -> Shop:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP OWNED BY CURRENT_USER")
        connection.execute("CREATE SCHEMA IF NOT EXISTS public")
    spark.changes["risk_dsn"] = database
    spark.new_lake()
    spark.create(*TABLES)
    return Shop(spark, database)


_offsets = itertools.count()


def _lineage(at: datetime) -> Row:
    number = next(_offsets)
    return {
        "data": at.date(),
        "atrasado": False,
        "particao": 0,
        "deslocamento": number,
        "carimbo_kafka": at,
        "hash_conteudo": number,
        "ingerido_em": at,
    }


def payment(at: datetime, cents: int = 1000, uf: str | None = "SP", **own: object) -> Row:
    """A row of silver.transacoes."""
    return {
        "id_transacao": f"t{next(_offsets)}",
        "tipo_pagamento": "pix",
        "operacao": "pagamento",
        "valor": Decimal(cents).scaleb(-2),
        "moeda": "BRL",
        "timestamp": at,
        "id_pagador": "u1",
        "documento_pagador": "k1:0",
        "id_recebedor": "r1",
        "uf": uf,
        **_lineage(at),
        **own,
    }


def decision(of: Row, decisao: str, after: timedelta = SECOND) -> Row:
    """A row of silver.decisoes_risco."""
    same = ("id_transacao", "tipo_pagamento", "valor", "moeda", "id_pagador", "operacao", "uf")
    at = of["timestamp"] + after
    return {
        **{name: of[name] for name in same},
        "decisao": decisao,
        "pontuacao": 0,
        "motivos": [],
        "timestamp": at,
        "transacao_em": of["timestamp"],
        "id_rastro": "x",
        "versao_regras": "1",
        "versao_modelo": "nenhum",
        "degradado": False,
        "causas": [],
        "latencia_ms": 1,
        **_lineage(at),
    }


def expected(paid: list[Row], decided: list[Row], size: timedelta) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """The table in plain Python; windows of a minute or an hour."""
    answers: dict[tuple[str, datetime], str] = {}
    for row in sorted(decided, key=lambda row: row["timestamp"]):
        answers.setdefault((row["id_transacao"], row["transacao_em"]), row["decisao"])
    groups: dict[tuple[Any, ...], dict[str, list[Decimal]]] = {}
    for row in paid:
        at = row["timestamp"]
        start = TODAY + (at - TODAY) // size * size
        group = (start, row["tipo_pagamento"], row["operacao"], row["moeda"], row["uf"] or "EX")
        result = answers.get((row["id_transacao"], at), "sem_decisao")
        groups.setdefault(group, {}).setdefault(result, []).append(row["valor"])
    found: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for group, results in groups.items():
        all_decided = sum(len(values) for result, values in results.items() if result != "sem_decisao")
        refused = len(results.get("negar", ()))
        rate = _rounded(Decimal(refused) / all_decided, "0.000001") if all_decided else None
        for result, values in results.items():
            total = sum(values, Decimal(0))
            found[*group, result] = (len(values), total, _rounded(total / len(values), "0.0001"), rate)
    return found


def _rounded(value: Decimal, digits: str) -> Decimal:
    return value.quantize(Decimal(digits), ROUND_HALF_UP)


def some_payments(number: int) -> list[Row]:
    """Simulated payments around a midnight, as rows of silver."""
    begin = TODAY - timedelta(minutes=10)
    rate = number / timedelta(minutes=20).total_seconds()
    stream = itertools.islice(simulated(time.time_ns(), begin, timedelta(minutes=20), rate, fraud_share=0.1), number)
    return [msgspec.structs.asdict(one.payment) | _lineage(one.payment.timestamp) for one in stream]


def test_the_money_adds_up_whatever_came_in_which_batch(shop: Shop) -> None:
    chance = random.Random(5)  # noqa: S311 - not for secrets
    paid = some_payments(1_200)
    decided = [decision(row, chance.choices(["aprovar", "revisar", "negar"], [8, 1, 1])[0]) for row in paid[:-30]]
    chance.shuffle(paid)
    chance.shuffle(decided)
    for part in range(3):
        shop.pay(*paid[part::3])
        # Decisions of this batch's payments, of earlier ones', and of some that come only later.
        shop.decide(*decided[part::3])
        shop.count()
    shop.all_agree()
    silver = sum((row["valor"] for row in shop.lab.rows("silver.transacoes")), Decimal(0))
    (minutes,) = shop.ask("SELECT sum(valor) AS soma, sum(transacoes) AS quantas FROM pagamentos_minuto")
    (hours,) = shop.ask("SELECT sum(valor) AS soma, sum(transacoes) AS quantas FROM pagamentos_hora")
    assert silver == sum(row[1] for row in shop.gold().values()) == minutes["soma"] == hours["soma"]
    assert minutes["quantas"] == hours["quantas"] == len(paid)
    assert {key[-1] for key in shop.gold()} == {"aprovar", "revisar", "negar", "sem_decisao"}


def test_a_decision_in_a_later_batch_takes_its_payment_out_of_the_undecided(shop: Shop) -> None:
    paid = payment(NOON)
    shop.pay(paid)
    shop.count()
    assert [key[-1] for key in shop.minutes()] == ["sem_decisao"]
    shop.decide(decision(paid, "negar", after=2 * DAY))
    shop.count()
    assert [key[-1] for key in shop.minutes()] == ["negar"]
    shop.all_agree()


def test_a_decision_that_is_there_before_its_payment_counts_with_it(shop: Shop) -> None:
    paid = payment(NOON, uf=None)
    shop.decide(decision(paid, "revisar"))
    shop.count()
    assert shop.gold() == {}
    shop.pay(paid)
    shop.count()
    shop.all_agree()


def test_a_payment_that_was_decided_twice_counts_once_with_its_first_decision(shop: Shop) -> None:
    paid, other = payment(NOON), payment(NOON)
    shop.pay(paid, other)
    shop.decide(decision(paid, "aprovar"), decision(other, "aprovar"))
    shop.count()
    shop.decide(decision(paid, "negar", after=8 * DAY))
    # The same id at another time is another payment.
    shop.decide(decision(paid | {"timestamp": NOON + MINUTE}, "negar"))
    shop.count()
    assert [(key[-1], row[0]) for key, row in shop.gold().items()] == [("aprovar", 2)]
    shop.all_agree()


def test_a_minute_that_gets_more_after_hours_is_written_again_and_its_neighbours_are_not(shop: Shop) -> None:
    first = [payment(NOON - 2 * DAY), payment(NOON - 2 * DAY + 5 * MINUTE), payment(NOON)]
    shop.pay(*first)
    shop.count()
    before = shop.gold()
    shop.pay(payment(NOON - 2 * DAY + SECOND, 333))
    shop.count()
    changed = {key for key, row in shop.gold().items() if before.get(key) != row}
    assert [key[0] for key in changed] == [NOON - 2 * DAY]
    shop.all_agree()


def test_a_batch_that_runs_again_writes_nothing(shop: Shop) -> None:
    paid = some_payments(50)
    shop.pay(*paid)
    shop.decide(*(decision(row, "aprovar") for row in paid[:25]))
    shop.count()
    version, loaded = shop.version(), shop.ask("SELECT * FROM pagamentos_cargas ORDER BY hora")
    shop.lab.delete_last_commit("_checkpoints/payments/")
    shop.count()
    assert shop.version() == version
    assert shop.ask("SELECT * FROM pagamentos_cargas ORDER BY hora") == loaded
    shop.all_agree()


def test_a_lost_checkpoint_counts_the_same(shop: Shop) -> None:
    shop.pay(*some_payments(50))
    shop.count()
    version = shop.version()
    shop.lab.delete("_checkpoints/payments/")
    shop.count()
    assert shop.version() == version
    shop.all_agree()


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


def test_payments_older_than_gold_keeps_are_left_out(shop: Shop) -> None:
    shop.pay(payment(NOON - 40 * DAY), payment(NOON))
    shop.count()
    assert [key[0] for key in shop.gold()] == [NOON]
    assert shop.minutes() == shop.gold()


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


def test_the_query_is_behind_the_table_whose_rows_wait(shop: Shop) -> None:
    def behind() -> dict[str, bool]:
        return {lag.source: lag.behind > timedelta() for lag in lags(shop.lab.config) if lag.reader == "payments"}

    paid = payment(NOON)
    shop.pay(paid)
    shop.decide(decision(paid, "aprovar"))
    shop.count()
    assert behind() == {"silver.transacoes": False, "silver.decisoes_risco": False}

    shop.decide(decision(paid, "negar", after=MINUTE))
    assert behind() == {"silver.transacoes": False, "silver.decisoes_risco": True}
