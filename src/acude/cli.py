"""``acude``: the one command. Each sub-command is a module of ``acude.commands`` and is imported only when called."""

import errno
import inspect
import os
from importlib import import_module
from typing import Any

import typer
from rich.markup import escape
from typer.core import TyperCommand, TyperGroup

from acude.errors import AcudeError

COMMANDS = {
    "up": "Start the platform's servers and keep them running.",
    "down": "Stop whatever is left of the platform.",
    "status": "Say which servers are up, where, and how much memory they use.",
    "logs": "Show a server's log.",
    "doctor": "Say what is missing on this machine, and how to get it.",
    "init": "Create topics, buckets and tables on servers that exist already.",
    "serve": "Become one of the platform's servers, as a container does.",
    "docker": "Draw the secrets of docker/docker-compose.yml.",
    "demo": "Play a day in the shop and prove that nothing was lost.",
    "simulate": "Send shoppers' events, warehouses' updates and orders.",
    "history": "Put daily sales files into the inbox.",
    "backfill": "Run a DAG again for past days.",
    "query": "Ask Athena.",
    "audit": "Verify and show the audit log of decisions, list changes, policies and accesses.",
    "risk": "Say why a payment was decided as it was; try, promote and roll back rules; lists; payers.",
    "trace": "Trace one payment through every store.",
    "reconcile": "Compare ledger, silver, gold, warehouse and Athena to the cent.",
    "backup": "Back up the databases, prove it, and bring them back.",
    "quarantine": "Look at refused records and send them again.",
    "deadletters": "Look at what could not be processed and send it again.",
}
"""Name and help line of each sub-command; its module defines ``app``, a ``typer.Typer``."""

_FULL = {errno.ENOSPC, errno.EDQUOT}


class LazyCommands(TyperGroup):
    """A group whose members are imported when they are called, so that ``acude --help`` stays fast."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - typer's own
        super().__init__(**attributes)
        self.commands = {name: TyperCommand(name, help=line) for name, line in COMMANDS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - typer's own
        """Replace the called command's placeholder with the command."""
        name = args[0]
        if name in COMMANDS:
            command = typer.main.get_command(import_module(f"acude.commands.{name}").app)
            command.name = name
            _in_one_style(command)
            self.commands[name] = command
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer's own
        """Runs the command; an error that needs a person is printed as sentences, without a traceback."""
        # What a command writes may hold the shop's data.
        os.umask(0o077)
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, typer.TyperException):
            raise
        except Exception as problem:
            error = _explained(problem)
            if error is None:
                raise
            _say(error)
            raise typer.Exit(error.exit_code) from None


def _in_one_style(command: Any) -> None:  # noqa: ANN401 - typer's own
    """Gives help that fits any width, and arguments in capitals, to a command and to those below it."""
    # Typer keeps the line breaks of all paragraphs but the first, wherever the source has them.
    command.help = "\n\n".join(_flowing(one) for one in inspect.cleandoc(command.help or "").split("\n\n"))
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            parameter.metavar = (parameter.metavar or parameter.name).strip("[]").upper()
    for below in getattr(command, "commands", {}).values():
        _in_one_style(below)


def _flowing(paragraph: str) -> str:
    """A paragraph as one line; a list of examples stays as it is."""
    return paragraph if "\n  " in paragraph else paragraph.replace("\n", " ")


def _explained(problem: Exception) -> AcudeError | None:
    """The error that a person can read; None where it is a defect."""
    if isinstance(problem, AcudeError):
        return problem
    if isinstance(problem, OSError) and problem.errno in _FULL:
        return AcudeError(
            f"The disk is full: {problem.filename or 'where this command writes'}",
            "Free some space (`acude doctor` says how much is needed), then run the same command again.",
        )
    from acude.commands import servers_away  # noqa: PLC0415 - --help does without it

    return servers_away.explained(problem)


def _say(error: AcudeError) -> None:
    from acude.commands.output import err  # noqa: PLC0415 - --help does without it

    for line in error.log:
        err.print(line, style="dim", markup=False, soft_wrap=True)
    first, *more = error.sentences
    err.print(f"[red]✗[/red] {escape(first)}", soft_wrap=True)
    for sentence in more:
        err.print(f"  {sentence}", markup=False, soft_wrap=True)


app = typer.Typer(cls=LazyCommands, no_args_is_help=True, rich_markup_mode="rich", add_completion=False)


@app.callback()
def acude() -> None:
    """Açude: the data platform of an online shop, on one machine or on AWS.

    Begin with [bold]acude doctor[/bold], then [bold]acude demo[/bold] or [bold]acude up[/bold].
    A walk through all of it: docs/guide.md.
    """
    from acude.commands import command_log  # noqa: PLC0415 - --help does without it

    command_log.begin()
