"""What stands in `var/log/commands.log`: who stopped servers, and what clients complain of."""

import getpass
import os
import subprocess
import sys
from pathlib import Path

WARNS = "import logging; from acude.commands import command_log; command_log.begin(); logging.warning('noise')"


def run(var: Path, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"ACUDE_VAR": str(var)} | more
    return subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, check=True)


def test_who_stops_the_servers_is_written_down_before(tmp_path: Path) -> None:
    run(tmp_path, "-c", "from acude.cli import app; app()", "down")
    (line,) = (tmp_path / "log" / "commands.log").read_text().splitlines()
    assert line.endswith(f"{getpass.getuser()} asked to stop servers: acude down")


def test_a_clients_complaints_are_in_the_log_and_not_before_the_answer(tmp_path: Path) -> None:
    assert "noise" not in run(tmp_path, "-c", WARNS).stderr
    assert "noise" in (tmp_path / "log" / "commands.log").read_text()


def test_a_server_that_is_a_command_logs_where_its_supervisor_reads(tmp_path: Path) -> None:
    assert "noise" in run(tmp_path, "-c", WARNS, ACUDE_SUPERVISED=str(tmp_path)).stderr


def test_a_folder_that_takes_no_log_stops_no_command(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("no folder")
    assert "noise" not in run(tmp_path, "-c", WARNS).stderr
