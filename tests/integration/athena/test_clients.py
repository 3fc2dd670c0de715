"""PyAthena, awswrangler and the project's own client, as they come: only their endpoints are set."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import awswrangler as wr
import pyathena
import pytest
from pyathena.cursor import DictCursor
from pyathena.pandas.cursor import PandasCursor

from acude.athena.client import QueryFailed, run_query
from tests.integration.athena.conftest import RESULTS, Athena

pytestmark = pytest.mark.usefixtures("analyst")
STAGING = f"s3://{RESULTS}/pyathena/"
SQL = (
    "SELECT id_pedido, regiao, quantidade, receita, data FROM vendas WHERE data = DATE '2011-12-01' ORDER BY id_pedido"
)
MANNERS: dict[str, Any] = {
    "ctas": {"ctas_approach": True},
    "csv": {"ctas_approach": False},
    "unload": {"ctas_approach": False, "unload_approach": True},
}


def connect(**more: Any) -> Any:  # noqa: ANN401 - the cursor class decides
    return pyathena.connect(s3_staging_dir=STAGING, schema_name="gold", poll_interval=0.1, **more)


def read(sql: str, manner: str) -> Any:  # noqa: ANN401 - a DataFrame
    output = f"s3://{RESULTS}/wrangler/{uuid4()}/"
    return wr.athena.read_sql_query(sql, database="gold", s3_output=output, **MANNERS[manner])


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
    cursor.execute("SELECT %(d)s AS d, %(n)s AS n", {"d": date(2026, 11, 28), "n": Decimal("1.50")})
    assert cursor.fetchone() == (date(2026, 11, 28), Decimal("1.50"))
    assert cursor.execute("SELECT 'a' LIKE '%a%' AS v").fetchone() == (True,)


def test_pyathena_reads_times_and_nested_values() -> None:
    cursor = connect().cursor()
    cursor.execute(
        "SELECT CAST(em AS timestamp), em, ARRAY[1, 2], MAP(ARRAY['a'], ARRAY[1]), X'00ff' "
        "FROM vendas WHERE id_pedido = 'p1-0'"
    )
    plain, zoned, array, mapping, binary = cursor.fetchone()
    assert plain == datetime(2011, 12, 1, 8, 0, 0, 2000)  # noqa: DTZ001 - a time without a zone
    assert zoned == datetime(2011, 12, 1, 8, 0, 0, 2000, UTC)
    assert (array, mapping, binary) == ([1, 2], {"a": "1"}, b"\x00\xff")


def test_pyathena_dict_cursor() -> None:
    cursor = connect(cursor_class=DictCursor).cursor()
    assert cursor.execute("SELECT 1 AS um, 'x' AS dois").fetchone() == {"um": 1, "dois": "x"}


@pytest.mark.parametrize("unload", [False, True])
def test_pyathena_pandas_cursor(*, unload: bool) -> None:
    frame = connect(cursor_class=PandasCursor).cursor(unload=unload).execute(SQL).as_pandas()
    assert frame["receita"].tolist()[:2] == [Decimal("10.50"), Decimal("21.00")]
    assert frame["regiao"].isna().tolist() == [False, True, False]


def test_pyathena_pandas_cursor_gives_nulls_their_type() -> None:
    sql = "SELECT '' AS v, CAST(NULL AS varchar) AS n, CAST(NULL AS bigint) AS b"
    frame = connect(cursor_class=PandasCursor).cursor().execute(sql, keep_default_na=False, na_values=[""]).as_pandas()
    assert frame["b"].dtype == "Int64"
    assert frame["b"].isna().tolist() == [True]
    # The file tells the empty text from null, pandas' reader does not: the same with files from AWS.
    assert [frame[name].isna().tolist() for name in ("v", "n")] == [[True], [True]]


def test_pyathena_raises_athenas_reason() -> None:
    with pytest.raises(pyathena.error.OperationalError, match="TYPE_MISMATCH"):
        connect().cursor().execute("SELECT 1 = '1'")


@pytest.mark.parametrize("manner", MANNERS)
def test_awswrangler_reads_a_frame(manner: str) -> None:
    # Files of CTAS and UNLOAD are written side by side, as on AWS: together they have no order.
    frame = read(SQL, manner).sort_values("id_pedido")
    assert frame["id_pedido"].tolist() == ["p1-0", "p1-1", "p1-2"]
    assert frame["receita"].tolist() == [Decimal("10.50"), Decimal("21.00"), Decimal("31.50")]
    assert frame["data"].tolist() == [date(2011, 12, 1)] * 3
    assert frame["regiao"].isna().tolist() == [False, True, False]


NO_ROWS = "SELECT quantidade AS a FROM vendas WHERE false"


@pytest.mark.parametrize("manner", ["ctas", "csv"])
def test_awswrangler_reads_no_rows(manner: str) -> None:
    frame = read(NO_ROWS, manner)
    assert (list(frame.columns), len(frame)) == (["a"], 0)


def test_unload_of_no_rows_is_to_clients_what_it_is_on_aws() -> None:
    """The manifest is empty: awswrangler then raises, PyAthena gives a frame without columns."""
    with pytest.raises(wr.exceptions.EmptyDataFrame, match="Query would return untyped, empty dataframe"):
        read(NO_ROWS, "unload")
    frame = connect(cursor_class=PandasCursor).cursor(unload=True).execute(NO_ROWS).as_pandas()
    assert frame.shape == (0, 0)


def test_awswrangler_reads_nulls_and_far_dates() -> None:
    frame = read("SELECT 1 AS a, CAST(NULL AS varchar) AS b", "ctas")
    assert frame["b"].isna().tolist() == [True]
    assert read("SELECT DATE '3900-01-01' AS d", "csv")["d"].tolist() == [date(3900, 1, 1)]


def test_awswrangler_leaves_no_table_behind(athena: Athena) -> None:
    read("SELECT 1 AS um", "ctas")
    tables = athena.client("glue").get_tables(DatabaseName="gold")["TableList"]
    assert not [table["Name"] for table in tables if table["Name"].startswith("temp_table")]


def test_awswrangler_takes_parameters_and_prepared_statements() -> None:
    output = f"s3://{RESULTS}/wrangler/parameters/"
    sql = "SELECT count(*) AS n FROM vendas WHERE regiao = :regiao"
    how: dict[str, Any] = {"database": "gold", "s3_output": output, "ctas_approach": False}
    frame = wr.athena.read_sql_query(sql, params={"regiao": "BR"}, **how)
    assert frame["n"].tolist() == [6]
    wr.athena.create_prepared_statement(sql="SELECT count(*) AS n FROM vendas WHERE regiao = ?", statement_name="por")
    frame = wr.athena.read_sql_query("EXECUTE por USING 'BR'", **how)
    assert frame["n"].tolist() == [6]
    wr.athena.delete_prepared_statement(statement_name="por")


def test_the_client_gives_python_values(athena: Athena) -> None:
    result = run_query(SQL, database="gold", config=athena.config)
    assert result.columns == ["id_pedido", "regiao", "quantidade", "receita", "data"]
    assert result.rows[1] == ("p1-1", None, 2, Decimal("21.00"), date(2011, 12, 1))


def test_the_client_raises_athenas_reason(athena: Athena) -> None:
    with pytest.raises(
        QueryFailed, match=r"^Athena refused the query: FUNCTION_NOT_FOUND: line 1:8: Function 'median' not registered"
    ):
        run_query("SELECT median(1)", config=athena.config)
