"""From raw Kafka records to typed events: the one function of the stream, of repairs and of rebuilding silver.

`decode` adds to each record of bronze, in one pass through Arrow, what its topic's contract makes of it. `verdicts`
tells repeats. `silver_rows`, `quarantine_rows` and `duplicate_rows` are then plain selections: each record is in
exactly one of them.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as f

from acude.contracts.decoder import Decoder
from acude.contracts.documents import Tokens
from acude.contracts.model import Contract, silver_of
from acude.ingestion.dedup_index import Arrivals, KnownEvents, Longs, Verdict, pack, unpack

RAW_COLUMNS = ["topico", "particao", "deslocamento", "carimbo_kafka", "chave", "valor", "cabecalhos", "ingerido_em"]
EPOCH = date(1970, 1, 1)
COORDINATE = ["topico", "particao", "deslocamento"]
_DECODED = "data_evento date, atrasado boolean, motivo string, detalhe string"
_RAW = (
    "topico string, particao int, deslocamento bigint, carimbo_kafka timestamp, chave binary, valor binary, "
    "cabecalhos array<struct<chave:string,valor:binary>>, ingerido_em timestamp"
)
_FLAGS = (
    "topico string, particao int, deslocamento bigint, veredito string, topico_original string, "
    "particao_original int, deslocamento_original bigint"
)


def _event_struct(topic: Contract) -> str:
    return f"`{topic.name}` struct<{', '.join(f'`{c.name}`:{c.type}' for c in topic.columns)}>"


def decode(records: DataFrame, topics: list[Contract], tokens: Tokens) -> DataFrame:
    """What the contracts make of each record.

    Args:
        records: `RAW_COLUMNS` of bronze.
        topics: the topics' contracts.
        tokens: makes what stands in a document's place.

    Returns:
        The records' columns, `data_evento` (UTC day of the event), `atrasado`, `motivo` and `detalhe` (null where the
        record fits), a struct a topic (null for other topics), `id_hash` (null without an event id), `hash_conteudo`.
    """
    schema = ", ".join([_RAW, _DECODED, *(_event_struct(topic) for topic in topics)])

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        decoders = [Decoder(topic, tokens) for topic in topics]
        for batch in batches:
            if batch.num_rows:
                yield _decode_batch(batch, decoders)

    structs = [f.col(topic.name) for topic in topics]
    ids = [f.col(f"{topic.name}.{topic.event_id}") for topic in topics if topic.event_id in topic.column_names]
    event_id = f.coalesce(*ids, f.lit(None)) if ids else f.lit(None).cast("string")
    return (
        records.select(*RAW_COLUMNS)
        .mapInArrow(run, schema)
        .withColumn("id_evento", event_id)
        .withColumn("id_hash", f.when(f.col("id_evento").isNotNull(), f.xxhash64(_contract(topics), "id_evento")))
        .withColumn("hash_conteudo", f.xxhash64(*structs))
    )


def _contract(topics: list[Contract]) -> Column:
    """The name of a record's contract: an event is known by its id in all topics of one contract."""
    name = f.col("topico")
    for topic in topics:
        if topic.split_by:
            name = f.when(f.col("topico").isin(*topic.kafka_topics), f.lit(topic.name)).otherwise(name)
    return name


def _decode_batch(batch: pa.RecordBatch, decoders: list[Decoder]) -> pa.RecordBatch:
    """One Arrow batch of records of several topics, each contract's decoded together."""
    rows = batch.num_rows
    day, late = pa.nulls(rows, pa.date32()), pa.nulls(rows, pa.bool_())
    reason: list[str | None] = ["sem_contrato"] * rows
    detail: list[str | None] = ["Expected a topic with a contract"] * rows
    structs = []
    for decoder in decoders:
        mine = of_contract(batch.column("topico"), decoder.contract)
        at = np.flatnonzero(mine)
        if not len(at):
            structs.append(pa.nulls(rows, pa.struct(decoder.fields)))
            continue
        part = batch.filter(mine) if len(at) < rows else batch
        decoded = decoder.decode(part.column("valor"), part.column("carimbo_kafka"))
        for position in at.tolist():
            reason[position] = detail[position] = None
        for position, refusal in decoded.refusals.items():
            reason[at[position]], detail[at[position]] = refusal
        day = pc.replace_with_mask(day, mine, decoded.day)
        late = pc.replace_with_mask(late, mine, decoded.late)
        spread = np.full(rows, -1, dtype=np.int64)
        spread[at] = np.arange(len(at))
        structs.append(decoded.fields.take(pa.array(spread, mask=spread < 0)))
    columns = [batch.column(name) for name in RAW_COLUMNS]
    columns += [day, late, pa.array(reason, pa.string()), pa.array(detail, pa.string()), *structs]
    names = [*RAW_COLUMNS, "data_evento", "atrasado", "motivo", "detalhe", *(one.contract.name for one in decoders)]
    return pa.RecordBatch.from_arrays(columns, names=names)


def of_contract(names: pa.Array | pa.ChunkedArray, topic: Contract) -> pa.Array | pa.ChunkedArray:
    """Which of these Kafka topics are the contract's."""
    return pc.is_in(names, pa.array(topic.kafka_topics)) if topic.split_by else pc.equal(names, topic.name)


