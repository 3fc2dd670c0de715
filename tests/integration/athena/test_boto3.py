"""boto3's Athena client: queries, their results and their catalogue."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.athena.conftest import RESULTS, VENDAS, Athena, vendas

_LONG = "UNNEST(sequence(1, 10000))"
ENDLESS = f"SELECT count(*) FROM {_LONG} a(x), {_LONG} b(y), {_LONG} c(z) WHERE x * y % 7 = z % 5"  # noqa: S608


def test_a_select_begins_with_a_header_row_and_shows_types_as_athena(athena: Athena) -> None:
    sql = "SELECT regiao, sum(receita) AS receita, count(*) FROM vendas GROUP BY regiao ORDER BY 1"
    execution = athena.done(sql)
    answer = athena.client("athena").get_query_results(QueryExecutionId=execution["QueryExecutionId"])
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


@pytest.mark.parametrize(
    ("sql", "body"),
    [
        (
            "SELECT '' AS v, CAST(NULL AS varchar) AS n, 'NULL' AS t, 'N/A' AS na",
            '"v","n","t","na"\n"",,"NULL","N/A"\n',
        ),
        ("SELECT 'a,\"b\"' || chr(10) || 'c' AS v, 1 AS n", '"v","n"\n"a,""b""\nc","1"\n'),
        ('SELECT \'ação ☕ 🏖\' AS "quê, ""isso"""', '"quê, ""isso"""\n"ação ☕ 🏖"\n'),
    ],
)
def test_the_result_file_quotes_every_value_and_leaves_null_empty(athena: Athena, sql: str, body: str) -> None:
    execution = athena.done(sql)
    location = execution["ResultConfiguration"]["OutputLocation"]
    assert location == f"s3://{RESULTS}/{execution['QueryExecutionId']}.csv"
    assert athena.file(location) == body
    [header, row] = athena.rows(sql)
    assert ",".join(f'"{name.replace(chr(34), chr(34) * 2)}"' for name in header if name) == body.splitlines()[0]
    assert len(row) == len(header)


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        (
            "SELECT CAST(ROW(1, 'x') AS ROW(a int, b varchar)), ARRAY[1, NULL], MAP(ARRAY['k'], ARRAY[ARRAY['a']])",
            ["{a=1, b=x}", "[1, null]", "{k=[a]}"],
        ),
        (
            "SELECT ROW(1, 'x'), ARRAY['a, b', 'c'], MAP(ARRAY[true], ARRAY[false])",
            ["{field0=1, field1=x}", "[a, b, c]", "{true=false}"],
        ),
        (
            "SELECT CAST('{\"a\":1}' AS JSON), json_parse('{\"a\":1}'), X'00ff', INTERVAL '36' HOUR",
            ['"{\\"a\\":1}"', '{"a":1}', "00 ff", "1 12:00:00.000"],
        ),
        (
            "SELECT 1e7, REAL '0.1', DECIMAL '1.50', true, DATE '2026-11-28', TIMESTAMP '2026-11-28 10:00:00', nan()",
            ["1.0E7", "0.1", "1.50", "true", "2026-11-28", "2026-11-28 10:00:00.000", "NaN"],
        ),
    ],
)  # fmt: skip
def test_values_are_written_as_athena_writes_them(athena: Athena, sql: str, shown: list[str]) -> None:
    assert athena.rows(sql)[1] == shown


def test_pages_follow_each_other_without_loss(athena: Athena) -> None:
    client = athena.client("athena")
    query_id = athena.done("SELECT n FROM UNNEST(sequence(1, 1000)) t(n) ORDER BY n")["QueryExecutionId"]
    first = client.get_query_results(QueryExecutionId=query_id)
    second = client.get_query_results(QueryExecutionId=query_id, NextToken=first["NextToken"])
    values = [row["Data"][0]["VarCharValue"] for page in (first, second) for row in page["ResultSet"]["Rows"]]
    assert [len(page["ResultSet"]["Rows"]) for page in (first, second)] == [1000, 1]
    assert values == ["n", *map(str, range(1, 1001))]
    assert "NextToken" not in second


@pytest.mark.parametrize("more", [{"MaxResults": 1001}, {"NextToken": "lixo"}, {"NextToken": "99999"}])
def test_a_page_that_cannot_be_is_refused(athena: Athena, more: dict[str, Any]) -> None:
    query_id = athena.done("SELECT 1")["QueryExecutionId"]
    with pytest.raises(ClientError, match="InvalidRequestException"):
        athena.client("athena").get_query_results(QueryExecutionId=query_id, **more)


