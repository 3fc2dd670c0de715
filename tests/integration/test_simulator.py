import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from acude.kafka.producer import BrokerError
from acude.local.platform import Platform
from acude.settings import Settings
from acude.simulator import ledger as ledgers
from acude.simulator.faults import Shares
from acude.simulator.play import Config, Progress, play

START = datetime(2026, 11, 20, tzinfo=UTC)
SHARES = Shares(late=0.05, duplicate=0.05, malformed=0.05, contradictory=0.02)

ENDLESS = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from acude.settings import settings
from acude.simulator.play import Config, play

var, topic = sys.argv[1:]
start = datetime(2026, 11, 20, tzinfo=UTC)
platform = settings().model_copy(update={"var": Path(var)})
play(Config(1000, timedelta(days=1), start=start, orders=False, topic=topic), platform=platform)
"""


@pytest.fixture
def shop(platform: Platform, tmp_path: Path) -> Iterator[Settings]:
    """The platform, with a ledger and an order database that start empty."""
    dsn = platform.config.shop_dsn.get_secret_value()
    schema = f"teste_{os.getpid()}_{time.monotonic_ns()}"
    with psycopg2.connect(dsn) as database, database.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {schema}")
    changed = {"var": tmp_path, "shop_dsn": f"{dsn}?options=-csearch_path%3D{schema}"}
    kept = {name: getattr(platform.config, name) for name in platform.config.model_fields_set}
    yield Settings.model_validate(kept | changed)
    with psycopg2.connect(dsn) as database, database.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA {schema} CASCADE")


Reader = Callable[[str], list[Any]]


def day(topic: str, *, orders: bool = False) -> Config:
    """An hour in the evening, 3,600 events."""
    return Config(1, timedelta(hours=1), 7, SHARES, START, orders, topic)


def trace(record: Any) -> str:  # noqa: ANN401 - kafka-python's record
    return str(dict(record.headers)["id_rastro"].decode())


def test_the_ledger_holds_every_acknowledged_coordinate_once(shop: Settings, topic: str, records_in: Reader) -> None:
    summary = play(day(topic), platform=shop)
    rows = ledgers.read(shop.var).to_pylist()
    records = {(record.partition, record.offset): record for record in records_in(topic)}
    assert summary.unanswered == 0
    assert Counter((row["particao"], row["deslocamento"]) for row in rows) == Counter(list(records))
    for row in rows:
        record = records[row["particao"], row["deslocamento"]]
        assert trace(record) == row["id_envio"]
        if row["tipo"] in {"valido", "duplicata", "contraditorio"}:
            assert row["id_evento"].encode() in record.value


def test_two_plays_of_a_seed_send_the_same_bytes_and_write_each_order_once(
    shop: Settings, topic: str, records_in: Reader
) -> None:
    first, second = (play(day(topic, orders=True), platform=shop) for _ in range(2))
    values = [(trace(record), record.value) for record in records_in(topic)]
    sent = [Counter(value for run, value in values if run.startswith(summary.run)) for summary in (first, second)]
    assert sent[0] == sent[1]
    assert first.orders > 0
    assert second.orders == 0
    answers = {
        row["resposta"]
        for row in ledgers.read(shop.var).to_pylist()
        if row["tipo"] == "venda" and second.run in row["id_envio"]
    }
    assert answers == {ledgers.EXISTED}


def test_the_ledger_and_the_order_database_agree_on_the_money_of_each_day(shop: Settings, topic: str) -> None:
    play(Config(0.2, timedelta(hours=48), 7, SHARES, START, orders=True, topic=topic), platform=shop)
    noted: Counter[tuple[object, str]] = Counter()
    for row in ledgers.read(shop.var).to_pylist():
        if row["tipo"] == "venda" and row["resposta"] == ledgers.CONFIRMED:
            noted[row["dia"], row["moeda"]] += row["valor"]
    day_of = "(data AT TIME ZONE 'UTC')::date"
    question = f"SELECT {day_of}, moeda, sum(quantidade * preco), min(quantidade) FROM vendas GROUP BY 1, 2"  # noqa: S608
    with psycopg2.connect(shop.shop_dsn.get_secret_value()) as database, database.cursor() as cursor:
        cursor.execute(question)
        found = cursor.fetchall()
    assert {(day, moeda): total for day, moeda, total, _ in found} == dict(noted)
    assert len(found) == 2
    assert min(least for *_, least in found) < 0
    assert all(isinstance(total, Decimal) for *_, total, _ in found)


def test_a_killed_producer_leaves_a_ledger_that_knows_what_it_does_not_know(
    topic: str, records_in: Reader, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", ENDLESS, str(tmp_path), topic]
    producer = subprocess.Popen(command)
    while ledgers.read(tmp_path).num_rows < 20_000:
        assert producer.poll() is None
        time.sleep(0.05)
    producer.send_signal(signal.SIGKILL)
    producer.wait()
    rows = ledgers.read(tmp_path).to_pylist()
    sent = {trace(record): (record.partition, record.offset) for record in records_in(topic)}
    known = {row["id_envio"]: row for row in rows}
    assert len(known) == len(rows)
    assert set(sent) <= set(known)
    unanswered = [row for row in rows if row["resposta"] == ledgers.UNANSWERED]
    assert unanswered
    for row in rows:
        if row["resposta"] == ledgers.CONFIRMED:
            assert sent[row["id_envio"]] == (row["particao"], row["deslocamento"])


def test_a_stop_ends_the_play_with_a_complete_ledger(shop: Settings, topic: str) -> None:
    stop = threading.Event()

    def after_some(progress: Progress) -> None:
        if progress.sent > 100:
            stop.set()

    config = Config(500, None, 7, SHARES, orders=False, topic=topic)
    summary = play(config, after_some, stop, shop)
    assert 100 < summary.sent == ledgers.read(shop.var).num_rows
    assert summary.unanswered == 0
    assert not list(summary.ledger.glob("*.arrows"))


def test_by_the_real_clock_event_times_are_now(shop: Settings, topic: str, records_in: Reader) -> None:
    before = datetime.now(UTC)
    summary = play(Config(100, timedelta(seconds=2), 7, orders=False, topic=topic), platform=shop)
    assert summary.sent == 200
    for record in records_in(topic):
        happened = datetime.fromisoformat(json.loads(record.value)["timestamp"])
        happened = happened if happened.tzinfo else happened.replace(tzinfo=UTC)
        assert before - timedelta(milliseconds=1) <= happened <= datetime.fromtimestamp(record.timestamp / 1000, UTC)
    assert before <= summary.start < summary.end <= datetime.now(UTC)


def test_a_missing_topic_is_named(shop: Settings) -> None:
    with pytest.raises(BrokerError, match="Expected topic nirgends"):
        play(day("nirgends"), platform=shop)


def test_a_missing_broker_is_a_sentence_and_a_failure(tmp_path: Path) -> None:
    environment = os.environ | {"ACUDE_VAR": str(tmp_path), "ACUDE_KAFKA_BOOTSTRAP": "127.0.0.1:18649"}
    command = [sys.executable, "-c", "from acude.cli import app; app()", "simulate", "--no-orders"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "Expected a Kafka broker at 127.0.0.1:18649" in ended.stderr
    assert "Traceback" not in ended.stderr
