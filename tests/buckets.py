"""Buckets of the tests' own."""

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import md5
from io import BytesIO
from typing import Any

import pyarrow.fs
from botocore.exceptions import ClientError

from acude.aws import delete, keys, s3
from acude.lake.object_store import ObjectStore
from acude.settings import Settings

Object = dict[str, Any]


def empty(bucket: str, prefix: str = "", config: Settings | None = None) -> None:
    """Deletes what lies under a prefix."""
    delete(bucket, list(keys(bucket, prefix, config)), config)


def drop(bucket: str, config: Settings | None = None) -> None:
    """Removes a bucket with all that it holds."""
    empty(bucket, config=config)
    s3(config).delete_bucket(Bucket=bucket)


class Folder(ObjectStore):
    """A bucket that is a folder."""

    def filesystem(self) -> pyarrow.fs.FileSystem:
        return pyarrow.fs.SubTreeFileSystem("/", pyarrow.fs.LocalFileSystem())


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "any")


class MemoryBucket:
    """One bucket in memory, with S3's conditional writes."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, datetime]] = {}
        self.refuses = ""

    def put_object(self, *, Key: str, Body: bytes, IfMatch: str = "", IfNoneMatch: str = "", **_: object) -> Object:  # noqa: N803 - boto3's names
        if (IfNoneMatch and Key in self.objects) or (IfMatch and IfMatch != self._etag(Key)):
            raise refused("PreconditionFailed")
        self.objects[Key] = (Body, datetime.now(UTC))
        return {"ETag": self._etag(Key)}

    def get_object(self, *, Key: str, **_: object) -> Object:  # noqa: N803 - boto3's name
        return {**self.head_object(Key=Key), "Body": BytesIO(self.objects[Key][0])}

    def head_object(self, *, Key: str, **_: object) -> Object:  # noqa: N803 - boto3's name
        if self.refuses or Key not in self.objects:
            raise refused(self.refuses or "404")
        return {"ETag": self._etag(Key)}

    def copy_object(self, *, CopySource: Object, Key: str, **_: object) -> None:  # noqa: N803 - boto3's names
        self.objects[Key] = self.objects[CopySource["Key"]]

    def get_paginator(self, _: str) -> "MemoryBucket":
        return self

    def paginate(self, *, Prefix: str, StartAfter: str = "", **_: object) -> Iterator[Object]:  # noqa: N803 - boto3's names
        found = [
            {"Key": key, "LastModified": at, "Size": len(body), "ETag": self._etag(key)}
            for key, (body, at) in sorted(self.objects.items())
            if key.startswith(Prefix) and key > StartAfter
        ]
        yield {"Contents": found}

    def list_objects_v2(self, *, Prefix: str, **_: object) -> Object:  # noqa: N803 - boto3's name
        return next(self.paginate(Prefix=Prefix))

    def delete_object(self, *, Key: str, **_: object) -> None:  # noqa: N803 - boto3's name
        self.objects.pop(Key, None)

    def delete_objects(self, *, Delete: Object, **_: object) -> Object:  # noqa: N803 - boto3's name
        if self.refuses:
            return {"Errors": [{"Key": one["Key"], "Code": self.refuses, "Message": ""} for one in Delete["Objects"]]}
        for one in Delete["Objects"]:
            del self.objects[one["Key"]]
        return {}

    def _etag(self, key: str) -> str:
        return md5(self.objects[key][0], usedforsecurity=False).hexdigest()
