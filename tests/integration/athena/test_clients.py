"""PyAthena, awswrangler and the project's own client, as they come: only their endpoints are set."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import awswrangler as wr
import pyathena
import pytest
from pyathena.cursor import DictCursor
from pyathena.pandas.cursor import PandasCursor
from pydantic import SecretStr

from acude.athena.client import QueryFailed, run_query
from acude.settings import Settings
from tests.integration.athena.conftest import KEY, RESULTS, SECRET, Platform

pytestmark = pytest.mark.usefixtures("analyst")
STAGING = f"s3://{RESULTS}/pyathena/"
SQL = (
    "SELECT id_pedido, regiao, quantidade, receita, data FROM vendas WHERE data = DATE '2011-12-01' ORDER BY id_pedido"
)


def connect(**more: Any) -> Any:  # noqa: ANN401 - the cursor class decides
    return pyathena.connect(s3_staging_dir=STAGING, schema_name="gold", region_name="us-east-1", **more)


def test_pyathena_gives_typed_rows() -> None:
    cursor = connect().cursor()
    found = cursor.execute(SQL).fetchall()
    assert found[:2] == [
        ("p1-0", "BR", 1, Decimal("10.50"), date(2011, 12, 1)),
        ("p1-1", None, 2, Decimal("21.00"), date(2011, 12, 1)),
    ]
    assert [column[:2] for column in cursor.description][3] == ("receita", "decimal")


def test_pyathena_takes_parameters() -> None:
    cursor = connect().cursor()
    cursor.execute("SELECT count(*) FROM vendas WHERE regiao = %(regiao)s", {"regiao": "BR"})
    assert cursor.fetchone() == (6,)
    cursor.execute("SELECT count(*) FROM vendas WHERE quantidade > ?", ["1"], paramstyle="qmark")
    assert cursor.fetchone() == (6,)


def test_pyathena_reads_times_and_nested_values() -> None:
    cursor = connect().cursor()
    cursor.execute(
        "SELECT CAST(em AS timestamp), em, ARRAY[1, 2], MAP(ARRAY['a'], ARRAY[1]) FROM vendas WHERE id_pedido = 'p1-0'"
    )
    plain, zoned, array, mapping = cursor.fetchone()
    assert plain == datetime(2011, 12, 1, 8, 0, 0, 2000)  # noqa: DTZ001 - a time without a zone
    assert zoned == datetime(2011, 12, 1, 8, 0, 0, 2000, UTC)
    assert (array, mapping) == ([1, 2], {"a": "1"})


def test_pyathena_dict_cursor() -> None:
    cursor = connect(cursor_class=DictCursor).cursor()
    assert cursor.execute("SELECT 1 AS um, 'x' AS dois").fetchone() == {"um": 1, "dois": "x"}


def test_pyathena_pandas_cursor() -> None:
    frame = connect(cursor_class=PandasCursor).cursor().execute(SQL).as_pandas()
    assert frame["receita"].tolist()[:2] == [Decimal("10.50"), Decimal("21.00")]
    assert frame["regiao"].isna().tolist() == [False, True, False]


def test_pyathena_pandas_cursor_with_unload() -> None:
    frame = connect(cursor_class=PandasCursor).cursor(unload=True).execute(SQL).as_pandas()
    assert frame["receita"].tolist()[:2] == [Decimal("10.50"), Decimal("21.00")]


def test_pyathena_raises_athenas_reason() -> None:
    with pytest.raises(pyathena.error.OperationalError, match="TYPE_MISMATCH"):
        connect().cursor().execute("SELECT 1 = '1'")


@pytest.mark.parametrize(
    "how", [{"ctas_approach": True}, {"ctas_approach": False}, {"ctas_approach": False, "unload_approach": True}]
)
def test_awswrangler_reads_a_frame(how: dict[str, Any]) -> None:
    frame = wr.athena.read_sql_query(SQL, database="gold", s3_output=f"s3://{RESULTS}/wrangler/{'-'.join(how)}/", **how)
    assert frame["id_pedido"].tolist() == ["p1-0", "p1-1", "p1-2"]
    assert frame["receita"].tolist() == [Decimal("10.50"), Decimal("21.00"), Decimal("31.50")]
    assert frame["data"].tolist() == [date(2011, 12, 1)] * 3
    assert frame["regiao"].isna().tolist() == [False, True, False]


def test_awswrangler_leaves_no_table_behind(platform: Platform) -> None:
    wr.athena.read_sql_query(
        "SELECT 1 AS um", database="gold", s3_output=f"s3://{RESULTS}/wrangler/", ctas_approach=True
    )
    tables = platform.client("glue").get_tables(DatabaseName="gold")["TableList"]
    assert not [table["Name"] for table in tables if table["Name"].startswith("temp_table")]


def local(platform: Platform) -> Settings:
    return Settings(
        athena_endpoint=platform.athena_url,
        s3_access_key=SecretStr(KEY),
        s3_secret_key=SecretStr(SECRET),
        results_bucket=RESULTS,
    )


def test_the_client_gives_python_values(platform: Platform) -> None:
    result = run_query(SQL, database="gold", config=local(platform))
    assert result.columns == ["id_pedido", "regiao", "quantidade", "receita", "data"]
    assert result.types == ["varchar", "varchar", "integer", "decimal", "date"]
    assert result.rows[1] == ("p1-1", None, 2, Decimal("21.00"), date(2011, 12, 1))
    assert result.scanned_bytes > 0


def test_the_client_raises_athenas_reason(platform: Platform) -> None:
    with pytest.raises(QueryFailed) as failure:
        run_query("SELECT median(1)", config=local(platform))
    assert failure.value.reason == "FUNCTION_NOT_FOUND: line 1:8: Function 'median' not registered"
