"""Statements that are no queries, and what Athena refuses though Trino would do it."""

from uuid import uuid4

import pytest

from tests.integration.athena.conftest import RESULTS, Athena, vendas

NEW = f"new-{uuid4()}"
"""A place that no earlier run of the tests has used."""
LAKE = "s3://acude-lake/gold/roubo/"


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT * FROM nao_existe", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.gold.nao_existe' does"),
        ("SELECT * FROM nada.x", "SCHEMA_NOT_FOUND"),
        ("SELECT * FROM outro.gold.vendas", "CATALOG_NOT_FOUND"),
        ("SELEC 1", "SYNTAX_ERROR: line 1:1: mismatched input 'SELEC'. Expecting: 'ALTER', 'ANALYZE'"),
        ("SHOW TABLES IN nada", "SCHEMA_NOT_FOUND: Database nada not found"),
        ("DESCRIBE nada.vendas", "SCHEMA_NOT_FOUND: Database nada not found"),
        ("DESCRIBE nada", "TABLE_NOT_FOUND"),
        ("SHOW PARTITIONS estoque", "HIVE_METASTORE_ERROR: Table gold.estoque is not a partitioned table"),
        ("'SELECT'", "SYNTAX_ERROR: line 1:1"),
        ("ALTER TABLE vendas SET TBLPROPERTIES ('a' = 'b')", "NOT_SUPPORTED: Delta Lake tables are read-only"),
        ("ALTER TABLE vendas ADD COLUMNS (a int)", "NOT_SUPPORTED: Delta Lake tables are read-only"),
        ("SELECT 'aberto", "SYNTAX_ERROR"),
        ("INSERT INTO vendas SELECT * FROM vendas", "NOT_SUPPORTED: Delta Lake tables are read-only"),
        ("-- x\rDELETE FROM vendas WHERE quantidade = 1", "NOT_SUPPORTED: Delta Lake tables are read-only"),
        ("/* SELECT */ UPDATE vendas SET quantidade = 1", "NOT_SUPPORTED"),
        ("MERGE INTO vendas USING vendas v ON false WHEN MATCHED THEN DELETE", "NOT_SUPPORTED"),
        ("EXPLAIN ANALYZE DELETE FROM vendas", "NOT_SUPPORTED: Not available on the local Athena"),
        ("PREPARE x FROM DELETE FROM vendas", "NOT_SUPPORTED"),
        ("EXECUTE IMMEDIATE 'DELETE FROM vendas'", "NOT_SUPPORTED"),
        ("SELECT * FROM vendas FOR VERSION AS OF 0", "NOT_SUPPORTED: Time travel"),
        ("SELECT * FROM vendas FOR TIMESTAMP AS OF current_timestamp", "NOT_SUPPORTED: Time travel"),
        ("WITH FUNCTION f() RETURNS int RETURN 1 SELECT f()", "NOT_SUPPORTED"),
        ("WITH SESSION query_max_run_time = '1m' SELECT 1", "NOT_SUPPORTED"),
        ("SET SESSION query_max_run_time = '1m'", "NOT_SUPPORTED"),
        ("CALL system.runtime.kill_query('a', 'b')", "NOT_SUPPORTED"),
        ("SELECT * FROM system.runtime.queries", "PERMISSION_DENIED"),
        ("DROP TABLE vendas", "PERMISSION_DENIED"),
        ("DROP VIEW vendas", "UNSUPPORTED_TABLE_TYPE"),
        ("CREATE OR REPLACE VIEW vendas AS SELECT 1 AS a", "UNSUPPORTED_TABLE_TYPE"),
        ("CREATE EXTERNAL TABLE x (a int) LOCATION 's3://b/'", "NOT_SUPPORTED"),
        ("CREATE TABLE x (a int)", "NOT_SUPPORTED"),
        ("CREATE SCHEMA x", "NOT_SUPPORTED"),
        ("DROP SCHEMA gold CASCADE", "NOT_SUPPORTED"),
        ("SHOW FUNCTIONS", "NOT_SUPPORTED"),
        ("CREATE TABLE outro.gold.x AS SELECT 1 AS a", "CATALOG_NOT_FOUND"),
        (f"CREATE TABLE x WITH (external_location = '{LAKE}') AS SELECT 1 AS a", "PERMISSION_DENIED"),
        (f"CREATE TABLE x WITH (external_location = 's3://{RESULTS}/../a/') AS SELECT 1 AS a", "PERMISSION_DENIED"),
        (f"UNLOAD (SELECT 1 AS a) TO '{LAKE}' WITH (format = 'PARQUET')", "PERMISSION_DENIED"),
        ("CREATE TABLE x WITH (table_type = 'ICEBERG') AS SELECT 1 AS a", "NOT_SUPPORTED"),
        ("CREATE TABLE x AS SELECT 1 + 1", "MISSING_COLUMN_NAME: line 1:"),
        ("CREATE TABLE x AS SELECT now() AS t", "NOT_SUPPORTED: Unsupported Hive type"),
        ("CREATE TABLE x WITH (partitioned_by = ARRAY['a']) AS SELECT 1 AS a, 2 AS b", "HIVE_COLUMN_ORDER_MISMATCH"),
        (
            "CREATE TABLE x WITH (partitioned_by = ARRAY['n']) AS SELECT n AS v, n FROM UNNEST(sequence(1, 101)) t(n)",
            "HIVE_TOO_MANY_OPEN_PARTITIONS",
        ),
    ],
)  # fmt: skip
def test_what_athena_refuses_is_refused(athena: Athena, sql: str, reason: str) -> None:
    assert athena.reason(sql).startswith(reason)
    found = athena.client("s3").list_objects_v2(Bucket="acude-lake", Prefix="gold/roubo")
    assert found["KeyCount"] == 0


