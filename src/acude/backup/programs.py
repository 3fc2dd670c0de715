"""PostgreSQL's own programs, as streams: what one writes, and what one is fed."""

from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from subprocess import DEVNULL, PIPE, Popen
from tempfile import TemporaryFile
from typing import IO, Final

from acude.backup import server
from acude.backup.errors import BackupError
from acude.settings import Settings

_PIECE: Final = 1024 * 1024


def output(config: Settings, name: str, arguments: Sequence[str]) -> Generator[bytes, None, None]:
    """What a program writes.

    Raises:
        BackupError: the program failed; raised at the end of its output.
    """
    with _running(config, name, arguments, stdin=DEVNULL, stdout=PIPE) as process:
        assert process.stdout  # noqa: S101 - it is a pipe
        while piece := process.stdout.read(_PIECE):
            yield piece


def feed(config: Settings, name: str, arguments: Sequence[str], content: Iterator[bytes]) -> None:
    """Runs a program on this content.

    Where the content ends with an error, the program is killed before it can take the end for a good one.

    Raises:
        BackupError: the program failed.
    """
    with _running(config, name, arguments, stdin=PIPE, stdout=DEVNULL) as process:
        assert process.stdin  # noqa: S101 - it is a pipe
        for piece in content:
            rest = memoryview(piece)
            while rest:
                rest = rest[process.stdin.write(rest) :]
        process.stdin.close()
    # What the program had no need to read is checked all the same.
    deque(content, maxlen=0)


@contextmanager
def _running(
    config: Settings, name: str, arguments: Sequence[str], *, stdin: int, stdout: int
) -> "Iterator[Popen[bytes]]":
    command = [server.program(config, name), "--no-password", *arguments]
    environment = server.environment(config)
    with TemporaryFile() as errors, _started(command, environment, stdin, stdout, errors) as process:
        try:
            yield process
        except BrokenPipeError:
            pass  # It has given up; its status says so, its errors why.
        except BaseException:
            process.kill()
            raise
        if process.wait():
            raise _failed(name, errors)


def _started(
    command: Sequence[str], environment: Mapping[str, str], stdin: int, stdout: int, errors: IO[bytes]
) -> "Popen[bytes]":
    try:
        # Unbuffered: what is left in a buffer would be written when it is closed, killed or not.
        return Popen(command, env=environment, stdin=stdin, stdout=stdout, stderr=errors, bufsize=0)
    except OSError as problem:
        raise BackupError(
            f"{command[0]} can't be started: {problem.strerror}.",
            "ACUDE_BACKUP_PROGRAMS must be the folder of PostgreSQL's programs; empty, it is that of `make install`.",
        ) from None


def _failed(name: str, errors: IO[bytes]) -> BackupError:
    errors.seek(0)
    # Details and context repeat rows, which must not reach a log.
    lines = [
        line
        for line in errors.read().decode(errors="replace").splitlines()
        if not line.startswith(("DETAIL:", "CONTEXT:"))
    ]
    said = next((line for line in lines if "error:" in line.lower()), lines[-1] if lines else "it said nothing")
    return BackupError(f"{name} failed: {said.strip()}.", "Its last lines are above.", lines[-10:])
