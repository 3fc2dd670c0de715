from collections import Counter

import pytest

from acude.local.errors import PlatformError
from acude.local.service import Service, nothing
from acude.local.services import all_services, chosen, start_order
from acude.settings import Settings


def service(name: str, *after: str) -> Service:
    return Service(name=name, purpose="", command=["true"], ready=nothing, address="", after=after)


SERVICES = [service("broker"), service("store"), service("batch", "store"), service("stream", "broker", "store")]


def test_a_service_starts_after_those_it_needs() -> None:
    order = start_order(SERVICES)

    assert set(order.get_ready()) == {"broker", "store"}
    order.done("store")
    assert set(order.get_ready()) == {"batch"}
    order.done("broker")
    assert set(order.get_ready()) == {"stream"}


def test_a_chosen_service_brings_what_it_needs_and_nothing_else() -> None:
    assert [s.name for s in chosen(SERVICES, ["batch"])] == ["store", "batch"]


def test_no_choice_means_every_service() -> None:
    assert chosen(SERVICES, None) == SERVICES


def test_an_unknown_service_is_refused_with_the_known_names() -> None:
    with pytest.raises(PlatformError, match=r"no service 'brocker'.*Choose from: batch, broker, store, stream"):
        chosen(SERVICES, ["brocker"])


def test_a_service_started_alone_does_not_wait_for_what_is_not_started() -> None:
    assert set(start_order([SERVICES[3]]).get_ready()) == {"stream"}


def test_every_server_of_the_platform_needs_only_servers_of_the_platform() -> None:
    services = all_services(Settings())
    names = {s.name for s in services}

    assert len(names) == len(services)
    assert {needed for s in services for needed in s.after} <= names


def test_no_two_servers_share_a_port() -> None:
    ports = Counter(port for s in all_services(Settings()) for port, _ in s.ports)

    assert {port: count for port, count in ports.items() if count > 1} == {}


def test_every_port_is_moved_by_a_setting_that_exists() -> None:
    named = {setting for s in all_services(Settings()) for _, setting in s.ports}

    assert named <= set(Settings.model_fields)
