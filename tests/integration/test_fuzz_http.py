"""Whatever bodies, forms and query strings say, the HTTP servers answer with a 2xx or a 4xx, and raise nothing."""

import pytest

from tests.fuzz.processes import FEW, MANY, assert_survived

SERVERS = ("payment-api", "issuer", "warehouses", "athena", "blacklist", "receiver", "service")
COUNTS = [FEW, pytest.param(MANY, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])]


def statuses(what: str, server: str, count: int) -> dict[int, int]:
    """How often each status came."""
    pairs = (one.split(":") for one in assert_survived("http", what, server, count).split())
    found = {int(status): int(times) for status, times in pairs}
    assert sum(found.values()) == count
    return found


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("payment-api", (200, 202, 400)),
        ("blacklist", (200, 422)),
        ("receiver", (200, 204, 400, 401)),
        ("service", (200, 400, 401, 413)),
        ("athena", (200, 400)),
    ],
)
def test_each_body_is_answered_or_refused(server: str, expected: tuple[int, ...], count: int) -> None:
    found = statuses("bodies", server, count)
    # Bodies that are only refused would tell little of what comes behind the refusal.
    assert min(found[status] for status in expected) > count / 50


@pytest.mark.parametrize("count", COUNTS)
def test_each_form_is_answered_or_refused(count: int) -> None:
    found = statuses("forms", "issuer", count)
    assert min(found[200], found[400], found[401], found[422]) > count / 50


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("server", SERVERS)
def test_each_query_string_is_answered_or_refused(server: str, count: int) -> None:
    found = statuses("queries", server, count)
    assert sum(times for status, times in found.items() if status < 300) > count / 50
