"""Where backups lie: encrypted, a folder each in a bucket of their own; one with a manifest is complete."""

import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from acude import aws
from acude.backup.cipher import Cipher
from acude.backup.errors import BackupError, DamagedError, WrongKeyError
from acude.backup.manifest import Manifest, StoredFile
from acude.backup_keys import KeyRing
from acude.lake.object_store import object_store
from acude.settings import Settings

MANIFEST: Final = "manifesto"
_ID: Final = re.compile(r"\d{8}T\d{12}Z-[0-9a-f]{6}")
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
        self._config = config
        self.bucket = config.backup_bucket
        self.keys = KeyRing.parse(config.backup_keys.get_secret_value())
        self._cipher = Cipher(self.keys)
        self._client = aws.s3(config)
        self._streams = object_store(config).filesystem()

    def ids(self) -> list[str]:
        """Every backup's name, complete or not, newest first."""
        with self._answering():
            # From the files: a folder may outlive them.
            names = [*self._names(""), *(name for name, _ in self._uploads(""))]
        folders = {name.partition("/")[0] for name in names}
        return sorted(filter(_ID.fullmatch, folders), reverse=True)

    def write(self, backup_id: str, file: str, content: Iterable[bytes]) -> StoredFile:
        """Stores the content, encrypted on its way. Where it fails, what is stored by then stays behind."""
        name = f"{backup_id}/{file}"
        with self._answering(), self._streams.open_output_stream(f"{self.bucket}/{name}") as stored:
            return StoredFile(arquivo=file, tamanho=self._cipher.encrypt(content, stored, name))

    def read(self, backup_id: str, file: str) -> Iterator[bytes]:
        """A file's content, decrypted. Each piece is as it was stored; that none is missing is known at the end.

        Raises:
            DamagedError: it isn't what was stored.
        """
        name = f"{backup_id}/{file}"
        with self._answering():
            try:
                stored = self._streams.open_input_stream(f"{self.bucket}/{name}", buffer_size=_RANGE)
            except FileNotFoundError:
                raise DamagedError(f"{name} is missing in bucket {self.bucket}.") from None
            with stored:
                yield from self._cipher.decrypt(stored, name)

    def manifest(self, backup_id: str) -> Manifest | None:
        """A backup's manifest; None where the backup was never completed.

        Raises:
            WrongKeyError: it was changed, or was made with another key or by an older version.
            DamagedError: this version can't read it.
        """
        with self._answering():
            # The manifest of an older version counts too: it can't be opened, and so nothing removes it.
            if not list(self._names(f"{backup_id}/{MANIFEST}")):
                return None
        try:
            text = b"".join(self.read(backup_id, MANIFEST))
        except DamagedError:
            raise WrongKeyError(
                f"The manifest of {backup_id} can't be opened: it was changed, or made with another key than those at "
                f"hand ({self.keys.names}), or by an older version."
            ) from None
        return Manifest.read(text)

    def complete(self, manifest: Manifest) -> None:
        """Makes a backup one that is listed."""
        self.write(manifest.id, MANIFEST, [manifest.model_dump_json().encode()])

    def delete(self, backup_id: str) -> None:
        """Removes a backup: first its manifest, so that one half removed is never taken for a whole one."""
        with self._answering():
            self._client.delete_object(Bucket=self.bucket, Key=f"{backup_id}/{MANIFEST}")
            aws.delete(self.bucket, list(self._names(f"{backup_id}/")), self._config)
            for name, upload in list(self._uploads(f"{backup_id}/")):
                self._client.abort_multipart_upload(Bucket=self.bucket, Key=name, UploadId=upload)

    def _names(self, prefix: str) -> Iterator[str]:
        return aws.keys(self.bucket, prefix, self._config)

    def _uploads(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Uploads that were neither completed nor given up: the object's name, and the upload's id."""
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
        except OSError as problem:  # from Arrow's client
            raise BackupError(f"S3 fails: {problem}.", "See `acude status` and `acude logs s3`.") from None
        except ClientError as refused:
            code = refused.response.get("Error", {}).get("Code", "")
            if code == "NoSuchBucket":
                raise BackupError(
                    f"S3 has no bucket {self.bucket} for backups.",
                    "`acude up` makes the one that ACUDE_BACKUP_BUCKET names.",
                ) from None
            raise BackupError(f"S3 refuses to work in bucket {self.bucket}: {code}.", "See `acude logs s3`.") from None