def test_a_failure_carries_athenas_reason(athena: Athena) -> None:
    status = athena.run("SELECT nada FROM vendas")["Status"]
    assert status["State"] == "FAILED"
    assert status["StateChangeReason"] == "COLUMN_NOT_FOUND: line 1:8: Column 'nada' cannot be resolved"
    assert status["AthenaError"]["ErrorCategory"] == 2


def test_a_query_sees_the_newest_version_of_a_table(athena: Athena) -> None:
    athena.write("crescente", vendas(1), mode="overwrite")
    athena.register("crescente", {**VENDAS, "data": "date"})
    before = athena.rows("SELECT count(*) FROM crescente")
    athena.write("crescente", vendas(2), mode="append")
    assert (before[1], athena.rows("SELECT count(*) FROM crescente")[1]) == (["3"], ["6"])
    athena.client("glue").delete_table(DatabaseName="gold", Name="crescente")


@pytest.mark.parametrize(
    "name", ["vendas", "gold.vendas", '"awsdatacatalog"."gold"."vendas"', "AwsDataCatalog.GOLD.Vendas"]
)
def test_every_way_to_name_a_table_works(athena: Athena, name: str) -> None:
    assert athena.rows(f"SELECT count(*) FROM {name}")[1] == ["9"]  # noqa: S608


def test_a_delta_timestamp_is_zoned_and_rounded_to_milliseconds(athena: Athena) -> None:
    found = athena.rows("SELECT em, em AT TIME ZONE 'America/Sao_Paulo' FROM vendas WHERE id_pedido = 'p1-0'")
    assert found[1] == ["2011-12-01 08:00:00.002 UTC", "2011-12-01 06:00:00.002 America/Sao_Paulo"]


def test_a_filter_on_the_partition_reads_fewer_bytes(athena: Athena) -> None:
    sql = "SELECT count(receita), max(id_pedido) FROM vendas"
    whole = athena.done(sql)["Statistics"]["DataScannedInBytes"]
    part = athena.done(f"{sql} WHERE data = DATE '2011-12-02'")["Statistics"]["DataScannedInBytes"]
    assert 0 < part < whole


def test_the_same_token_is_the_same_execution(athena: Athena) -> None:
    token = "t" * 40
    first = athena.start("SELECT 1", ClientRequestToken=token)
    assert athena.start("SELECT 1", ClientRequestToken=token) == first
    with pytest.raises(ClientError, match="Idempotent parameters do not match"):
        athena.start("SELECT 2", ClientRequestToken=token)


@pytest.mark.parametrize(
    ("sql", "parameters", "rows"),
    [
        ("SELECT count(*) FROM vendas WHERE regiao = ? AND quantidade > ? AND id_pedido <> '?'", ["'BR'", "1"], ["3"]),
        ("SELECT k FROM (VALUES 1) t(k) WHERE k = ? -- ?", ["1"], ["1"]),
        ("SELECT ?, ?", ["'it''s, \"x\" -- /*'", "DECIMAL '1.50' /* x */"], ['it\'s, "x" -- /*', "1.50"]),
    ],
)
def test_parameters_take_the_place_of_question_marks(
    athena: Athena, sql: str, parameters: list[str], rows: list[str]
) -> None:
    assert athena.rows(sql, ExecutionParameters=parameters)[1] == rows


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        (["1", "2"], "Incorrect number of parameters: expected 1 but found 2"),
        (["1, 2"], "is not one expression"),
        (["1) UNION SELECT (2"], "is not one expression"),
        ([" -- "], "is not one expression"),
        (["um"], "EXPRESSION_NOT_CONSTANT"),
    ],
)
def test_a_parameter_is_one_expression(athena: Athena, parameters: list[str], reason: str) -> None:
    status = athena.run("SELECT k FROM (VALUES 1) t(k) WHERE k = ?", ExecutionParameters=parameters)["Status"]
    assert status["State"] == "FAILED"
    assert reason in status["StateChangeReason"]


