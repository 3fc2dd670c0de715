import re
import tomllib
from pathlib import Path

from acude.settings import PROJECT


def names(folder: Path) -> set[str]:
    """The folders and modules that lie in a package."""
    return {f"{folder.name}.{path.stem}" for path in folder.iterdir() if re.match("[a-z]", path.name)}


def test_every_room_and_folder_of_jobs_has_its_layer() -> None:
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (each["layers"] for each in contracts if each["type"] == "layers")
    listed = {name for layer in layers for name in layer.split(" | ")}
    assert listed == {"benchmarks", "dags", "tools"} | names(PROJECT / "src" / "acude") | names(PROJECT / "jobs")
