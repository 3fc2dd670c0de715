"""Block and allow list in the decisions' database: what may become an entry, and the audit of each change."""

import re
from dataclasses import asdict
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import class_row
from stdnum import luhn

from acude.contracts.documents import Tokens
from acude.contracts.model import table
from acude.contracts.personal import TOKEN, has_card, has_document, without_documents
from acude.errors import WRONG_USE, AcudeError
from acude.payments.audit_log import LIST, append, audit_event
from acude.payments.serde import TOPIC
from acude.personal_numbers import is_document
from acude.risk.lists import FIELDS, KEYED, LISTS, Entry, normal

_OWNER: Final = re.compile(r"[A-Za-z0-9_.@+-]{2,64}")
_NUMBER: Final = re.compile(r"\d[\d./ -]{9,22}\d")
_CARD: Final = range(13, 20)
_MOST_REASON: Final = 200
_WIDEST: Final = {4: 16, 6: 32}
"""No wider networks: a slip must not block a country."""

_COLUMNS: Final = "lista, tipo, valor, dono, motivo, criada_em, expira_em"
_KEY: Final = "lista = %(lista)s AND tipo = %(tipo)s AND valor = %(valor)s"


class EntryError(AcudeError):
    """Something that can't be an entry. It says what is expected, and quotes nothing that may be personal."""

    exit_code = WRONG_USE


def checked(
    lista: str, tipo: str, valor: str, dono: str, motivo: str, *, until: datetime, now: datetime, tokens: Tokens
) -> Entry:
    """A valid entry.

    Args:
        lista: `bloqueio` or `permissao`.
        tipo: one of `FIELDS`.
        valor: a document or Pix key in clear becomes its token; an address or network its canonical form.
        dono: the person responsible for the entry.
        motivo: why it is there, for people; without document or card numbers.
        until: from when on it has no effect; UTC.
        now: UTC.
        tokens: makes tokens.

    Raises:
        EntryError: something is wrong.
    """
    require_known(lista, tipo)
    return Entry(lista, tipo, stored_value(tipo, valor, tokens), _owner(dono), reason(motivo), now, _end(until, now))


def require_known(lista: str | None, tipo: str | None) -> None:
    """Refuses a list or a kind that does not exist; None names none.

    Raises:
        EntryError: says which there are.
    """
    if lista is not None and lista not in LISTS:
        raise EntryError(f"There is no list {lista!r}; there are {' and '.join(LISTS)}")
    if tipo is not None and tipo not in FIELDS:
        raise EntryError(f"There is no kind {tipo!r}; there are {', '.join(FIELDS)}")


def stored_value(tipo: str, valor: str, tokens: Tokens) -> str:
    """A value as a list stores it.

    Raises:
        EntryError: no payment can have such a value.
    """
    require_known(None, tipo)
    if tipo == "ip":
        return _network(valor)
    if token := TOKEN.fullmatch(valor):
        if token[1] != tokens.key_id:
            raise EntryError(f"The token was made with key {token[1]}, tokens are now made with {tokens.key_id}")
        return valor
    valor = normal(tipo, valor)
    if tipo == "documento" and not is_document(valor):
        raise EntryError("This is no CPF or CNPJ: its check digits are wrong")
    pattern = table(f"topics.{TOPIC}").column(FIELDS[tipo]).pattern
    if pattern and not re.fullmatch(pattern, valor):
        raise EntryError(f"No payment can have this as its {FIELDS[tipo]}, which is {pattern}")
    if has_card(valor):
        raise EntryError("This holds a card number, and no payment that has one is decided")
    return tokens.of(valor) if tipo in KEYED else without_documents(valor, tokens.of)


def reason(text: str) -> str:
    """A reason with content and without personal numbers.

    Raises:
        EntryError: it is empty, too long, unprintable, or holds a document or card number.
    """
    text = text.strip()
    if not text or len(text) > _MOST_REASON or not text.isprintable():
        raise EntryError(f"A reason is one printable line of 1 to {_MOST_REASON} characters")
    if _holds_number(text):
        raise EntryError("The reason holds a CPF, CNPJ or card number; say who it is by an id of the shop's")
    return text


def _holds_number(text: str) -> bool:
    return has_document(text) or any(_is_private(found) for found in _NUMBER.findall(text))


def _is_private(number: str) -> bool:
    digits = re.sub(r"\D", "", number)
    return is_document(digits) or (len(digits) in _CARD and bool(luhn.is_valid(digits)))


def _owner(text: str) -> str:
    if not _OWNER.fullmatch(text) or _holds_number(text):
        raise EntryError("An owner is a name or address of 2 to 64 letters, digits and _ . @ + -")
    return text


def _end(until: datetime, now: datetime) -> datetime:
    if until <= now:
        raise EntryError(f"The entry would have ended already; it is now {now:%Y-%m-%d %H:%M} UTC")
    if until > now + _LONGEST:
        raise EntryError(f"An entry holds for at most {_LONGEST.days} days; add it again then if it is still wanted")
    return until


_LONGEST: Final = timedelta(days=731)


def _network(text: str) -> str:
    try:
        found = ip_network(normal("ip", text))
    except ValueError:
        raise EntryError("This is no internet address or network, such as 203.0.113.7 or 203.0.113.0/24") from None
    if found.prefixlen < _WIDEST[found.version]:
        raise EntryError(f"A network has at least /{_WIDEST[found.version]}: a wider one holds too many payers")
    return str(found if found.num_addresses > 1 else found.network_address)


def entries(connection: Connection[Any]) -> list[Entry]:
    """All entries, by list, kind and value; expired ones among them."""
    with connection.cursor(row_factory=class_row(Entry)) as cursor:
        return cursor.execute(f"SELECT {_COLUMNS} FROM listas ORDER BY lista, tipo, valor").fetchall()  # noqa: S608 - constants


def put(connection: Connection[Any], entry: Entry, who: str) -> Entry | None:
    """Adds an entry to its list and to the audit log, in the caller's transaction; replaces one for the same value.

    Returns:
        The entry that it replaces.
    """
    before = _taken(connection, entry)
    values = ", ".join(f"%({name})s" for name in _COLUMNS.split(", "))
    connection.execute(f"INSERT INTO listas ({_COLUMNS}) VALUES ({values})", asdict(entry))  # noqa: S608 - constants
    detail = {"acao": "incluida", "entrada": asdict(entry), "antes": asdict(before) if before else None}
    append(connection, [audit_event(LIST, who, object_of(entry), **detail)])
    return before


def remove(connection: Connection[Any], lista: str, tipo: str, valor: str, *, why: str, who: str) -> Entry | None:
    """Removes an entry from its list, and audits that, in the caller's transaction.

    Returns:
        The entry; None where there is none.
    """
    before = _taken(connection, {"lista": lista, "tipo": tipo, "valor": valor})
    if before:
        detail = {"acao": "removida", "entrada": None, "antes": asdict(before), "motivo": why}
        append(connection, [audit_event(LIST, who, object_of(before), **detail)])
    return before


def object_of(entry: Entry) -> str:
    """How the audit log names an entry."""
    return f"{entry.lista}/{entry.tipo}/{entry.valor}"


def _taken(connection: Connection[Any], key: Entry | dict[str, str]) -> Entry | None:
    given = key if isinstance(key, dict) else asdict(key)
    with connection.cursor(row_factory=class_row(Entry)) as cursor:
        return cursor.execute(f"DELETE FROM listas WHERE {_KEY} RETURNING {_COLUMNS}", given).fetchone()  # noqa: S608 - constants
