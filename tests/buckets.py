"""Buckets of the tests' own."""

from acude.aws import delete, keys, s3
from acude.settings import Settings


def empty(bucket: str, prefix: str = "", config: Settings | None = None) -> None:
    """Deletes what lies under a prefix."""
    delete(bucket, list(keys(bucket, prefix, config)), config)


def drop(bucket: str, config: Settings | None = None) -> None:
    """Removes a bucket with all that it holds."""
    empty(bucket, config=config)
    s3(config).delete_bucket(Bucket=bucket)
