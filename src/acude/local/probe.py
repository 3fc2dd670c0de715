"""Asking an AWS API once whether it answers."""

from typing import Literal

import boto3
from botocore.config import Config

from acude.settings import Settings

# The platform asks again by itself; boto3's own retries, with their growing pauses, would only see it late.
_ONCE = Config(retries={"max_attempts": 0}, connect_timeout=2, read_timeout=10)


def ask_once(service: Literal["s3", "glue"], endpoint: str | None, config: Settings) -> None:
    """List buckets, or databases.

    Raises:
        botocore.exceptions.BotoCoreError: Nobody answers.
        botocore.exceptions.ClientError: The answer is a refusal.
    """
    if service == "s3":
        boto3.client("s3", endpoint_url=endpoint, config=_ONCE, **config.aws_options()).list_buckets()  # type: ignore[call-overload]
    else:
        boto3.client("glue", endpoint_url=endpoint, config=_ONCE, **config.aws_options()).get_databases()  # type: ignore[call-overload]
