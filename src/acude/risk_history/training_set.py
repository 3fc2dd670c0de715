"""Spark trains the model: inputs as they were known when each payment was decided, and what came to light since."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from acude.days import midnight
from acude.risk import inputs
from acude.risk.comparison import Label
from acude.risk.decision import Verdict
from acude.risk.first_decision import KEY
from acude.risk.model import Model
from acude.risk_history.boosted_trees import TrainingSpan
from acude.risk_history.disputes import last_disputes
from acude.risk_history.first_decision import client, first_decisions
from acude.risk_history.known_pasts import Pasts, Silver, groups_of, in_order, read_silver
from acude.risk_history.model_training import LearningError, TrainingSet, learn

_EXAMPLE: Final = "id_cliente string, id_transacao string, timestamp timestamp, entradas array<float>"
_ARROW: Final = pa.schema(
    [
        ("id_cliente", pa.string()),
        ("id_transacao", pa.string()),
        ("timestamp", pa.timestamp("us", tz="UTC")),
        ("entradas", pa.list_(pa.float32())),
    ]
)
_FILE: Final = "nome string, conteudo binary"
_REFUSED: Final = "recusado"
"""Stands in the place of a file's name where nothing could be learnt."""


def train(
    spark: SparkSession,
    first: date,
    last: date,
    known_at: datetime,
    *,
    seed: int = 0,
    live: Mapping[str, bytes] | None = None,
) -> dict[str, bytes]:
    """Learns from the payments of some days, on an executor; only the model's files come here.

    What reached the broker after `known_at` is not looked at, so that the same days, moment and seed give the same
    model, however the lake has grown since.

    Args:
        spark: the batch's; it reads silver.
        first: UTC day of the payments.
        last: this day included.
        known_at: UTC.
        seed: of the trees.
        live: files of the model in force, to be compared with.

    Returns:
        The files of `acude.risk_history.model_training.learn`, by name.

    Raises:
        LearningError: too few payments or frauds.
    """
    learnt = examples(read_silver(spark, first, last, known_at), groups=groups_of(spark))
    window = TrainingSpan(midnight(first), midnight(last, 1))
    rows = learnt_from(learnt, window, known_at, seed=seed, live=live).collect()
    files = {row["nome"]: bytes(row["conteudo"]) for row in rows}
    if _REFUSED in files:
        raise LearningError(*msgspec.json.decode(files[_REFUSED], type=tuple[str, str]))
    return files


def examples(silver: Silver, *, groups: int = 1) -> DataFrame:
    """The payments that are asked for, each with the model's inputs as they were known at its decision, and its label.

    Args:
        silver: what is known of them.
        groups: number of groups of payers that are worked on side by side.

    Returns:
        `id_cliente` ("" without one), `id_transacao`, `timestamp`, `entradas` (in the order of
        `acude.risk.inputs.NAMES`), `fraude`, and `rotulada`, which is false for a refused payment without a dispute.
    """
    ordered = in_order(silver, groups=groups, entities=inputs.ENTITIES)
    refused = first_decisions(silver.decisions).select(
        client(),
        "id_transacao",
        (f.col("decisao") == f.lit(str(Verdict.REFUSE))).alias("negada"),
    )
    return (
        ordered.mapInArrow(_with_inputs, _EXAMPLE)
        .join(refused, list(KEY), "left")
        .join(last_disputes(silver.disputes), list(KEY), "left")
        .select(
            *_ARROW.names,
            f.coalesce(f.col("resultado") == f.lit(str(Label.FRAUD)), f.lit(False)).alias("fraude"),
            (f.col("resultado").isNotNull() | ~f.coalesce("negada", f.lit(False))).alias("rotulada"),
        )
    )


def learnt_from(
    found: DataFrame,
    window: TrainingSpan,
    known_at: datetime,
    *,
    seed: int = 0,
    live: Mapping[str, bytes] | None = None,
) -> DataFrame:
    """A model's files, learnt by one executor: `nome`, `conteudo`. Trees need all rows in one place, 120 bytes each.

    Args:
        found: rows of `examples`.
        window: of the payments.
        known_at: when the labels were read, UTC.
        seed: of the trees.
        live: files of the model in force.
    """

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        model = Model.of(live, "the model in force") if live else None
        try:
            files = learn(_training_set(batches, window, known_at), seed, model)
        except LearningError as problem:
            # As a row: Spark would bury it in its own error.
            files = {_REFUSED: msgspec.json.encode((problem.found, problem.next_step))}
        yield pa.RecordBatch.from_pydict({"nome": list(files), "conteudo": list(files.values())})

    return found.repartition(1).sortWithinPartitions("timestamp", "id_transacao").mapInArrow(run, _FILE)


def _with_inputs(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    pasts = Pasts()
    for batch in batches:
        rows = [
            {
                "id_cliente": past.payment.id_cliente or "",
                "id_transacao": past.payment.id_transacao,
                "timestamp": past.payment.timestamp,
                "entradas": inputs.vector(past),
            }
            for past, _ in pasts.of(batch.to_pylist())
        ]
        yield pa.RecordBatch.from_pylist(rows, _ARROW)


def _training_set(batches: Iterable[pa.RecordBatch], window: TrainingSpan, known_at: datetime) -> TrainingSet:
    matrices, labels = [np.empty((0, len(inputs.NAMES)), np.float32)], [np.empty((0, 2), np.bool_)]
    for batch in batches:
        flat = batch.column("entradas").flatten().to_numpy(zero_copy_only=False)
        matrices.append(flat.reshape(batch.num_rows, len(inputs.NAMES)).astype(np.float32))
        columns = [batch.column(name).to_numpy(zero_copy_only=False) for name in ("fraude", "rotulada")]
        labels.append(np.column_stack(columns).astype(np.bool_))
    frauds, labelled = np.concatenate(labels).T
    return TrainingSet(np.concatenate(matrices), frauds, labelled, window, known_at)
