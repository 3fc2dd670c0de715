import re
import tomllib
from pathlib import Path

from acude.settings import PROJECT


def names(folder: Path) -> set[str]:
    """The folders and modules that lie in a package."""
    return {f"{folder.name}.{path.stem}" for path in folder.iterdir() if re.match("[a-z]", path.name)}


def layers() -> list[set[str]]:
    """What lies in each layer, from top to bottom."""
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (found,) = (each["layers"] for each in contracts if each["type"] == "layers")
    return [set(layer.split(" | ")) for layer in found]


def test_every_room_and_folder_of_jobs_has_its_layer() -> None:
    listed = set().union(*layers())
    assert listed == {"benchmarks", "dags", "tools"} | names(PROJECT / "src" / "acude") | names(PROJECT / "jobs")


def test_contributors_read_of_every_room_above_the_base() -> None:
    found = layers()
    above = set().union(*found[: found.index({"acude.risk"})])
    guide = (PROJECT / "CONTRIBUTING.md").read_text().partition("## Rooms")[2].partition("\n## ")[0]
    assert {one.removeprefix("acude.").replace(".", "/") for one in above} <= set(re.findall(r"`([a-z_/]+)`", guide))
