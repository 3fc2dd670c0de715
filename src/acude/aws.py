"""Clients of the services the platform uses, on AWS or at their local endpoints: boto3's, Arrow's, delta-rs's."""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from acude.settings import Settings, settings

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client
    from pyarrow.fs import S3FileSystem

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


def storage_options(config: Settings | None = None) -> dict[str, str]:
    """What delta-rs needs to find S3; on AWS it takes the credentials of the process's role by itself.

    Commits are created with `If-None-Match`, which S3 decides atomically: of two writers of one version one is refused.
    """
    config = config or settings()
    options = {"AWS_REGION": config.aws_region, "AWS_CONDITIONAL_PUT": "etag"}
    if config.s3_endpoint:
        options |= {"AWS_ENDPOINT_URL": config.s3_endpoint, "AWS_ALLOW_HTTP": "true"}
    if config.s3_access_key and config.s3_secret_key:
        options |= {
            "AWS_ACCESS_KEY_ID": config.s3_access_key.get_secret_value(),
            "AWS_SECRET_ACCESS_KEY": config.s3_secret_key.get_secret_value(),
        }
    return options


def s3_streams(
    region: str, endpoint: str | None, access_key: str | None = None, secret_key: str | None = None
) -> "S3FileSystem":
    """S3 for objects of any size: a stream is written part by part, and read range by range.

    Without keys it takes the credentials of the process's role.
    """
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem  # noqa: PLC0415 - starts AWS's C++ SDK

    return S3FileSystem(
        access_key=access_key,
        secret_key=secret_key,
        region=region,
        endpoint_override=endpoint,
        connect_timeout=5,
        request_timeout=60,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=5),
        # Parts that wait in the background have no bound.
        background_writes=False,
        # An object of one part is one request.
        allow_delayed_open=True,
    )
