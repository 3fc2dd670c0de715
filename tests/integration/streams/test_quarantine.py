"""A bad record stops nothing: it waits with its bytes, and goes round again once its contract is right."""

import ast
import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from pydantic import SecretStr

from acude.kafka.topics import ensure_topics
from acude.local.platform import Platform
from acude.local.servers import trino
from acude.settings import settings
from tests.integration.streams.steps import ingest, register
from tests.integration.streams.streamlab import StreamLab, stream_lab
from tests.own_topic import drop_topic, own_topic, produce
from tests.programs import free_port, running

BIN = Path(sys.executable).parent
COLD = b'{"id_sensor":"s1","valor":-5.0,"timestamp":"2026-11-22T10:00:00","id_evento":"cold"}'
WARM = b'{"id_sensor":"s1","valor":5.0,"timestamp":"2026-11-22T10:00:00","id_evento":"warm"}'
BROKEN = b'{"id_sensor":\xff\x1b'
NAMELESS = b'{"id_sensor":"s2","valor":-7.0,"timestamp":"2026-11-22T10:00:00"}'
HEADER = ("rastro", b"\x00\x01")

KILLED = """
import os, signal, sys
from acude.cli import app
from acude.ingestion import quarantine
quarantine._remember = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
app(["quarantine", "replay", "--record", sys.argv[1]])
"""
"""A replay that is killed between the broker's answer and its own note of it."""

NEWEST = """
import sys
from acude.ingestion.quarantine import found
from acude.kafka.record_filter import RecordFilter
print([one.cabecalhos for one in found(RecordFilter("json_invalido", sys.argv[1]), 1, content=True)])
"""
"""What `replay --limit 1` asks Athena for."""


@dataclass
class Sensors:
    """A lake whose topic refuses negative readings, with a catalogue and an Athena of its own."""

    lab: StreamLab
    topic: str
    contract: Path

    def acude(self, *arguments: str, code: int = 0) -> Any:  # noqa: ANN401 - JSON
        """Runs `acude quarantine ... --json`."""
        command = [str(BIN / "acude"), "quarantine", *arguments, "--json"]
        done = subprocess.run(command, env=self.lab.whole_environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout) if done.stdout else done.stderr

    def allow_negative(self) -> None:
        """Corrects the contract; a driver reads it when it starts."""
        self._set_minimum({})
        self.lab.end_the_process()

    def refuse_negative(self) -> None:
        self._set_minimum({"logicalTypeOptions": {"minimum": 0}})

    def _set_minimum(self, options: dict[str, object]) -> None:
        contract = yaml.safe_load(self.contract.read_text())
        fields = contract["schema"][0]["properties"]
        at = next(n for n, field in enumerate(fields) if field["name"] == "valor")
        fields[at].pop("logicalTypeOptions", None)
        fields[at] |= options
        self.contract.write_text(yaml.safe_dump(contract, allow_unicode=True))

    def ids(self) -> list[str]:
        return sorted(row["id_evento"] for row in self.lab.rows(f"silver.{self.topic}"))


@contextmanager
def athena_of(lab: StreamLab, folder: Path) -> Iterator[None]:
    """Athena with an engine that may read the lab's own bucket."""
    options = lab.config.aws_options()
    port, key, secret = free_port(), options["aws_access_key_id"], options["aws_secret_access_key"]
    theirs = {"trino_port": port, "trino_s3_access_key": key, "trino_s3_secret_key": SecretStr(secret)}
    config = lab.config.model_copy(update={**theirs, "var": folder})
    keys = {"ACUDE_TRINO_PORT": str(port), "ACUDE_TRINO_S3_ACCESS_KEY": key, "ACUDE_TRINO_S3_SECRET_KEY": secret}
    environment = lab.whole_environment | keys
    trino.prepare(config)
    with running(trino.command(config), f"http://127.0.0.1:{port}/v1/info", folder, environment):
        server = [sys.executable, "-m", "acude.athena"]
        with running(server, f"{config.athena_endpoint}/health", folder, environment):
            yield


