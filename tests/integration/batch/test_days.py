"""The daily batch on real servers: bad input, reruns, and what a day costs."""

import gzip
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from acude.contracts.model import table
from acude.inbox import files as inbox
from acude.inbox.errors import InboxError
from acude.inbox.lines import lines_of
from acude.lake import run_records
from acude.lake.data_files import ContractViolation, write_rows
from acude.lake.delta import table_path
from acude.lake.ensure_table import ensure_table
from acude.orchestration.late_files import missed_days, runs_to_start
from acude.publishing.publish import session
from jobs.batch import estoque_por_armazem, mais_vendidos, marts, receita_mensal, vendas, vendas_por_regiao
from tests.integration.batch.batch_lake import OWN, BatchLake, csv_of, line, own_lake, publish_day, revenue

pytestmark = pytest.mark.usefixtures("platform")

MARTS = marts.MARTS.keys()


def test_a_day_goes_from_file_to_every_mart(lake: BatchLake, day: date) -> None:
    lake.send(day, csv_of(line(day), line(day, order="C1", pieces=-1), line(day), line(day, order="2", price="0")))
    result = publish_day(day, "scheduled__2026-11-22T00:00:00+00:00")
    assert set(result) == {"silver.vendas", "silver.quarentena_arquivos", *MARTS}
    assert result["silver.vendas"]["sums"] == {"BRL": {"receita": "10.5000", "quantidade": "1", "linhas": "2"}}
    assert revenue(lake, day) == [Decimal("10.5000")]
    assert sorted(lake.rows("silver.quarentena_arquivos", day).column("motivo").to_pylist()) == [
        "duplicata",
        "preco_nao_positivo",
    ]
    assert [row["usuarios"] for row in lake.rows("gold.funil_conversao", day).to_pylist()] == [0, 0, 0, 0]
    assert [key for key in lake.keys("_staging/") if str(day) in key] == []


def test_a_day_without_a_file_is_published_empty_with_a_warning(lake: BatchLake, day: date) -> None:
    key = lake.send(day, csv_of(line(day)))
    publish_day(day, "r1")
    lake.withdraw(key)
    result = publish_day(day, "r2")
    assert result["silver.vendas"]["warnings"] == [f"no sales file for {day}: published as an empty day"]
    assert revenue(lake, day) == []
    assert run_records.publication("gold.vendas_por_regiao", day) is not None


def broken(day: date) -> list[tuple[str, bytes, int | None, str | None]]:
    """Kind of file, content, first line that the error may name, column that it names."""
    whole = csv_of(*(line(day, order=str(n)) for n in range(99)))
    return [
        ("csv", whole[:-8], 100, "moeda"),
        ("csv", whole.replace(b"preco", b"price"), 1, "preco"),
        ("csv.gz", gzip.compress(whole)[:-20], 1, None),
        ("csv", b"", 1, None),
        ("csv", f"{OWN}\n".encode(), 2, None),
        ("parquet", b"PAR1 and no more", None, None),
        ("txt", whole, None, None),
    ]


def test_a_broken_file_publishes_nothing_and_a_corrected_one_mends_the_day(lake: BatchLake, day: date) -> None:
    good = lake.send(day, csv_of(line(day)))
    publish_day(day, "r1")
    before = lake.rows("silver.vendas", day)
    lake.withdraw(good)
    for kind, content, line_number, column in broken(day):
        key = lake.send(day, content, kind=kind)
        with pytest.raises(InboxError) as caught:
            vendas.run(day, "bad")
        assert (caught.value.file, caught.value.column) == (key, column)
        assert (caught.value.line or 0) >= (line_number or 0)
        lake.withdraw(key)
    assert lake.rows("silver.vendas", day).equals(before)
    lake.send(day, csv_of(line(day), line(day, order="2")))
    publish_day(day, "mended")
    assert revenue(lake, day) == [Decimal("42.0000")]


def read(files: list[inbox.InboxFile]) -> int:
    with session() as spark, lines_of(spark, files) as lines:
        return lines.number


