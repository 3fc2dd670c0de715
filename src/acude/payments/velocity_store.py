"""What the workers share in Valkey: recent payments of each entity, its known frauds, the decisions of the last hour.

A payment is a member of one sorted set per entity, by its arrival. The same record is the same member, so a payment
that comes twice counts once, whichever worker wrote it first. Of a busy entity the last are kept as members; those that
they displace are added up by the hour, in a hash beside the set. A batch costs one round trip to read and one to write.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import blake2b, sha256
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import valkey
from valkey import Valkey
from valkey.exceptions import ValkeyError

from acude.contracts.model import table
from acude.errors import AcudeError
from acude.kafka.records import Coordinate
from acude.payments.routes import TOPIC
from acude.payments.stored_history import ADD, READ, STORE_DISPUTES, history_of_keys, hours_key
from acude.risk.disputes import Dispute
from acude.risk.first_decision import PaymentKey
from acude.risk.history import HOUR_US, MOST_RECORDS, UNKNOWN, History, with_record
from acude.risk.payment import ENTITIES, RECORD, Payment, record
from acude.risk.velocity import KEPT, KEPT_US
from acude.settings import Settings

_MS, _US = timedelta(milliseconds=1), timedelta(microseconds=1)
_DECISION_KEPT_S: Final = 3_600
_DIGEST: Final = 12
_PATIENCE_S: Final = 0.75
"""On a busy machine Valkey alone may need a quarter of a second; without its answer a second's payments are flagged."""

_CONNECT_S: Final = 0.25
_BEGIN: Final = ("inicio", "")
_LISTED, _CLEAN = b"1", b"0"
_NO_LISTINGS: Final[Mapping[str, bool]] = {}

Moments = npt.NDArray[np.int64]


class VelocityStoreError(ConnectionError):
    """Valkey does not answer; payments are decided without their history."""


class StoredDecision(NamedTuple):
    """A decision as the store keeps it for an hour.

    Attributes:
        at: the payment's record.
        record: the record of `decisoes_risco`.
        alert: the record of `alertas`; None for an approved payment.
    """

    at: Coordinate
    record: bytes
    alert: bytes | None

    def encode(self) -> bytes:
        """The value in Valkey."""
        return b"\n".join([str(self.at).encode(), self.record, self.alert or b""])

    @classmethod
    def decode(cls, value: bytes) -> "StoredDecision":
        """Reads what `encode` wrote."""
        at, record, alert = value.split(b"\n")
        return cls(Coordinate.parse(at.decode()), record, alert or None)


