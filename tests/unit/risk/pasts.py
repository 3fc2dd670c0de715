"""Literal pasts: a default payment, and earlier ones, each given by how it differs from it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pytest

from acude.risk.history import of_records
from acude.risk.lists import Listed
from acude.risk.payment import ENTITIES, Payment, microseconds, of_fields, record, records
from acude.risk.velocity import Past

Fields = dict[str, Any]
Row = tuple[float, Fields]
"""How many seconds before the payment (negative: after it), and what differs from the default payment."""

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

NOON: Final = datetime(2026, 11, 22, 15, tzinfo=UTC)
"""In Brasília."""

SAO_PAULO: Final[Fields] = {"latitude": -23.55, "longitude": -46.63}
RIO: Final[Fields] = {"latitude": -22.91, "longitude": -43.17}
MANAUS: Final[Fields] = {"latitude": -3.12, "longitude": -60.02}
NOWHERE: Final[Fields] = {"latitude": None, "longitude": None}

REFUND: Final[Fields] = {"operacao": "estorno"}
PIX: Final[Fields] = {"tipo_pagamento": "pix", "chave_pix": "loja@acude", "token_cartao": None, "entrada": None}

ON_NO_LIST: Final = Listed()

_DEFAULTS: Final[Fields] = {
    "id_transacao": "agora",
    "tipo_pagamento": "credito",
    "operacao": "pagamento",
    "valor": "100",
    "moeda": "BRL",
    "timestamp": NOON,
    "id_pagador": "ana",
    "documento_pagador": "52998224725",
    "id_recebedor": "loja",
    "uf": "SP",
    "id_dispositivo": "celular",
    "id_terminal": "caixa",
    "ip": "203.0.113.7",
    "token_cartao": "tok_azul",
    "entrada": "online",
    "parcelas": 1,
    **SAO_PAULO,
}


def payment(**fields: object) -> Payment:
    """The default payment, but with these fields; `valor` may be text."""
    merged: Fields = {**_DEFAULTS, **fields}
    return of_fields({**merged, "valor": Decimal(merged["valor"])})


def past_of(
    *earlier: Row,
    complete: bool = True,
    frauds: Iterable[float] = (),
    listed: Listed = ON_NO_LIST,
    **now: object,
) -> Past:
    """The past of the default payment with the fields `now`.

    Args:
        earlier: the default payment at other times with other fields.
        complete: False is a store that does not answer: no history at all.
        frauds: seconds before the payment of frauds at its terminal.
        listed: which lists the payment is on.
        now: what differs in the payment itself.
    """
    own = payment(**now)
    rows = [
        payment(**{"id_transacao": f"t{number}", "timestamp": own.timestamp - timedelta(seconds=seconds), **fields})
        for number, (seconds, fields) in enumerate(earlier)
    ]
    moments = sorted(microseconds(own.timestamp - timedelta(seconds=seconds)) for seconds in frauds)
    return past_with(own, rows if complete else [], moments, complete=complete, listed=listed)


def past_with(
    own: Payment,
    rows: Sequence[Payment],
    frauds: Sequence[int] = (),
    *,
    complete: bool = True,
    listed: Listed = ON_NO_LIST,
) -> Past:
    """The past of `own` among `rows`; each entity's history has the rows that share it, as the store keeps them."""
    histories = {
        entity: of_records(records([record(row) for row in rows if row.entity(entity) == own.entity(entity)]))
        for entity in ENTITIES
        if own.entity(entity) is not None
    }
    return Past(own, histories, np.array(frauds, np.int64), complete=complete, listed=listed)


def every(seconds: float, count: int, **fields: object) -> list[Row]:
    """`count` earlier payments, one each `seconds`."""
    return [(seconds * number, fields) for number in range(1, count + 1)]


def each(seconds: float, field: str, values: Iterable[Any]) -> list[Row]:
    """Earlier payments, one each `seconds`, with these values of one field."""
    return [(seconds * number, {field: value}) for number, value in enumerate(values, 1)]


def table(*cases: tuple[str, list[Row], Fields, bool]) -> pytest.MarkDecorator:
    """Rows in (earlier payments, and what differs in the payment itself), answer out, each case with its name."""
    return pytest.mark.parametrize(
        ("earlier", "now", "fires"),
        [pytest.param(earlier, now, fires, id=name) for name, earlier, now, fires in cases],
    )