def keys(decoded: DataFrame) -> DataFrame:
    """What `verdicts` looks at: a narrow row a record."""
    return decoded.select(*COORDINATE, "id_hash", "hash_conteudo", f.col("motivo").isNotNull().alias("recusado"))


def judge(batch: pa.Table, known: KnownEvents, topics: list[Contract], landed: datetime) -> pa.Table:
    """Repeats among a batch's `keys`, against all that is `known`.

    Args:
        batch: rows of `keys`.
        known: the events of the batches before; this batch's first arrivals are added.
        topics: the topics' contracts, for how long each remembers an id.
        landed: the batch's `ingerido_em`.

    Returns:
        One row a repeat: coordinate, `veredito` (`duplicata` or `contraditorio`), coordinate of the first.
    """
    with_id = batch.filter(pc.and_(pc.invert(batch["recusado"]), pc.is_valid(batch["id_hash"])))
    place, number = _places(with_id["topico"], topics)
    coordinates = pack(with_id["particao"].to_numpy(), with_id["deslocamento"].to_numpy(), number)
    today = (landed.astimezone(UTC).date() - EPOCH).days
    known.forget(today)
    until = np.array([today + topic.dedup_window.days for topic in topics], dtype=np.int32)[place]
    arrivals = Arrivals(with_id["id_hash"].to_numpy(), with_id["hash_conteudo"].to_numpy(), coordinates, until)
    verdict = known.judge(arrivals)
    at = np.flatnonzero(verdict.duplicate | verdict.contradictory)
    return _flag_rows(with_id, verdict, at, [topics[one] for one in place[at].tolist()])


def _places(names: pa.ChunkedArray, topics: list[Contract]) -> tuple[Longs, Longs]:
    """Of each Kafka topic its contract's place, and its own among that contract's topics."""
    known = [(name, at, number) for at, topic in enumerate(topics) for number, name in enumerate(topic.kafka_topics)]
    found = pc.index_in(names, pa.array([name for name, _, _ in known])).to_numpy()
    return np.array([at for _, at, _ in known])[found], np.array([number for _, _, number in known])[found]


def _flag_rows(batch: pa.Table, verdict: Verdict, at: npt.NDArray[np.intp], contracts: list[Contract]) -> pa.Table:
    """The rows at these places, which are of these contracts, as flags."""
    topic, partition, offset = unpack(verdict.originals[at])
    names = [contract.kafka_topics[one] for contract, one in zip(contracts, topic.tolist(), strict=True)]
    kind = np.where(verdict.duplicate[at], "duplicata", "contraditorio")
    flags = batch.select(COORDINATE).take(pa.array(at))
    return (
        flags.append_column("veredito", pa.array(kind.tolist(), pa.string()))
        .append_column("topico_original", pa.array(names, pa.string()))
        .append_column("particao_original", pa.array(partition))
        .append_column("deslocamento_original", pa.array(offset))
    )


def flag(decoded: DataFrame, flags: pa.Table) -> DataFrame:
    """The decoded records with `veredito` and the first arrival's coordinate, null for first arrivals."""
    if not flags.num_rows:
        texts = dict.fromkeys(("veredito", "topico_original"), "string")
        nothing = texts | {"particao_original": "int", "deslocamento_original": "bigint"}
        return decoded.withColumns({name: f.lit(None).cast(kind) for name, kind in nothing.items()})
    small = decoded.sparkSession.createDataFrame(flags, schema=_FLAGS)
    return decoded.join(f.broadcast(small), COORDINATE, "left")


def _accepted() -> Column:
    return f.col("motivo").isNull() & f.col("veredito").isNull()


def silver_rows(flagged: DataFrame, topic: Contract) -> DataFrame:
    """The topic's first arrivals that fit its contract, as rows of its silver table."""
    mine = flagged.where(f.col("topico").isin(*topic.kafka_topics) & _accepted()).withColumn(
        "data", f.col("data_evento")
    )
    own = [f.col(f"`{topic.name}`.`{c.name}`") for c in topic.columns]
    lineage = [c.name for c in silver_of(topic).columns[len(own) :]]
    return mine.select(*own, *lineage)


def bronze_rows(records: DataFrame) -> DataFrame:
    """The records as they came, with the day on which the broker took them."""
    return records.withColumn("data", f.to_date("carimbo_kafka"))


def quarantine_rows(flagged: DataFrame) -> DataFrame:
    """What fits no contract or contradicts an earlier event, with its reason."""
    other = f.format_string(
        "Expected the content of %s, partition %d, offset %d for this event id, found another",
        "topico_original",
        "particao_original",
        "deslocamento_original",
    )
    contradicts = f.col("veredito") == "contraditorio"
    return bronze_rows(flagged.where(f.col("motivo").isNotNull() | contradicts)).withColumns(
        {
            "motivo": f.coalesce("motivo", f.lit("contraditorio")),
            "detalhe": f.coalesce("detalhe", other),
        }
    )


def duplicate_rows(flagged: DataFrame) -> DataFrame:
    """What repeats an earlier event, with the first arrival's coordinate."""
    return bronze_rows(flagged.where(f.col("veredito") == "duplicata"))
