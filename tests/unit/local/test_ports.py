import os
import socket
from collections.abc import Iterator

import pytest

from acude.local.errors import PlatformError
from acude.local.ports import is_free, listening, require_free
from acude.local.services import all_services
from acude.settings import Settings


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
        require_free("kafka", [("127.0.0.1", taken, "kafka_port")])

    assert f"kafka needs port {taken}" in caught.value.found
    assert f"process {os.getpid()}" in caught.value.found
    assert "ACUDE_KAFKA_PORT=<port>" in caught.value.next_step


def test_a_listener_on_another_address_takes_no_port(taken: int) -> None:
    assert is_free(taken, "127.0.0.2")
    assert not is_free(taken, "0.0.0.0")  # noqa: S104
    require_free("kafka", [("127.0.0.2", taken, "kafka_port")])


def test_an_address_may_be_one_of_ipv6(taken: int) -> None:
    assert is_free(taken, "::1")


def test_servers_are_looked_for_where_they_will_listen_and_their_inner_ports_on_loopback() -> None:
    config = Settings(_env_file=None, bind="127.0.0.2", s3_access_key="k", s3_secret_key="s")  # type: ignore[call-arg, arg-type]
    found = {setting: host for one in all_services(config) for host, _, setting in one.places(config)}
    inner = {"kafka_controller_port", "s3_internal_port"}
    assert {setting for setting, host in found.items() if host == "127.0.0.1"} == inner
    assert {host for setting, host in found.items() if setting not in inner} == {"127.0.0.2"}


def test_listening_addresses_of_a_process_are_found(taken: int) -> None:
    assert ("127.0.0.1", taken) in listening(os.getpid())