def test_ctas_makes_a_table_that_reads_back_and_can_be_dropped(athena: Athena) -> None:
    where = f"s3://{RESULTS}/{NEW}/ctas"
    how = f"format = 'PARQUET', external_location = '{where}', write_compression = 'SNAPPY'"
    head = f"CREATE TABLE por_regiao WITH ({how}) AS"
    query = "SELECT regiao, sum(receita) AS receita, CAST(min(em) AS timestamp) AS em FROM vendas GROUP BY regiao"
    execution = athena.done(f"{head} {query}")
    assert (execution["StatementType"], execution["SubstatementType"]) == ("DDL", "CREATE_TABLE_AS_SELECT")
    listed = athena.file(execution["Statistics"]["DataManifestLocation"]).splitlines()
    assert listed == [f"s3://{RESULTS}/{key}" for key in athena.files(f"{NEW}/ctas/")]
    found = athena.rows("SELECT * FROM por_regiao ORDER BY regiao")
    assert found[1:] == [["BR", "126.00", "2011-12-01 08:00:00.002"], [None, "63.00", "2011-12-01 08:01:00.002"]]
    assert athena.reason(f"{head} {query}").startswith("TABLE_ALREADY_EXISTS")
    athena.done(f"{head.replace('TABLE', 'TABLE IF NOT EXISTS')} {query}")
    athena.done("DROP TABLE `gold`.`por_regiao`")
    assert athena.reason("SELECT * FROM por_regiao").startswith("TABLE_NOT_FOUND")
    assert athena.files(f"{NEW}/ctas/")
    assert athena.reason(f"{head} {query}").startswith("HIVE_PATH_ALREADY_EXISTS")
    athena.done("DROP TABLE IF EXISTS por_regiao")


def test_ctas_chooses_a_place_of_its_own_and_takes_parameters(athena: Athena) -> None:
    sql = "CREATE TABLE gold.partida (a, uf) COMMENT 'teste' WITH (partitioned_by = ARRAY['uf']) AS (SELECT ?, 'SP')"
    execution = athena.done(sql, ExecutionParameters=["7"])
    assert athena.rows("SELECT a, uf FROM partida")[1] == ["7", "SP"]
    assert athena.rows("SHOW PARTITIONS partida") == [["uf=SP"]]
    assert athena.files(f"tables/{execution['QueryExecutionId']}/uf=SP/")
    athena.done("DROP TABLE partida")


def test_properties_of_a_table_that_ctas_made_can_be_set(athena: Athena) -> None:
    athena.done("CREATE TABLE com_nota AS SELECT 1 AS a, 'SP' AS uf")
    athena.done("ALTER TABLE gold.com_nota SET TBLPROPERTIES ('Nota' = 'it''s', 'b'='c')")
    assert athena.rows("SHOW TBLPROPERTIES com_nota('Nota')") == [["it's"]]
    assert athena.rows("SELECT * FROM com_nota")[1] == ["1", "SP"]
    athena.done("DROP TABLE com_nota")


