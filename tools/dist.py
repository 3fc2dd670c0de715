"""What a machine without a checkout is given, in `dist/`: `python -m tools.dist`, or `make dist`.

A wheel for pip; the same code as a zip for spark-submit's `--py-files`; its main file; and checksums.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from acude.errors import AcudeError
from acude.lake.code_archive import pack

CHECKOUT: Final = Path(__file__).resolve().parents[1]

MAIN: Final = "acude-jobs.py"
SUMS: Final = "SHA256SUMS"


def make(folder: Path) -> list[Path]:
    """Makes the artefacts; those of an earlier time are replaced.

    Args:
        folder: is made where it is missing.

    Returns:
        Wheel, zip, main file, checksums.

    Raises:
        AcudeError: the wheel can't be built.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        built = build_wheel(Path(work))
        for old in [*folder.glob("acude-*"), folder / SUMS]:
            old.unlink(missing_ok=True)
        wheel = built.rename(folder / built.name)
    version = wheel.name.split("-")[1]
    archive = pack(_code(wheel), folder / f"acude-{version}.zip")
    main = folder / MAIN
    main.write_bytes((CHECKOUT / "jobs" / "__main__.py").read_bytes())
    sums = folder / SUMS
    # As `sha256sum --check` reads it.
    sums.write_text("".join(f"{_sha256(path)}  {path.name}\n" for path in (wheel, archive, main)))
    return [wheel, archive, main, sums]


def build_wheel(folder: Path) -> Path:
    """The wheel of this checkout.

    Raises:
        AcudeError: it can't be built.
    """
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AcudeError("The wheel can't be built.", "See the lines above.", (done.stdout + done.stderr).splitlines())
    [wheel] = folder.glob("*.whl")
    return wheel


def _code(wheel: Path) -> dict[str, bytes]:
    """The wheel's files but what describes it to pip."""
    with zipfile.ZipFile(wheel) as packed:
        return {name: packed.read(name) for name in packed.namelist() if ".dist-info/" not in name}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    try:
        for made in make(CHECKOUT / "dist"):
            print(made)
    except AcudeError as error:
        sys.exit("\n".join([*error.log, str(error)]))
