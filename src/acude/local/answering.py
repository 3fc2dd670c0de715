"""What services say of themselves: a process that is there, with its ports open, may hang."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import httpx

from acude.local.probe import get_once
from acude.local.service import Service
from acude.settings import Settings

_PATIENCE_S: Final = 5
_SHOWN: Final = 200
"""Characters of an answer that are told."""


class Answer(NamedTuple):
    """What a service's own endpoint says.

    Attributes:
        state: up, `not ready`, or hangs: it does not answer in time, or says itself that its work stands still.
        said: where it is not up, what was asked and what came back.
    """

    state: str
    said: str = ""


def ask_all(services: Iterable[Service], config: Settings) -> dict[str, Answer]:
    """What those services say that have an endpoint for it, by name; all are asked side by side."""
    asked = [service for service in services if service.health]
    with ThreadPoolExecutor(max(1, len(asked))) as pool:
        answers = pool.map(lambda service: _ask(service, config), asked)
        return dict(zip((service.name for service in asked), answers, strict=True))


def _ask(service: Service, config: Settings) -> Answer:
    """What one says: whether it is ready; where it is not, whether it is alive."""
    ready = _look(service.health, "not ready", config)
    if ready.state != "not ready" or not service.alive:
        return ready
    alive = _look(service.alive, "hangs", config)
    return ready if alive.state == "up" else alive


def _look(url: str, refused: str, config: Settings) -> Answer:
    """What one address says; `refused` is the state where the answer is an error."""
    try:
        get_once(url, config, _PATIENCE_S)
    except httpx.HTTPStatusError as problem:
        text = " ".join(problem.response.text.split())[:_SHOWN]
        return Answer(refused, f"{url} answers {problem.response.status_code}: {text}")
    except httpx.TimeoutException:
        return Answer("hangs", f"{url} does not answer within {_PATIENCE_S} s")
    except httpx.HTTPError as problem:
        return Answer("hangs", f"{url} can't be asked: {problem}")
    return Answer("up")
