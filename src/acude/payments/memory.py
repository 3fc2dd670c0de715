"""What the workers remember in Valkey: each entity's recent payments, known frauds, and the decisions just made.

A payment's record is a member of one sorted set an entity, by event time. The same payment has the same member, so
one that comes twice counts once, whichever worker wrote it first. A batch of payments costs one round trip in and one
out.
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

from acude.risk.payment import ENTITIES, RECORD, Payment, Records, record, records
from acude.risk.velocity import KEPT_US, MOST_RECORDS
from acude.settings import Settings

_KEPT_MS: Final = KEPT_US // 1_000
_DECISION_KEPT_S: Final = 3_600
_DIGEST: Final = 12
_PATIENCE_S: Final = 0.25
_LISTED, _CLEAN = b"1", b"0"
_NO_LISTINGS: Final[Mapping[str, bool]] = {}

Moments = npt.NDArray[np.int64]


class MemoryLostError(ConnectionError):
    """Valkey does not answer; the payment is decided without its past."""


class Fraud(NamedTuple):
    """A finding about a payment at a terminal.

    Attributes:
        id_transacao: the payment.
        id_terminal: where it was made.
        at_us: when, microseconds since 1970, UTC.
        honest: it was taken for a fraud, and was none.
    """

    id_transacao: str
    id_terminal: str
    at_us: int
    honest: bool = False


@dataclass
class Recalled:
    """What is known of a batch's entities. `add` makes a batch's earlier payments part of its later ones' past.

    Attributes:
        histories: records by entity name and id, sorted by (time, id).
        frauds: moments of known frauds by terminal.
        decided: what was stored of payments of the batch that were decided before, by id.
        listings: whether a document is on the external list, where that was asked a while ago.
        complete: False where Valkey did not answer.
    """

    histories: dict[tuple[str, str], Records] = field(default_factory=dict)
    frauds: dict[str, Moments] = field(default_factory=dict)
    decided: dict[str, bytes] = field(default_factory=dict)
    listings: dict[str, bool] = field(default_factory=dict)
    complete: bool = True

    def of(self, payment: Payment) -> dict[str, Records]:
        """The histories of the payment's entities by name."""
        keys = ((name, payment.entity(name)) for name in ENTITIES)
        return {key[0]: self.histories[key] for key in keys if key in self.histories}

    def add(self, payment: Payment) -> None:
        """Makes a decided payment part of its entities' past, in its place by time."""
        own = np.frombuffer(record(payment), RECORD)
        for key in _entities(payment):
            rows = self.histories.get(key)
            if rows is None or not len(rows):
                self.histories[key] = own
                continue
            place = int(np.searchsorted(rows["at"], own["at"][0], "right"))
            if own["id"][0] not in rows["id"]:
                self.histories[key] = np.insert(rows, place, own[0])


