"""What a record, a log or a database says can be read on a terminal, and does nothing else there."""

import ast
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.text import Text
from typer.testing import CliRunner

from acude import cli
from acude.athena import client
from acude.athena.client import QueryResult
from acude.commands import logs, output, query, records, risk, trace
from acude.commands import quarantine as quarantine_commands
from acude.commands.output import SafeConsole
from acude.errors import AcudeError
from acude.ingestion import quarantine
from acude.ingestion.quarantine import Answer, Refused
from acude.kafka.record_filter import RecordFilter
from acude.kafka.records import Coordinate
from acude.payments import deadletters
from acude.payments.deadletters import Letter
from acude.payments.trace.event import TraceEvent
from acude.payments.trace.gather import Trace

TITLE = "\x1b]0;owned\x07\x1b[2J"
EVIL = f"{TITLE}\x9b31m\u202egnp.exe\u2066\x7f\r\n[/]falsa [link=http://x]y[/link]"
SEEN = r"\x1b]0;owned\x07\x1b[2J"
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
FORGED = Letter(Coordinate(EVIL, 0, 1), "ilegivel", EVIL, 1, EVIL, AT, EVIL.encode(), EVIL.encode(), ((EVIL, b"\x1b"),))
REFUSED = Refused(Coordinate("alertas", 0, 1), AT, "json_invalido", EVIL, b"k", EVIL.encode(), ((EVIL, b"\x1b"),))
SOURCES = [Path(cli.__file__), *Path(output.__file__).parent.glob("*.py")]


def harmless(text: str) -> None:
    """Only signs that are seen, and line breaks."""
    assert [sign for sign in text if not sign.isprintable() and sign != "\n"] == []


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """What a terminal of 200 columns is sent, colours left out."""
    sent = StringIO()
    console = SafeConsole(file=sent, force_terminal=True, width=200, color_system=None, highlight=False)
    for module in (output, quarantine_commands, query, records, risk, trace):
        monkeypatch.setattr(module, "out", console)
    for module in (output, quarantine_commands, query, records):
        # Without the lines that move.
        monkeypatch.setattr(module, "err", SafeConsole(file=sent, width=200, highlight=False))
    yield sent
    harmless(sent.getvalue())


def run(*arguments: str, code: int = 0) -> str:
    answer = CliRunner().invoke(cli.app, [*arguments])
    assert answer.exit_code == code, (answer.output, answer.exception)
    return answer.stdout


@pytest.mark.parametrize("arguments", [("deadletters", "list"), ("deadletters", "replay", "--all")])
def test_a_forged_letter_moves_no_terminal(
    terminal: StringIO, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setattr(deadletters, "letters", lambda _: [FORGED])
    monkeypatch.setattr(quarantine, "send_again", lambda found: [Answer(one, "why") for one in found])
    run(*arguments, code=int("replay" in arguments))
    assert SEEN in terminal.getvalue()
    assert [line for line in terminal.getvalue().splitlines() if line.startswith("[/]falsa")] == []


def test_all_of_a_forged_record_is_shown_in_lines_of_its_own(terminal: StringIO) -> None:
    lines = [("detalhe", FORGED.detail), ("trace", FORGED.trace)]
    records.print_record(lines, FORGED.key, FORGED.value, FORGED.headers)
    shown = terminal.getvalue()
    assert shown.count(SEEN) == 5
    assert r"\u202egnp.exe\u2066\x7f\r\n[/]falsa [link=http://x]y[/link]" in shown.replace("\n", "")


def test_a_refused_record_moves_no_terminal(terminal: StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "found", lambda *_, **__: [REFUSED])
    monkeypatch.setattr(quarantine, "counted", lambda _: [("alertas", "json_invalido", 1)])
    monkeypatch.setattr(quarantine, "already_sent", lambda _: set())
    run("quarantine", "list")
    run("quarantine", "show", "alertas/0/1")
    assert terminal.getvalue().count(SEEN) >= 3


@pytest.mark.parametrize("written", ["table", "csv"])
@pytest.mark.parametrize("times", [1, 20])
def test_an_answer_of_athena_moves_no_terminal(
    terminal: StringIO, monkeypatch: pytest.MonkeyPatch, written: str, times: int
) -> None:
    monkeypatch.setattr(client, "run_query", lambda *_, **__: QueryResult([EVIL], [(EVIL * times,), (None,)]))
    said = run("query", "SELECT 1", "--format", written) + terminal.getvalue()
    harmless(said)
    assert said.count(SEEN) >= 1 + times


def test_an_answer_in_a_file_has_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "run_query", lambda *_, **__: QueryResult(["a"], [("\x1b[2J",)]))
    assert run("query", "SELECT 1") == "a\n\x1b[2J\n"


