"""Ends a transaction that a killed broker forgot to end.

A broker that is killed between a transaction's decision and its markers writes the markers when it comes back. Kafka
4.3.0 skips the partitions that have no leader in that moment as "likely deleted": the coordinator says that the
transaction is complete, the partitions hold it open, and readers of committed records wait at it for ever.
"""

import logging
from collections.abc import Sequence
from typing import Any, Final

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import AbortTransactionSpec, TransactionState
from kafka.errors import AuthorizationError, KafkaError, TransactionalIdNotFoundError, UnsupportedVersionError
from kafka.protocol.producer import WriteTxnMarkersRequest
from tenacity import RetryError, Retrying, retry_if_exception, retry_if_result, stop_after_delay, wait_fixed

from acude.kafka import brokers
from acude.settings import Settings

log = logging.getLogger(__name__)

OFFSETS: Final = "__consumer_offsets"
"""A group's offsets are part of a transaction, too."""

_PATIENCE_S: Final = 20.0
_ON_THEIR_WAY: Final = {TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT}
_DONE: Final = {TransactionState.COMPLETE_COMMIT: True, TransactionState.COMPLETE_ABORT: False}


class _Committing(KafkaAdminClient):  # type: ignore[misc]
    """Commits from outside a transaction, where the library offers the abort alone.

    The request is made here and not by the library's hooks: where a later version renames one of them, this raises
    before anything is sent, and never aborts what must be committed.
    """

    def commit_transaction(self, spec: AbortTransactionSpec) -> None:
        """Writes a commit where `abort_transaction` writes an abort."""
        self._manager.run(self._commit, spec)

    async def _commit(self, spec: AbortTransactionSpec) -> None:
        place = spec.topic_partition
        marker = WriteTxnMarkersRequest.WritableTxnMarker
        request = WriteTxnMarkersRequest(
            markers=[
                marker(
                    producer_id=spec.producer_id,
                    producer_epoch=spec.producer_epoch,
                    transaction_result=True,
                    topics=[marker.WritableTxnMarkerTopic(name=place.topic, partition_indexes=[place.partition])],
                    coordinator_epoch=spec.coordinator_epoch,
                )
            ]
        )
        check = self._abort_transaction_process_response
        (leader,) = await self._async_get_leader_for_partitions([place])
        check(await self._manager.send(request, node_id=leader), spec)


def end_what_was_forgotten(config: Settings, identity: str, places: Sequence[TopicPartition]) -> list[TopicPartition]:
    """Ends the last transaction of a producer that does not run where its coordinator says that it has ended.

    Args:
        config: where the broker is.
        identity: the producer's transactional id.
        places: where it may have written.

    Returns:
        The partitions that were ended, as the coordinator says: committed or aborted.
    """
    asked = KafkaAdminClient(**brokers.kafka_python(config))
    try:
        last = _last(asked, identity)
        if last is None or last.state not in _DONE:
            return []
        found = [
            AbortTransactionSpec(place, one.producer_id, one.producer_epoch, one.coordinator_epoch)
            for place, producers in asked.describe_producers(places).items()
            for one in producers.active_producers
            if one.producer_id == last.producer_id
            and one.current_transaction_start_offset >= 0
            # Of an earlier transaction the coordinator no longer knows how it ended.
            and one.last_timestamp >= last.transaction_start_time_ms
        ]
        if found:
            log.warning("ended what a broker forgot", extra={"transaction": identity, "state": str(last.state.value)})
            _end(config, found, committed=_DONE[last.state])
        return [one.topic_partition for one in found]
    except (AuthorizationError, UnsupportedVersionError) as refusal:
        log.warning("whether a broker forgot a transaction can't be asked", extra={"answer": type(refusal).__name__})
        return []
    finally:
        asked.close()


def _last(client: KafkaAdminClient, identity: str) -> Any:  # noqa: ANN401 - the library's own
    """The producer's last transaction, once its end is not on its way any more; None where it never had one."""
    patient = Retrying(
        retry=retry_if_exception(_is_passing) | retry_if_result(lambda found: found.state in _ON_THEIR_WAY),
        stop=stop_after_delay(_PATIENCE_S),
        wait=wait_fixed(0.2),
    )
    try:
        return patient(lambda: _described(client, identity))
    except TransactionalIdNotFoundError:
        return None
    except RetryError:
        log.warning("the coordinator does not say how the last transaction ended", extra={"transaction": identity})
        return None


def _described(client: KafkaAdminClient, identity: str) -> Any:  # noqa: ANN401 - the library's own
    return client.describe_transactions([identity])[identity]


def _is_passing(problem: BaseException) -> bool:
    """Whether the broker has just started and says so."""
    return isinstance(problem, KafkaError) and problem.retriable


def _end(config: Settings, found: list[AbortTransactionSpec], *, committed: bool) -> None:
    client = (_Committing if committed else KafkaAdminClient)(**brokers.kafka_python(config))
    end = client.commit_transaction if committed else client.abort_transaction
    try:
        for one in found:
            end(one)
    finally:
        client.close()
