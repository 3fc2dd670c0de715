"""Run in processes of their own: who logs is the process's, and what ends it is in the log."""

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def logged(code: str, level: str = "INFO") -> list[dict[str, Any]]:
    """The lines that a process leaves on standard error."""
    begin = f"import logging\nfrom acude import logs\nlogs.configure('teste', '{level}')\n"
    done = subprocess.run([sys.executable, "-c", begin + code], capture_output=True, text=True, check=False)
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_line_has_time_level_service_event_and_its_data() -> None:
    (line,) = logged("logging.getLogger('acude.x').info('refused', extra={'reason': 'vazio', 'trace_id': 't1'})")
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "info",
        "service": "teste",
        "trace_id": "t1",
        "event": "refused",
        "logger": "acude.x",
        "reason": "vazio",
    }


def test_libraries_speak_from_warning_on_and_our_own_code_from_the_level_on() -> None:
    code = "\n".join(
        f"logging.getLogger('{name}').{level}('{name} {level}')"
        for name in ("kafka", "acude.x", "__main__")
        for level in ("info", "warning")
    )
    assert [one["event"] for one in logged(code)] == [
        "kafka warning", "acude.x info", "acude.x warning", "__main__ info", "__main__ warning",
    ]  # fmt: skip
    assert [one["event"] for one in logged(code, "ERROR")] == ["kafka warning"]


@pytest.mark.parametrize(
    "code",
    [
        "raise ValueError('52998224725 secret')",
        "try:\n  {}['52998224725 secret']\nexcept KeyError:\n  logging.getLogger('acude').exception('bad')",
        "import threading\nt = threading.Thread(target=lambda: int('52998224725 secret'))\nt.start()\nt.join()",
        "import warnings\nwarnings.warn('of 52998224725')",
        "logging.getLogger('kafka').error('got %s', '529.982.247-25')",
        "logging.getLogger('acude').warning('x', extra={'a': ['52998224725'], 'b': {'c': '52998224725'}})",
    ],
)
def test_no_way_of_failing_or_logging_shows_what_was_sent(code: str) -> None:
    (line,) = logged(code)
    text = json.dumps(line)
    assert "52998224725" not in text
    assert "529.982.247-25" not in text
    assert "secret" not in text


def test_an_exception_is_its_kind_and_its_places() -> None:
    (line,) = logged("def fails():\n  1 / 0\nfails()")
    assert line["kind"] == "ZeroDivisionError"
    assert [place.split(" ")[1] for place in line["places"]] == ["<module>", "fails"]


def test_what_json_does_not_know_is_text() -> None:
    (line,) = logged("logging.getLogger('acude').warning('a\\nb', extra={'at': object})")
    assert line["event"] == "a\nb"
    assert line["at"] == "<class 'object'>"


def test_lines_go_to_a_file_of_their_own_as_well_where_the_settings_name_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACUDE_LOG_FOLDER", str(tmp_path / "log"))
    lines = logged("logging.getLogger('acude.x').info('refused')")
    (file,) = (tmp_path / "log").iterdir()
    assert file.name == f"teste-{socket.gethostname()}.log"
    assert [json.loads(line) for line in file.read_text().splitlines()] == lines
