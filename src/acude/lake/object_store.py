"""A bucket for pyarrow, on the driver and on the executors."""

from dataclasses import dataclass, field
from functools import lru_cache

import pyarrow.fs

from acude.aws import s3_streams
from acude.settings import Settings


@dataclass(frozen=True)
class ObjectStore:
    """A bucket for pyarrow, wherever the code runs: it travels to the executors with a task.

    Without keys it takes the credentials of the process's role.
    """

    bucket: str
    region: str
    endpoint: str | None = None
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)

    def filesystem(self) -> pyarrow.fs.S3FileSystem:
        """Pyarrow's client, one per process."""
        return _filesystem(self)


@lru_cache(maxsize=4)
def _filesystem(store: ObjectStore) -> pyarrow.fs.S3FileSystem:
    return s3_streams(store.region, store.endpoint, store.access_key, store.secret_key)


def object_store(config: Settings, bucket: str | None = None) -> ObjectStore:
    """The lake's bucket, or another one."""
    access, secret = config.s3_access_key, config.s3_secret_key
    return ObjectStore(
        bucket=bucket or config.lake_bucket,
        region=config.aws_region,
        endpoint=config.s3_endpoint,
        access_key=access.get_secret_value() if access else None,
        secret_key=secret.get_secret_value() if secret else None,
    )
