"""A folder in the inbox's place, and files in it that end whatever process opens them."""

import os
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from acude.lake.object_store import ObjectStore

ETAG = "etag"


class _Opened(pa.OSFile):  # type: ignore[misc]
    def metadata(self) -> dict[str, bytes]:
        return {"ETag": ETAG.encode()}


@dataclass(frozen=True)
class _Files:
    deadly: str

    def open_input_file(self, path: str) -> pa.NativeFile:
        if path.endswith(self.deadly):
            os.abort()
        return _Opened(path)


@dataclass(frozen=True)
class Folder(ObjectStore):
    """The files of a folder, which is the `bucket`; one whose name ends with `deadly` kills its reader."""

    region: str = "sa-east-1"
    deadly: str = "-deadly.parquet"

    def filesystem(self) -> Any:  # noqa: ANN401 - pyarrow has no types
        """What opens them."""
        return _Files(self.deadly)
