"""PostgreSQL's own programs, as streams: what one writes, and what one is fed."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, Self

from acude.backup.errors import BackupError
from acude.local.servers import postgres
from acude.settings import Settings


class Output:
    """A running program's output; at its end it must have said that all is well.

    A context: the program is ended with it.
    """

    def __init__(self, config: Settings, name: str, arguments: Sequence[str]) -> None:
        self._name = name
        self._errors = TemporaryFile()  # noqa: SIM115 - lives as long as the program
        self._process = subprocess.Popen(
            [postgres.program(name), "--no-password", *arguments],
            env=postgres.client_environment(config),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _end(self._process)
        self._errors.close()

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none only at the good end.

        Raises:
            BackupError: the program failed.
        """
        assert self._process.stdout  # noqa: S101 - it is a pipe
        part = self._process.stdout.read(size)
        if not part and self._process.wait():
            raise _failed(self._name, self._errors)
        return part


def feed(config: Settings, name: str, arguments: Sequence[str], content: Iterator[bytes]) -> None:
    """Runs a program on this content.

    Where the content ends with an error the program is killed before it could take the end for a good one.

    Raises:
        BackupError: the program failed.
    """
    with TemporaryFile() as errors, _started(config, name, arguments, errors) as process:
        assert process.stdin  # noqa: S101 - it is a pipe
        try:
            for part in content:
                _write(process.stdin, part)
            process.stdin.close()
        except BrokenPipeError:
            pass  # It has given up; its status says so, its errors why.
        if process.wait():
            raise _failed(name, errors)


@contextmanager
def _started(
    config: Settings, name: str, arguments: Sequence[str], errors: IO[bytes]
) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        [postgres.program(name), "--no-password", *arguments],
        env=postgres.client_environment(config),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        # Unbuffered: what is left in a buffer would be written when it is closed, killed or not.
        bufsize=0,
    )
    try:
        yield process
    finally:
        _end(process)


def _write(pipe: IO[bytes], part: bytes) -> None:
    rest = memoryview(part)
    while rest:
        rest = rest[pipe.write(rest) :]


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Waits for a program that has ended, kills one that hasn't."""
    if process.poll() is None:
        process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()


def _failed(name: str, errors: IO[bytes]) -> BackupError:
    errors.seek(0)
    # Details and context repeat rows, and rows are nobody's business here.
    lines = [
        line
        for line in errors.read().decode(errors="replace").splitlines()
        if not line.startswith(("DETAIL:", "CONTEXT:"))
    ]
    said = next((line for line in lines if "error:" in line.lower()), lines[-1] if lines else "it said nothing")
    return BackupError(f"{name} failed: {said.strip()}.", "Its last lines are above.", lines[-10:])
