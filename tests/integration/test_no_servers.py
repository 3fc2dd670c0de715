"""With no server up, each command ends with a sentence and a next step: no traceback, no noise of a client."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from acude.local.environment import ensure_local_env, local_env_path
from acude.settings import PROJECT, Settings
from tests.programs import free_port

DAYS = ("--from", "2026-01-01", "--to", "2026-01-02")
COMMANDS = [
    ("query", "SELECT 1; SELECT 2"),
    ("history", "load", "."),
    ("backfill", "vendas_diarias", *DAYS),
    ("reconcile", *DAYS, "--wait", "0"),
    ("quarantine", "list"),
    ("quarantine", "show", "eventos_clientes/0/1"),
    ("quarantine", "replay", "--all"),
    ("deadletters", "list"),
    ("trace", "x"),
    ("audit", "verify"),
    ("risk", "why", "x"),
    ("risk", "lists", "show"),
    ("risk", "replay", *DAYS, "--candidate", str(PROJECT / "src/acude/risk/policy.yaml")),
    ("risk", "train", *DAYS, "--out", "model"),
    ("risk", "simulate", "--duration", "2s"),
    ("simulate", "--duration", "2s", "--no-orders"),
    ("backup", "list"),
    ("backup", "create"),
    ("logs", "athena"),
]


@pytest.fixture(scope="module")
def shut(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder, and the environment of a platform whose servers all are down."""
    folder = tmp_path_factory.mktemp("shut")
    (folder / "2026-01-01.csv").write_text("InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,Country\n")
    ports = {name: free_port() for name in Settings.model_fields if name.endswith("_port")}
    config = Settings(_env_file=None, var=folder / "var", **ports)  # type: ignore[call-arg,arg-type]
    config.var.mkdir()
    ensure_local_env(config)
    lines = (line.partition("=") for line in local_env_path(config).read_text().splitlines() if line[:1] == "A")
    local = {name: value.strip("'\"") for name, _, value in lines}
    return folder, os.environ | local | {"ACUDE_VAR": str(config.var)}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_each_command_says_what_is_missing_and_what_to_do(
    shut: tuple[Path, dict[str, str]], command: tuple[str, ...]
) -> None:
    folder, environment = shut
    ended = subprocess.run(
        [sys.executable, "-c", "from acude.cli import app; app()", *command],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = [line for line in ended.stderr.splitlines() if line.strip()]
    assert ended.returncode == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    # Before the sentence stands at most one line for each store that did not answer.
    assert said[-2].startswith("✗ "), ended.stderr
    assert [line for line in said[:-2] if not line.startswith("! ")] == []
    assert "`acude up" in said[-1]
    assert ended.stdout == ""
