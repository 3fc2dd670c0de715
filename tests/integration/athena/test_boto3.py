"""boto3's Athena client against the endpoint."""

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.athena.conftest import RESULTS, VENDAS, Platform, vendas


def finished(client: Any, query_id: str) -> dict[str, Any]:  # noqa: ANN401
    while True:
        execution: dict[str, Any] = client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        if execution["Status"]["State"] not in {"QUEUED", "RUNNING"}:
            return execution
        time.sleep(0.05)


def start(client: Any, sql: str, **more: Any) -> str:  # noqa: ANN401
    arguments = {"QueryString": sql, "QueryExecutionContext": {"Database": "gold"}} | more
    return str(client.start_query_execution(**arguments)["QueryExecutionId"])


def run(platform: Platform, sql: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    client = platform.client("athena")
    return finished(client, start(client, sql, **more))


def rows(platform: Platform, sql: str, **more: Any) -> list[list[str | None]]:  # noqa: ANN401
    execution = run(platform, sql, **more)
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"].get("StateChangeReason")
    pages = (
        platform.client("athena")
        .get_paginator("get_query_results")
        .paginate(QueryExecutionId=execution["QueryExecutionId"])
    )
    return [[datum.get("VarCharValue") for datum in row["Data"]] for page in pages for row in page["ResultSet"]["Rows"]]


def test_a_select_begins_with_a_header_row_and_shows_types_as_athena(platform: Platform) -> None:
    client = platform.client("athena")
    query_id = start(client, "SELECT regiao, sum(receita) AS receita, count(*) FROM vendas GROUP BY regiao ORDER BY 1")
    execution = finished(client, query_id)
    answer = client.get_query_results(QueryExecutionId=query_id)
    found = [[datum.get("VarCharValue") for datum in row["Data"]] for row in answer["ResultSet"]["Rows"]]
    info = answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert found == [["regiao", "receita", "_col2"], ["BR", "126.00", "6"], [None, "63.00", "3"]]
    assert [(c["Type"], c["Precision"], c["Scale"]) for c in info] == [
        ("varchar", 2147483647, 0),
        ("decimal", 38, 2),
        ("bigint", 19, 0),
    ]
    assert execution["StatementType"] == "DML"
    assert execution["Statistics"]["DataScannedInBytes"] > 0


def test_the_result_file_quotes_every_value_and_leaves_null_empty(platform: Platform) -> None:
    execution = run(platform, "SELECT 'a\"b' AS x, CAST(NULL AS varchar) AS y, '' AS z, 1.50 AS d")
    location = execution["ResultConfiguration"]["OutputLocation"]
    assert location == f"s3://{RESULTS}/{execution['QueryExecutionId']}.csv"
    key = location.removeprefix(f"s3://{RESULTS}/")
    body = platform.client("s3").get_object(Bucket=RESULTS, Key=key)["Body"].read().decode()
    assert body == '"x","y","z","d"\n"a""b",,"","1.50"\n'


def test_pages_follow_each_other_without_loss(platform: Platform) -> None:
    client = platform.client("athena")
    query_id = start(client, "SELECT n FROM UNNEST(sequence(1, 25)) AS t(n) ORDER BY n")
    finished(client, query_id)
    pages = client.get_paginator("get_query_results").paginate(
        QueryExecutionId=query_id, PaginationConfig={"PageSize": 7}
    )
    sizes = [[row["Data"][0]["VarCharValue"] for row in page["ResultSet"]["Rows"]] for page in pages]
    assert [len(size) for size in sizes] == [7, 7, 7, 5]
    assert [value for size in sizes for value in size] == ["n", *map(str, range(1, 26))]


def test_a_failure_carries_athenas_reason(platform: Platform) -> None:
    status = run(platform, "SELECT nada FROM vendas")["Status"]
    assert status["State"] == "FAILED"
    assert status["StateChangeReason"] == "COLUMN_NOT_FOUND: line 1:8: Column 'nada' cannot be resolved"
    assert status["AthenaError"]["ErrorCategory"] == 2


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (
            "SELECT * FROM nao_existe",
            "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.gold.nao_existe' does not exist",
        ),
        ("SELECT * FROM nada.x", "SCHEMA_NOT_FOUND"),
        ("SELECT * FROM outro.gold.vendas", "CATALOG_NOT_FOUND"),
        ("INSERT INTO vendas SELECT * FROM vendas", "NOT_SUPPORTED"),
        ("DELETE FROM vendas WHERE quantidade = 1", "NOT_SUPPORTED"),
        ("UPDATE vendas SET quantidade = 1", "NOT_SUPPORTED"),
        ("DROP TABLE vendas", "PERMISSION_DENIED"),
        ("CREATE EXTERNAL TABLE x (a int) LOCATION 's3://b/'", "NOT_SUPPORTED"),
        ("SELECT 1; SELECT 2", "SYNTAX_ERROR"),
    ],
)
def test_what_athena_refuses_is_refused(platform: Platform, sql: str, reason: str) -> None:
    status = run(platform, sql)["Status"]
    assert status["State"] == "FAILED"
    assert status["StateChangeReason"].startswith(reason)


