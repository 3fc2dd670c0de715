"""A lake of a test's own and the streams' Spark in a process of its own.

Classic Spark and the Connect client can't live in one process, so the steps run in a child: each is a plain function of
this module, called through `StreamLab.do`. Tests of `measure` write silver themselves, so that the broker's stamps are
theirs to choose.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from multiprocessing import get_context
from typing import Any
from uuid import uuid4

from deltalake import DeltaTable

from acude.aws import s3
from acude.settings import Settings, settings

Row = dict[str, Any]


@dataclass
class StreamLab:
    """The lake and the child process."""

    config: Settings
    environment: dict[str, str]
    child: ProcessPoolExecutor

    def do(self, step: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401 - whatever the step returns
        """Runs a step in the child and waits for what it returns."""
        return self.child.submit(step, *arguments).result(timeout=300)

    def table(self, name: str, prefix: str = "") -> DeltaTable:
        """A table as delta-rs sees it."""
        access, secret = self.config.s3_access_key, self.config.s3_secret_key
        options = {
            "AWS_ENDPOINT_URL": self.config.s3_endpoint or "",
            "AWS_ACCESS_KEY_ID": access.get_secret_value() if access else "",
            "AWS_SECRET_ACCESS_KEY": secret.get_secret_value() if secret else "",
            "AWS_REGION": self.config.aws_region,
            "AWS_ALLOW_HTTP": "true",
        }
        return DeltaTable(f"s3://{self.config.lake_bucket}/{prefix}{name.replace('.', '/')}", storage_options=options)

    def rows(self, name: str, prefix: str = "") -> list[Row]:
        """All rows of a table, read by delta-rs."""
        found: list[Row] = self.table(name, prefix).to_pyarrow_table().to_pylist()
        return found

    def delete(self, prefix: str) -> None:
        """Deletes what lies under a prefix of the bucket."""
        client = s3(self.config)
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=self.config.lake_bucket, Prefix=prefix):
            for entry in page.get("Contents", ()):
                client.delete_object(Bucket=self.config.lake_bucket, Key=entry["Key"])


@contextmanager
def stream_lab(**changes: object) -> Iterator[StreamLab]:
    """An empty lake with its child process; both go away afterwards.

    Args:
        changes: settings that differ from the process's own.
    """
    bucket = f"acude-teste-{uuid4().hex[:12]}"
    changed = {"lake_bucket": bucket, **changes}
    config = settings().model_copy(update=changed)
    s3(config).create_bucket(Bucket=bucket)
    environment = {f"ACUDE_{name.upper()}": str(value) for name, value in changed.items()}
    child = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_begin, initargs=(environment,))
    lab = StreamLab(config, environment, child)
    try:
        yield lab
    finally:
        child.shutdown()
        lab.delete("")
        s3(config).delete_bucket(Bucket=bucket)


def _begin(environment: dict[str, str]) -> None:
    # A Connect session in the parent leaves its mark, which would turn this one into a Connect client, too.
    for name in [name for name in os.environ if name.startswith("SPARK_CONNECT") or name == "SPARK_REMOTE"]:
        del os.environ[name]
    os.environ.update(environment)


def _spark() -> Any:  # noqa: ANN401 - Spark is only imported in the child
    from acude.lake.session import stream_session  # noqa: PLC0415

    return stream_session("streamlab")


def create_tables() -> None:
    """Step: makes the streams' tables."""
    from acude.lake.maintenance import create, stream_tables  # noqa: PLC0415

    create(_spark(), stream_tables())


def append(name: str, rows: list[Row]) -> None:
    """Step: appends rows to a table; columns that a row doesn't name are null."""
    import pyarrow as pa  # noqa: PLC0415

    from acude.contracts.model import table  # noqa: PLC0415
    from acude.contracts.spark import arrow_schema  # noqa: PLC0415
    from acude.lake.delta import table_path  # noqa: PLC0415

    contract = table(name)
    filled = [{column: row.get(column) for column in contract.column_names} for row in rows]
    frame = _spark().createDataFrame(pa.Table.from_pylist(filled, arrow_schema(contract)))
    frame.write.format("delta").mode("append").save(table_path(contract))


def measure() -> None:
    """Step: brings the live windows up to date in one micro-batch, from where the last one ended."""
    from jobs.streaming import measure as job  # noqa: PLC0415

    _finish(job.start(_spark(), available_now=True))


def stock() -> None:
    """Step: brings the live stock up to date."""
    from jobs.streaming import stock as job  # noqa: PLC0415

    _finish(job.start(_spark(), available_now=True))


def _finish(query: Any) -> None:  # noqa: ANN401 - Spark is only imported in the child
    query.awaitTermination()


