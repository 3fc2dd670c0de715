"""SeaweedFS's sockets of a killed server go; those of one that runs stay, wherever it listens."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from acude.local.servers import s3
from acude.settings import Settings


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Settings]:
    """An object store beyond loopback's usual address, at a port of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.2", 0))
        port = free.getsockname()[1]
    found = Settings(_env_file=None, var=tmp_path, bind="127.0.0.2", s3_port=port)  # type: ignore[call-arg]
    yield found
    of_s3(found).unlink(missing_ok=True)


def of_s3(config: Settings) -> Path:
    """The socket of the part that answers at the S3 port."""
    [found] = [path for path, port in s3.sockets(config).items() if port == config.s3_port]
    return found


def test_the_socket_of_a_server_that_listens_stays(config: Settings) -> None:
    of_s3(config).touch()
    with socket.create_server((config.bind, config.s3_port)):
        s3.remove_sockets(config)
        assert of_s3(config).exists()
    s3.remove_sockets(config)
    assert not of_s3(config).exists()