def test_a_day_that_arrives_twice_is_refused(lake: BatchLake, day: date) -> None:
    content = csv_of(line(day))
    lake.send(day, content)
    twice = lake.send(day, gzip.compress(content), kind="csv.gz")
    with pytest.raises(InboxError, match=r"one file per origin and day"):
        inbox.files_of(day)
    lake.withdraw(twice)
    lake.send(day, gzip.compress(content), origin="outra", kind="csv.gz")
    with pytest.raises(InboxError, match=rf"the content of vendas/loja/{day}.csv"):
        read(inbox.files_of(day))


def test_a_file_that_changes_between_reading_and_publishing_is_noticed(lake: BatchLake, day: date) -> None:
    lake.send(day, csv_of(line(day)))
    files = inbox.files_of(day)
    lake.send(day, csv_of(line(day, order="2")))
    with pytest.raises(InboxError, match="it changed meanwhile"):
        read(files)
    with pytest.raises(InboxError, match="it changed meanwhile"):
        inbox.assert_unchanged(day, files)
    files = inbox.files_of(day)
    inbox.assert_unchanged(day, files)
    lake.send(day, csv_of(line(day, order="3")), origin="outra")
    with pytest.raises(InboxError, match=rf"vendas/outra/{day}\.csv"):
        inbox.assert_unchanged(day, files)


def test_days_whose_files_changed_after_their_run_are_found(lake: BatchLake, day: date) -> None:
    other, refused = day + timedelta(days=1), day + timedelta(days=2)
    for one in (day, other):
        lake.send(one, csv_of(line(one)))
        inbox.remember(one, inbox.files_of(one), "r1", published=True)
    lake.send(refused, b"")
    inbox.remember(refused, inbox.files_of(refused), "r1", published=False)
    window = (day - timedelta(days=5), day + timedelta(days=5))
    assert inbox.changed_days(*window) == []
    lake.send(day, csv_of(line(day), line(day, order="2")))
    lake.send(refused, csv_of(line(refused)))
    lake.send(day + timedelta(days=3), csv_of(line(day + timedelta(days=3))))
    assert inbox.changed_days(*window) == [day, refused]
    lake.send(other, csv_of(line(other)), origin="atrasada")
    assert inbox.changed_days(*window) == [day, other, refused]
    for junk in (f"{day:%Y-%m}-39.csv", f"{day + timedelta(days=4)}/", f"{day + timedelta(days=4)}/parte-1.csv"):
        lake.s3.put_object(Bucket=lake.inbox, Key=f"vendas/loja/{junk}", Body=b"")
    assert inbox.changed_days(*window) == [day, other, refused]
    assert inbox.changed_days(other, other) == [other]


@pytest.mark.usefixtures("lake")
def test_closed_days_that_nobody_ran_are_found_from_the_first_that_ran(day: date) -> None:
    # Late in the month: the days of other tests lie before the window.
    first, *days = [day + timedelta(days=12 + number) for number in range(5)]
    today = days[-1] + timedelta(days=1)
    assert missed_days(today) == []
    for one in (first, days[1]):
        inbox.remember(one, [], "r1", published=True)

    assert missed_days(today) == [days[0], days[2]]
    assert runs_to_start(days[2]) == [{"conf": {"dia": str(days[0])}, "trigger_run_id": f"falta__{days[0]}"}]


def test_a_day_that_is_refused_for_a_files_name_waits_for_another_file(lake: BatchLake, day: date) -> None:
    wrong = lake.send(day, csv_of(line(day)), kind="txt")
    with pytest.raises(InboxError):
        vendas.run(day, "r1")
    assert inbox.changed_days(day, day) == []
    lake.withdraw(wrong)
    lake.send(day, csv_of(line(day)))
    assert inbox.changed_days(day, day) == [day]


def test_a_rerun_has_the_same_content_and_touches_its_day_only(lake: BatchLake, day: date) -> None:
    other = day + timedelta(days=1)
    for one in (day, other):
        lake.send(one, csv_of(line(one)))
    first = publish_day(day, "r1")
    month = publish_day(other, "r1")["gold.receita_mensal"]
    again = publish_day(day, "r2")
    daily = set(first) - {"gold.receita_mensal"}
    assert {name: again[name]["hash"] for name in daily} == {name: first[name]["hash"] for name in daily}
    assert again["gold.receita_mensal"]["hash"] == month["hash"]
    for name in ("silver.vendas", "gold.vendas_por_regiao", "gold.receita_mensal"):
        actions = lake.actions(name, after=again[name]["version"] - 1)
        files = [one[kind] for one in actions for kind in ("add", "remove") if kind in one]
        assert files, name
        touched = {value for file in files for value in file["partitionValues"].values()}
        assert touched == {f"{day:%Y-%m}" if name == "gold.receita_mensal" else day.isoformat()}, name


