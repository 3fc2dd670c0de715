"""Asking a server once whether it answers."""

from typing import Any, Literal

import boto3
import httpx
from botocore.config import Config

from acude.local.service import Action
from acude.settings import Settings

_QUESTION = {"glue": "get_databases", "athena": "list_work_groups"}

# The platform asks again by itself; boto3's own retries, with their growing pauses, would only see it late.
_ONCE = Config(retries={"max_attempts": 0}, connect_timeout=2, read_timeout=10)


def client_once(service: str, endpoint: str | None, config: Settings) -> Any:  # noqa: ANN401 - any of boto3's clients
    """A client that asks once."""
    return boto3.client(service, endpoint_url=endpoint, config=_ONCE, **config.aws_options())  # type: ignore[call-overload]


def ask_once(service: Literal["glue", "athena"], endpoint: str | None, config: Settings) -> None:
    """List databases or workgroups.

    Raises:
        botocore.exceptions.BotoCoreError: Nobody answers.
        botocore.exceptions.ClientError: The answer is a refusal.
    """
    getattr(client_once(service, endpoint, config), _QUESTION[service])()


def answers(url: str) -> Action:
    """A check that an HTTP server answers there."""
    return lambda config: get_once(url, config)


def get_once(url: str, config: Settings, timeout_s: float = 2) -> httpx.Response:
    """Ask an HTTP server.

    Raises:
        httpx.HTTPError: Nobody answers, or the answer is an error.
    """
    # Reading the machine's authorities costs 40 ms of CPU, and is asked for also where nothing is encrypted.
    verify = config.tls_context() if url.startswith("https:") else False
    return httpx.get(url, timeout=timeout_s, verify=verify).raise_for_status()
