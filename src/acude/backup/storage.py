"""Where backups lie: a folder each in a bucket of their own; one with a manifest is complete."""

import hashlib
import io
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from acude import aws
from acude.backup.chunks import decrypt
from acude.backup.errors import BackupError, DamagedError
from acude.backup.keys import Key, KeyRing
from acude.backup.manifest import Manifest, StoredFile
from acude.settings import Settings

MANIFEST: Final = "manifesto.json"
_ID: Final = re.compile(r"\d{8}T\d{12}Z-[0-9a-f]{6}")
_PART: Final = 16 * 1024 * 1024
"""Bytes of an upload's part, of which S3 takes 10,000: a file may have 160 GB."""
_RANGE: Final = 8 * 1024 * 1024
"""Bytes that are asked for at a time: while PostgreSQL builds an index, no connection waits for it."""


def new_id(now: datetime) -> str:
    """A backup's name; the names' order is that of their times."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(3)}"


def begun(backup_id: str) -> datetime:
    """When a backup of this name was begun."""
    return datetime.strptime(backup_id.partition("-")[0], "%Y%m%dT%H%M%S%f%z")


class Storage:
    """The bucket of the backups."""

    def __init__(self, config: Settings) -> None:
        self.bucket = config.backup_bucket
        self._client = aws.s3(config)

    def ids(self) -> list[str]:
        """Every backup's name, complete or not, newest first."""
        with self._answering():
            # From the files, for a folder may outlive them.
            keys = [*self._keys(""), *(key for key, _ in self._unfinished(""))]
        return sorted({folder for folder, _, _ in (key.partition("/") for key in keys) if _ID.fullmatch(folder)})[::-1]

    def manifest(self, backup_id: str, keys: KeyRing) -> Manifest | None:
        """A backup's manifest, checked; None where it has none, for it was never completed.

        Raises:
            BackupError: it can't be trusted.
        """
        try:
            with self._answering():
                body = self._client.get_object(Bucket=self.bucket, Key=f"{backup_id}/{MANIFEST}")["Body"].read()
        except _MissingError:
            return None
        return Manifest.read(body, backup_id, keys)

    def complete(self, manifest: Manifest, key: Key) -> None:
        """Makes a backup one that is listed."""
        with self._answering():
            name = f"{manifest.id}/{MANIFEST}"
            self._client.put_object(
                Bucket=self.bucket, Key=name, Body=manifest.signed(key), ContentType="application/json"
            )

    def put(self, backup_id: str, file: str, content: Iterator[bytes]) -> StoredFile:
        """Stores what comes, part by part; nothing stays where the content ends with an error."""
        source = _Stream(content)
        one_after_another = TransferConfig(multipart_threshold=_PART, multipart_chunksize=_PART, use_threads=False)
        with self._answering():
            self._client.upload_fileobj(
                io.BufferedReader(source, _PART), self.bucket, f"{backup_id}/{file}", Config=one_after_another
            )
        return StoredFile(arquivo=file, tamanho=source.size, sha256=source.digest.hexdigest())

    def content(self, backup_id: str, stored: StoredFile, keys: KeyRing) -> Iterator[bytes]:
        """A file's decrypted content, checked chunk by chunk, and at its end against the manifest.

        Raises:
            DamagedError: it isn't what was stored.
            WrongKeyError: its key isn't at hand.
        """
        name = f"{backup_id}/{stored.arquivo}"
        source = _Ranges(self, name)
        yield from decrypt(source, name, keys)
        if (source.at, source.digest.hexdigest()) != (stored.tamanho, stored.sha256):
            raise DamagedError(f"{name} isn't the file that the manifest describes: size or SHA-256 differ.")

    def part(self, key: str, begin: int) -> bytes:
        """At most `_RANGE` bytes of an object from here on; none behind its end."""
        try:
            with self._answering():
                return self._part(key, begin)
        except _MissingError:
            raise DamagedError(f"{key} is missing in bucket {self.bucket}.") from None

    @retry(
        retry=retry_if_exception_type(BotoCoreError),
        stop=stop_after_attempt(5),
        wait=wait_random_exponential(multiplier=0.5, max=10),
        reraise=True,
    )
    def _part(self, key: str, begin: int) -> bytes:
        try:
            wanted = f"bytes={begin}-{begin + _RANGE - 1}"
            return self._client.get_object(Bucket=self.bucket, Key=key, Range=wanted)["Body"].read()
        except ClientError as refused:
            if _code(refused) in {"InvalidRange", "416"}:
                return b""
            raise

    def delete(self, backup_id: str) -> None:
        """Removes a backup: first its manifest, so that one half removed is never taken for a whole one."""
        with self._answering():
            self._client.delete_object(Bucket=self.bucket, Key=f"{backup_id}/{MANIFEST}")
            for key in list(self._keys(f"{backup_id}/")):
                self._client.delete_object(Bucket=self.bucket, Key=key)
            for key, upload in list(self._unfinished(f"{backup_id}/")):
                self._client.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload)

    def _keys(self, prefix: str) -> Iterator[str]:
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
            yield from (one["Key"] for one in page.get("Contents", ()))

    def _unfinished(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Uploads that were neither completed nor given up: the object's key, and the upload's id."""
        for page in self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket, Prefix=prefix):
            yield from ((one["Key"], one["UploadId"]) for one in page.get("Uploads", ()))

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Says in a sentence that S3 doesn't answer, or refuses."""
        try:
            yield
        except BotoCoreError as problem:
            raise BackupError(
                f"S3 doesn't answer: {problem}.", "Start it with `acude up`, or see `acude status`."
            ) from None
        except ClientError as refused:
            if _code(refused) in {"NoSuchKey", "404"}:
                raise _MissingError from None
            if _code(refused) == "NoSuchBucket":
                raise BackupError(
                    f"S3 has no bucket {self.bucket} for backups.",
                    "`acude up` makes the one that ACUDE_BACKUP_BUCKET names.",
                ) from None
            raise BackupError(
                f"S3 refuses to work in bucket {self.bucket}: {_code(refused)}.", "See `acude logs s3`."
            ) from None


class _MissingError(Exception):
    """There is no such object."""


class _Stream(io.RawIOBase):
    """Makes a file out of pieces, which are measured as they pass."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")
        self.size = 0
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray", /) -> int:  # type: ignore[override]
        if not self._rest:
            piece = next(self._pieces, b"")
            self.size += len(piece)
            self.digest.update(piece)
            self._rest = memoryview(piece)
        taken = min(len(buffer), len(self._rest))
        buffer[:taken] = self._rest[:taken]
        self._rest = self._rest[taken:]
        return taken


class _Ranges:
    """Reads an object range by range, so that it may take as long as it likes, and measures it."""

    def __init__(self, storage: Storage, key: str) -> None:
        self._storage = storage
        self._key = key
        self._rest = memoryview(b"")
        self.at = 0
        self.digest = hashlib.sha256()

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none only at the end."""
        if not self._rest:
            self._rest = memoryview(self._storage.part(self._key, self.at))
            self.at += len(self._rest)
            self.digest.update(self._rest)
        part, self._rest = self._rest[:size], self._rest[size:]
        return part.tobytes()


def _code(refused: ClientError) -> str:
    return str(refused.response.get("Error", {}).get("Code", ""))