def compact(name: str, day: date) -> dict[str, int]:
    """Step: joins a day's files."""
    from acude.contracts.model import table  # noqa: PLC0415
    from acude.lake import maintenance  # noqa: PLC0415

    return maintenance.compact(_spark(), table(name), day)


def expire(name: str) -> dict[str, int]:
    """Step: deletes what nobody needs."""
    from acude.contracts.model import table  # noqa: PLC0415
    from acude.lake import maintenance  # noqa: PLC0415

    return maintenance.expire(_spark(), table(name))


def stop_spark() -> None:
    """Step: ends the child's Spark; the next step that needs one starts another."""
    _spark().stop()


# Rows of silver, and the clock that judges them.

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
NOON = TODAY + timedelta(hours=12)


@dataclass
class Silver:
    """Writes events into silver as `ingest` would, with stamps that the test chooses."""

    lab: StreamLab
    offset: int = 0

    def event(
        self, at: datetime, user: str, kind: str = "visualizacao", after: timedelta = timedelta(), **own: object
    ) -> Row:
        """An event.

        Args:
            at: event time.
            user: shopper.
            kind: `tipo_evento`.
            after: how long after its event time the broker took it.
            own: further columns.
        """
        return self._lineage(at, after) | {"id_usuario": user, "tipo_evento": kind, "timestamp": at, **own}

    def update(self, at: datetime, product: str, level: int, point: int | None = None, warehouse: str = "a1") -> Row:
        """A stock update."""
        own = {"id_armazem": warehouse, "id_produto": product, "nivel_estoque": level, "ponto_reposicao": point}
        return self._lineage(at, timedelta()) | own | {"timestamp": at}

    def _lineage(self, at: datetime, after: timedelta) -> Row:
        self.offset += 1
        return {
            "data": at.date(),
            "atrasado": after > timedelta(minutes=10),
            "particao": 0,
            "deslocamento": self.offset,
            "carimbo_kafka": at + after,
            "hash_conteudo": self.offset,
            "ingerido_em": at + after,
        }

    def land(self, *events: Row) -> None:
        """One micro-batch of `ingest`."""
        self.lab.do(append, "silver.eventos_clientes", list(events))

    def advance_the_clock_and_tick(self, to: datetime) -> None:
        """Moves the watermark: a batch's watermark comes from the rows of the batches before it, so that takes two."""
        for seconds in (0, 1):
            self.land(self.event(to + timedelta(seconds=seconds), "relogio", "login"))
            self.lab.do(measure)

    def send_late_and_flush(self, *late: Row) -> None:
        """Lands rows after the clock was advanced, and lets `measure` see them."""
        self.land(*late)
        self.lab.do(measure)


def expected(events: list[Row]) -> dict[str, list[tuple[Any, ...]]]:
    """The live tables in plain Python, for events that all count."""
    views: dict[datetime, dict[str, int]] = {}
    users: dict[datetime, set[str]] = {}
    sales: dict[tuple[datetime, str], tuple[int, Decimal]] = {}
    for event in events:
        start = event["timestamp"].replace(second=0, microsecond=0)
        users.setdefault(start, set()).add(event["id_usuario"])
        if event["tipo_evento"] == "visualizacao":
            seen = views.setdefault(start, {})
            seen[event["id_produto"]] = seen.get(event["id_produto"], 0) + 1
        if event["tipo_evento"] == "compra":
            number, total = sales.get((start, event["moeda"]), (0, Decimal(0)))
            sales[start, event["moeda"]] = (number + 1, total + event["quantidade"] * event["preco"])
    top = []
    for start, seen in views.items():
        best = sorted(seen.items(), key=lambda entry: (-entry[1], entry[0]))[:5]
        top += [(start, place, product, number) for place, (product, number) in enumerate(best, 1)]
    return {
        "top": sorted(top),
        "users": sorted((start, len(found)) for start, found in users.items()),
        "sales": sorted((start, currency, *found) for (start, currency), found in sales.items()),
    }


def live(lab: StreamLab) -> dict[str, list[tuple[Any, ...]]]:
    """The live tables as they are, in the shape of `expected`."""

    def read(name: str, *columns: str) -> list[tuple[Any, ...]]:
        rows = lab.rows(f"gold.ao_vivo_{name}")
        return sorted((row["janela_inicio"], *(row[column] for column in columns)) for row in rows)

    return {
        "top": read("produtos_mais_vistos", "posicao", "id_produto", "visualizacoes"),
        "users": read("usuarios_ativos", "usuarios"),
        "sales": read("vendas_por_minuto", "moeda", "vendas", "receita"),
    }
