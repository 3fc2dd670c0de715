import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acude.cli import COMMANDS, app
from acude.local.errors import PlatformError
from acude.local.platform import Platform


def test_help_lists_every_command_without_importing_any() -> None:
    script = (
        "import sys; from typer.testing import CliRunner; from acude.cli import app;"
        "print(CliRunner().invoke(app, ['--help']).output);"
        "heavy = {'pyspark', 'airflow', 'boto3', 'kafka', 'pandas', 'acude.local.platform'} & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert answer.returncode == 0, answer.stderr
    assert [name for name in COMMANDS if name not in answer.stdout] == []


def test_an_unknown_command_is_refused() -> None:
    assert CliRunner().invoke(app, ["upp"]).exit_code == 2


def test_a_full_disk_is_said_in_a_sentence_without_a_traceback(tmp_path: Path) -> None:
    log = tmp_path / "log" / "kafka.log"
    log.parent.mkdir()
    log.write_text("a line\n")
    with Path("/dev/full").open("w") as full:
        answer = subprocess.run(
            [sys.executable, "-c", "from acude.cli import app; app()", "logs", "kafka", "--json"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False, env={**os.environ, "ACUDE_VAR": str(tmp_path)},
        )  # fmt: skip

    assert answer.returncode == 1
    assert "The disk is full" in answer.stderr
    assert "Free some space" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_an_unknown_service_is_said_in_a_sentence_without_a_traceback() -> None:
    result = CliRunner().invoke(app, ["logs", "brocker"])

    assert result.exit_code == 2
    assert "There is no service 'brocker'" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_errors_text_is_printed_as_it_is() -> None:
    result = CliRunner().invoke(app, ["logs", "[bold]"])

    assert "There is no service '[bold]'" in result.stderr


def test_an_error_may_have_an_exit_code_of_its_own(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["history", "load", str(tmp_path)])

    assert result.exit_code == 2
    assert str(tmp_path) in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(("runs", "stopped"), [(True, 0), (False, 1)])
def test_a_start_that_fails_stops_what_it_started_and_nothing_that_ran_before(
    monkeypatch: pytest.MonkeyPatch, runs: bool, stopped: int
) -> None:
    downs: list[Platform] = []
    monkeypatch.setattr(Platform, "is_running", lambda _: runs)
    monkeypatch.setattr(Platform, "up", lambda *_: (_ for _ in ()).throw(PlatformError("There is no service kafkaa.")))
    monkeypatch.setattr(Platform, "down", lambda self, _: downs.append(self))
    assert CliRunner().invoke(app, ["up", "--only", "kafkaa"]).exit_code == 1
    assert len(downs) == stopped