@pytest.fixture(scope="module")
def sensors(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sensors]:
    del platform
    folder = tmp_path_factory.mktemp("sensors") / "contracts"
    topic = own_topic(folder)
    glue, athena = free_port(), free_port()
    changes: dict[str, object] = {
        "contracts": folder,
        "glue_endpoint": f"http://127.0.0.1:{glue}",
        "athena_port": athena,
        "athena_endpoint": f"http://127.0.0.1:{athena}",
    }
    with stream_lab(**changes) as lab:
        lab.new_lake()
        found = Sensors(lab, topic, folder / "topics" / f"{topic}.odcs.yaml")
        found.refuse_negative()
        ensure_topics(settings().model_copy(update={"contracts": folder}))
        moto = [str(BIN / "moto_server"), "-H", "127.0.0.1", "-p", str(glue)]
        with (
            running(moto, f"{changes['glue_endpoint']}/moto-api/", folder, lab.whole_environment),
            athena_of(lab, tmp_path_factory.mktemp("trino")),
        ):
            produce(lab.config, topic, COLD, headers=[HEADER])
            produce(lab.config, topic, WARM, BROKEN, None)
            produce(lab.config, topic, b"{", b"{", headers=[HEADER, ("trace", b"")])
            lab.do(ingest)
            lab.do(register)
            yield found
        drop_topic(lab.config, topic)


def waiting(sensors: Sensors, reason: str) -> dict[str, Any]:
    found = sensors.acude("list", "--motivo", reason, "--topico", sensors.topic)["registros"]
    assert len(found) == 1
    return dict(found[0])


def place(record: dict[str, Any]) -> str:
    return f"{record['topico']}/{record['particao']}/{record['deslocamento']}"


def test_refused_records_are_listed_with_their_reasons(sensors: Sensors) -> None:
    totals = sensors.acude("list", "--topico", sensors.topic)["totais"]
    found = {total["motivo"] for total in totals}
    assert {"valor_invalido", "utf8_invalido", "vazio"} <= found


def test_a_refused_record_waits_with_its_bytes_key_and_headers(sensors: Sensors) -> None:
    record = waiting(sensors, "valor_invalido")
    shown = sensors.acude("show", place(record))
    assert base64.b64decode(shown["valor_base64"]) == COLD
    assert base64.b64decode(shown["chave_base64"]) == b"k"
    assert [(h["chave"], base64.b64decode(h["valor_base64"])) for h in shown["cabecalhos"]] == [HEADER]
    assert not shown["reenviado"]


def test_broken_bytes_are_shown_without_touching_the_terminal(sensors: Sensors) -> None:
    record = waiting(sensors, "utf8_invalido")
    command = [str(BIN / "acude"), "quarantine", "show", place(record)]
    done = subprocess.run(command, env=sensors.lab.whole_environment, capture_output=True, check=True)
    assert b"\\xff\\x1b" in done.stdout
    assert b"\x1b" not in done.stdout


def test_of_records_beyond_the_limit_no_headers_are_fetched(sensors: Sensors) -> None:
    config = sensors.lab.config
    options: dict[str, Any] = {"endpoint_url": config.athena_endpoint, **config.aws_options()}
    athena = boto3.client("athena", **options)
    before = set(athena.list_query_executions(WorkGroup=config.athena_workgroup)["QueryExecutionIds"])
    command = [sys.executable, "-c", NEWEST, sensors.topic]
    done = subprocess.run(command, env=sensors.lab.whole_environment, capture_output=True, text=True, check=True)
    assert ast.literal_eval(done.stdout) == [(HEADER, ("trace", b""))]
    asked = set(athena.list_query_executions(WorkGroup=config.athena_workgroup)["QueryExecutionIds"]) - before
    statistics = [athena.get_query_runtime_statistics(QueryExecutionId=one) for one in asked]
    assert sum(one["QueryRuntimeStatistics"]["Rows"]["OutputRows"] for one in statistics) == 1