def test_a_query_sees_the_newest_version_of_a_table(platform: Platform) -> None:
    platform.write("gold", "crescente", vendas(1))
    platform.register("gold", "crescente", {**VENDAS, "data": "date"})
    before = rows(platform, "SELECT count(*) FROM crescente")
    platform.write("gold", "crescente", vendas(2), mode="append")
    assert (before[1], rows(platform, "SELECT count(*) FROM crescente")[1]) == (["3"], ["6"])


def test_every_way_to_name_a_table_works(platform: Platform) -> None:
    for name in ("vendas", "gold.vendas", '"awsdatacatalog"."gold"."vendas"', "AwsDataCatalog.GOLD.Vendas"):
        assert rows(platform, f"SELECT count(*) FROM {name}")[1] == ["9"]  # noqa: S608


def test_a_delta_timestamp_is_zoned_and_rounded_to_milliseconds(platform: Platform) -> None:
    found = rows(platform, "SELECT em, em AT TIME ZONE 'America/Sao_Paulo' FROM vendas WHERE id_pedido = 'p1-0'")
    assert found[1] == ["2011-12-01 08:00:00.002 UTC", "2011-12-01 06:00:00.002 America/Sao_Paulo"]


def plan(platform: Platform, where: str) -> str:
    lines = rows(platform, f"EXPLAIN SELECT id_pedido FROM vendas WHERE {where}")  # noqa: S608
    return "".join(str(line[0]) for line in lines).replace("│", "").replace(" ", "")


def test_a_filter_on_the_partition_skips_files(platform: Platform) -> None:
    where = "data = DATE '2011-12-02'"
    assert rows(platform, f"SELECT count(*) FROM vendas WHERE {where}")[1] == ["3"]  # noqa: S608
    assert "ScanningFiles:1/3" in plan(platform, where)


@pytest.mark.parametrize(
    "where",
    ["em >= TIMESTAMP '2011-12-02 00:00:00' AND em < DATE '2011-12-03'", "date(em) = DATE '2011-12-02'"],
)
def test_a_filter_on_a_rounded_time_reaches_the_scan(platform: Platform, where: str) -> None:
    assert rows(platform, f"SELECT count(*) FROM vendas WHERE {where}")[1] == ["3"]  # noqa: S608
    scan = plan(platform, where).rpartition("DELTA_SCAN")[2]
    assert "em>='2011-12-01" in scan


def test_the_same_token_is_the_same_execution(platform: Platform) -> None:
    client, token = platform.client("athena"), "t" * 40
    first = start(client, "SELECT 1", ClientRequestToken=token)
    assert start(client, "SELECT 1", ClientRequestToken=token) == first
    with pytest.raises(ClientError, match="Idempotent parameters do not match"):
        start(client, "SELECT 2", ClientRequestToken=token)


def test_parameters_take_the_place_of_question_marks(platform: Platform) -> None:
    sql = "SELECT count(*) FROM vendas WHERE regiao = ? AND quantidade > ? AND id_pedido <> '?'"
    assert rows(platform, sql, ExecutionParameters=["'BR'", "1"])[1] == ["3"]
    with pytest.raises(ClientError, match="Incorrect number of parameters"):
        start(platform.client("athena"), "SELECT ?, ?", ExecutionParameters=["1"])


def test_a_running_query_can_be_stopped(platform: Platform) -> None:
    client = platform.client("athena")
    numbers = "UNNEST(sequence(1, 10000))"
    query_id = start(
        client,
        f"SELECT count(*) FROM {numbers} a(x), {numbers} b(y), {numbers} c(z) WHERE x * y % 7 = z % 5",  # noqa: S608
    )
    client.stop_query_execution(QueryExecutionId=query_id)
    assert finished(client, query_id)["Status"]["State"] == "CANCELLED"


def test_an_output_location_that_does_not_exist_is_refused(platform: Platform) -> None:
    with pytest.raises(ClientError, match="Unable to verify/create output bucket nao-existe"):
        start(platform.client("athena"), "SELECT 1", ResultConfiguration={"OutputLocation": "s3://nao-existe/x/"})


