"""Clients of the services the platform uses, on AWS or at their local endpoints: boto3's, Arrow's, delta-rs's."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from acude.errors import AcudeError
from acude.settings import Settings, settings

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef
    from pyarrow.fs import S3FileSystem

_CONFIG = Config(retries={"max_attempts": 8, "mode": "standard"}, connect_timeout=5, read_timeout=60)
_HASTY = _CONFIG.merge(Config(retries={"total_max_attempts": 2, "mode": "standard"}, connect_timeout=2, read_timeout=5))


_MISSING = {"NoSuchKey", "NotFound", "404"}
_CONFLICT = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_AT_ONCE: Final = 1000
"""Keys of one deletion; S3 takes no more."""

_ARROWS_REFUSAL: Final = re.compile(r"in bucket '([^']+)': AWS Error (ACCESS_DENIED\w*) during (\w+) operation")


class AccessRefusedError(AcudeError, ClientError):
    """S3 does not let this process's login do something; says what, and in which bucket."""

    def __init__(self, bucket: str, operation: str, code: str) -> None:
        ClientError.__init__(self, {"Error": {"Code": code, "Message": f"in bucket {bucket}"}}, operation)
        AcudeError.__init__(
            self,
            f"S3 refuses {operation} in bucket {bucket} to this login ({code}).",
            "Allow it there, or name another login: ACUDE_S3_ACCESS_KEY and ACUDE_S3_SECRET_KEY, or in Airflow's tasks "
            "the Connection acude_s3.",
        )


def refusal_on_executors(said: str) -> AccessRefusedError | None:
    """What S3 refused to Arrow in a task, of which Spark hands on the text alone; None where it is another error."""
    found = _ARROWS_REFUSAL.search(said)
    return AccessRefusedError(found[1], found[3], found[2]) if found else None


def s3(config: Settings | None = None, *, hasty: bool = False) -> "S3Client":
    """S3, path-style where the endpoint is local; one client a process, for making one costs more than most calls.

    Args:
        config: where it is.
        hasty: gives up within seconds, for those that can go on without an answer.
    """
    return _s3(config or settings(), hasty)


@lru_cache(maxsize=8)
def _s3(config: Settings, hasty: bool) -> "S3Client":
    tries = _HASTY if hasty else _CONFIG
    style = tries.merge(Config(s3={"addressing_style": "path"})) if config.s3_endpoint else tries
    client: S3Client = boto3.client("s3", endpoint_url=config.s3_endpoint, config=style, **config.aws_options())  # type: ignore[call-overload]
    client.meta.events.register("before-parameter-build.s3", _remember_bucket)
    client.meta.events.register("after-call.s3", _raise_refusal)
    return client


def _remember_bucket(params: Mapping[str, Any], context: dict[str, Any], **_: object) -> None:
    context["acude_bucket"] = params.get("Bucket", "")


def _raise_refusal(
    http_response: Any,  # noqa: ANN401 - botocore's own
    parsed: Mapping[str, Any],
    model: Any,  # noqa: ANN401
    context: Mapping[str, Any],
    **_: object,
) -> None:
    if http_response.status_code == HTTPStatus.FORBIDDEN:
        code = parsed.get("Error", {}).get("Code", "AccessDenied")
        raise AccessRefusedError(context.get("acude_bucket", ""), model.name, code)


def is_missing(problem: ClientError) -> bool:
    """Whether S3 says that there is no such object."""
    return problem.response["Error"]["Code"] in _MISSING


def is_conflict(problem: ClientError) -> bool:
    """Whether a conditional write was refused because another came first."""
    return problem.response["Error"]["Code"] in _CONFLICT


def objects(
    bucket: str, prefix: str = "", config: Settings | None = None, after: str = ""
) -> Iterator["ObjectTypeDef"]:
    """What S3 lists under a prefix, in the keys' order; what lies behind `after` where it is named."""
    pages = s3(config).get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, StartAfter=after)
    return (entry for page in pages for entry in page.get("Contents", ()))


def keys(bucket: str, prefix: str = "", config: Settings | None = None, after: str = "") -> Iterator[str]:
    """The keys of `objects`."""
    return (entry["Key"] for entry in objects(bucket, prefix, config, after))


def delete(bucket: str, found: Sequence[str], config: Settings | None = None) -> None:
    """Deletes objects, many in one request.

    Raises:
        ClientError: S3 did not delete one of them; says the first.
    """
    for start in range(0, len(found), _AT_ONCE):
        named = [{"Key": key} for key in found[start : start + _AT_ONCE]]
        answer = s3(config).delete_objects(Bucket=bucket, Delete={"Objects": named, "Quiet": True})  # type: ignore[typeddict-item]
        if refused := answer.get("Errors"):
            first = refused[0]
            said = {"Code": first.get("Code", ""), "Message": f"{first.get('Key')}: {first.get('Message')}"}
            raise ClientError({"Error": said}, "DeleteObjects")  # type: ignore[typeddict-item]


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