def test_unload_writes_files_and_a_manifest(athena: Athena) -> None:
    sql = f"UNLOAD (SELECT id_pedido, 1 + 1 FROM vendas) TO 's3://{RESULTS}/{NEW}/unload/' WITH (format = 'PARQUET')"  # noqa: S608
    execution = athena.done(sql)
    assert (execution["StatementType"], execution["SubstatementType"]) == ("DML", "UNLOAD")
    listed = athena.file(execution["Statistics"]["DataManifestLocation"]).splitlines()
    assert listed == [f"s3://{RESULTS}/{key}" for key in athena.files(f"{NEW}/unload/")]
    assert listed
    assert "." not in listed[0].rpartition("/")[2]
    assert athena.reason(sql).startswith("HIVE_PATH_ALREADY_EXISTS")
    assert not [row for row in athena.rows("SHOW DATABASES") if row == ["results"]]


def test_unload_writes_text_with_a_delimiter(athena: Athena) -> None:
    how = "WITH (format = 'TEXTFILE', field_delimiter = ';', compression = 'NONE')"
    athena.done(f"UNLOAD (SELECT 1 AS a, 'x;y' AS b) TO 's3://{RESULTS}/{NEW}/texto' {how}")
    [key] = athena.files(f"{NEW}/texto/")
    assert athena.file(f"s3://{RESULTS}/{key}").startswith("1;x")


def test_unload_of_no_rows_writes_an_empty_manifest_and_nothing_else(athena: Athena) -> None:
    sql = f"UNLOAD (SELECT 1 AS a WHERE false) TO 's3://{RESULTS}/{NEW}/nada/' WITH (format = 'PARQUET')"
    execution = athena.done(sql)
    assert athena.file(execution["Statistics"]["DataManifestLocation"]) == ""
    assert athena.files(f"{NEW}/nada/") == []
    answer = athena.client("athena").get_query_results(QueryExecutionId=execution["QueryExecutionId"])["ResultSet"]
    assert answer["Rows"] == []
    assert [column["Name"] for column in answer["ResultSetMetadata"]["ColumnInfo"]] == ["a"]


def test_partitions_of_a_delta_table_are_listed(athena: Athena) -> None:
    found = athena.rows("SHOW PARTITIONS gold.vendas")
    assert found == [["data=2011-12-01"], ["data=2011-12-02"], ["data=2011-12-03"]]


def test_partitions_with_several_keys_and_without_a_value(athena: Athena) -> None:
    athena.write("por_chave", vendas(1), mode="overwrite", partition_by=["regiao", "quantidade"])
    athena.register("por_chave", {"id_pedido": "string"}, {"regiao": "string", "quantidade": "int"})
    try:
        assert athena.rows("SHOW PARTITIONS por_chave") == [
            ["regiao=BR/quantidade=1"],
            ["regiao=BR/quantidade=3"],
            ["regiao=__HIVE_DEFAULT_PARTITION__/quantidade=2"],
        ]
    finally:
        athena.client("glue").delete_table(DatabaseName="gold", Name="por_chave")


def test_a_view_is_made_read_described_and_dropped(athena: Athena) -> None:
    athena.done("CREATE OR REPLACE VIEW resumo AS SELECT regiao, sum(receita) AS receita FROM vendas GROUP BY 1")
    assert athena.rows("SELECT * FROM resumo WHERE regiao = 'BR'")[1] == ["BR", "126.00"]
    assert ["resumo"] in athena.rows("SHOW VIEWS IN gold")
    assert athena.rows("SHOW COLUMNS IN gold.resumo") == [["regiao"], ["receita"]]
    assert "decimal(38,2)" in str(athena.rows("DESCRIBE resumo"))
    assert "resumo" in str(athena.rows("SHOW CREATE VIEW resumo")[0])
    athena.done("DROP VIEW IF EXISTS gold.resumo")
    assert ["resumo"] not in athena.rows("SHOW TABLES")


def test_show_and_describe_answer_in_lines(athena: Athena) -> None:
    execution = athena.done("SHOW TABLES IN `gold` 'ven*'")
    assert execution["StatementType"] == "DDL"
    address = execution["ResultConfiguration"]["OutputLocation"]
    assert address.endswith(".txt")
    assert "vendas" in athena.file(address).splitlines()
    assert ["gold"] in athena.rows("SHOW DATABASES LIKE 'go*|xx'")
    assert ["estoque"] not in athena.rows("SHOW TABLES IN gold 'ven*'")
    assert athena.rows("SHOW COLUMNS FROM vendas IN gold")[-1] == ["data"]
    assert str(athena.rows("DESCRIBE gold.vendas")[0][0]).split() == ["id_pedido", "string"]
    assert "DELTA" in str(athena.rows("SHOW CREATE TABLE vendas")[-1])
    assert athena.rows("SHOW TBLPROPERTIES vendas('table_type')")[0] == ["DELTA"]