def test_a_day_reads_the_same_files_behind_ten_days_and_behind_two_hundred(platform: object) -> None:  # noqa: ARG001
    first, early, late = date(2026, 1, 1), date(2026, 1, 11), date(2026, 7, 20)
    with own_lake() as lake, session() as spark:
        _history(spark, first, 212)
        assert len(lake.keys("silver/vendas/data=")) == 212
        for day in (early, late):
            frames = (
                vendas_por_regiao.rows(spark, day),
                mais_vendidos.rows(spark, day),
                estoque_por_armazem.rows(spark, day),
            )
            # The day's sales twice; the stock of the day before.
            assert [_files_read(frame) for frame in frames] == [1, 1, 1], day
            assert receita_mensal.published_days(day).num_rows == 31, day
        assert [len(_recorded(day)) for day in (date(2026, 3, 1), late)] == [35, 35]


def _history(spark: SparkSession, first: date, days: int) -> None:
    """That many published days, a small file a day and table, in one commit a table."""
    tables = {
        "silver.vendas": "'1','p','d',1,data,timestamp(data),1.0,'u','SP','venda',1.0,'BRL','c','o','a',2",
        "gold.vendas_por_regiao": "data,'SP',1,1,1.0,'BRL'",
        "gold.estoque_por_armazem": "data,'sp','p',1,timestamp(data)",
    }
    dates = spark.range(days).select(f.date_add(f.lit(first), f.col("id").cast("int")).alias("data")).coalesce(1)
    for name, values in tables.items():
        contract = table(name)
        ensure_table(contract)
        # No value here holds a comma or a bracket that is not its own column's.
        columns = zip(values.split(","), contract.columns, strict=True)
        frame = dates.selectExpr(*(f"cast({value} as {column.type}) as {column.name}" for value, column in columns))
        frame.write.format("delta").mode("append").save(table_path(contract))
    for number in range(days):
        day = first + timedelta(days=number)
        done = run_records.Publication(
            table="gold.estoque_por_armazem",
            day=day,
            run_id="h",
            rows=1,
            hash="",
            version=0,
            published_at=run_records.now(),
        )
        run_records.put(run_records.publication_key(done.table, day), done)


def _recorded(day: date) -> list[date]:
    window = (day - timedelta(days=35), day - timedelta(days=1))
    return list(run_records.days_between("publicado/gold.estoque_por_armazem", *window))


def _files_read(frame: DataFrame) -> int:
    """How many data files Spark opened to answer, by its own scans' metrics."""
    frame.toArrow()
    assert frame.executionInfo is not None
    assert frame.executionInfo.metrics is not None
    _, nodes = frame.executionInfo.metrics.extract_graph()
    return sum(int(metric.value) for node in nodes.values() for metric in node.metrics if metric.name == "numFiles")


def test_days_of_one_month_published_at_once_all_count(lake: BatchLake, day: date) -> None:
    days = [day + timedelta(days=n) for n in range(3)]
    for one in days:
        lake.send(one, csv_of(line(one)))
        vendas.run(one, "r1")
        vendas_por_regiao.MART.run(one, "r1")
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda one: receita_mensal.MART.run(one, f"r-{one}"), days))
    assert [row["receita"] for row in lake.rows("gold.receita_mensal", day).to_pylist()] == [Decimal("63.0000")]


def test_tables_keep_to_what_athena_reads_and_their_contract_writes(lake: BatchLake) -> None:
    contract = table("silver.vendas")
    ensure_table(contract)
    ensure_table(contract)
    actions = lake.actions("silver.vendas", after=-1)
    assert [one["protocol"]["minReaderVersion"] for one in actions if "protocol" in one] == [1]
    metadata = next(one["metaData"] for one in actions if "metaData" in one)
    assert metadata["partitionColumns"] == ["data"]
    assert "Invoice number; returns begin with C" in metadata["schemaString"]
    with pytest.raises(ContractViolation, match=r"silver\.vendas: column \* is id_pedido, but its contract says"):
        write_rows(pa.table({"id_pedido": ["1"]}), contract)
