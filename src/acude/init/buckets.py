"""The platform's buckets."""

from typing import TYPE_CHECKING

from acude.aws import s3
from acude.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def missing(config: Settings, client: "S3Client | None" = None) -> list[str]:
    """Names of the buckets that are not there.

    Args:
        config: names them.
        client: the process's own unless given.
    """
    known = {bucket["Name"] for bucket in (client or s3(config)).list_buckets()["Buckets"]}
    plain = (config.lake_bucket, config.inbox_bucket, config.results_bucket, config.backup_bucket)
    return [name for name in (*plain, config.audit_bucket) if name not in known]


def create(config: Settings, client: "S3Client | None" = None) -> None:
    """Creates those that are missing; that of the audit log's anchors with Object Lock, which no bucket gets later."""
    client = client or s3(config)
    for name in missing(config, client):
        client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=name == config.audit_bucket)