def test_ctas_makes_a_table_that_reads_back_and_can_be_dropped(platform: Platform) -> None:
    sql = f"CREATE TABLE por_regiao WITH (format='PARQUET', external_location='s3://{RESULTS}/ctas/por_regiao') AS "
    execution = run(
        platform,
        f"{sql} SELECT regiao, sum(receita) AS receita, CAST(min(em) AS timestamp) AS em FROM vendas GROUP BY regiao",  # noqa: S608
    )
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    found = rows(platform, "SELECT * FROM por_regiao ORDER BY regiao")
    assert found[1:] == [["BR", "126.00", "2011-12-01 08:00:00.002"], [None, "63.00", "2011-12-01 08:01:00.002"]]
    assert run(platform, "DROP TABLE por_regiao")["Status"]["State"] == "SUCCEEDED"
    assert run(platform, "SELECT * FROM por_regiao")["Status"]["State"] == "FAILED"


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE roubo WITH (external_location='s3://acude-lake/gold/roubo') AS SELECT 1 AS a",
        "UNLOAD (SELECT 1 AS a) TO 's3://acude-lake/gold/roubo' WITH (format='PARQUET')",
    ],
)
def test_nothing_is_written_outside_the_results_bucket(platform: Platform, sql: str) -> None:
    assert run(platform, sql)["Status"]["StateChangeReason"].startswith("PERMISSION_DENIED")
    listed = platform.client("s3").list_objects_v2(Bucket="acude-lake", Prefix="gold/roubo")
    assert listed["KeyCount"] == 0


def test_unload_writes_parquet_and_a_manifest(platform: Platform) -> None:
    execution = run(
        platform,
        f"UNLOAD (SELECT id_pedido, receita FROM vendas) TO 's3://{RESULTS}/unload/a/' WITH (format='PARQUET')",  # noqa: S608
    )
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    manifest = execution["Statistics"]["DataManifestLocation"]
    body = platform.client("s3").get_object(Bucket=RESULTS, Key=manifest.removeprefix(f"s3://{RESULTS}/"))["Body"]
    assert body.read().decode().startswith(f"s3://{RESULTS}/unload/a/")


def test_the_catalogue_can_be_read(platform: Platform) -> None:
    client = platform.client("athena")
    databases = client.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"]
    assert {"gold", "silver"} <= {each["Name"] for each in databases}
    table = client.get_table_metadata(CatalogName="AwsDataCatalog", DatabaseName="gold", TableName="vendas")[
        "TableMetadata"
    ]
    assert [column["Name"] for column in table["Columns"]] == list(VENDAS)
    assert [key["Name"] for key in table["PartitionKeys"]] == ["data"]
    assert client.get_work_group(WorkGroup="acude")["WorkGroup"]["State"] == "ENABLED"
    assert client.list_data_catalogs()["DataCatalogsSummary"][0]["CatalogName"] == "AwsDataCatalog"
    with pytest.raises(ClientError, match="MetadataException"):
        client.get_table_metadata(CatalogName="AwsDataCatalog", DatabaseName="gold", TableName="nada")


def test_show_describe_and_information_schema_answer(platform: Platform) -> None:
    assert ["gold"] in rows(platform, "SHOW DATABASES")
    assert ["vendas"] in rows(platform, "SHOW TABLES IN `gold` 'ven*'")
    assert rows(platform, "SHOW COLUMNS IN vendas")[-1] == ["data"]
    assert rows(platform, "DESCRIBE gold.vendas")[0][0] is not None
    assert "DELTA" in str(rows(platform, "SHOW CREATE TABLE vendas")[-1])
    found = rows(
        platform,
        "SELECT column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = 'gold' AND table_name = 'vendas' ORDER BY ordinal_position",
    )
    assert found[1:4] == [["id_pedido", "varchar"], ["regiao", "varchar"], ["quantidade", "integer"]]
    assert found[5] == ["em", "timestamp(3) with time zone"]


def test_an_unknown_operation_is_a_proper_error(platform: Platform) -> None:
    with pytest.raises(ClientError, match="UnknownOperationException"):
        platform.client("athena").create_named_query(Name="a", Database="gold", QueryString="SELECT 1")


def test_executions_are_listed_and_read_in_batches(platform: Platform) -> None:
    client = platform.client("athena")
    query_id = start(client, "SELECT 1")
    assert query_id in client.list_query_executions()["QueryExecutionIds"]
    answer = client.batch_get_query_execution(QueryExecutionIds=[query_id, "nada"])
    assert [each["QueryExecutionId"] for each in answer["QueryExecutions"]] == [query_id]
    assert answer["UnprocessedQueryExecutionIds"][0]["QueryExecutionId"] == "nada"
