"""What the audit holds back on real servers: gold stays as it was until the day is mended."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from acude.contracts.model import table
from acude.lake import run_records
from acude.lake.commit import BatchWriter, PartitionChanged, replace_partitions
from acude.lake.data_files import write_rows
from acude.lake.ensure_table import ensure_table
from acude.publishing import staging
from acude.publishing.audit import QualityError
from acude.publishing.data_docs import page
from acude.publishing.publish import MartError, publish
from acude.publishing.staging import StagingError
from jobs.batch import marts, vendas
from jobs.batch.audit_published import audit_all
from tests.integration.batch.batch_lake import BatchLake, csv_of, line, publish_day, revenue, stage_rows

pytestmark = pytest.mark.usefixtures("platform")

MARTS = marts.MARTS.keys()


def test_a_poisoned_day_leaves_gold_as_it_was_until_it_is_mended(lake: BatchLake, day: date) -> None:
    lake.send(day, csv_of(line(day)))
    publish_day(day, "r1")
    lake.send(day, csv_of(line(day), *(line(day, order=str(n), price="-1") for n in range(2, 9))))
    with pytest.raises(QualityError) as caught:
        vendas.run(day, "poison")
    assert "at most half of a day's lines can't be sales" in str(caught.value)
    assert "run the day again" in str(caught.value)
    assert revenue(lake, day) == [Decimal("21.0000")]
    kept = lake.keys(f"_rejeitados/silver/quarentena_arquivos/{day}/")
    names = {Path(key).name for key in kept}
    assert {"dados.json", "veredito.json", "validacao.json"} < names
    assert any(name.endswith(".parquet") for name in names)
    assert caught.value.docs == f"s3://{lake.lake}/_data_docs/{day}/poison-silver.html"
    assert b"at most half" in (page(f"{day}/poison-silver.html") or b"")
    lake.send(day, csv_of(line(day), line(day, order="2")))
    publish_day(day, "mended")
    assert revenue(lake, day) == [Decimal("42.0000")]


def test_a_mart_that_lost_a_cent_is_refused(lake: BatchLake, day: date) -> None:
    lake.send(day, csv_of(line(day), line(day, order="2", region="RJ")))
    publish_day(day, "r1")
    marts.stage_all(day, "r2")
    contract = table("gold.vendas_por_regiao")
    good = staging.staged(contract.full_name, day, "r2")
    rows = staging.rows_of(good).to_pylist()
    rows[0]["receita"] -= Decimal("0.01")
    poisoned = staging.rows_of(good).from_pylist(rows, schema=staging.rows_of(good).schema)
    stage_rows(poisoned, contract, day, "r2", staging.Context(expected=good.expected, sources=good.sources))
    with pytest.raises(QualityError, match=rf"gold\.vendas_por_regiao of {day}: receita and quantidade add up"):
        marts.audit_all(day, "r2")
    with pytest.raises(StagingError, match=rf"gold\.vendas_por_regiao of {day} was refused in run r2"):
        marts.publish_all(day, "r2")
    assert sorted(revenue(lake, day)) == [Decimal("21.0000"), Decimal("21.0000")]


def test_only_audited_rows_are_published(lake: BatchLake, day: date) -> None:
    lake.send(day, csv_of(line(day)))
    vendas.run(day, "r1")
    marts.stage_all(day, "r1")
    with pytest.raises(StagingError, match="was not audited; audit it before publishing"):
        marts.publish_all(day, "r1")
    marts.audit_all(day, "r1")
    contract = table("gold.vendas_por_regiao")
    staged = staging.staged(contract.full_name, day, "r1")
    rows = staging.rows_of(staged).to_pylist()
    rows[0]["receita"] += 1
    altered = staging.rows_of(staged).from_pylist(rows, schema=staging.rows_of(staged).schema)
    stage_rows(altered, contract, day, "r1")
    with pytest.raises(StagingError, match="audit it again"):
        marts.publish_all(day, "r1")
    assert lake.rows("gold.vendas_por_regiao", day).num_rows == 0


def test_a_staged_file_that_is_cut_off_is_neither_audited_nor_published(lake: BatchLake, day: date) -> None:
    lake.send(day, csv_of(line(day)))
    vendas.run(day, "r1")
    marts.stage_all(day, "r1")
    contract = table("gold.vendas_por_regiao")
    [file] = staging.staged(contract.full_name, day, "r1").files
    key = f"{contract.prefix}/{file.path}"
    whole = lake.s3.get_object(Bucket=lake.lake, Key=key)["Body"].read()
    lake.s3.put_object(Bucket=lake.lake, Key=key, Body=whole[: len(whole) // 2])
    with pytest.raises(StagingError, match=rf"{contract.full_name} is no whole Parquet file; stage and audit {day}"):
        marts.audit_all(day, "r1")
    lake.s3.put_object(Bucket=lake.lake, Key=key, Body=whole)
    marts.audit_all(day, "r1")
    lake.s3.put_object(Bucket=lake.lake, Key=key, Body=whole[: len(whole) // 2])
    with pytest.raises(StagingError, match="other files are staged; audit it again"):
        marts.publish_all(day, "r1")
    assert lake.rows(contract.full_name, day).num_rows == 0


def test_rows_that_were_refused_are_not_published_by_whoever_asks(lake: BatchLake, day: date) -> None:
    lake.send(day, csv_of(line(day)))
    vendas.run(day, "r1")
    marts.stage_all(day, "r1")
    marts.audit_all(day, "r1")
    staged = staging.staged("gold.vendas_por_regiao", day, "r1")
    failure = staging.Failure(expectation="rule", column="receita", expected="more", found="less")
    # As a run leaves it that dies between the refusal and the removal of what it refused.
    staging.put_result(staging.passed(staged).model_copy(update={"failures": [failure]}))
    with pytest.raises(StagingError, match="was refused by its expectations"):
        marts.publish_all(day, "r1")
    with pytest.raises(StagingError, match="was refused by its expectations"):
        publish(staged, marts.MARTS[staged.table].assert_current)
    assert lake.rows("gold.vendas_por_regiao", day).num_rows == 0


def test_marts_of_sales_that_changed_meanwhile_are_not_published(lake: BatchLake, day: date) -> None:
    with pytest.raises(MartError, match=rf"run `acude backfill vendas_diarias --from {day} --to {day}` first"):
        marts.stage_all(day, "r0")
    lake.send(day, csv_of(line(day)))
    vendas.run(day, "r1")
    marts.stage_all(day, "r1")
    marts.audit_all(day, "r1")
    lake.send(day, csv_of(line(day), line(day, order="2")))
    vendas.run(day, "r2")
    with pytest.raises(MartError, match="stage the marts again"):
        marts.publish_all(day, "r1")


def test_a_run_that_slept_after_its_check_does_not_replace_a_newer_one(lake: BatchLake, day: date) -> None:
    lake.send(day, csv_of(line(day)))
    vendas.run(day, "slow")
    marts.stage_all(day, "slow")
    marts.audit_all(day, "slow")

    def sleep_through_another_run(staged: staging.Staged) -> None:
        marts.MARTS[staged.table].assert_current(staged)
        lake.send(day, csv_of(line(day), line(day, order="2")))
        publish_day(day, "newer")

    slow = staging.staged("gold.vendas_por_regiao", day, "slow")
    with pytest.raises(PartitionChanged, match="Run the day again"):
        publish(slow, sleep_through_another_run)
    assert revenue(lake, day) == [Decimal("42.0000")]


def test_a_publication_that_was_killed_between_two_tables_goes_on_with_those_that_are_left(
    lake: BatchLake, day: date
) -> None:
    lake.send(day, csv_of(line(day)))
    vendas.run(day, "r1")
    marts.stage_all(day, "r1")
    marts.audit_all(day, "r1")
    first = next(iter(marts.MARTS))
    done = marts.MARTS[first].publish(staging.staged(first, day, "r1"), "r1")
    assert marts.publish_all(day, "r1").keys() == MARTS
    assert run_records.publication(first, day) == done
    # A call that died behind its last table finds nothing left, the month too, and says the same.
    assert marts.publish_all(day, "r1").keys() == MARTS
    # What another run has published since is not taken for its own.
    publish_day(day, "r2")
    with pytest.raises(StagingError, match="stage the day first"):
        marts.publish_all(day, "r1")


def test_rows_of_another_day_are_refused(lake: BatchLake, day: date) -> None:
    lake.send(day, csv_of(line(day)))
    publish_day(day, "r1")
    contract = table("gold.mais_vendidos")
    rows = lake.rows("gold.mais_vendidos", day)
    other = stage_rows(rows, contract, day + timedelta(days=1), "r2")
    result = staging.AuditResult(
        table=other.table,
        day=other.day,
        run_id="r2",
        hash=other.hash,
        etags=staging.etags_of(other),
        expectations=1,
        audited_at=run_records.now(),
    )
    staging.put_result(result)
    with pytest.raises(StagingError, match="rows of another day are staged"):
        publish(other, marts.MARTS[other.table].assert_current)
    assert lake.rows("gold.mais_vendidos", day) == rows


def test_what_is_published_can_be_audited_again_and_a_changed_cent_is_found(lake: BatchLake, day: date) -> None:
    lake.send(day, csv_of(line(day), line(day, order="2", region="RJ")))
    publish_day(day, "r1")
    audited = audit_all(day)
    assert set(audited["tables"]) >= MARTS
    contract = table("gold.mais_vendidos")
    rows = lake.rows("gold.mais_vendidos", day)
    forged = [row | {"receita": row["receita"] + Decimal("0.01")} for row in rows.to_pylist()]
    files = write_rows(pa.Table.from_pylist(forged, rows.schema), contract)
    replace_partitions(ensure_table(contract), BatchWriter(), files, [{"data": day.isoformat()}])
    with pytest.raises(QualityError, match=rf"gold\.mais_vendidos of {day}: the rows are those that were"):
        audit_all(day)
