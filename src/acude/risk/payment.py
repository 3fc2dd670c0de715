"""A payment as the decision sees it, and the compact record of it that later payments are compared with."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from math import nan
from struct import Struct
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from acude.risk.first_decision import PaymentKey


class Payment(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One record of topic `transacoes`; contracts/topics/transacoes.odcs.yaml says what each field means.

    `valor` is exact, in `moeda`; times are UTC. `id_cliente`, a header, is the client of the payment API that asks;
    `carimbo_kafka` is when the broker took the record.
    """

    id_transacao: str
    tipo_pagamento: str
    operacao: str
    valor: Decimal
    moeda: str
    timestamp: datetime
    id_pagador: str
    documento_pagador: str
    id_recebedor: str
    uf: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    id_dispositivo: str | None = None
    id_terminal: str | None = None
    ip: str | None = None
    id_pedido: str | None = None
    conta_criada_em: datetime | None = None
    credencial_alterada_em: datetime | None = None
    token_cartao: str | None = None
    entrada: str | None = None
    parcelas: int | None = None
    chave_pix: str | None = None
    id_carteira: str | None = None
    vencimento: date | None = None
    importada: bool | None = None
    id_cliente: str | None = None
    carimbo_kafka: datetime | None = None

    @property
    def key(self) -> PaymentKey:
        """What names it: its client and its id."""
        return self.id_cliente or "", self.id_transacao

    @property
    def at_us(self) -> int:
        """Event time in microseconds since 1970, UTC."""
        return microseconds(self.timestamp)

    @property
    def taken_us(self) -> int:
        """When the broker took it, as `at_us`; an imported payment's own time, and that of one that no broker took."""
        return self.at_us if self.importada or self.carimbo_kafka is None else microseconds(self.carimbo_kafka)

    @property
    def local_hour(self) -> int:
        """Hour of the day where the payer is, 0 to 23; Brasília's where the state is unknown."""
        return (self.timestamp.hour + _UTC_OFFSET_H.get(self.uf or "", -3)) % 24

    @property
    def is_refund(self) -> bool:
        """Whether money goes back to the payer."""
        return self.operacao == "estorno"

    def entity(self, name: str) -> str | None:
        """The id of one of `ENTITIES` in this payment."""
        value: str | None = getattr(self, FIELD_OF[name])
        return value


_UTC_OFFSET_H: Final = {"AC": -5, **dict.fromkeys(("AM", "MS", "MT", "RO", "RR"), -4)}
"""Where Brazil's clocks differ from Brasília's (UTC-3, no summer time since 2019)."""

FIELD_OF: Final = {
    "pagador": "id_pagador",
    "cartao": "token_cartao",
    "dispositivo": "id_dispositivo",
    "terminal": "id_terminal",
    "ip": "ip",
    "recebedor": "id_recebedor",
}
"""The field with the id of each entity."""

ENTITIES: Final = tuple(FIELD_OF)
"""Whose past a payment is compared with."""

RECORD: Final = np.dtype(
    [
        ("at", "<i8"),
        ("id", "<u8"),
        ("cents", "<i8"),
        *[(name, "<u4") for name in ENTITIES],
        ("latitude", "<f4"),
        ("longitude", "<f4"),
        ("taken", "<i8"),
    ]
)
"""A payment in 64 bytes: time in µs, hash of its id, amount in hundredths (negative for refunds), a hash of each
entity (0: none), the place (NaN: unknown) and the time of its arrival in µs."""

_PACKED: Final = Struct(f"<qQq{len(ENTITIES)}I2fq")
"""The same; an eighth of the time that numpy takes for one payment."""

_A_FEW_BATCHES: Final = 2_000
"""A worker asks for a payment's record three times."""

_NAMES: Final = RECORD.names or ()

Records = npt.NDArray[np.void]


class Place(NamedTuple):
    """Degrees."""

    latitude: float
    longitude: float


@lru_cache(maxsize=_A_FEW_BATCHES)
def record(payment: Payment) -> bytes:
    """The payment's record. The same payment has the same bytes, so a store recognises one that it has."""
    cents = int(payment.valor * 100)
    unknown = payment.latitude is None or payment.longitude is None
    return _PACKED.pack(
        payment.at_us,
        _hash("/".join(filter(None, payment.key)), 8),
        -cents if payment.is_refund else cents,
        *(entity_hash(payment.entity(name)) for name in ENTITIES),
        nan if unknown else payment.latitude,
        nan if unknown else payment.longitude,
        payment.taken_us,
    )


def values(packed: bytes) -> Mapping[str, Any]:
    """A record's values by name, as Python's numbers: numpy takes ten times as long for a single one."""
    return dict(zip(_NAMES, _PACKED.unpack(packed), strict=True))


def records(rows: list[bytes]) -> Records:
    """Many records as one array, in the order of time. Of a payment that came twice the first to arrive is there.

    A record without the time of its arrival, as former versions wrote it, arrived at its own time.
    """
    packed = b"".join(rows)
    if len(packed) != len(rows) * RECORD.itemsize:
        packed = b"".join(row if len(row) == RECORD.itemsize else row + row[:8] for row in rows)
    found: Records = np.frombuffer(packed, RECORD)
    if len(found) < 2:  # noqa: PLR2004 - one is in order
        return found
    found = found[np.lexsort((found["taken"], found["id"], found["at"]))]
    again = (found["id"][1:] == found["id"][:-1]) & (found["at"][1:] == found["at"][:-1])
    return found[np.concatenate([[True], ~again])] if again.any() else found


def arrival_order(rows: Records) -> npt.NDArray[np.intp]:
    """Places in the order of arrival, those of one moment as Valkey orders members of one score: byte by byte."""
    return np.lexsort((*(rows[name].astype("<u8").byteswap() for name in ("id", "at")), rows["taken"]))


def entity_hash(value: str | None) -> int:
    """32 bits of an entity's id; 0 where there is none."""
    return _hash(value, 4) or 1 if value else 0


def microseconds(moment: datetime) -> int:
    """A moment as microseconds since 1970, UTC, exact.

    >>> microseconds(datetime(1970, 1, 2, tzinfo=UTC))
    86400000000
    """
    passed = moment - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _hash(text: str, size: int) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=size).digest(), "little")


def of_fields(fields: dict[str, Any]) -> Payment:
    """A payment from a decoded record's fields by name."""
    return Payment(**fields)
