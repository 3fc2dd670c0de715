"""The project's code as a zip that Python imports from, as executors get it. A wheel would fail there."""

import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

_PACKAGES = ("acude", "jobs")

_SAME_MOMENT = (2026, 1, 1, 0, 0, 0)
_READABLE = 0o100644


def code_archive(folder: Path) -> Path:
    """This process's own code, packed where there is no archive of this content.

    Args:
        folder: where it is kept; the name tells the content.
    """
    found = dict(_sources())
    content = hashlib.sha256()
    for name, text in sorted(found.items()):
        content.update(name.encode() + b"\0" + text + b"\0")
    path = folder / f"acude-{content.hexdigest()[:16]}.zip"
    return path if path.exists() else pack(found, path)


def pack(found: Mapping[str, bytes], path: Path) -> Path:
    """Writes files into a zip, whole or not at all; the same files make the same bytes.

    Args:
        found: contents by their names in the zip.
        path: of the zip; its folder is made.

    Returns:
        The path.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with zipfile.ZipFile(part, "w") as archive:
        for name, text in sorted(found.items()):
            entry = zipfile.ZipInfo(name, _SAME_MOMENT)
            entry.external_attr = _READABLE << 16
            archive.writestr(entry, text, zipfile.ZIP_DEFLATED)
    part.replace(path)
    return path


def _sources() -> Iterator[tuple[str, bytes]]:
    for package in _PACKAGES:
        spec = find_spec(package)
        for root in map(Path, spec.submodule_search_locations or () if spec else ()):
            for path in root.rglob("*"):
                if path.is_file() and "__pycache__" not in path.parts:
                    yield str(Path(package) / path.relative_to(root)), path.read_bytes()
