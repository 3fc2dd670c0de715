"""A record that can't be sent again costs itself only."""

import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
from typer.testing import CliRunner

from acude.aws import s3
from acude.cli import app
from acude.ingestion import quarantine
from acude.ingestion.quarantine import Refused
from acude.kafka.producer import close, connect
from acude.kafka.reader import TopicReader
from acude.kafka.records import Coordinate
from acude.kafka.topics import ensure_topics
from acude.local.platform import Platform
from acude.payments import deadletters
from acude.payments.deadletters import Letter
from acude.settings import settings
from tests.buckets import drop

AT = datetime(2001, 1, 1, 12, tzinfo=UTC) + timedelta(days=secrets.randbelow(9_000))
"""A day of this run's own: the topic holds the letters of runs before it."""
DAY = ("--from", f"{AT:%Y-%m-%d}", "--to", f"{AT:%Y-%m-%d}")
TOO_LARGE = 3 * 2**20
"""More than the broker takes, and less than the replaying producer."""


@pytest.fixture
def lake(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket of the test's own, for what is remembered of records that were sent."""
    bucket = f"acude-teste-{uuid4().hex[:12]}"
    s3(platform.config).create_bucket(Bucket=bucket)
    monkeypatch.setenv("ACUDE_LAKE_BUCKET", bucket)
    settings.cache_clear()
    ensure_topics()
    yield bucket
    monkeypatch.undo()
    settings.cache_clear()
    drop(bucket)


def letter(topic: str, offset: int, value: bytes | None = b"{}") -> Letter:
    given_up = AT + timedelta(seconds=offset % 10)
    return Letter(Coordinate(topic, 0, offset), "nao_gravado", "", 1, "t", given_up, b"k", value)


def post(*letters: Letter) -> None:
    """Puts letters on the topic as anybody can who may write to it."""
    producer = connect(settings(), "forger")
    try:
        for one in letters:
            headers = one.with_original() if one.value is not None else []
            payload = orjson.dumps(orjson.loads(one.payload()) | {"id_carta": uuid4().hex})
            producer.send(deadletters.TOPIC, payload, one.key, headers=headers).get(60)
    finally:
        close(producer, 5)


def replayed(*arguments: str, code: int) -> Any:  # noqa: ANN401 - JSON
    answer = CliRunner().invoke(app, ["deadletters", "replay", *DAY, *arguments, "--json"])
    assert answer.exit_code == code, answer.output
    return json.loads(answer.stdout)


def test_letters_that_can_not_be_sent_do_not_hold_up_the_others(lake: str) -> None:
    del lake
    first = 10 * int.from_bytes(os.urandom(5))
    value = uuid4().hex.encode()
    honest = [letter("contestacoes", first + number, value) for number in range(3)]
    names = ["__consumer_offsets", "naoexiste", "\x1b[2J/../x"]
    forged = [letter(name, first) for name in names]
    bare = letter("contestacoes", first + 3, None)
    post(forged[0], honest[0], forged[1], honest[1], bare, forged[2], honest[2])

    done = replayed(code=1)
    assert done["enviados"] == [str(one.at) for one in honest]
    stayed = {one["registro"]: one["por_que"] for one in done["ficaram"]}
    assert stayed == {
        **{str(one.at): "its topic is none of the contracts'" for one in forged},
        str(bare.at): "the letter has no bytes of it: it was too large to be kept",
    }
    arrived = TopicReader(settings()).between("contestacoes", holding=value)
    assert [one.value for one in arrived] == [value] * 3

    again = replayed(code=1)
    assert (again["enviados"], len(again["ja_enviados"]), len(again["ficaram"])) == ([], 3, 4)
    alone = replayed("--record", str(honest[0].at), "--again", code=0)
    assert (alone["enviados"], alone["ficaram"]) == ([str(honest[0].at)], [])


def test_records_that_kafka_refuses_do_not_hold_up_the_others(lake: str) -> None:
    del lake
    first = 10 * int.from_bytes(os.urandom(5))
    good = [Refused(Coordinate("contestacoes", 0, first + n), AT, "", "", b"k", b"{}") for n in range(4)]
    large = replace(good[1], valor=os.urandom(TOO_LARGE))
    empty = replace(good[2], chave=None, valor=None)
    odd: Any = ("h", None)
    headless = replace(good[3], cabecalhos=(odd,))
    records = [good[0], large, good[1], empty, headless, good[2], replace(large, at=good[3].at)]
    stayed = [(one.record, one.stayed) for one in quarantine.send_again(records)]
    assert [record for record, why in stayed if not why] == [good[0], good[1], good[2]]
    assert {why: record.valor for record, why in stayed if why} == {
        "Kafka refuses it (MessageSizeTooLargeError)": large.valor,
        "it has neither key nor bytes, and Kafka's client sends no such record": None,
        "Kafka refuses it (TypeError)": b"{}",
    }
    assert quarantine.already_sent(one.at for one in good) == {one.at for one in good[:3]}
