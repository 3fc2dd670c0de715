"""What `make dist` makes for spark-submit."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from acude.settings import PROJECT
from tests.wheel import run_python
from tools import dist

JOBS = sorted(".".join(path.relative_to(PROJECT).with_suffix("").parts) for path in PROJECT.glob("jobs/**/[!_]*.py"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artefacts, made twice into one folder."""
    found = tmp_path_factory.mktemp("dist")
    (found / "acude-0.0.9.zip").touch()
    dist.make(found)
    dist.make(found)
    return found


def archive(folder: Path) -> Path:
    """The zip."""
    [found] = folder.glob("*.zip")
    return found


def test_artefacts_of_an_earlier_time_are_replaced(folder: Path) -> None:
    wheel, zipped = next(folder.glob("*.whl")), archive(folder)
    assert {path.name for path in folder.iterdir()} == {wheel.name, zipped.name, dist.MAIN, dist.SUMS}
    assert wheel.name.split("-")[:2] == zipped.stem.split("-")


def test_checksums_are_those_of_the_files(folder: Path) -> None:
    files = sorted(path for path in folder.iterdir() if path.name != dist.SUMS)
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in files]
    assert sorted((folder / dist.SUMS).read_text().splitlines()) == sorted(sums)


def test_executors_import_every_job_from_the_zip(folder: Path, tmp_path: Path) -> None:
    asked = f"import importlib; [print(importlib.import_module(name).__file__) for name in {JOBS}]"
    done = run_python("-c", asked, cwd=tmp_path, first=archive(folder))
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if not line.startswith(f"{archive(folder)}/jobs/")] == []
    assert len(done.stdout.splitlines()) == len(JOBS) > 20


def test_the_same_code_makes_the_same_zip(folder: Path, tmp_path: Path) -> None:
    dist.make(tmp_path)
    assert archive(tmp_path).read_bytes() == archive(folder).read_bytes()
    with zipfile.ZipFile(archive(folder)) as packed:
        assert packed.testzip() is None


def test_the_main_file_runs_the_job_it_is_told_with_the_files_of_the_zip(folder: Path, tmp_path: Path) -> None:
    done = run_python(folder / dist.MAIN, "batch.vendas", "--help", cwd=tmp_path, first=archive(folder))
    assert done.returncode == 0, done.stderr
    assert "python -m jobs.batch.vendas" in done.stdout
    own = tmp_path / "probe.zip"
    # The driver's own files: a job that says which contracts it sees.
    with zipfile.ZipFile(archive(folder)) as packed, zipfile.ZipFile(own, "w") as more:
        for name in packed.namelist():
            more.writestr(name, packed.read(name))
        more.writestr("jobs/batch/probe.py", "from acude.contracts.model import load\nprint(__name__, len(load()))\n")
    done = run_python(folder / dist.MAIN, "batch.probe", cwd=tmp_path, first=own)
    assert done.stdout.split()[0] == "__main__", done.stderr
    assert int(done.stdout.split()[1]) > 20


@pytest.mark.parametrize("arguments", [(), ("--help",), ("batch",), ("batch.nothing",), ("nothing.at.all",), ("..",)])
def test_a_job_that_is_not_there_is_told(folder: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run_python(folder / dist.MAIN, *arguments, cwd=tmp_path, first=archive(folder))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "job" in done.stderr
