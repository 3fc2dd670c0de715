"""Runs a job by its name: `python -m jobs batch.vendas --day D --run-id R`.

It is also the main file that `make dist` makes for spark-submit:

    spark-submit --py-files acude-0.1.0.zip acude-jobs.py batch.vendas --day D --run-id R

A driver reads contracts, expectations and SQL as files. Where its code lies in that zip, it is unpacked first.
"""

import runpy
import sys
import tempfile
import zipfile
from importlib.util import find_spec
from zipimport import zipimporter

_PACKAGES = ("acude", "jobs")
_WRONG_USE = 2


def main() -> None:
    """Runs the job that the first argument names, with the others."""
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):  # noqa: PLR2004 - the program and the job
        _refuse("Name a job: streaming, or batch.vendas and others of jobs/batch/. Its --help says what it takes.")
    name = f"jobs.{sys.argv.pop(1)}"
    with tempfile.TemporaryDirectory(prefix="acude-") as folder:
        _unpack(folder)
        if not _exists(name):
            _refuse(f"There is no job {name}.")
        # As with `python -m`: what a job sends to executors is looked up in its own module.
        runpy.run_module(name, run_name="__main__", alter_sys=True)


def _unpack(folder: str) -> None:
    """Puts the zip's files into the folder, and lets Python import from there."""
    spec = find_spec("acude")
    if not spec or not isinstance(spec.loader, zipimporter):
        return
    with zipfile.ZipFile(spec.loader.archive) as archive:
        archive.extractall(folder)
    sys.path.insert(0, folder)
    for module in [name for name in sys.modules if name.partition(".")[0] in _PACKAGES]:
        del sys.modules[module]


def _exists(name: str) -> bool:
    try:
        found = find_spec(name)
    except (ImportError, ValueError):
        return False
    if found and found.submodule_search_locations is not None:
        # A folder of jobs is no job itself.
        return find_spec(f"{name}.__main__") is not None
    return found is not None


def _refuse(sentence: str) -> None:
    print(sentence, file=sys.stderr)
    sys.exit(_WRONG_USE)


if __name__ == "__main__":
    main()
