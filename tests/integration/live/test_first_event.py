"""An event that a stranger's producer sends is in silver and in Athena's answer."""

import re
import subprocess
import sys
import time
from uuid import uuid4

from kafka import KafkaProducer

from acude.athena.client import run_query
from acude.kafka import brokers
from acude.local.platform import Platform
from acude.settings import PROJECT

WITHIN_S = 300


def count(where: str) -> int:
    """How many events Athena finds."""
    answer = run_query(f"SELECT count(*) FROM silver.eventos_clientes WHERE {where}")  # noqa: S608 - ours
    return int(answer.rows[0][0])


def wait_for(where: str, least: int) -> None:
    deadline = time.monotonic() + WITHIN_S
    while count(where) < least:
        assert time.monotonic() < deadline, f"Athena has not {least} events where {where}"
        time.sleep(1)


def test_the_producer_lines_of_the_readme_reach_athena(streams: Platform) -> None:
    del streams
    sample = (
        "id_usuario = 'u123' AND tipo_evento = 'clique' AND id_produto = 'p456' AND data = DATE '2025-05-14' "
        "AND id_evento IS NULL"
    )
    before = count(sample)
    lines = re.findall(r"```python\n(.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)[0]
    subprocess.run([sys.executable, "-c", lines], check=True)
    wait_for(sample, before + 1)
    assert count(sample) == before + 1


def test_athena_answers_with_a_random_value_that_was_just_sent(streams: Platform) -> None:
    product = f"p{uuid4().hex}"
    event = (
        f'{{"id_usuario":"u1","tipo_evento":"visualizacao","id_produto":"{product}","timestamp":"2026-11-20T10:00:00"}}'
    )
    producer = KafkaProducer(**brokers.kafka_python(streams.config), acks="all")
    producer.send("eventos_clientes", event.encode())
    producer.close()
    wait_for(f"id_produto = '{product}'", 1)
    rows = run_query(f"SELECT id_usuario, data FROM silver.eventos_clientes WHERE id_produto = '{product}'").rows  # noqa: S608
    assert [(user, str(day)) for user, day in rows] == [("u1", "2026-11-20")]
