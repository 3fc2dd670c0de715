"""How long what a table no longer needs stays."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from acude.contracts.model import table
from acude.lake.delta import hours_kept
from acude.settings import Settings


@pytest.mark.parametrize(
    ("asked", "hours"),
    [
        (timedelta(), 0),
        (timedelta(minutes=1), 1),
        (timedelta(hours=1), 1),
        (timedelta(minutes=90), 2),
        (timedelta(days=7), 168),
    ],
)
def test_files_stay_for_at_least_the_time_that_is_asked_for(asked: timedelta, hours: int) -> None:
    assert hours_kept(table("silver.eventos_clientes"), Settings(expire_after=asked)) == hours


def test_no_time_ends_before_it_begins() -> None:
    with pytest.raises(ValidationError, match="expire_after"):
        Settings(expire_after=timedelta(hours=-1))
