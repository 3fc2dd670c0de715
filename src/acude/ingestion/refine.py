"""From raw Kafka records to rows of bronze, silver, quarantine and duplicates, as Arrow tables.

The stream, its repair and the rebuilding of silver share these functions. `decoded` says what the contracts make of
records; `kept` takes the repeats out once `acude.ingestion.duplicates` has found them. Each record ends in exactly one
of silver, quarantine and duplicates.
"""

import logging
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from acude.contracts.arrow import arrow_schema
from acude.contracts.decoder import Decoder
from acude.contracts.model import Contract, silver_of
from acude.ingestion.hashes import content_hashes, event_hashes
from acude.ingestion.owners import owners_of
from acude.ingestion.replays import with_ids
from acude.masking import masked, masked_bytes

log = logging.getLogger(__name__)

RAW_COLUMNS: Final = (
    "topico", "particao", "deslocamento", "carimbo_kafka", "chave", "valor", "cabecalhos", "ingerido_em",
)  # fmt: skip
COORDINATE: Final = ("topico", "particao", "deslocamento")
NO_CONTRACT: Final = ("sem_contrato", "Expected a topic with a contract")
UNREADABLE: Final = "ilegivel"

KEYS: Final = pa.schema(
    [
        ("topico", pa.string()),
        ("particao", pa.int32()),
        ("deslocamento", pa.int64()),
        ("carimbo_kafka", pa.timestamp("us", tz="UTC")),
        ("ingerido_em", pa.timestamp("us", tz="UTC")),
        ("id_hash", pa.int64()),
        ("hash_conteudo", pa.int64()),
        ("recusado", pa.bool_()),
    ]
)
"""What is needed of a record to find repeats; `id_hash` is null without an event id."""

FLAGS: Final = pa.schema(
    [
        *(KEYS.field(name) for name in COORDINATE),
        ("veredito", pa.string()),
        ("topico_original", pa.string()),
        ("particao_original", pa.int32()),
        ("deslocamento_original", pa.int64()),
    ]
)
"""A repeat: `duplicata` or `contraditorio`, and the coordinate of the first arrival."""

DUPLICATE, CONTRADICTORY = "duplicata", "contraditorio"


class Decoded(NamedTuple):
    """A part of a batch: the records of one contract, or of no contract.

    Attributes:
        contract: the topic's; None where no contract names the topic.
        accepted: the records that fit: the contract's columns, `data`, `atrasado` and `hash_conteudo`; and
            `RAW_COLUMNS`, each with `_` before its name, because a contract may have columns of the same names.
        refused: rows of silver.quarentena.
        keys: rows of `KEYS`, all records.
    """

    contract: Contract | None
    accepted: pa.Table
    refused: pa.Table
    keys: pa.Table


def decoded(records: pa.Table, decoders: list[Decoder]) -> Iterator[Decoded]:
    """What the contracts make of records.

    Args:
        records: `RAW_COLUMNS` of bronze.
        decoders: one per contract.
    """
    named = pa.array(np.zeros(records.num_rows, np.bool_))
    for decoder in decoders:
        mine = of_contract(records["topico"], decoder.contract)
        part = records.filter(mine)
        if part.num_rows:
            named = pc.or_(named, mine)
            yield from _each_readable(part.combine_chunks(), decoder)
    rest = records.filter(pc.invert(named))
    if rest.num_rows:
        yield _refused(rest, None, *NO_CONTRACT)


def of_contract(names: pa.Array | pa.ChunkedArray, topic: Contract) -> pa.Array | pa.ChunkedArray:
    """Which of these Kafka topics are the contract's."""
    return pc.is_in(names, pa.array(topic.kafka_topics)) if topic.split_by else pc.equal(names, topic.name)


def _each_readable(records: pa.Table, decoder: Decoder) -> Iterator[Decoded]:
    """The records of one contract. Where they fail, halves are tried: a record that no code reads costs only itself."""
    try:
        found = _of_topic(records, decoder)
    except MemoryError:
        # It lies in no record.
        raise
    except Exception as problem:  # noqa: BLE001 - whatever a record may cause
        half = records.num_rows // 2
        if half:
            yield from _each_readable(records.slice(0, half), decoder)
            yield from _each_readable(records.slice(half), decoder)
            return
        # The kind alone: a message may quote the record.
        kind = type(problem).__name__
        log.error("the record is left out", extra={"topic": decoder.contract.name, "kind": kind})  # noqa: TRY400
        found = _refused(records, decoder.contract, UNREADABLE, f"Expected a record that can be decoded, found {kind}")
    yield found