def test_a_trace_moves_no_terminal(terminal: StringIO) -> None:
    trace._print(Trace(EVIL, "t", events=[TraceEvent(AT, "log", EVIL, {"rota": EVIL, "motivos": [EVIL]})]))
    assert terminal.getvalue().count(SEEN) == 4


def test_a_decision_moves_no_terminal(terminal: StringIO) -> None:
    texts = dict.fromkeys(
        ("operacao", "tipo_pagamento", "valor", "moeda", "versao_regras", "versao_modelo", "id_rastro"), EVIL
    )
    times = {"transacao_em": AT, "decidida_em": AT, "latencia_ms": 1, "pontuacao": 1}
    risk._print(texts | times | {"decisao": "negar", "causas": [EVIL]}, [{"codigo": EVIL, "significado": EVIL}])
    assert terminal.getvalue().count(SEEN) == 10


def test_a_servers_log_moves_no_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    log = tmp_path / "kafka.log"
    log.write_text(f"{TITLE}\tone\n\x1b[8mtwo\n")
    monkeypatch.setattr(logs, "log_path", lambda *_: log)
    monkeypatch.setattr(logs, "log_tail", lambda *_: log.read_text().splitlines())
    assert run("logs", "kafka") == f"{SEEN}\tone\n\\x1b[8mtwo\n"


def test_new_lines_of_a_servers_log_move_no_terminal_until_ctrl_c(tmp_path: Path) -> None:
    log = tmp_path / "log" / "kafka.log"
    log.parent.mkdir()
    log.write_text(f"{TITLE}one\n")
    command = [str(Path(sys.executable).parent / "acude"), "logs", "kafka", "--follow"]
    environment = {**os.environ, "ACUDE_VAR": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True) as tail:
        assert tail.stdout
        assert tail.stdout.readline() == f"{SEEN}one\n"
        with log.open("a") as file:
            file.write(f"{TITLE}two\n")
        assert tail.stdout.readline() == f"{SEEN}two\n"
        os.killpg(tail.pid, signal.SIGINT)
        assert tail.stdout.read() == ""
    assert tail.returncode == 0


def test_an_error_moves_no_terminal(terminal: StringIO) -> None:
    cli._say(AcudeError(EVIL, EVIL, [EVIL]))
    assert terminal.getvalue().count(SEEN) == 3


def test_texts_that_bypass_a_consoles_strings_are_escaped_too(terminal: StringIO) -> None:
    output.out.print(Text(EVIL))
    assert r"\x1b]0;owned" in terminal.getvalue()


def test_json_is_exact_and_without_signs_that_are_not_seen(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"detalhe": f"{EVIL} café 🙂 \U000e0001 \ud800", EVIL: [EVIL]}
    output.print_json(value)
    said = capsys.readouterr().out
    harmless(said)
    assert json.loads(said) == value
    assert "café 🙂" in said


def test_a_table_keeps_its_columns_under_one_another(terminal: StringIO) -> None:
    output.print_table(("a", "b"), [("\x1b[31m", "1"), ("plain", "2")])
    assert [line.rstrip() for line in terminal.getvalue().splitlines()] == [
        r"a         b",
        r"\x1b[31m  1",
        r"plain     2",
    ]


def test_nothing_is_printed_past_the_one_console() -> None:
    """A console or a print of a command's own would show what a record says."""
    own = {"Console", "print", "typer.echo", "click.echo"}
    calls = (
        (source.name, ast.unparse(node.func))
        for source in SOURCES
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Call)
    )
    assert [(file, name) for file, name in calls if name in own and file != "output.py"] == []


def unsendable(*_: Any) -> set[Coordinate]:  # noqa: ANN401 - whatever is asked
    raise AssertionError


def test_a_letter_of_a_topic_that_no_contract_names_was_never_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "keys", unsendable)
    assert quarantine.already_sent([FORGED.at, Coordinate("__consumer_offsets", 0, 1)]) == set()


def test_a_record_is_not_asked_for_by_a_name_that_no_topic_can_have() -> None:
    with pytest.raises(ValueError, match="topic"):
        quarantine.condition(RecordFilter(topic=EVIL))
