"""A call that can't be meant as it stands is refused in plain words, before any server is asked."""

import pytest
from typer.testing import CliRunner

from acude.cli import app
from acude.errors import WRONG_USE


def refused(*arguments: str) -> str:
    answer = CliRunner().invoke(app, arguments)
    assert answer.exit_code == WRONG_USE, answer.output
    assert "Traceback" not in answer.output
    # Without the frame around it, and its line breaks.
    return " ".join(answer.stderr.replace("│", " ").split())


@pytest.mark.parametrize("room", ["quarantine", "deadletters"])
def test_a_replay_without_a_filter_asks_for_one_or_for_all(room: str) -> None:
    assert "--all" in refused(room, "replay")


@pytest.mark.parametrize(
    "command",
    [
        ("quarantine", "list"),
        ("quarantine", "replay"),
        ("deadletters", "list"),
        ("deadletters", "replay"),
        ("reconcile",),
        ("history", "load", "."),
        ("backfill", "vendas_diarias", "--to", "2026-01-01"),
        ("risk", "replay", "--candidate", ".", "--to", "2026-01-01"),
        ("risk", "train", "--out", ".", "--to", "2026-01-01"),
        ("risk", "shadow", "report"),
    ],
)
@pytest.mark.parametrize("day", ["2026-13-40", "2026-02-30", "yesterday"])
def test_a_day_that_does_not_exist_is_answered_in_plain_words(command: tuple[str, ...], day: str) -> None:
    said = refused(*command, "--from", day)
    assert f"{day!r} is no day of the calendar; write YYYY-MM-DD" in said
    assert "%" not in said


@pytest.mark.parametrize(
    "command",
    [
        ("audit", "show", "--from"),
        ("simulate", "--start"),
        ("risk", "lists", "add", "bloqueio", "ip", "1", "--owner", "a", "--reason", "b", "--until"),
    ],
)
def test_a_moment_that_does_not_exist_is_answered_in_plain_words(command: tuple[str, ...]) -> None:
    said = refused(*command, "2026-11-31T25:00:00")
    assert "is no moment; write YYYY-MM-DD" in said
    assert "%" not in said


@pytest.mark.parametrize(
    "command",
    [
        ("quarantine", "list"),
        ("quarantine", "replay"),
        ("deadletters", "list"),
        ("deadletters", "replay"),
        ("reconcile",),
        ("history", "load", "."),
        ("audit", "show"),
        ("backfill", "vendas_diarias"),
        ("risk", "replay", "--candidate", "."),
        ("risk", "shadow", "report"),
    ],
)
def test_a_span_that_ends_before_it_begins_is_refused(command: tuple[str, ...]) -> None:
    assert "lies behind --to" in refused(*command, "--from", "2026-02-02", "--to", "2026-02-01")


@pytest.mark.parametrize("lines", ["0", "-5"])
def test_a_log_is_asked_for_at_least_one_line(lines: str) -> None:
    assert "-n" in refused("logs", "kafka", "-n", lines)


def test_a_dead_letters_example_is_one_of_its_own() -> None:
    assert "for example alertas/1/17" in refused("deadletters", "show", "x")
    assert "for example eventos_clientes/3/128" in refused("quarantine", "show", "x")


def test_what_does_not_exist_is_wrong_use_whatever_it_is() -> None:
    assert "There is no service 'brocker'" in refused("logs", "brocker")
    assert "There is no reason 'x'" in refused("deadletters", "list", "--motivo", "x")
    assert "there is no reason 'x'" in refused("quarantine", "list", "--motivo", "x").lower()
    assert "There is no list 'x'" in refused("risk", "lists", "show", "--list", "x")
    assert "There is no kind 'x'" in refused("risk", "lists", "show", "--kind", "x")