def test_information_schema_has_trinos_types(athena: Athena) -> None:
    where = "table_schema = 'gold' AND table_name = 'vendas'"
    sql = f"SELECT column_name, data_type FROM information_schema.columns WHERE {where} ORDER BY ordinal_position"  # noqa: S608
    found = athena.rows(sql)
    assert found[1:4] == [["id_pedido", "varchar"], ["regiao", "varchar"], ["quantidade", "integer"]]
    assert found[5] == ["em", "timestamp(3) with time zone"]
    assert athena.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'GOLD'")[1:] == []


def test_a_plan_is_explained_in_lines(athena: Athena) -> None:
    assert len(athena.rows("EXPLAIN SELECT * FROM vendas")) > 3
    assert athena.rows("EXPLAIN (TYPE VALIDATE) SELECT 1") == [["true"]]
    assert "rows" in str(athena.rows("EXPLAIN ANALYZE SELECT count(*) FROM vendas"))


KEYS = [
    ("map(ARRAY[ARRAY[1, 2]], ARRAY[1])", "{[1, 2]=1}"),
    ("map(ARRAY[ARRAY['a, b'], ARRAY['a', 'b']], ARRAY[1, 1])", "{[a, b]=1, [a, b]=1}"),
    ("map(ARRAY[ROW(1, 2)], ARRAY[1])", "{{field0=1, field1=2}=1}"),
    ("(SELECT histogram(CAST(ROW(uf, null) AS row(uf varchar, decisao varchar))) FROM (VALUES 'SP') t(uf))",
     "{{uf=SP, decisao=null}=1}"),
    ("map(ARRAY[map(ARRAY[ROW(1)], ARRAY[ARRAY[2.5]])], ARRAY[1])", "{{{field0=1}=[2.5]}=1}"),
    ("(SELECT histogram(ROW(ARRAY[ROW(n, NULL)], NULL)) FROM (VALUES 1) t(n))",
     "{{field0=[{field0=1, field1=null}], field1=null}=1}"),
    ("map(ARRAY[X'00ff'], ARRAY[ARRAY[X'00ff', NULL]])", "{00 ff=[00 ff, null]}"),
    ("map(ARRAY[ARRAY[X'00ff', X'']], ARRAY[1])", "{[00 ff, ]=1}"),
    ("(SELECT histogram(ARRAY[em, NULL]) FROM (VALUES TIMESTAMP '2026-01-01 10:00:00') t(em))",
     "{[2026-01-01 10:00:00.000, null]=1}"),
    ("map(ARRAY[ROW(TIMESTAMP '2026-01-01 10:00:00 America/Sao_Paulo', DATE '2026-01-01')], ARRAY[1])",
     "{{field0=2026-01-01 10:00:00.000 America/Sao_Paulo, field1=2026-01-01}=1}"),
    ("map(ARRAY[ROW(INTERVAL '1' DAY, INTERVAL '3' MONTH, TIME '10:00:00.12 +01:00')], ARRAY[INTERVAL '2' HOUR])",
     "{{field0=1 00:00:00.000, field1=0-3, field2=10:00:00.12+01:00}=0 02:00:00.000}"),
    ("map(ARRAY[ROW(DECIMAL '1.50', 1e7, nan(), REAL '1e10', true)], ARRAY[1])",
     "{{field0=1.50, field1=1.0E7, field2=NaN, field3=1.0E10, field4=true}=1}"),
    ("map(ARRAY[ROW(UUID '12151fd2-7586-11e9-8f9e-2a86e4085a59', IPADDRESS '2001:db8::1')], ARRAY[1])",
     "{{field0=12151fd2-7586-11e9-8f9e-2a86e4085a59, field1=2001:db8::1}=1}"),
    ("CAST(map() AS map(row(a varchar, b varchar), integer))", "{}"),
    ("CAST(NULL AS map(row(a varchar), integer))", None),
    ("ROW(1, map(ARRAY['a'], ARRAY[NULL]))", "{field0=1, field1={a=null}}"),
]  # fmt: skip


@pytest.mark.parametrize(("map_", "shown"), KEYS)
def test_a_maps_keys_are_shown_as_any_value_of_their_type(athena: Athena, map_: str, shown: str | None) -> None:
    assert athena.rows(f"SELECT {map_}")[1] == [shown]


def test_a_maps_key_that_can_be_read_in_two_ways_is_refused_and_shown_by_map_entries(athena: Athena) -> None:
    map_ = "map(ARRAY[ROW('a, b', 'c')], ARRAY[1])"
    assert athena.reason(f"SELECT {map_}").startswith("NOT_SUPPORTED: ")
    assert athena.rows(f"SELECT map_entries({map_})")[1] == ["[{field0={field0=a, b, field1=c}, field1=1}]"]
