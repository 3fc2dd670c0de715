"""One of the platform's servers in the place of this process, as a container runs it.

Command, configuration and environment are those of the one-machine platform; what differs are settings.
"""

import os
from collections.abc import Mapping

from acude.local.errors import UnknownServiceError
from acude.local.service import Service
from acude.local.services import all_services
from acude.settings import Settings


def named(config: Settings, name: str) -> Service:
    """A server by its name.

    Raises:
        UnknownServiceError: There is none.
    """
    by_name = {service.name: service for service in all_services(config)}
    if name not in by_name:
        raise UnknownServiceError(f"There is no service {name!r}.", f"Choose from: {', '.join(sorted(by_name))}.")
    return by_name[name]


def environment(service: Service, base: Mapping[str, str]) -> dict[str, str]:
    """The server's whole environment: what the settings' variables say, the server's own, and UTC."""
    return {**base, **service.own_ports(), **service.environment, "TZ": "UTC"}


def prepare(config: Settings, name: str) -> Service:
    """Write the server's configuration and format its storage, as before each of its starts."""
    os.umask(0o077)
    config.var.mkdir(parents=True, exist_ok=True)
    service = named(config, name)
    service.prepare(config)
    return service


def serve(config: Settings, name: str) -> None:
    """Prepare a server and become it.

    Raises:
        UnknownServiceError: There is none of that name.
        PlatformError: It can't be prepared; says why.
    """
    service = prepare(config, name)
    folder = service.directory or config.var
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    os.execvpe(service.command[0], list(service.command), environment(service, os.environ))  # noqa: S606 - on purpose
