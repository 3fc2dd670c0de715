"""Small objects on S3 that several processes may replace: only one that has seen the last state can; S3 decides."""

from botocore.exceptions import ClientError

from acude.aws import is_conflict, is_missing, s3
from acude.settings import Settings


def read(key: str, config: Settings, *, hasty: bool = False) -> tuple[bytes, str] | None:
    """An object's content and its ETag, None where there is none."""
    try:
        answer = s3(config, hasty=hasty).get_object(Bucket=config.lake_bucket, Key=key)
    except ClientError as problem:
        if is_missing(problem):
            return None
        raise
    return answer["Body"].read(), answer["ETag"]


def replace(key: str, content: bytes, seen: str | None, config: Settings) -> str | None:
    """Writes an object in the place of the one that was seen.

    Where S3's answer is lost, the client sends the same again, and S3 refuses what it has taken. So a content that is
    there already counts as written; it must name its writer wherever another could write the same and must not.

    Args:
        key: below the lake's bucket.
        content: the new one.
        seen: the last one's ETag, None where there was none.
        config: where the lake is.

    Returns:
        The new ETag; None where another process was faster, and nothing was written.
    """
    condition = {"IfMatch": seen} if seen else {"IfNoneMatch": "*"}
    try:
        answer = s3(config).put_object(Bucket=config.lake_bucket, Key=key, Body=content, **condition)  # type: ignore[arg-type]
    except ClientError as problem:
        if not is_conflict(problem):
            raise
        found, etag = read(key, config) or (None, None)
        return etag if found == content else None
    return answer["ETag"]
