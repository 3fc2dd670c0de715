import os
import socket
from collections.abc import Iterator

import pytest

from acude.local.errors import PlatformError
from acude.local.ports import is_free, listening, require_free


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which this process listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_with_a_listener_is_taken(taken: int) -> None:
    assert not is_free(taken)


def test_a_closed_port_is_free_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert is_free(port)


def test_a_taken_port_is_said_with_its_holder_and_the_setting_that_moves_it(taken: int) -> None:
    with pytest.raises(PlatformError) as caught:
        require_free("kafka", [(taken, "kafka_port")])

    assert f"kafka needs port {taken}" in caught.value.found
    assert f"process {os.getpid()}" in caught.value.found
    assert "ACUDE_KAFKA_PORT=<port>" in caught.value.next_step


def test_listening_addresses_of_a_process_are_found(taken: int) -> None:
    assert ("127.0.0.1", taken) in listening(os.getpid())
