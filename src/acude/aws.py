"""boto3 clients for the services the platform uses, on AWS or at their local endpoints."""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from acude.settings import Settings, settings

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

_CONFIG = Config(retries={"max_attempts": 8, "mode": "standard"}, connect_timeout=5, read_timeout=60)


def s3(config: Settings | None = None) -> "S3Client":
    """S3, path-style where the endpoint is local."""
    config = config or settings()
    style = _CONFIG.merge(Config(s3={"addressing_style": "path"})) if config.s3_endpoint else _CONFIG
    return boto3.client("s3", endpoint_url=config.s3_endpoint, config=style, **config.aws_options())  # type: ignore[call-overload, no-any-return]


def glue(config: Settings | None = None) -> "GlueClient":
    """The Glue data catalogue."""
    config = config or settings()
    return boto3.client("glue", endpoint_url=config.glue_endpoint, config=_CONFIG, **config.aws_options())  # type: ignore[call-overload, no-any-return]


def athena(config: Settings | None = None) -> "AthenaClient":
    """Athena."""
    config = config or settings()
    return boto3.client("athena", endpoint_url=config.athena_endpoint, config=_CONFIG, **config.aws_options())  # type: ignore[call-overload, no-any-return]