@dataclass
class EntityHistory:
    """What is known of a batch's entities. `add` makes an earlier payment of the batch part of the later ones' history.

    Attributes:
        histories: by entity name and id.
        frauds: moments of known frauds by terminal.
        decided: the stored decisions on payments of the batch.
        listings: whether a document is on the external list, where the answer is stored.
        complete: False where Valkey did not answer.
        since_ms: from when on the store has everything, milliseconds since 1970; 0: it never lost anything; None: it
            does not say, as where it was lost.
        begun: whether the store says it of its present key.
    """

    histories: dict[tuple[str, str], History] = field(default_factory=dict)
    frauds: dict[str, Moments] = field(default_factory=dict)
    decided: dict[PaymentKey, StoredDecision] = field(default_factory=dict)
    listings: dict[str, bool] = field(default_factory=dict)
    complete: bool = True
    since_ms: int | None = 0
    begun: bool = True

    def reaches(self, payment: Payment) -> bool:
        """Whether the store has all that the payment's windows ask for."""
        return self.since_ms is not None and self.since_ms <= max(0, (payment.at_us - KEPT_US) // 1_000)

    def of(self, payment: Payment) -> dict[str, History]:
        """The histories of the payment's entities by name."""
        keys = ((name, payment.entity(name)) for name in ENTITIES)
        return {key[0]: self.histories[key] for key in keys if key in self.histories}

    def add(self, payment: Payment) -> None:
        """Makes a decided payment part of its entities' histories, in its place."""
        own = np.frombuffer(record(payment), RECORD)
        for key in _entities(payment):
            self.histories[key] = with_record(self.histories.get(key, UNKNOWN), own)


class VelocityStore:
    """The workers' store.

    Args:
        client: with a time-out that fits into a payment's budget.
        secret: keys the digests.
        listing_kept: how long an answer of the external list holds.
        before: the secret before that one. What it names is read as well; nothing is written there.
    """

    def __init__(
        self, client: Valkey, secret: bytes, listing_kept: timedelta = timedelta(hours=6), before: bytes = b""
    ) -> None:
        self._client = client
        self._secrets = [sha256(one).digest() for one in (secret, before) if one]
        self._listing_kept_ms = int(listing_kept.total_seconds() * 1000)

    def _key(self, kind: str, value: str) -> bytes:
        return self._keys(kind, value)[0]

    def _keys(self, kind: str, value: str) -> list[bytes]:
        """Keyed digests, the present secret's first: nobody can read or guess documents or card tokens from them."""
        return [
            kind.encode() + b":" + blake2b(value.encode(), key=secret, digest_size=_DIGEST).digest()
            for secret in self._secrets
        ]

    def history_of(self, payments: Sequence[Payment]) -> EntityHistory:
        """What is known of a batch's entities, in one round trip.

        Raises:
            VelocityStoreError: Valkey does not answer.
        """
        entities = sorted({key for payment in payments for key in _entities(payment)})
        terminals = sorted({payment.id_terminal for payment in payments if payment.id_terminal})
        keys = [payment.key for payment in payments]
        documents = sorted({payment.documento_pagador for payment in payments})
        pipe = self._client.pipeline(transaction=False)
        sets = [key for entity in entities for key in self._keys(*entity)]
        named = [name for key in sets for name in (key, hours_key(key))]
        # One command: the client takes longer for each than Valkey does.
        pipe.execute_command("EVAL_RO", READ, len(named), *named)
        for terminal in terminals:
            for key in self._keys("fraudes", terminal):
                pipe.zrange(key, 0, -1, withscores=True)
        pipe.mget([_decision(one) for one in keys])
        pipe.mget([self._key("lista", one) for one in documents])
        pipe.mget(self._keys(*_BEGIN))
        try:
            kept, *answers, decided, listed, begun = pipe.execute()
        except ValkeyError as problem:
            raise VelocityStoreError(str(problem)) from problem
        rows_and_hours, of_each, step = iter(kept), iter(answers), len(self._secrets)
        histories = {}
        for entity in entities:
            found = [(next(rows_and_hours), next(rows_and_hours)) for _ in range(step)]
            if any(rows for rows, _ in found):
                histories[entity] = history_of_keys(found)
        frauds = {}
        for terminal in terminals:
            moments: dict[bytes, int] = {}
            for _ in range(step):
                # The present key's comes first: it may have corrected what the former one's says.
                moments = dict(next(of_each)) | moments
            if moments:
                frauds[terminal] = np.sort(np.array(list(moments.values())).astype(np.int64))
        since = [int(one) for one in begun if one is not None]
        return EntityHistory(
            histories,
            frauds,
            {one: StoredDecision.decode(found) for one, found in zip(keys, decided, strict=True) if found},
            {one: found == _LISTED for one, found in zip(documents, listed, strict=True) if found},
            since_ms=min(since, default=None),
            begun=begun[0] is not None,
        )

    def begin(self, since_ms: int) -> None:
        """Stores from when on the store has everything, where it does not say so already.

        Raises:
            VelocityStoreError: Valkey does not answer.
        """
        pipe = self._client.pipeline(transaction=False)
        pipe.set(self._key(*_BEGIN), since_ms, nx=True)
        try:
            pipe.execute()
        except ValkeyError as problem:
            raise VelocityStoreError(str(problem)) from problem

    def add(
        self, decided: Iterable[tuple[Payment, StoredDecision]], listings: Mapping[str, bool] = _NO_LISTINGS
    ) -> None:
        """Stores decided payments, their decisions and the external list's answers, all or none, in one round trip.

        Raises:
            VelocityStoreError: Valkey does not answer.
        """
        pipe = self._client.pipeline(transaction=True)
        keys: list[bytes] = []
        rows: list[bytes | int] = []
        for payment, decision in decided:
            row, taken = record(payment), payment.taken_us
            for name, value in _entities(payment):
                key = self._key(name, value)
                keys += key, hours_key(key)
                rows += row, taken
            pipe.set(_decision(payment.key), decision.encode(), ex=_DECISION_KEPT_S)
        if keys:
            kept = stored_for()
            pipe.execute_command("EVAL", ADD, len(keys), *keys, MOST_RECORDS, kept // _MS, HOUR_US, kept.days, *rows)
        for document, listed in listings.items():
            pipe.set(self._key("lista", document), _LISTED if listed else _CLEAN, px=self._listing_kept_ms)
        try:
            pipe.execute()
        except ValkeyError as problem:
            raise VelocityStoreError(str(problem)) from problem

    def decision_on(self, payment: PaymentKey) -> StoredDecision | None:
        """The decision on a payment, where a worker made it within the last hour.

        Raises:
            VelocityStoreError: Valkey does not answer.
        """
        pipe = self._client.pipeline(transaction=False)
        pipe.get(_decision(payment))
        try:
            (found,) = pipe.execute()
        except ValkeyError as problem:
            raise VelocityStoreError(str(problem)) from problem
        return StoredDecision.decode(found) if found else None

    def store_disputes(self, disputes: Iterable[Dispute]) -> None:
        """Stores which payments at terminals were frauds (`acude.risk.disputes` has the rule).

        Raises:
            VelocityStoreError: Valkey does not answer.
        """
        keys: list[bytes] = []
        arguments: list[bytes | int] = []
        for one in disputes:
            names = self._keys("fraudes", one.id_terminal) if one.id_terminal else [b""] * len(self._secrets)
            keys += b"contestada:" + _name(one.payment), *names
            arguments += _name(one.payment), one.rank, one.at_us, int(not one.honest)
        if not keys:
            return
        step, kept = 1 + len(self._secrets), stored_for()
        try:
            self._client.execute_command(
                "EVAL", STORE_DISPUTES, len(keys), *keys, step, kept // _MS, kept // _US, *arguments
            )
        except ValkeyError as problem:
            raise VelocityStoreError(str(problem)) from problem


def stored_for() -> timedelta:
    """How long a payment is kept: the latest one to come asks for the windows before its own time."""
    return KEPT + (table(f"topics.{TOPIC}").behind or timedelta())


def _entities(payment: Payment) -> list[tuple[str, str]]:
    return [(name, value) for name in ENTITIES if (value := payment.entity(name))]


def _decision(payment: PaymentKey) -> bytes:
    return b"d:" + _name(payment)


def _name(payment: PaymentKey) -> bytes:
    return "/".join(filter(None, payment)).encode()


def connect_velocity_store(config: Settings) -> VelocityStore:
    """The store at the settings' address; nothing is asked yet.

    Raises:
        AcudeError: no address or no key is set.
    """
    if not config.valkey_url.get_secret_value():
        raise AcudeError(
            "There is no address of the velocity store.",
            "Set ACUDE_VALKEY_URL; on one machine `acude up` does.",
        )
    key, before = config.velocity_key.get_secret_value(), config.velocity_key_before.get_secret_value()
    if not key:
        raise AcudeError(
            "There is no key for the velocity store's names.",
            "Set ACUDE_VELOCITY_KEY (until now it was ACUDE_DOCUMENT_KEY); on one machine `acude up` does.",
        )
    client = valkey.from_url(
        config.valkey_url.get_secret_value(), socket_timeout=_PATIENCE_S, socket_connect_timeout=_CONNECT_S
    )
    return VelocityStore(client, key.encode(), config.blacklist_kept, before.encode())
