"""What tests share: the real servers, started once a run."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from acude.local.platform import Platform
from acude.settings import settings

# How long an example takes depends on what else the machine does; no test judges time.
hypothesis_settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("untimed")


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """Every server of the platform, ready. Attaches where it runs already, and then leaves it running."""
    servers = Platform(settings().model_copy(update={"spark_short_lived": True}))
    attached = servers.is_running()
    servers.up()
    yield servers
    if not attached:
        servers.down()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks tests by what they take.

    Whoever takes the servers has their mark, so that ``-m "not platform"`` leaves all of them out. Whoever takes a
    Spark of its own shares it with the others in one worker.
    """
    for item in items:
        taken = getattr(item, "fixturenames", ())
        if "platform" in taken:
            item.add_marker(pytest.mark.platform)
        if "spark" in taken:
            item.add_marker(pytest.mark.xdist_group("spark"))
