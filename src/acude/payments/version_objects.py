"""The versions' objects on S3, the same for all hosts, each with a copy on this host.

    versoes/<first 16 digits of the sha256>/<name>   a version's files, never changed again
    mudancas.jsonl                                   every change, with person, time and reason (`version_log`)
    referencia.json                                  the pinned reference; there may be none

They lie under `_controle/regras/` in the lake's bucket. The copies are in `var/risco`.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from acude.aws import is_missing, s3
from acude.lake import conditional
from acude.payments.version_log import VersionError
from acude.risk.rules import MODEL, REFERENCE, RULES, Files, digest, read_folder
from acude.settings import Settings

FOLDER: Final = "_controle/regras/"
CHANGES: Final = "mudancas.jsonl"

_VERSIONS: Final = "versoes"
_DIGITS: Final = 16


class StoreAwayError(VersionError):
    """S3 does not answer."""


class VersionObjects:
    """The objects.

    Args:
        config: names the bucket, and the folder of the copies.
        or_copy: where S3 does not answer, what it had when this host last asked is taken.
    """

    def __init__(self, config: Settings, *, or_copy: bool = False) -> None:
        self._config = config
        self._or_copy = or_copy
        self._copies = config.var / "risco"

    def read(self, name: str) -> tuple[bytes, str | None] | None:
        """An object's content and its ETag, which a copy does not have; None where there is none.

        Raises:
            StoreAwayError: S3 does not answer, and a copy will not do or there is none.
        """
        copy = self._copies / name
        try:
            with self._asked(name):
                found = conditional.read(FOLDER + name, self._config, hasty=True)
        except StoreAwayError:
            if not self._or_copy or not copy.exists():
                raise
            return copy.read_bytes(), None
        if found:
            _replace(copy, found[0])
        else:
            copy.unlink(missing_ok=True)
        return found

    def etag(self, name: str) -> str | None:
        """An object's ETag, which changes with its content; None where there is none.

        Raises:
            StoreAwayError: S3 does not answer.
        """
        with self._asked(name):
            try:
                asked = {"Bucket": self._config.lake_bucket, "Key": FOLDER + name}
                return s3(self._config, hasty=True).head_object(**asked)["ETag"]  # type: ignore[arg-type]
            except ClientError as problem:
                if is_missing(problem):
                    return None
                raise

    def replace(self, name: str, content: bytes, seen: str | None) -> bool:
        """Writes an object in the place of the one with that ETag; False where another process was faster.

        Raises:
            StoreAwayError: S3 does not answer.
        """
        with self._asked(name):
            return conditional.replace(FOLDER + name, content, seen, self._config) is not None

    def put(self, name: str, content: bytes) -> None:
        """Writes an object, whatever was there.

        Raises:
            StoreAwayError: S3 does not answer.
        """
        with self._asked(name):
            s3(self._config).put_object(Bucket=self._config.lake_bucket, Key=FOLDER + name, Body=content)

    def address(self, name: str) -> str:
        """Where an object is, for people."""
        return f"s3://{self._config.lake_bucket}/{FOLDER}{name}"

    def add(self, sha256: str, files: Files) -> None:
        """Writes a version's files; those that are there already stay."""
        for name, content in files.items():
            self.replace(_place(sha256, name), content, None)

    def version(self, sha256: str) -> Path:
        """A folder of this host with a version's files. S3 is asked only where they are not whole."""
        folder = self._copies / _place(sha256)
        if digest(read_folder(folder)) != sha256:
            for name in (RULES, *MODEL, REFERENCE):
                self.read(_place(sha256, name))
        return folder

    @contextmanager
    def _asked(self, name: str) -> Iterator[None]:
        try:
            yield
        except (ClientError, BotoCoreError) as problem:
            raise StoreAwayError(
                f"{self.address(name)}: S3 does not answer: {problem}",
                "`acude status` shows what runs, `acude up` starts it.",
            ) from problem


def _place(sha256: str, name: str = "") -> str:
    return f"{_VERSIONS}/{sha256[:_DIGITS]}/{name}"


def _replace(path: Path, content: bytes) -> None:
    """Replaces a file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(draft).chmod(0o644)
    Path(draft).rename(path)
