"""A cent that goes astray in any real place is found, and named."""

import gzip
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from acude.aws import s3
from acude.cli import app
from acude.contracts.model import table
from acude.errors import NOTHING_FOUND
from acude.lake.delta import table_path
from acude.lake.session import batch_session
from acude.local.platform import Platform
from acude.reconciliation import compare as reconcile
from acude.reconciliation.report import Report
from acude.settings import settings
from acude.warehouse.connection import connect
from jobs.batch import carga_redshift, marts, vendas

DAY = date(2009, 3, 14)
HEADER = "id_pedido,id_produto,descricao,quantidade,data,preco,id_usuario,regiao,moeda\n"
LINES = (
    f"1001,p1,Vaso,2,{DAY} 10:00:00,10.05,u1,SP,BRL\n"
    f"1002,p2,Copo,3,{DAY} 11:00:00,0.333,u2,RJ,BRL\n"
    f"C1003,p1,Vaso,-1,{DAY} 12:00:00,10.05,u1,SP,BRL\n"
)
KEY = f"vendas/conciliacao/{DAY}.csv"


def put(lines: str) -> None:
    s3().put_object(Bucket=settings().inbox_bucket, Key=KEY, Body=(HEADER + lines).encode())


def run_day(run_id: str) -> None:
    vendas.run(DAY, run_id)
    marts.stage_all(DAY, run_id)
    marts.audit_all(DAY, run_id)
    marts.publish_all(DAY, run_id)
    carga_redshift.load_day(DAY, run_id=run_id, tables=["vendas", "vendas_por_regiao"])


def compared() -> Report:
    return reconcile.run(DAY, DAY, events=False)


@pytest.fixture(scope="module")
def published(platform: Platform) -> Iterator[None]:
    """The day, published everywhere; withdrawn afterwards."""
    del platform
    put(LINES)
    run_day("reconcile-test")
    yield
    s3().delete_object(Bucket=settings().inbox_bucket, Key=KEY)
    run_day("reconcile-test-end")


def test_a_published_day_agrees_to_the_cent_in_every_place(published: None) -> None:
    del published
    report = compared()
    assert report.differences() == []
    assert {value for row in report.money for value in row.sums.values()} == {Decimal("11.049")}


@pytest.mark.parametrize(
    ("full_name", "places"),
    [
        ("silver.vendas", {"silver"}),
        ("gold.vendas_por_regiao", {"gold região", "athena"}),
        ("gold.vendas_por_categoria", {"gold categoria"}),
    ],
)
def test_a_cent_in_the_lake_is_found(published: None, full_name: str, places: set[str]) -> None:
    del published
    spark = batch_session()
    path = table_path(table(full_name))
    key = "id_pedido = '1001'" if full_name == "silver.vendas" else "receita > 0"
    change = f"UPDATE delta.`{path}` SET receita = receita {{}} 0.01 WHERE data = DATE '{DAY}' AND {key}"  # noqa: S608 - ours
    try:
        spark.sql(change.format("+")).collect()
        assert disagreeing(compared()) == places
    finally:
        spark.sql(change.format("-")).collect()
        spark.stop()
    assert compared().ok


def test_a_cent_in_the_warehouse_is_found(published: None) -> None:
    del published
    change = "UPDATE vendas SET receita = receita + %s WHERE data = %s AND id_pedido = '1001'"
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute(change, (Decimal("0.01"), DAY))
    try:
        assert disagreeing(compared()) == {"warehouse"}
    finally:
        with connect() as connection, connection.cursor() as cursor:
            cursor.execute(change, (Decimal("-0.01"), DAY))


def test_a_cent_in_the_source_is_found(published: None) -> None:
    del published
    put(LINES.replace("10.05,u1,SP,BRL\n1002", "10.06,u1,SP,BRL\n1002"))
    try:
        assert disagreeing(compared()) == {"inbox"}
    finally:
        put(LINES)


def test_a_file_that_can_not_be_read_is_named_and_the_others_are_compared(published: None) -> None:
    del published
    broken = [f"vendas/ilegivel/{DAY}.{kind}" for kind in ("csv.gz", "parquet", "csv")]
    for key, content in zip(broken, (gzip.compress(HEADER.encode())[:-9], b"PAR1 no", b"\xff\xfe"), strict=True):
        s3().put_object(Bucket=settings().inbox_bucket, Key=key, Body=content)
    try:
        report = compared()
    finally:
        for key in broken:
            s3().delete_object(Bucket=settings().inbox_bucket, Key=key)
    (rule,) = [row for row in report.sets if not row.ok]
    assert (rule.checked, sorted(rule.examples)) == (4, sorted(broken))
    assert all(row.ok for row in report.money)
    assert {value for row in report.money for value in row.sums.values()} == {Decimal("11.049")}


def test_days_of_which_nothing_exists_have_an_answer_and_an_exit_code_of_their_own(platform: Platform) -> None:
    del platform
    answer = CliRunner().invoke(app, ["reconcile", "--from", "1999-01-01", "--to", "1999-01-02", "--wait", "0"])
    assert answer.exit_code == NOTHING_FOUND, answer.output
    assert "There is nothing to compare" in answer.stdout
    assert "1999-01-01 to 1999-01-02" in answer.stdout
    assert "agree" not in answer.stdout


def disagreeing(report: Report) -> set[str]:
    """Places whose sum is not that of most."""
    assert not report.ok
    (row,) = [row for row in report.money if not row.ok]
    sums = list(row.sums.values())
    usual = max(set(sums), key=sums.count)
    return {place for place, value in row.sums.items() if value != usual}
