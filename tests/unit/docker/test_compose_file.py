"""The compose file is one that Compose reads, and every container is held to the same rules."""

import json
import re
from copy import deepcopy
from pathlib import Path

import pytest
from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from acude.local import containers
from tests.unit.docker.compose_file import compose, once, own, secrets_of, services

SCHEMA = json.loads((Path(__file__).parent / "compose-spec" / "compose-spec.json").read_text())

WRITES_AMONG_ITS_OWN_FILES = {"opensearch"}

CLOSED = {"lake", "payments", "watch"}


def test_it_follows_the_published_schema() -> None:
    Draft7Validator(SCHEMA).validate(compose())


def test_the_schema_notices_a_misspelt_key() -> None:
    wrong = deepcopy(compose())
    wrong["services"]["kafka"]["helthcheck"] = {}
    with pytest.raises(ValidationError, match="helthcheck"):
        Draft7Validator(SCHEMA).validate(wrong)


def test_what_it_names_is_there() -> None:
    whole = compose()
    for name, entry in services().items():
        assert set(secrets_of(entry).values()) <= set(whole["secrets"]), name
        assert set(entry.get("networks", ())) <= set(whole["networks"]), name
        assert set(entry.get("depends_on", ())) <= set(services()), name
        mounted = [one.split(":")[0] for one in entry.get("volumes", ())]
        assert {one for one in mounted if not one.startswith(".")} <= set(whole["volumes"]), name
        files = [one for one in mounted if one.startswith(".")]
        assert [one for one in files if not (containers.COMPOSE.parent / one).exists()] == [], name


def test_every_declared_volume_network_and_secret_is_used() -> None:
    whole, entries = compose(), services().values()
    assert set(whole["secrets"]) == {one for entry in entries for one in secrets_of(entry).values()}
    assert set(whole["networks"]) == {one for entry in entries for one in entry.get("networks", ())}
    mounted = {one.split(":")[0] for entry in entries for one in entry.get("volumes", ())}
    assert set(whole["volumes"]) == {one for one in mounted if not one.startswith(".")}


@pytest.mark.parametrize("name", services())
def test_an_image_is_pinned_to_one_version(name: str) -> None:
    image = services()[name]["image"]
    repository, _, tag = image.partition(":")
    assert repository
    # Three parts, or two where the maker has no third: 8.0.21, v3.13.3, 2.29.1-pg17.
    assert re.match(r"v?\d+\.\d+\.\d+(-[a-z0-9]+)?$", tag), image


@pytest.mark.parametrize("name", services())
def test_a_container_is_held_to_its_limits(name: str) -> None:
    limits = services()[name]["deploy"]["resources"]["limits"]
    assert {"cpus", "memory", "pids"} <= limits.keys()


@pytest.mark.parametrize("name", services())
def test_a_container_has_no_rights_that_it_does_not_need(name: str) -> None:
    entry = services()[name]
    user = str(entry["user"]).partition(":")[0]
    assert user.isdecimal()
    assert user != "0"
    assert entry["cap_drop"] == ["ALL"]
    assert "cap_add" not in entry
    assert entry["security_opt"] == ["no-new-privileges:true"]
    assert not entry.get("privileged")
    assert entry["read_only"] is (name not in WRITES_AMONG_ITS_OWN_FILES)
    assert not [one for one in entry.get("volumes", ()) if "docker.sock" in one]


@pytest.mark.parametrize("name", sorted(services().keys() - once()))
def test_a_server_has_a_health_check(name: str) -> None:
    check = services()[name]["healthcheck"]
    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    assert {"interval", "timeout", "retries", "start_period"} <= check.keys()


def test_what_is_published_is_published_on_loopback_and_once() -> None:
    ports = [(name, one) for name, entry in services().items() for one in entry.get("ports", ())]
    assert [name for name, one in ports if not re.fullmatch(r"127\.0\.0\.1:\d+:\d+", one)] == []
    assert len({one for _, one in ports}) == len(ports)
    assert [name for name, _ in ports if "edge" not in services()[name]["networks"]] == []


def test_networks_are_closed_but_for_the_edge() -> None:
    whole = compose()["networks"]
    assert {name for name, entry in whole.items() if (entry or {}).get("internal") in {True, "true"}} == CLOSED
    reaching_out = {name for name, entry in services().items() if "edge" in entry.get("networks", ())}
    assert {name for name in reaching_out if not services()[name].get("ports")} == {"risk-notifier"}


def test_every_container_belongs_to_a_profile_and_full_has_all_of_core() -> None:
    profiles = {name: set(entry["profiles"]) for name, entry in services().items()}
    assert set().union(*profiles.values()) == {"core", "full", "shop", "tools"}
    assert [name for name, found in profiles.items() if "core" in found and "full" not in found] == []


def test_a_container_of_core_waits_for_none_that_core_lacks() -> None:
    core = {name for name, entry in services().items() if "core" in entry["profiles"]}
    needed = {one for name in core for one in services()[name].get("depends_on", ())}
    assert needed <= core


def test_secrets_come_from_files_and_all_of_them_are_drawn(tmp_path: Path) -> None:
    drawn = set(containers.draw(tmp_path))
    declared = compose()["secrets"]
    assert {name: f"./secrets/{name}" for name in declared} == {name: one["file"] for name, one in declared.items()}
    # Clients outside trust the gateway by it; no container needs it.
    assert drawn - set(declared) == {"authority.pem"}
    assert set(declared) <= drawn


def test_no_variable_holds_a_secret(tmp_path: Path) -> None:
    containers.draw(tmp_path)
    drawn = [path.read_text().strip() for path in tmp_path.iterdir()]
    text = containers.COMPOSE.read_text()
    assert [one for one in drawn if one and one in text] == []
    variables = {key for entry in services().values() for key in entry.get("environment") or ()}
    named = {one for one in variables if re.search("PASSWORD|SECRET|TOKEN|_KEY|DSN", one)}
    assert {one for one in named if not one.endswith(("_FILE", "_DIR"))} <= {
        "ACUDE_OAUTH_TOKEN_URL",
        "KONG_SSL_CERT_KEY",
    }


def test_our_own_images_are_built_here() -> None:
    text = (containers.COMPOSE.parent / "Dockerfile").read_text()
    for name, entry in own().items():
        assert entry["build"]["dockerfile"] == "docker/Dockerfile", name
        assert f"AS {entry['build']['target']}\n" in text, name
        assert entry["image"].partition(":")[0] == entry["build"]["target"], name


def test_no_file_of_it_names_a_package_registry() -> None:
    files = [path for path in containers.COMPOSE.parent.iterdir() if path.is_file()]
    for path in files:
        assert not re.search(r"pypi|maven|npmjs|index-url|ghcr\.io|docker\.io|mirror", path.read_text()), path.name