def test_prepared_statements_are_kept_by_name(athena: Athena) -> None:
    athena.done("PREPARE acima FROM SELECT count(*) FROM vendas WHERE quantidade > ? AND regiao = ?")
    assert athena.rows("EXECUTE acima USING 1, 'BR'")[1] == ["3"]
    assert "Incorrect number of parameters" in athena.reason("EXECUTE acima")
    athena.done("DEALLOCATE PREPARE acima")
    assert "Prepared statement not found: acima" in athena.reason("EXECUTE acima USING 1, 'BR'")
    client, mine = athena.client("athena"), {"StatementName": "um", "WorkGroup": "primary"}
    client.create_prepared_statement(**mine, QueryStatement="SELECT ? AS um")
    assert client.get_prepared_statement(**mine)["PreparedStatement"]["QueryStatement"] == "SELECT ? AS um"
    assert athena.rows("EXECUTE um USING 7")[1] == ["7"]
    client.update_prepared_statement(**mine, QueryStatement="SELECT ? + 1 AS um")
    assert athena.rows("EXECUTE um USING 7")[1] == ["8"]
    assert [s["StatementName"] for s in client.list_prepared_statements(WorkGroup="primary")["PreparedStatements"]] == [
        "um"
    ]
    client.delete_prepared_statement(**mine)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.get_prepared_statement(**mine)


def test_a_running_query_can_be_stopped(athena: Athena) -> None:
    client, query_id = athena.client("athena"), athena.start(ENDLESS)
    with pytest.raises(ClientError, match="Query has not yet finished"):
        client.get_query_results(QueryExecutionId=query_id)
    client.stop_query_execution(QueryExecutionId=query_id)
    assert athena.finished(query_id)["Status"]["State"] == "CANCELLED"


def test_a_finished_query_stays_as_it_is(athena: Athena) -> None:
    query_id = athena.done("SELECT 1")["QueryExecutionId"]
    athena.client("athena").stop_query_execution(QueryExecutionId=query_id)
    assert athena.finished(query_id)["Status"]["State"] == "SUCCEEDED"


@pytest.mark.parametrize(
    "place",
    ["s3://nao-existe/x/", "s3://acude-lake/gold/", f"s3://{RESULTS}-2/", f"s3://{RESULTS}/../acude-lake/", "x"],
)
def test_results_go_to_the_results_bucket_only(athena: Athena, place: str) -> None:
    with pytest.raises(ClientError, match="Unable to verify/create output bucket"):
        athena.start("SELECT 1", ResultConfiguration={"OutputLocation": place})


@pytest.mark.parametrize(
    ("sql", "problem"),
    [("SELECT 1; SELECT 2", "Only one sql statement is allowed"), ("-- nada", "empty"), (" ;", "empty")],
)
def test_a_request_holds_one_statement(athena: Athena, sql: str, problem: str) -> None:
    with pytest.raises(ClientError, match=f"InvalidRequestException.*{problem}"):
        athena.start(sql)


def test_comments_and_semicolons_around_a_statement_do_not_matter(athena: Athena) -> None:
    assert athena.rows("-- um;\n/* dois */ SELECT ';' AS a -- três\n ; ")[1] == [";"]


def test_the_catalogue_can_be_read(athena: Athena) -> None:
    client = athena.client("athena")
    databases = client.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"]
    assert {"gold", "silver"} <= {each["Name"] for each in databases}
    wanted = {"CatalogName": "AwsDataCatalog", "DatabaseName": "gold"}
    table = client.get_table_metadata(**wanted, TableName="vendas")["TableMetadata"]
    assert [column["Name"] for column in table["Columns"]] == list(VENDAS)
    assert [key["Name"] for key in table["PartitionKeys"]] == ["data"]
    assert "vendas" in [each["Name"] for each in client.list_table_metadata(**wanted)["TableMetadataList"]]
    assert client.get_work_group(WorkGroup="acude")["WorkGroup"]["State"] == "ENABLED"
    assert client.list_data_catalogs()["DataCatalogsSummary"][0]["CatalogName"] == "AwsDataCatalog"
    with pytest.raises(ClientError, match="MetadataException"):
        client.get_table_metadata(**wanted, TableName="nada")


def test_an_unknown_operation_is_a_proper_error(athena: Athena) -> None:
    with pytest.raises(ClientError, match="UnknownOperationException"):
        athena.client("athena").create_named_query(Name="a", Database="gold", QueryString="SELECT 1")


def test_executions_are_listed_and_read_in_batches(athena: Athena) -> None:
    client = athena.client("athena")
    query_id = athena.start("SELECT 1")
    assert query_id in client.list_query_executions()["QueryExecutionIds"]
    answer = client.batch_get_query_execution(QueryExecutionIds=[query_id, "nada"])
    assert [each["QueryExecutionId"] for each in answer["QueryExecutions"]] == [query_id]
    assert answer["UnprocessedQueryExecutionIds"][0]["QueryExecutionId"] == "nada"
