"""An installed wheel finds in an empty folder what a checkout has."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from acude.cli import COMMANDS
from acude.contracts.model import load
from acude.local import fetch_jars, fetch_trino
from acude.migrations.database import AUDIT, DECISIONS, SHOP, steps
from acude.publishing.suites import suite_path
from acude.settings import PROJECT, Settings, settings
from tests.wheel import Installed, install

LOOK = """
import json, sys
from hashlib import sha256
from acude.contracts import dimension, model
from acude.local import fetch_jars, fetch_trino
from acude.migrations.database import AUDIT, DECISIONS, SHOP, steps
from acude.publishing.suites import suite_path
from acude.risk import policy
from acude.settings import settings
from jobs.batch import exportar_vendas

PLACES = "project", "contracts", "var", "jars", "trino_home", "risk_policy"
config = settings()
everything = model.load()
print(json.dumps({
    "path": sys.path,
    "places": {name: str(getattr(config, name)) for name in PLACES},
    "contracts": {name: repr(contract) for name, contract in everything.items()},
    "expectations": sorted(name for name, contract in everything.items() if suite_path(contract).exists()),
    "dags": {path.name: path.read_text() for path in (config.project / "dags").iterdir() if path.is_file()},
    "categories": sorted(dimension.known_categories()),
    "policy": policy.read(config.risk_policy).versao,
    "files": [sha256(path.read_bytes()).hexdigest() for path in (
        fetch_jars.LIST, fetch_trino.PIN, exportar_vendas._QUERY
    )],
    "migrations": [steps(database) for database in (AUDIT, DECISIONS, SHOP)],
}))
"""
Found = dict[str, Any]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel of this checkout, installed."""
    return install(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder."""
    return tmp_path_factory.mktemp("empty")


@pytest.fixture(scope="module")
def found(wheel: Installed, folder: Path) -> Found:
    """What the installed code finds from there."""
    ended = wheel.python("-c", LOOK, cwd=folder)
    assert ended.returncode == 0, ended.stderr
    answer: Found = json.loads(ended.stdout)
    return answer


def test_nothing_of_the_checkout_is_used(wheel: Installed, folder: Path, found: Found) -> None:
    assert not [
        place for place in found["path"] if Path(place).is_relative_to(PROJECT / "src") or place == str(PROJECT)
    ]
    shipped = {name: Path(found["places"][name]) for name in ("project", "contracts", "risk_policy")}
    assert [name for name, path in shipped.items() if not path.is_relative_to(wheel.folder)] == []
    assert {Path(found["places"][name]) for name in ("var", "jars", "trino_home")} == {
        folder / "var", folder / "var" / "jars", folder / "var" / "trino-server"
    }  # fmt: skip


def test_every_contract_is_there(found: Found) -> None:
    assert found["contracts"] == {name: repr(contract) for name, contract in load().items()}
    assert found["categories"]


def test_every_expectation_dag_rule_and_statement_is_there(found: Found) -> None:
    assert found["expectations"] == sorted(name for name, one in load().items() if suite_path(one).exists())
    assert found["dags"] == {path.name: path.read_text() for path in (PROJECT / "dags").glob("*.py")}
    assert found["policy"]
    places = (fetch_jars.LIST, fetch_trino.PIN, PROJECT / "jobs/batch/exportar_vendas.sql")
    assert found["files"] == [sha256(path.read_bytes()).hexdigest() for path in places]
    assert found["migrations"] == [steps(database) for database in (AUDIT, DECISIONS, SHOP)]
    assert all(found["migrations"])


def test_a_checkout_has_its_files_in_its_own_folders() -> None:
    assert settings().project == PROJECT
    assert Settings.model_fields["var"].default == PROJECT / "var"
    assert settings().contracts == PROJECT / "contracts"


def test_the_command_has_all_its_sub_commands(wheel: Installed, folder: Path) -> None:
    said = wheel.acude("--help", cwd=folder, COLUMNS="200")
    assert (said.returncode, said.stderr) == (0, "")
    assert [name for name in COMMANDS if name not in said.stdout] == []


def test_each_sub_command_is_imported(wheel: Installed, folder: Path) -> None:
    asked = f"import importlib\nfor name in {list(COMMANDS)}: importlib.import_module(f'acude.commands.{{name}}').app"
    assert wheel.python("-c", asked, cwd=folder).stderr == ""


def test_a_sub_command_that_needs_the_checkout_says_so(wheel: Installed, folder: Path) -> None:
    said = wheel.acude("docker", "secrets", cwd=folder)
    assert said.returncode == 1
    assert "belongs to a checkout" in said.stderr
    assert [path for path in wheel.folder.rglob("secrets") if path.is_dir()] == []


def test_what_was_never_fetched_is_fetched_by_a_module(wheel: Installed, folder: Path) -> None:
    said = wheel.acude("doctor", "--json", cwd=folder)
    advice = {row["subject"]: row["advice"] for row in json.loads(said.stdout)}
    assert "python -m acude.local.fetch_jars" in advice["jars"]
    assert "python -m acude.local.fetch_trino" in advice["trino"]
