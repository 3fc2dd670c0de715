"""A candidate that fails in Spark's own processes is told from one with many reviews."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from pyspark.sql import SparkSession

from acude.contracts.model import table
from acude.contracts.spark import schema
from acude.risk.inputs import NAMES
from acude.risk.model import CARD, GRAPH, PROBABILITIES, Card
from acude.risk.policy import read
from acude.risk_history.known_pasts import Silver
from acude.risk_history.payments import DECISIONS, DISPUTES, PAYMENTS
from acude.risk_history.scoring import scored
from tests.unit.risk.pasts import payment

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A model that can be loaded and fails on each payment: it asks for a place that a list does not have."""
    asked = helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, len(NAMES)])
    said = helper.make_tensor_value_info(PROBABILITIES, TensorProto.FLOAT, [None, 2])
    constants = [
        numpy_helper.from_array(np.zeros((1, 2), np.float32), "list"),
        numpy_helper.from_array(np.array([7], np.int64), "one"),
    ]
    nodes = [
        helper.make_node("Shape", ["X"], ["shape"]),
        helper.make_node("Mul", ["shape", "one"], ["places"]),
        helper.make_node("Gather", ["list", "places"], [PROBABILITIES]),
    ]
    graph = helper.make_graph(nodes, "broken", [asked], [said], constants)
    content = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    card = Card(
        version="quebrado", sha256=hashlib.sha256(content).hexdigest(), inputs=NAMES, baseline=(None,) * len(NAMES),
        trained_from=NOON, trained_until=NOON, metrics={}, seed=0, libraries={},
    )  # fmt: skip
    (tmp_path / GRAPH).write_bytes(content)
    (tmp_path / CARD).write_bytes(msgspec.json.encode(card))
    return tmp_path


@pytest.mark.parametrize("weight", [0.0, 0.5])
def test_a_payment_on_which_the_model_fails_has_a_defect(spark: SparkSession, broken: Path, weight: float) -> None:
    own = msgspec.structs.asdict(payment(id_transacao="t1", timestamp=NOON, carimbo_kafka=NOON))
    fields = own | {"data": NOON.date(), "particao": 0, "deslocamento": 1}
    payments, *others = (schema(table(name)) for name in (PAYMENTS, DECISIONS, DISPUTES))
    rows = spark.createDataFrame([tuple(map(fields.get, payments.names))], payments, verifySchema=False)
    silver = Silver(NOON.date(), NOON.date(), rows, *(spark.createDataFrame([], one) for one in others))
    policy = read().model_copy(update={"modelo": weight})
    (found,) = scored(silver, policy, model=broken).collect()
    # A model without weight is not asked.
    assert (found.defeito, found.decisao) == ((True, "revisar") if weight else (False, "aprovar"))
