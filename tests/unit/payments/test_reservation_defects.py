"""What fails in the code is not taken for a database that is away."""

import logging
from collections.abc import Iterator
from typing import Any, cast

import pytest

from acude.payments.reservations import ID, Reservations, ReservationsError, Wanted
from acude.settings import Settings

NOBODY = "postgresql://127.0.0.1:9/risco"
NAMED = Wanted("loja", "t-1", ID, b"content")


@pytest.fixture
def reservations() -> Iterator[Reservations]:
    """Reservations in a database that nobody answers for."""
    found = Reservations(Settings(_env_file=None, risk_dsn=NOBODY), "acude-teste")  # type: ignore[call-arg,arg-type]
    yield found
    found.close()
    found.thread.join(30)


def logged(reservations: Reservations, caplog: pytest.LogCaptureFixture, wanted: Wanted) -> list[logging.LogRecord]:
    with pytest.raises(ReservationsError):
        reservations.wait(reservations.ask([wanted]), 30)
    return [one for one in caplog.records if one.name == "acude.payments.reservations"]


def test_a_defect_has_its_traceback_and_the_database_is_not_blamed_nor_left_alone(
    reservations: Reservations, caplog: pytest.LogCaptureFixture
) -> None:
    (said,) = logged(reservations, caplog, NAMED._replace(content=cast("Any", None)))
    assert (said.getMessage(), bool(said.exc_info)) == ("defect", True)
    # The next question is asked: this time the database is away.
    (_, said) = logged(reservations, caplog, NAMED)
    assert "the reservations' database does not answer" in said.getMessage()
    assert not said.exc_info
