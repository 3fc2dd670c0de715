"""The images: linted, pinned, from locked packages, without root."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from acude.local.containers import COMPOSE
from acude.settings import PROJECT
from tests.unit.docker.compose_file import own

DOCKERFILE = COMPOSE.parent / "Dockerfile"


def test_hadolint_finds_nothing() -> None:
    hadolint = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert hadolint, "run `make install`"
    answer = subprocess.run([hadolint, DOCKERFILE], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout) == (0, "")


def test_what_it_begins_with_is_pinned_to_one_version() -> None:
    images = re.findall(r"^ARG \w+=(\S+)", DOCKERFILE.read_text(), re.MULTILINE)
    assert len(images) == 2
    assert [one for one in images if not re.search(r":\d+\.\d+\.\d+", one)] == []


def test_packages_are_installed_by_hash_and_without_asking_for_others() -> None:
    installs = re.findall(r"pip install ([^&\\\n]+)", DOCKERFILE.read_text())
    assert installs[0].split() == ["--require-hashes", "--no-deps", "--requirement", "/build/requirements.txt"]
    assert [one for one in installs[1:] if "--no-deps" not in one] == []


def test_a_volume_belongs_to_the_images_user_because_its_folder_is_there() -> None:
    places = {one.split(":")[1] for entry in own().values() for one in entry.get("volumes", ())}
    made = re.search(r"install --directory --owner=10001 ([^&]+?)\nCOPY", DOCKERFILE.read_text())
    assert made
    assert {one for one in places if one.startswith("/var/lib/acude")} <= set(made[1].replace("\\", " ").split())


def test_no_image_runs_as_root() -> None:
    final = DOCKERFILE.read_text().partition("AS acude\n")[2]
    assert re.findall(r"^USER (.+)", final, re.MULTILINE) == ["10001:10001"]


NEEDED_BY_OTHERS = {"jsonschema"}
"""The tests use them, and so do packages of the platform."""


def test_developers_packages_are_left_out() -> None:
    listed = re.search(r"pip uninstall --yes ([^&]+)&&", DOCKERFILE.read_text())
    assert listed
    dev = tomllib.loads((PROJECT / "pyproject.toml").read_text())["dependency-groups"]["dev"]
    names = {re.split(r"[^A-Za-z0-9-]", one)[0] for one in dev}
    assert set(listed[1].replace("\\", " ").split()) == names - NEEDED_BY_OTHERS


def test_everything_that_a_server_reads_is_in_the_image() -> None:
    copied = set(re.findall(r"^COPY (?:--from=packages /opt/acude/)?(\w+) \w+$", DOCKERFILE.read_text(), re.MULTILINE))
    assert {"src", "jobs", "contracts", "expectations", "dags", "infra"} <= copied
    sent = (COMPOSE.parent / "Dockerfile.dockerignore").read_text().split()
    assert {f"!{name}" for name in copied} <= set(sent)
