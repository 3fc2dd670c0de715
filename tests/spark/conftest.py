"""A small classic Spark, enough for pure functions, and tables written as rows."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from acude.contracts.model import table
from acude.contracts.spark import schema
from acude.lake.session import driver_session
from acude.settings import settings

DAY = date(2011, 1, 4)

SALE: dict[str, Any] = {
    "id_pedido": "536365",
    "id_produto": "85123A",
    "descricao": "HEART",
    "quantidade": 1,
    "data": DAY,
    "momento": datetime(2011, 1, 4, 10, 0, tzinfo=UTC),
    "preco": Decimal("2.5500"),
    "id_usuario": "17850",
    "regiao": "France",
    "tipo": "venda",
    "moeda": "GBP",
    "categoria": "decoracao",
    "origem": "loja",
    "arquivo": "vendas/loja/2011-01-04.csv",
    "linha": 2,
}

Rows = Callable[..., DataFrame]


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """A driver as the batch's, but for S3 and the servers' clients."""
    before = os.environ.get("SPARK_CONNECT_MODE_ENABLED")
    config = settings().model_copy(update={"jvm_short_lived": True})
    # Few rows and many plans: compiling each takes longer than walking it.
    few = {
        "spark.master": "local[1]",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    }
    session = driver_session("unit", config, few)
    yield session
    session.stop()
    if before is not None:
        os.environ["SPARK_CONNECT_MODE_ENABLED"] = before


@pytest.fixture
def sales(spark: SparkSession) -> Rows:
    """Rows of silver.vendas: each dictionary says how it differs from `SALE`; receita follows."""

    def build(*differences: dict[str, Any]) -> DataFrame:
        rows = []
        for difference in differences:
            row = SALE | difference
            rows.append(row | {"receita": row["quantidade"] * row["preco"]})
        contract = table("silver.vendas")
        ordered = [tuple(row[name] for name in contract.column_names) for row in rows]
        return spark.createDataFrame(ordered, schema(contract))

    return build


def assert_columns(frame: DataFrame, name: str) -> None:
    """The frame's columns are those of that table's contract, in its order and types."""
    wanted = schema(table(name))
    assert [(one.name, one.dataType) for one in frame.schema] == [(one.name, one.dataType) for one in wanted]


def tuples(frame: DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """A frame's rows, ordered, as plain tuples."""
    chosen = frame.select(*columns) if columns else frame
    return sorted((tuple(row) for row in chosen.collect()), key=str)
