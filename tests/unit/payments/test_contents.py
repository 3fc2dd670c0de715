"""What two spellings of one payment have in common: their digest."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import pytest

from acude.payments.reservations import Contents
from acude.settings import Settings

FIELDS: Final[dict[str, Any]] = {
    "id_transacao": "t-1",
    "valor": Decimal("10.00"),
    "timestamp": datetime(2026, 11, 22, 10, tzinfo=UTC),
    "latitude": 0.0,
    "parcelas": None,
}


def digest(**fields: object) -> bytes:
    return Contents(Settings(document_key="k" * 32)).of(FIELDS | fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("same", [{"valor": Decimal(10)}, {"valor": Decimal("1E1")}, {"latitude": -0.0}, {"uf": None}])
def test_a_payment_says_the_same_however_it_is_written(same: dict[str, Any]) -> None:
    assert digest(**same) == digest()
    assert digest(**dict(reversed({**FIELDS, **same}.items()))) == digest()


@pytest.mark.parametrize("other", [{"valor": Decimal("10.01")}, {"latitude": 0.1}, {"latitude": None}, {"parcelas": 0}])
def test_another_payment_says_something_else(other: dict[str, Any]) -> None:
    assert digest(**other) != digest()
