"""docker/docker-compose.yml as its tests read it: anchors resolved, variables at their defaults."""

import re
from functools import cache
from typing import Any

import yaml

from acude.local.containers import COMPOSE
from acude.local.service import Service
from acude.local.services import all_services
from acude.settings import Settings

Entry = dict[str, Any]

_VARIABLE = re.compile(r"(?<!\$)\$\{[A-Z0-9_]+:-([^}]*)\}")


@cache
def compose() -> Entry:
    """The whole file."""
    text = _VARIABLE.sub(r"\1", COMPOSE.read_text())
    found: Entry = yaml.safe_load(text)
    return found


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


def secrets_of(entry: Entry) -> set[str]:
    """Names of the secrets that a container gets."""
    return {one if isinstance(one, str) else one["source"] for one in entry.get("secrets", ())}
