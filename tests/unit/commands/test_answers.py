"""What commands print: whole answers for programs, readable ones for a terminal, and a word where there is nothing."""

from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console
from typer.testing import CliRunner

from acude.athena import client
from acude.athena.client import QueryResult
from acude.cli import app
from acude.commands import history, output, progress, query
from acude.commands.progress import ServiceProgress
from acude.inbox.upload import Loaded

WIDE = QueryResult(["nome", "valor", "nulo"], [("a, b " * 60, Decimal("1.50"), None), ("[x]", Decimal(2), None)])


def terminal(width: int) -> Console:
    return Console(file=StringIO(), force_terminal=True, width=width, color_system=None, highlight=False)


def text(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_an_answer_in_a_pipe_is_whole_csv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "run_query", lambda *_, **__: WIDE)
    answer = CliRunner().invoke(app, ["query", "SELECT 1"])
    assert answer.exit_code == 0, answer.output
    assert answer.stdout == f'nome,valor,nulo\n"{"a, b " * 60}",1.50,\n[x],2,\n'


def test_rows_too_wide_for_the_terminal_are_shown_column_by_column(monkeypatch: pytest.MonkeyPatch) -> None:
    console = terminal(80)
    monkeypatch.setattr(query, "out", console)
    monkeypatch.setattr(client, "run_query", lambda *_, **__: WIDE)
    assert CliRunner().invoke(app, ["query", "SELECT 1", "--format", "table"]).exit_code == 0
    lines = text(console).splitlines()
    assert lines[0] == "row 1"
    assert lines[1] == "nome   " + "a, b " * 60
    assert lines[2] == "valor  1.50"
    assert lines[5] == "nome   [x]"
    assert lines[-1] == "2 rows"


def test_rows_that_fit_stay_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    console = terminal(80)
    monkeypatch.setattr(query, "out", console)
    monkeypatch.setattr(output, "out", console)
    monkeypatch.setattr(client, "run_query", lambda *_, **__: QueryResult(["a", "b"], [(1, "[x]")]))
    assert CliRunner().invoke(app, ["query", "SELECT 1", "--format", "table"]).exit_code == 0
    assert [line.rstrip() for line in text(console).splitlines()] == ["a  b", "1  [x]", "1 rows"]


def test_two_ways_to_write_an_answer_are_refused() -> None:
    assert CliRunner().invoke(app, ["query", "SELECT 1", "--json", "--format", "csv"]).exit_code == 2


def test_a_table_without_rows_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    console = terminal(80)
    monkeypatch.setattr(output, "out", console)
    output.print_table(("a", "b"), [], nothing="There is nothing.")
    assert text(console) == "There is nothing.\n"


def test_a_start_that_nobody_watches_has_one_line_for_each_change(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(file=StringIO(), width=80)
    monkeypatch.setattr(progress, "err", console)
    with ServiceProgress() as shown:
        for state in ("waiting", "starting", "starting, 5 s so far, 2 of CPU", "ready"):
            shown("kafka", state)
    lines = [line for line in text(console).splitlines() if line.strip()]
    assert [line.split()[-1] for line in lines] == ["starting", "ready"]


@pytest.mark.parametrize("command", [["quarantine", "replay"], ["trace"], ["backup"], ["query"]])
def test_help_has_no_line_breaks_of_the_source(command: list[str]) -> None:
    said = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "80"}).stdout
    prose = said.partition("Examples:")[0].split("\n")
    # A line that ends early is the last of its paragraph.
    early = [at for at, line in enumerate(prose) if line.strip() and len(line.rstrip()) < 55]
    assert [prose[at] for at in early if prose[at + 1].strip()] == []


@pytest.mark.parametrize(
    ("command", "usage"), [(["logs"], "{NAME}"), (["trace"], "{ID}"), (["backup", "verify"], "[ID]")]
)
def test_arguments_are_named_in_one_style(command: list[str], usage: str) -> None:
    assert usage in CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "80"}).stdout


def test_a_small_upload_has_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    console = terminal(120)
    monkeypatch.setattr(history, "out", console)
    monkeypatch.setattr(output, "out", console)
    history._print(Loaded("loja", ("vendas/loja/2026-01-01.csv",), (), (), (), 900), "acude-inbox")
    assert "900 bytes uploaded" in text(console)
