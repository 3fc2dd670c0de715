"""Each job of the batch is a program, whose help says what it does, what it takes, and how it is submitted."""

import runpy
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import import_module

import pytest

from acude.errors import AcudeError
from acude.publishing.submit import DAY_ALONE, NOTHING, Takes, submit
from acude.settings import PROJECT
from jobs.batch import train_model

JOBS = sorted(path.stem for path in (PROJECT / "jobs" / "batch").glob("[!_]*.py"))
WITHOUT_A_DAY = {"maintenance"}


class UnreachableError(AcudeError):
    """Any error that needs a person."""


def run(job: str, *arguments: str, monkeypatch: pytest.MonkeyPatch) -> int | str | None:
    """Runs a job as `python -m` does; its exit code."""
    monkeypatch.setattr(sys, "argv", [job, *arguments])
    # A job that another one imports is run once more, as its own program.
    monkeypatch.delitem(sys.modules, f"jobs.batch.{job}", raising=False)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(f"jobs.batch.{job}", run_name="__main__")
    return ended.value.code


@pytest.mark.parametrize("job", JOBS)
def test_each_job_answers_help(job: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(job, "--help", monkeypatch=monkeypatch) == 0
    said = capsys.readouterr().out
    about = import_module(f"jobs.batch.{job}").__doc__
    assert about
    assert about.splitlines()[0] in said
    assert f"  python -m jobs.batch.{job}" in said
    assert f"spark-submit --py-files acude-VERSION.zip acude-jobs.py batch.{job}" in said
    assert "Exit codes" in said
    assert ("\n  --run-id NAME " in said) == (job not in WITHOUT_A_DAY)


@pytest.mark.parametrize("job", sorted(set(JOBS) - WITHOUT_A_DAY))
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "the following arguments are required: --day, --run-id"),
        (("--day", "28/11/2026", "--run-id", "r"), "expected a day as YYYY-MM-DD, found '28/11/2026'"),
        (("--day", "2999-01-01", "--run-id", "r"), "2999-01-01 is a day of the future"),
    ],
)
def test_a_call_that_can_not_be_meant_is_refused_before_anything_starts(
    job: str,
    arguments: tuple[str, ...],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(job, *arguments, monkeypatch=monkeypatch) == 2
    assert said in capsys.readouterr().err


@dataclass
class Job:
    """A job of the test's own, and what its step was called with."""

    calls: list[tuple[object, ...]]
    fails: AcudeError | None = None

    def step(self, *given: object) -> dict[str, object]:
        self.calls.append(given)
        if self.fails:
            raise self.fails
        return {"given": len(given)}

    def submitted(self, *arguments: str, takes: Takes, monkeypatch: pytest.MonkeyPatch) -> int | str | None:
        monkeypatch.setattr(sys, "argv", ["job", *arguments])
        with pytest.raises(SystemExit) as ended:
            submit("job", "A job.", self.step, self.step, takes=takes, driver=False)
        return ended.value.code


DAY = ("--day", "2026-01-31", "--run-id", "r1")


@pytest.mark.parametrize(
    ("takes", "arguments", "given"),
    [
        (Takes(), DAY, (date(2026, 1, 31), "r1")),
        (DAY_ALONE, DAY, (date(2026, 1, 31),)),
        (NOTHING, (), ()),
    ],
)
def test_each_step_gets_what_the_job_takes_and_prints_a_line(
    takes: Takes,
    arguments: tuple[str, ...],
    given: tuple[object, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    job = Job([])
    assert job.submitted(*arguments, takes=takes, monkeypatch=monkeypatch) == 0
    assert job.calls == [given, given]
    assert capsys.readouterr().out.splitlines() == [f'{{"given": {len(given)}}}'] * 2


def test_the_first_step_that_fails_ends_the_job_with_its_sentences(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    job = Job([], UnreachableError("The warehouse is away.", "Start it."))
    assert job.submitted(*DAY, takes=Takes(), monkeypatch=monkeypatch) == 1
    assert len(job.calls) == 1
    assert caplog.messages == ["The warehouse is away. Start it."]


@pytest.mark.parametrize(
    ("more", "said"),
    [(("--days", "0"), "a number of days, found '0'"), (("--known-at", "now"), "a time as YYYY-MM-DDTHH:MM")],
)
def test_a_training_says_what_it_can_not_read(
    more: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("train_model", *DAY, *more, monkeypatch=monkeypatch) == 2
    assert said in capsys.readouterr().err


def test_a_training_learns_from_the_days_up_to_the_named_one(monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job([])
    takes = Takes(train_model._arguments, train_model._training)
    asked = (*DAY, "--days", "31", "--known-at", "2026-02-07T00:00")
    assert job.submitted(*asked, takes=takes, monkeypatch=monkeypatch) == 0
    [training] = job.calls[0]
    known_at = datetime(2026, 2, 7, tzinfo=UTC)
    assert training == train_model.Training("r1", date(2026, 1, 1), date(2026, 1, 31), known_at)
