"""Block and allow lists: they refuse or clear payments, whatever the rules say, until an entry ends."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Final, NamedTuple
from uuid import UUID

from acude.addresses import canonical, plain
from acude.contracts.personal import TOKEN, one_case, without_documents
from acude.personal_numbers import compact, is_document
from acude.risk.payment import Payment

BLOCK: Final = "bloqueio"
ALLOW: Final = "permissao"
LISTS: Final = (BLOCK, ALLOW)

ON_THE_LIST: Final = "DOCUMENTO_NA_LISTA_EXTERNA"
"""Reason code of a document that the external list names."""

FIELDS: Final[Mapping[str, str]] = {
    "documento": "documento_pagador",
    "id_pagador": "id_pagador",
    "id_recebedor": "id_recebedor",
    "id_dispositivo": "id_dispositivo",
    "id_terminal": "id_terminal",
    "token_cartao": "token_cartao",
    "ip": "ip",
    "chave_pix": "chave_pix",
    "id_carteira": "id_carteira",
}
"""What an entry can be about, and which field of a payment is compared with it."""

KEYED: Final = frozenset({"documento", "chave_pix"})
"""Kinds that may identify a person: lists store keyed tokens instead."""

_EVP: Final = re.compile(r"[0-9A-F]{32}")
_BRAZILIAN: Final = re.compile(r"55[1-9][0-9]{9,10}")
"""A phone number with its country's code and without the sign before it."""


def normal(tipo: str, valor: str) -> str:
    """One spelling for all that mean the same: a list must not be escaped by writing a value in another way.

    E-mail addresses and random Pix keys (EVP) have no case, phone numbers and documents no punctuation, a Brazilian
    phone number has its sign, an internet address has one form. All other ids are what they are, to the letter: an
    entry must not hit somebody else.

    Args:
        tipo: one of `FIELDS`.
        valor: a payment's, a person's who makes an entry, or one from the external list.

    Raises:
        ValueError: an `ip` is no address or network.

    >>> normal("chave_pix", "Mula@X.com"), normal("chave_pix", "529.982.247-25"), normal("id_pagador", "Ana")
    ('mula@x.com', '52998224725', 'Ana')
    """
    if tipo == "ip":
        return str(plain(ip_network(valor)))
    if "@" in valor or tipo not in KEYED:
        return one_case(valor)
    bare = compact(valor)
    if _EVP.fullmatch(bare):
        return str(UUID(bare))
    if valor.startswith("+") or _BRAZILIAN.fullmatch(bare):
        return "+" + re.sub(r"\D", "", valor)
    return bare if is_document(bare) else valor


@dataclass(frozen=True)
class Entry:
    """One line of a list.

    Attributes:
        lista: one of `LISTS`.
        tipo: one of `FIELDS`.
        valor: what a payment's field must be; for a kind of `KEYED` its token, for `ip` an address or a network.
        dono: the person responsible for it.
        motivo: why it is there.
        criada_em: UTC.
        expira_em: from then on it counts for nothing; UTC.
    """

    lista: str
    tipo: str
    valor: str
    dono: str
    motivo: str
    criada_em: datetime
    expira_em: datetime


class Listed(NamedTuple):
    """Which lists a payment is on."""

    bloqueio: bool = False
    permissao: bool = False


class Lists:
    """The lists at one moment, made to be asked.

    Args:
        entries: in any order.
        token: makes the token of a kind of `KEYED`.

    Raises:
        ValueError: an `ip` is no address or network.
    """

    def __init__(self, entries: Iterable[Entry] = (), token: Callable[[str], str] = str) -> None:
        self._token = token
        self._ends: dict[tuple[str, str], dict[str, datetime]] = {}
        prefixes = set()
        for entry in entries:
            # Entries may be older than today's spelling.
            key = self._key(entry.tipo, entry.valor) if entry.tipo not in KEYED else entry.valor
            if entry.tipo == "ip":
                network = ip_network(key)
                prefixes.add((network.version, network.prefixlen))
            self._ends.setdefault((entry.tipo, key), {})[entry.lista] = entry.expira_em
        self._kinds = sorted({kind for kind, _ in self._ends})
        self._prefixes = sorted(prefixes)

    def __len__(self) -> int:
        return sum(map(len, self._ends.values()))

    def of(self, payment: Payment, at: datetime) -> Listed:
        """Which lists the payment is on at a moment; an expired entry counts for nothing."""
        found: set[str] = set()
        for kind in self._kinds:
            value: str | None = getattr(payment, FIELDS[kind])
            if value is None:
                continue
            for key in self._keys(kind, value):
                found.update(name for name, end in self._ends.get((kind, key), _NONE).items() if at < end)
        return Listed(BLOCK in found, ALLOW in found)

    def _keys(self, kind: str, value: str) -> list[str]:
        return self._networks(value) if kind == "ip" else [self._key(kind, value)]

    def _key(self, kind: str, value: str) -> str:
        """What stands for a value: a document's token wherever the value is or holds one."""
        found = normal(kind, value)
        if kind in KEYED:
            return found if TOKEN.fullmatch(found) else self._token(found)
        return without_documents(found, self._token)

    def _networks(self, address: str) -> list[str]:
        """The networks of listed sizes that an address is in; none for a text that is no address."""
        try:
            found = ip_address(canonical(address))
        except ValueError:
            return []
        fitting = (prefix for version, prefix in self._prefixes if version == found.version)
        return [str(ip_network((found, prefix), strict=False)) for prefix in fitting]


_NONE: Final[Mapping[str, datetime]] = {}
