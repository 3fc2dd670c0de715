"""Sends odd records through the code that reads Kafka: what ingest makes of them, and what the payments' processes do.

`python -m tests.fuzz.kafka payloads|headers TOPIC SEED FIRST END STEP`. A record depends on topic, seed and number
alone.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

import pyarrow as pa

from acude.contracts.arrow import arrow_schema
from acude.contracts.decoder import Decoder
from acude.contracts.documents import Tokens
from acude.contracts.fields import Refused
from acude.contracts.model import Contract, load, table
from acude.ingestion.refine import FLAGS, bronze_rows, decoded, kept, quarantine_rows
from acude.kafka.records import headers_of
from acude.payments.deadletters import ORIGINAL
from acude.payments.serde import trace_of
from acude.payments.trace_ids import ID
from tests.fuzz.payloads import payload
from tests.fuzz.readers import READERS
from tests.fuzz.steps import Fuzz
from tests.raw_records import Raw, taken

TAKEN_AT: Final = datetime(2026, 11, 28, 12, tzinfo=UTC)
_NO_FAULT_OF_A_PAYLOAD: Final = {"contraditorio", "sem_contrato", "ilegivel"}
_NAMES: Final = (
    b"id_rastro",
    b"id_cliente",
    b"traceparent",
    b"origem",
    ORIGINAL.encode(),
    b"",
    b"\xff",
    b"\xed\xa0\xbd",
    b"n\xc3\xa9",
    b"x" * 300,
)
_VALUES: Final = (
    None, b"", b"\xff\xfe", b"loja", b"t" * 65, b"a b", "é".encode(), b"\x00", b"x" * 2_000,
    b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", b"00-" + b"f" * 32 + b"-\xff-01",
)  # fmt: skip


def drawn(seed: int, contract: Contract, number: int) -> Raw:
    """The record of that number: payload, key and headers."""
    draw = Random(f"{seed}/{contract.name}/{number}")  # noqa: S311 - no secret
    value = payload(draw, contract)
    headers = [(draw.choice(_NAMES), draw.choice(_VALUES)) for _ in range(draw.choice((0, 0, 1, 1, 2, 5)))]
    return Raw(value, draw.choice((None, b"", b"\xff", draw.randbytes(9))), headers)


def check_payloads(contract: Contract, records: Sequence[Raw]) -> None:
    """Each record is accepted with the contract's types or refused with a reason, and read alone no differently."""
    decoder = Decoder(contract)
    batch = _as_spark_hands_them_out(contract, records)
    assert bronze_rows(batch, table("bronze.eventos")).num_rows == len(records)
    (part,) = decoded(batch, [decoder])
    refused, reasons = _refused(part.refused), set(table("silver.quarentena").column("motivo").values)
    assert set(refused.values()) <= reasons - _NO_FAULT_OF_A_PAYLOAD, refused
    silver = kept(part.accepted, contract, FLAGS.empty_table(), load()).silver
    silver.validate(full=True)
    assert silver.schema.types == arrow_schema(table(f"silver.{contract.name}")).types
    assert not any(silver[c.name].null_count for c in table(f"silver.{contract.name}").columns if c.required)
    accepted = dict(
        zip(silver["deslocamento"].to_pylist(), silver.select(contract.column_names).to_pylist(), strict=True)
    )
    assert len(accepted) + len(refused) == len(records)
    for number, record in enumerate(records):
        alone = _alone(decoder, record.value)
        assert alone == accepted.get(number, refused.get(number)), (alone, record.value)
    tokens = Decoder(contract, Tokens("k1", b"secret"))
    assert _refused(next(decoded(batch, [tokens])).refused) == refused


def _refused(rows: pa.Table) -> dict[int, str]:
    """Reasons by offset, out of rows that quarantine takes."""
    quarantined = quarantine_rows(rows, table("silver.quarentena"))
    quarantined.validate(full=True)
    return dict(zip(quarantined["deslocamento"].to_pylist(), quarantined["motivo"].to_pylist(), strict=True))


def _alone(decoder: Decoder, value: bytes | None) -> dict[str, Any] | str:
    """The payload's fields as the payments' processes read them, or why it is refused."""
    try:
        return decoder.one(value, TAKEN_AT)
    except Refused as problem:
        return problem.refusal.reason


def _as_spark_hands_them_out(contract: Contract, records: Sequence[Raw]) -> pa.Table:
    rows, moment = len(records), pa.array([TAKEN_AT] * len(records), pa.timestamp("us", tz="UTC"))
    headers = [[(name.decode("utf-8", "replace"), value) for name, value in one.headers] for one in records]
    return pa.table(
        {
            "topico": pa.array([contract.name] * rows),
            "particao": pa.array([0] * rows, pa.int32()),
            "deslocamento": pa.array(range(rows), pa.int64()),
            "carimbo_kafka": moment,
            "chave": pa.array([one.key for one in records], pa.binary()),
            "valor": pa.array([one.value for one in records], pa.binary()),
            "cabecalhos": pa.array(headers, arrow_schema(table("bronze.eventos")).field("cabecalhos").type),
            "ingerido_em": moment,
        }
    )


def check_headers(contract: Contract, records: Sequence[Raw]) -> None:
    """Whatever key and headers are, the topic's reader among the payments' processes takes the record."""
    found = taken([record._replace(value=(record.value or b"")[:4_000]) for record in records])
    READERS[contract.name](found)
    assert all(ID.fullmatch(trace_of(record)) for record in found)
    for sent, record in zip(records, found, strict=True):
        texts = [(_text(name), value or b"") for name, value in sent.headers]
        assert headers_of(record) == [pair for pair in texts if pair[0] is not None]


def _text(name: bytes) -> str | None:
    try:
        return name.decode()
    except UnicodeDecodeError:
        return None


def main(fuzz: Fuzz) -> None:
    """Checks the records of a topic."""
    contract = table(f"topics.{fuzz.of}")
    check = check_headers if fuzz.what == "headers" else check_payloads
    for records in fuzz.steps(lambda number: drawn(fuzz.seed, contract, number)):
        check(contract, records)


if __name__ == "__main__":
    main(Fuzz.asked())
