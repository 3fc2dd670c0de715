"""What tests share: the real servers, started once for all tests that take the same ones."""

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from acude.local.platform import Platform
from tests.servers import LONGEST_FIRST, group_of, platform_of, servers

# How long an example takes depends on what else the machine does; no test depends on it.
hypothesis_settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("untimed")


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """Every server of the platform; a folder that needs fewer has a fixture of its own."""
    with servers() as found:
        yield found


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks tests by what they take, before pytest-xdist looks at the marks.

    A test that takes the servers has their mark, so that ``-m "not platform"`` leaves all of them out. With
    pytest-xdist, tests of the same servers share a worker, and so do those that take a Spark of their own.
    """
    for item in items:
        if servers_taken := group_of(item):
            item.add_marker(pytest.mark.platform)
            item.add_marker(pytest.mark.xdist_group(servers_taken))
        elif "spark" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("spark"))
    # So that no worker is left alone with a long one at the end.
    items.sort(key=_place)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Says at once what failed: a run that is cut off prints nothing at its end."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        why = getattr(report.longrepr, "reprcrash", None)
        sys.stderr.write(f"\n{report.nodeid} ({report.when}, {report.duration:.0f} s): {why or report.longreprtext}\n")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Ends a group's servers with its last test: idle ones would take from the groups that follow."""
    yield
    if nextitem and (found := platform_of(item)) and found is not platform_of(nextitem):
        found.finish(item._request)  # type: ignore[attr-defined]


def _place(item: pytest.Item) -> int:
    """Longest first: the groups of the servers, then what goes together for another reason, then all the rest."""
    servers_taken = group_of(item)
    if servers_taken in LONGEST_FIRST:
        return LONGEST_FIRST.index(servers_taken)
    return len(LONGEST_FIRST) + (not servers_taken and not item.get_closest_marker("xdist_group"))
