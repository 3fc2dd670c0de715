"""docker/docker-compose.yml as its tests read it: anchors resolved, variables at their defaults."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from acude.local.containers import COMPOSE
from acude.local.service import Service
from acude.local.services import all_services
from acude.settings import Settings

Entry = dict[str, Any]

_VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>[A-Z0-9_]+)(?P<kind>:?[-+])(?P<text>[^}]*)\}")


@cache
def compose() -> Entry:
    """The whole file."""
    return read({})


def read(variables: Mapping[str, str]) -> Entry:
    """The whole file, as Compose reads it where `docker/.env` has these variables."""
    found: Entry = _filled(yaml.safe_load(COMPOSE.read_text()), variables)
    return found


def _filled(part: Any, variables: Mapping[str, str]) -> Any:  # noqa: ANN401 - YAML has no types
    if isinstance(part, dict):
        return {key: _filled(value, variables) for key, value in part.items()}
    if isinstance(part, list):
        return [_filled(value, variables) for value in part]
    return _VARIABLE.sub(lambda one: _value(one, variables), part) if isinstance(part, str) else part


def _value(one: re.Match[str], variables: Mapping[str, str]) -> str:
    given = variables.get(one["name"])
    # Behind a colon, nothing is as good as not set.
    there = bool(given) if one["kind"].startswith(":") else given is not None
    if one["kind"].endswith("+"):
        return one["text"] if there else ""
    return given if given is not None and there else one["text"]


def services() -> dict[str, Entry]:
    """Every container, by name."""
    found: dict[str, Entry] = compose()["services"]
    return found


def own() -> dict[str, Entry]:
    """Those that run our images."""
    return {name: entry for name, entry in services().items() if "build" in entry}


def served() -> dict[str, Entry]:
    """Those that are one of the one-machine platform's servers, by container."""
    return {
        name: entry
        for name, entry in own().items()
        if entry["command"][0] == "serve" and "--prepare" not in entry["command"]
    }


def once() -> set[str]:
    """Those that do their work and end."""
    return {name for name, entry in services().items() if entry["restart"] == "no"}


def local(**more: object) -> dict[str, Service]:
    """The one-machine platform's servers, by name, each alone on its machine."""
    config = Settings.model_construct().model_copy(update={"spark_workers": 2} | more)
    return {service.name: service for service in all_services(config)}


def secrets_of(entry: Entry) -> dict[str, str]:
    """The secrets that a container gets: their files' names in it, and their names in the file of all."""
    given = [{"source": one} if isinstance(one, str) else one for one in entry.get("secrets", ())]
    return {one.get("target", one["source"]).rpartition("/")[2]: one["source"] for one in given}
