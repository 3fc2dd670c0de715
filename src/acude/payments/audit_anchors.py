"""The audit log's end, kept where nobody of its database can write: objects of a bucket with S3 Object Lock.

An anchor is the name of an object, `ancoras/<row>-<hash>`: "this row had this hash". Its retention is COMPLIANCE: until
it is over nobody deletes that version, whatever their rights. Versions are listed, so a delete marker hides none.

After a restore the log ends earlier than its anchors say. `restored` puts down which row it went on from: anchors that
were made before and lie behind that row count no more, and that this happened stays visible.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, NamedTuple

import psycopg
from botocore.exceptions import BotoCoreError, ClientError
from psycopg import Connection

from acude.aws import is_conflict, s3
from acude.errors import AcudeError
from acude.payments import audit_log
from acude.payments.hash_chain import GENESIS, BrokenChainError, HashChain
from acude.settings import Settings

_ANCHORS: Final = "ancoras/"
_RESTORED: Final = "restauracoes/"
_KEY: Final = re.compile(r"(?:ancoras|restauracoes)/([0-9]{20})-([0-9a-f]{64})")
_CONNECT_S: Final = 5


class AnchorError(AcudeError):
    """The chain can't be anchored: it is broken, or does not pass its last anchor."""


class AnchorsAwayError(AnchorError):
    """The bucket of the anchors does not answer or refuses."""

    retryable: ClassVar[bool] = True
    exit_code = 2


class Anchor(NamedTuple):
    """A row's number and hash; `em` is S3's time, UTC."""

    numero: int
    hash: bytes
    em: datetime


class Kept(NamedTuple):
    """What the bucket says.

    Attributes:
        anchors: that count, by row.
        restored: from where and when the log went on after a restore, in the order of time.
    """

    anchors: dict[int, set[bytes]]
    restored: list[Anchor]


def kept(config: Settings) -> Kept:
    """All anchors that count, and all restores.

    Raises:
        AnchorsAwayError: S3 does not answer or refuses.
    """
    restored = sorted(_listed(_RESTORED, config), key=lambda one: one.em)
    anchors: dict[int, set[bytes]] = {}
    for one in _listed(_ANCHORS, config):
        if all(one.numero <= again.numero or one.em > again.em for again in restored):
            anchors.setdefault(one.numero, set()).add(one.hash)
    return Kept(anchors, restored)


def anchor(connection: Connection[Any], config: Settings) -> HashChain:
    """Anchors the chain's end, once the rows behind the last anchor are verified.

    Returns:
        The anchored end; its `numero` is 0 where the log is empty and nothing was anchored.

    Raises:
        AnchorError: the chain is broken, or does not pass its last anchor.
        AnchorsAwayError: S3 does not answer or refuses.
    """
    anchors = kept(config).anchors
    last = max(anchors, default=0)
    chain = _from_anchor(connection, last, anchors.get(last, {GENESIS}), config)
    try:
        for rows in audit_log.pages(connection, last):
            for row in rows:
                chain.follow(row)
    except BrokenChainError as problem:
        raise AnchorError(f"The audit log is broken at {problem}.", "See `acude audit verify`.") from None
    if chain.numero > last:
        _put(_ANCHORS, chain.numero, chain.hash, config)
    return chain


def restored(connection: Connection[Any], config: Settings) -> Anchor:
    """Puts down that the log was restored. It goes on from the last anchor that it still passes.

    Raises:
        AnchorError: it passes all of them, so nothing was restored.
        AnchorsAwayError: S3 does not answer or refuses.
    """
    anchors = kept(config).anchors
    passed, found = 0, GENESIS
    for number in sorted(anchors):
        row = audit_log.row(connection, number)
        if row is None or anchors[number] != {row.hash}:
            break
        passed, found = number, row.hash
    else:
        raise AnchorError("The audit log passes all its anchors: nothing is missing from it.")
    _put(_RESTORED, passed, found, config)
    return Anchor(passed, found, datetime.now(UTC))


def anchor_now(config: Settings) -> dict[str, Any]:
    """Anchors the end of the log that the settings name; for a schedule.

    Raises:
        AnchorError: as `anchor` does.
        psycopg.Error: the decisions' database does not answer.
    """
    dsn = config.risk_dsn.get_secret_value()
    with psycopg.connect(dsn, autocommit=True, connect_timeout=_CONNECT_S, application_name="acude-ancora") as session:
        end = anchor(session, config)
    return {"numero": end.numero, "hash": end.hash.hex()}


def _from_anchor(connection: Connection[Any], number: int, hashes: set[bytes], config: Settings) -> HashChain:
    keys = audit_log.chain_keys(config)
    if not number:
        return HashChain(keys=keys)
    row = audit_log.row(connection, number)
    if row is None or hashes != {row.hash}:
        raise AnchorError(
            f"Row {number} of the audit log is not the one that was anchored: it was cut, or written again.",
            "See `acude audit verify`; after a restore of the database, `acude audit anchor --restored`.",
        )
    return HashChain(row.numero, row.hash, row.chave, keys)


def _listed(prefix: str, config: Settings) -> Iterator[Anchor]:
    """All versions of all anchors. Anything else that lies there says nothing, and can hide nothing."""
    with _answering(config):
        pages = s3(config).get_paginator("list_object_versions").paginate(Bucket=config.audit_bucket, Prefix=prefix)
        for page in pages:
            for one in page.get("Versions", ()):
                if found := _KEY.fullmatch(one["Key"]):
                    yield Anchor(int(found[1]), bytes.fromhex(found[2]), one["LastModified"])


def _put(prefix: str, number: int, hash_: bytes, config: Settings) -> None:
    """Writes an anchor; one that is there already stays."""
    with _answering(config):
        try:
            s3(config).put_object(
                Bucket=config.audit_bucket,
                Key=f"{prefix}{number:020d}-{hash_.hex()}",
                Body=b"",
                IfNoneMatch="*",
                ObjectLockMode="COMPLIANCE",
                ObjectLockRetainUntilDate=datetime.now(UTC) + config.audit_kept,
            )
        except ClientError as problem:
            if not is_conflict(problem):
                raise


@contextmanager
def _answering(config: Settings) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as problem:
        said = problem.response["Error"]["Code"] if isinstance(problem, ClientError) else type(problem).__name__
        raise AnchorsAwayError(
            f"The audit log's anchors in bucket {config.audit_bucket} can't be read or written ({said}).",
            "Does S3 answer (`acude status`), and has the bucket Object Lock? `acude up` makes it on one machine.",
        ) from None