class Memory:
    """The workers' memory.

    Args:
        client: with a time-out that a payment can bear.
        secret: makes the keys.
        listing_kept: how long the external list's answer holds.
    """

    def __init__(self, client: Valkey, secret: bytes, listing_kept: timedelta = timedelta(hours=6)) -> None:
        self._client = client
        self._secret = sha256(secret).digest()
        self._listing_kept_ms = int(listing_kept.total_seconds() * 1000)

    def _key(self, kind: str, value: str) -> bytes:
        """Keyed digests: neither documents nor addresses nor card tokens can be read, or guessed, from the keys."""
        return kind.encode() + b":" + blake2b(value.encode(), key=self._secret, digest_size=_DIGEST).digest()

    def recall(self, payments: Sequence[Payment]) -> Recalled:
        """Everything about a batch, in one round trip.

        Raises:
            MemoryLostError: Valkey does not answer.
        """
        entities = sorted({key for payment in payments for key in _entities(payment)})
        terminals = sorted({payment.id_terminal for payment in payments if payment.id_terminal})
        ids = [payment.id_transacao for payment in payments]
        documents = sorted({payment.documento_pagador for payment in payments})
        pipe = self._client.pipeline(transaction=False)
        for name, value in entities:
            pipe.zrange(self._key(name, value), 0, -1)
        for terminal in terminals:
            pipe.zrange(self._key("fraudes", terminal), 0, -1, withscores=True)
        pipe.mget([_decision(one) for one in ids])
        pipe.mget([self._key("lista", one) for one in documents])
        try:
            *answers, decided, listed = pipe.execute()
        except ValkeyError as problem:
            raise MemoryLostError(str(problem)) from problem
        histories = {key: records(rows) for key, rows in zip(entities, answers[: len(entities)], strict=True) if rows}
        frauds = {
            terminal: np.sort(np.array([int(score) for _, score in rows], np.int64))
            for terminal, rows in zip(terminals, answers[len(entities) :], strict=True)
            if rows
        }
        return Recalled(
            histories,
            frauds,
            {one: found for one, found in zip(ids, decided, strict=True) if found},
            {one: found == _LISTED for one, found in zip(documents, listed, strict=True) if found},
        )

    def remember(self, decided: Iterable[tuple[Payment, bytes]], listings: Mapping[str, bool] = _NO_LISTINGS) -> None:
        """Keeps decided payments, their decisions and what the external list said, all or none, in one round trip.

        Raises:
            MemoryLostError: Valkey does not answer.
        """
        pipe = self._client.pipeline(transaction=True)
        for payment, decision in decided:
            row, at = record(payment), payment.at_us
            for name, value in _entities(payment):
                key = self._key(name, value)
                pipe.zadd(key, {row: at})
                pipe.zremrangebyrank(key, 0, -MOST_RECORDS - 1)
                pipe.pexpire(key, _KEPT_MS)
            pipe.set(_decision(payment.id_transacao), decision, ex=_DECISION_KEPT_S)
        for document, listed in listings.items():
            pipe.set(self._key("lista", document), _LISTED if listed else _CLEAN, px=self._listing_kept_ms)
        try:
            pipe.execute()
        except ValkeyError as problem:
            raise MemoryLostError(str(problem)) from problem

    def stored(self, id_transacao: str) -> bytes | None:
        """What a worker kept of a payment's decision within the last hour.

        Raises:
            MemoryLostError: Valkey does not answer.
        """
        pipe = self._client.pipeline(transaction=False)
        pipe.get(_decision(id_transacao))
        try:
            (found,) = pipe.execute()
        except ValkeyError as problem:
            raise MemoryLostError(str(problem)) from problem
        return bytes(found) if found else None

    def learn_frauds(self, frauds: Iterable[Fraud]) -> None:
        """Keeps that payments at terminals turned out to be frauds; that one was not, after all, takes it away.

        Raises:
            MemoryLostError: Valkey does not answer.
        """
        pipe = self._client.pipeline(transaction=True)
        for fraud in frauds:
            key = self._key("fraudes", fraud.id_terminal)
            if fraud.honest:
                pipe.zrem(key, fraud.id_transacao)
            else:
                pipe.zadd(key, {fraud.id_transacao: fraud.at_us})
                pipe.pexpire(key, _KEPT_MS)
        try:
            pipe.execute()
        except ValkeyError as problem:
            raise MemoryLostError(str(problem)) from problem


def _entities(payment: Payment) -> list[tuple[str, str]]:
    return [(name, value) for name in ENTITIES if (value := payment.entity(name))]


def _decision(id_transacao: str) -> bytes:
    return b"d:" + id_transacao.encode()


def connect_memory(config: Settings) -> Memory:
    """The memory at the settings' address; nothing is asked yet."""
    client = valkey.from_url(
        config.valkey_url.get_secret_value(), socket_timeout=_PATIENCE_S, socket_connect_timeout=_PATIENCE_S
    )
    return Memory(client, config.document_key.get_secret_value().encode(), config.blacklist_kept)