def test_a_record_that_is_not_there_is_said_to_be_missing(sensors: Sensors) -> None:
    assert "has no record" in sensors.acude("show", f"{sensors.topic}/0/999999", code=3)


def test_days_without_refused_records_list_none(sensors: Sensors) -> None:
    assert sensors.acude("list", "--topico", sensors.topic, "--to", "2020-01-01")["registros"] == []


def test_a_topic_that_does_not_exist_is_refused_with_those_that_do(sensors: Sensors) -> None:
    said = sensors.acude("list", "--topico", "leituras", code=2)
    assert "There is no topic 'leituras'" in said
    assert sensors.topic in said


def test_how_many_records_a_replay_sends_is_said_first(sensors: Sensors) -> None:
    command = [str(BIN / "acude"), "quarantine", "replay", "--topico", sensors.topic, "--to", "2020-01-01"]
    done = subprocess.run(command, env=sensors.lab.whole_environment, capture_output=True, text=True, check=True)
    assert "Sending 0 records again" in done.stderr


def test_a_replayed_record_is_in_silver_once_its_contract_is_right(sensors: Sensors) -> None:
    refused = place(waiting(sensors, "valor_invalido"))
    assert sensors.ids() == ["warm"]
    sensors.allow_negative()
    sent = sensors.acude("replay", "--motivo", "valor_invalido", "--topico", sensors.topic)
    assert sent == {"enviados": [refused], "ja_enviados": [], "ficaram": []}
    sensors.lab.do(ingest)
    assert sensors.ids() == ["cold", "warm"]
    landed = [row for row in sensors.lab.rows("bronze.eventos") if row["valor"] == COLD]
    newest = max(landed, key=lambda row: row["ingerido_em"])
    headers = [(header["chave"], header["valor"]) for header in newest["cabecalhos"]]
    assert headers == [HEADER, ("acude-reenvio-de", refused.encode())]
    assert newest["chave"] == b"k"

    repeated = sensors.acude("replay", "--motivo", "valor_invalido", "--topico", sensors.topic)
    assert repeated == {"enviados": [], "ja_enviados": [refused], "ficaram": []}
    forced = sensors.acude("replay", "--record", refused, "--again")
    assert forced["enviados"] == [refused]
    sensors.lab.do(ingest)
    assert sensors.ids() == ["cold", "warm"]
    assert len(sensors.lab.rows("silver.duplicatas")) == 1


def test_a_replay_that_is_killed_before_it_remembers_counts_an_event_without_an_id_once(sensors: Sensors) -> None:
    sensors.refuse_negative()
    sensors.lab.end_the_process()
    produce(sensors.lab.config, sensors.topic, NAMELESS)
    sensors.lab.do(ingest)
    refused = next(
        place(one)
        for one in sensors.acude("list", "--motivo", "valor_invalido", "--topico", sensors.topic)["registros"]
        if base64.b64decode(sensors.acude("show", place(one))["valor_base64"]) == NAMELESS
    )
    sensors.allow_negative()

    killed = subprocess.run(
        [sys.executable, "-c", KILLED, refused], env=sensors.lab.whole_environment, capture_output=True, check=False
    )
    assert killed.returncode == -9, killed.stderr
    assert sensors.acude("replay", "--record", refused) == {"enviados": [refused], "ja_enviados": [], "ficaram": []}
    assert sensors.acude("replay", "--record", refused) == {"enviados": [], "ja_enviados": [refused], "ficaram": []}
    sensors.lab.do(ingest)
    # A driver that starts learns from silver what was sent again.
    sensors.lab.end_the_process()
    assert sensors.acude("replay", "--record", refused, "--again")["enviados"] == [refused]
    sensors.lab.do(ingest)

    landed = [row for row in sensors.lab.rows("bronze.eventos") if row["valor"] == NAMELESS]
    assert len(landed) == 4
    found = [row for row in sensors.lab.rows(f"silver.{sensors.topic}") if row["id_sensor"] == "s2"]
    assert [row["id_evento"] for row in found] == [f"reenvio:{refused}"]