def _refused(records: pa.Table, contract: Contract | None, reason: str, detail: str) -> Decoded:
    rows = records.num_rows
    refused = with_reasons(records, pa.array([reason] * rows), pa.array([detail] * rows))
    return Decoded(contract, records.slice(0, 0), refused, _keys(records, None, None, np.ones(rows, np.bool_)))


def _of_topic(records: pa.Table, decoder: Decoder) -> Decoded:
    contract, rows = decoder.contract, records.num_rows
    found = decoder.decode(records["valor"].chunk(0), records["carimbo_kafka"].chunk(0))
    hashes = content_hashes(found.fields)
    refused = np.zeros(rows, np.bool_)
    refused[list(found.refusals)] = True
    columns = {f"_{name}": records[name] for name in RAW_COLUMNS}
    columns |= {"data": found.day, "atrasado": found.late, "hash_conteudo": pa.array(hashes)}
    owners = owners_of(contract, records)
    columns |= {str(contract.event_owner): owners} if owners is not None else {}
    fields = dict(zip(contract.column_names, found.fields.flatten(), strict=True))
    if contract.event_id in fields:
        fields[contract.event_id] = with_ids(fields[contract.event_id], records["cabecalhos"])
    accepted = pa.table(columns | fields)
    quarantined = records.slice(0, 0)
    if found.refusals:
        accepted, quarantined = accepted.filter(pa.array(~refused)), records.filter(pa.array(refused))
    order = sorted(found.refusals)
    reasons, details = ([found.refusals[at][n] for at in order] for n in (0, 1))
    ids = _event_ids(contract, fields, owners)
    return Decoded(
        contract,
        accepted,
        with_reasons(quarantined, pa.array(reasons, pa.string()), pa.array(details, pa.string())),
        _keys(records, ids, hashes, refused),
    )


def _event_ids(contract: Contract, fields: dict[str, pa.Array], owners: pa.Array | None) -> pa.Array | None:
    """Hash of each event id, null without one."""
    ids = fields.get(contract.event_id)
    if ids is None:
        return None
    owners = fields.get(str(contract.event_owner), owners)
    return pa.array(event_hashes(contract.name, ids, owners), mask=np.asarray(ids.is_null()))


def _keys(records: pa.Table, ids: pa.Array | None, hashes: "np.ndarray | None", refused: "np.ndarray") -> pa.Table:
    rows = records.num_rows
    columns = [records[name] for name in (*COORDINATE, "carimbo_kafka", "ingerido_em")]
    columns.append(pa.nulls(rows, pa.int64()) if ids is None else ids)
    columns.append(pa.nulls(rows, pa.int64()) if hashes is None else pa.array(hashes))
    return pa.table([*columns, pa.array(refused)], schema=KEYS)


def with_named_headers(records: pa.RecordBatch, bronze: Contract) -> pa.Table:
    """Records whose headers have bronze's names for their fields; Spark would copy each to rename it."""
    at = records.schema.names.index("cabecalhos")
    kind = arrow_schema(bronze).field("cabecalhos").type
    # A cast goes by name and would lose all of them; a view goes by place.
    return pa.Table.from_batches([records]).set_column(at, "cabecalhos", records.column(at).view(kind))


def bronze_rows(records: pa.Table, bronze: Contract) -> pa.Table:
    """Records as they came, with the day on which the broker took them."""
    return _shaped(_with_day(records), bronze)


def with_reasons(records: pa.Table, reasons: pa.Array, details: pa.Array) -> pa.Table:
    """Refused records as rows of silver.quarentena, but for their order of columns.

    Numbers that may be a document's or a card's are cut: bronze has the bytes, and a replay takes them from there.
    """
    details = pa.array([masked(text) for text in details.to_pylist()], pa.string())
    rows = _with_day(_cut(records.select(RAW_COLUMNS)))
    return rows.append_column("motivo", reasons).append_column("detalhe", details)


