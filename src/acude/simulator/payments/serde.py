"""Serialises payments and disputes as the shop's services write them: compact JSON."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from acude.risk.payment import Payment

TOPIC = "transacoes"
DISPUTES = "contestacoes"


class Sent(Payment, frozen=True, kw_only=True, omit_defaults=True):
    """A payment whose absent fields are left out of the JSON."""


class Labelled(NamedTuple):
    """A payment, its record's value and key, and which fraud it is (None: none)."""

    payment: Payment
    value: bytes
    key: bytes
    label: str | None

    def imported(self) -> "Labelled":
        """The same as a payment of the past: its own time counts, not that of its arrival."""
        payment = msgspec.structs.replace(self.payment, importada=True)
        return self._replace(payment=payment, value=encode(payment))


encode = msgspec.json.Encoder(decimal_format="number").encode
"""The payment's payload: fields in the contract's order, `valor` as a number with two decimals."""


def dispute(payment: Payment, found_at: datetime) -> tuple[bytes, bytes]:
    """The record's value and key on `contestacoes` that says that a payment was a fraud, from its payer's bank."""
    fields = {
        "id_contestacao": f"c-{payment.id_transacao}"[:64],
        "id_transacao": payment.id_transacao,
        "resultado": "fraude",
        "timestamp": found_at,
        "origem": "banco",
        "transacao_em": payment.timestamp,
    }
    if payment.id_terminal:
        fields["id_terminal"] = payment.id_terminal
    return msgspec.json.encode(fields), payment.id_transacao.encode()


def brl(cents: int) -> Decimal:
    """An amount with two decimals.

    >>> brl(1230)
    Decimal('12.30')
    """
    return Decimal(cents).scaleb(-2)


def moment(epoch_s: float) -> datetime:
    """A time as the payload carries it, UTC.

    Args:
        epoch_s: seconds since 1970, UTC. The number of microseconds is made odd: a whole second would be written
            without its fraction, and every time shall look the same. Order is kept.

    >>> moment(1.0).isoformat()
    '1970-01-01T00:00:01.000001+00:00'
    """
    return datetime.fromtimestamp((int(epoch_s * 1_000_000) | 1) / 1_000_000, UTC)
