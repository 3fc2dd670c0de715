"""What a service's state says of it."""

import pytest

from acude.local.service import Service
from acude.local.services import all_services
from acude.local.status import state_of
from acude.settings import Settings


def running(seconds: int) -> dict[str, object]:
    return {"statename": "RUNNING", "now": 10_000, "start": 10_000 - seconds}


@pytest.mark.parametrize(
    ("info", "deaths", "state"),
    [
        ({}, 0, "stopped"),
        (running(10), 0, "up"),
        (running(10), 2, "up"),
        (running(10), 3, "failing"),
        (running(299), 30, "failing"),
        (running(300), 30, "up"),
        (running(10) | {"statename": "BACKOFF"}, 3, "failed"),
        (running(10) | {"statename": "STOPPED"}, 3, "stopped"),
    ],
)
def test_a_service_that_ends_by_itself_again_and_again_is_not_up(
    info: dict[str, object], deaths: int, state: str
) -> None:
    service = Service(name="streams", purpose="", command=[], ready=lambda _: None, address="")
    assert state_of(service, info, deaths, Settings()) == state


def test_the_notifiers_address_is_its_own() -> None:
    addresses = {service.name: service.address for service in all_services(Settings())}
    assert addresses["risk-notifier"].startswith(f"http://127.0.0.1:{Settings().risk_notifier_port}/")
    assert addresses["risk-notifier"] != addresses["webhook-receiver"]