def _cut(records: pa.Table) -> pa.Table:
    for name in ("chave", "valor"):
        at, column = records.schema.names.index(name), records[name]
        cut = [None if one is None else masked_bytes(one) for one in column.to_pylist()]
        records = records.set_column(at, name, pa.chunked_array([pa.array(cut, column.type)]))
    at, column = records.schema.names.index("cabecalhos"), records["cabecalhos"]
    headers = [
        found and [{name: _masked(value) for name, value in one.items()} for one in found]
        for found in column.to_pylist()
    ]
    return records.set_column(at, "cabecalhos", pa.chunked_array([pa.array(headers, column.type)]))


def _masked(value: str | bytes | None) -> str | bytes | None:
    return masked_bytes(value) if isinstance(value, bytes) else value and masked(value)


def _with_day(records: pa.Table) -> pa.Table:
    day = records["carimbo_kafka"].cast(pa.date32())
    return records.append_column("data", day)


def _shaped(rows: pa.Table, contract: Contract) -> pa.Table:
    """The contract's columns in order, with its types."""
    names, schema = contract.column_names, arrow_schema(contract)
    return rows.select(names).cast(pa.schema([schema.field(name).with_nullable(True) for name in names]))


def quarantine_rows(refused: pa.Table, quarantine: Contract) -> pa.Table:
    """Rows of `with_reasons` in the table's shape."""
    return _shaped(refused, quarantine)


class Kept(NamedTuple):
    """The accepted records of one topic, by what became of them; each in its table's shape."""

    silver: pa.Table
    duplicates: pa.Table
    contradictory: pa.Table


def kept(accepted: pa.Table, topic: Contract, flags: pa.Table, tables: dict[str, Contract]) -> Kept:
    """Takes the repeats out.

    Args:
        accepted: of one topic's contract; see `Decoded`.
        topic: its contract.
        flags: the repeats of the whole batch, rows of `FLAGS`.
        tables: the contracts by full name.
    """
    flagged = accepted.slice(0, 0)
    if flags.num_rows:
        place = pa.table({"_row": np.arange(accepted.num_rows), **{name: accepted[f"_{name}"] for name in COORDINATE}})
        hits = place.join(flags, list(COORDINATE), join_type="inner")
        if hits.num_rows:
            at = hits["_row"].to_numpy()
            flagged = accepted.take(pa.array(at))
            for name in FLAGS.names[len(COORDINATE) :]:
                flagged = flagged.append_column(name, hits[name])
            mine = np.ones(accepted.num_rows, np.bool_)
            mine[at] = False
            accepted = accepted.filter(pa.array(mine))
    silver = _silver_rows(accepted, topic)
    if not flagged.num_rows:
        return Kept(silver, *(arrow_schema(tables[name]).empty_table() for name in _SIDES))
    repeated = flagged.filter(pc.equal(flagged["veredito"], DUPLICATE))
    wrong = flagged.filter(pc.equal(flagged["veredito"], CONTRADICTORY))
    return Kept(
        silver,
        _duplicate_rows(repeated, topic, tables["silver.duplicatas"]),
        _shaped(with_reasons(_raw(wrong), *_contradictions(wrong)), tables["silver.quarentena"]),
    )


_SIDES = ("silver.duplicatas", "silver.quarentena")
_OF_THE_EVENT = ("data", "atrasado", "hash_conteudo")


def _silver_rows(accepted: pa.Table, topic: Contract) -> pa.Table:
    contract = silver_of(topic)
    own = {*topic.column_names, *_OF_THE_EVENT, topic.event_owner}
    named = {name: accepted[name if name in own else f"_{name}"] for name in contract.column_names}
    return _shaped(pa.table(named), contract)


def _duplicate_rows(repeated: pa.Table, topic: Contract, duplicates: Contract) -> pa.Table:
    rows = _with_day(_raw(repeated)).append_column("id_evento", repeated[topic.event_id])
    for name in FLAGS.names[len(COORDINATE) :]:
        rows = rows.append_column(name, repeated[name])
    return _shaped(rows, duplicates)


def _raw(accepted: pa.Table) -> pa.Table:
    return pa.table({name: accepted[f"_{name}"] for name in RAW_COLUMNS})


def _contradictions(wrong: pa.Table) -> tuple[pa.Array, pa.Array]:
    names = ("topico_original", "particao_original", "deslocamento_original")
    places = zip(*(wrong[name].to_pylist() for name in names), strict=True)
    details = [
        f"Expected the content of {topic}, partition {partition}, offset {offset} for this event id, found another"
        for topic, partition, offset in places
    ]
    return pa.array([CONTRADICTORY] * wrong.num_rows, pa.string()), pa.array(details, pa.string())
