"""Candidates on S3: what a training made, its card, and what was found of it, in one place for all hosts."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from acude.aws import s3
from acude.lake import conditional
from acude.payments.version_log import VersionError
from acude.risk.rules import MODEL, REFERENCE, RULES
from acude.settings import Settings

FOLDER: Final = "_controle/candidatas/"
"""In the lake's bucket; a folder for each training."""

_SCHEME: Final = "s3://"


def keep(config: Settings, name: str, files: Mapping[str, bytes]) -> str:
    """Writes files of a candidate, in the place of those of an earlier try; says where."""
    for file, content in files.items():
        s3(config).put_object(Bucket=config.lake_bucket, Key=f"{FOLDER}{name}/{file}", Body=content)
    return address(config, name)


def address(config: Settings, name: str) -> str:
    """Where a candidate lies: `acude risk promote` takes this."""
    return f"{_SCHEME}{config.lake_bucket}/{FOLDER}{name}"


@contextmanager
def local(config: Settings, given: str) -> Iterator[Path]:
    """A candidate's path on this host. One that is named by its address on S3 is fetched.

    Raises:
        VersionError: there is none at that address.
    """
    if not given.startswith(_SCHEME):
        yield Path(given)
        return
    place = given.removeprefix(f"{_SCHEME}{config.lake_bucket}/").rstrip("/")
    with tempfile.TemporaryDirectory(prefix="acude-candidata-") as scratch:
        folder = Path(scratch)
        for name in (RULES, *MODEL, REFERENCE):
            if found := conditional.read(f"{place}/{name}", config):
                (folder / name).write_bytes(found[0])
        if not any(folder.iterdir()):
            raise VersionError(f"{given}: expected a candidate's files, found none")
        yield folder
