"""The check of SQL lets pass what Redshift takes of our forms, and nothing that it would refuse."""

import pytest

from acude.contracts import redshift
from acude.settings import PROJECT
from acude.warehouse import statements
from acude.warehouse.target import LOADS, WarehouseTable, targets
from tests.redshift_sql import assert_redshift_takes, split

MANIFEST = "s3://acude-lake/_staging/redshift/vendas/2011-01-04/run-1/copy.manifest.json"
ROLE = "arn:aws:iam::123456789012:role/acude-redshift-copy"
COPY = f"COPY carga_vendas FROM '{MANIFEST}' IAM_ROLE '{ROLE}' FORMAT AS PARQUET MANIFEST"
MERGE = (
    "MERGE INTO estoque USING carga ON estoque.k = carga.k WHEN MATCHED THEN UPDATE SET v = carga.v "
    "WHEN NOT MATCHED THEN INSERT (k, v) VALUES (carga.k, carga.v)"
)


@pytest.mark.parametrize(
    "statement", split((PROJECT / "infra" / "redshift" / "schema.sql").read_text(encoding="utf-8"))
)
def test_every_statement_of_the_committed_schema_is_allowed(statement: str) -> None:
    assert_redshift_takes(statement)


@pytest.mark.parametrize("target", targets().values(), ids=lambda target: target.name)
def test_every_statement_of_every_load_is_allowed(target: WarehouseTable) -> None:
    for statement in (
        statements.COLUMNS_THERE,
        statements.lock_redshift(LOADS),
        statements.stage(target),
        statements.copy_redshift(target, MANIFEST, ROLE),
        statements.measure(target),
        *([statements.repeated_keys(target)] if target.contract.keys else []),
        *statements.publish(target),
        statements.unstage(target),
        statements.record_load(redshift.warehouse_contracts()[0]),
    ):
        assert_redshift_takes(statement)


@pytest.mark.parametrize(
    "statement",
    [
        COPY,
        COPY + ";",
        MERGE,
        "COMMENT ON COLUMN t.\"timestamp\" IS 'it''s; a -- comment'",
        "CREATE TABLE IF NOT EXISTS t (a VARCHAR(65535), b DECIMAL(38, 37) NOT NULL, PRIMARY KEY (a))",
        "CREATE TABLE IF NOT EXISTS t (a DOUBLE PRECISION, b TIMESTAMPTZ) DISTSTYLE ALL SORTKEY (a, b)",
        "DELETE FROM vendas WHERE data = '2011-01-04'",
        f"LOCK TABLE {'t' * 127}",
    ],
)
def test_a_good_statement_passes(statement: str) -> None:
    assert_redshift_takes(statement)


@pytest.mark.parametrize(
    "statement",
    [
        # COPY
        COPY.replace("MANIFEST", "BANANA"),
        COPY + " BANANA",
        COPY + " DELIMITER ','",
        COPY + " CSV",
        COPY + " GZIP",
        COPY + " IGNOREHEADER 1",
        COPY + " MAXERROR 10",
        COPY + " REGION 'us-east-1'",
        COPY.replace("PARQUET", "CSV"),
        COPY.replace("PARQUET", "AVRO"),
        COPY.replace(" MANIFEST", ""),
        COPY.replace("IAM_ROLE", "CREDENTIALS"),
        COPY.replace(ROLE, "acude"),
        COPY.replace(MANIFEST, "s3://acude-lake/folder/"),
        COPY.replace(MANIFEST, "https://acude-lake/copy.manifest.json"),
        COPY.replace(f"'{MANIFEST}'", "STDIN"),
        "COPY vendas FROM STDIN WITH (FORMAT csv)",
        # Types and limits
        "CREATE TABLE IF NOT EXISTS t (a VARCHAR(70000))",
        "CREATE TABLE IF NOT EXISTS t (a VARCHAR(0))",
        "CREATE TABLE IF NOT EXISTS t (a VARCHAR)",
        "CREATE TABLE IF NOT EXISTS t (a DECIMAL(39, 2))",
        "CREATE TABLE IF NOT EXISTS t (a DECIMAL(38, 38))",
        "CREATE TABLE IF NOT EXISTS t (a DECIMAL(4, 5))",
        "CREATE TABLE IF NOT EXISTS t (a text)",
        "CREATE TABLE IF NOT EXISTS t (a SERIAL)",
        "CREATE TABLE IF NOT EXISTS t (a BYTEA)",
        "CREATE TABLE IF NOT EXISTS t (a UUID)",
        "CREATE TABLE IF NOT EXISTS t (a JSONB)",
        "CREATE TABLE IF NOT EXISTS t (a INTEGER[])",
        "CREATE TABLE IF NOT EXISTS t (a INTEGER DEFAULT now())",
        "CREATE TABLE IF NOT EXISTS t (timestamp TIMESTAMP)",
        "CREATE TABLE IF NOT EXISTS t (a INTEGER, PRIMARY KEY (b))",
        "CREATE TABLE IF NOT EXISTS t (a INTEGER) SORTKEY (b)",
        "CREATE TABLE IF NOT EXISTS t (a INTEGER) DISTSTYLE KEY",
        "CREATE TABLE IF NOT EXISTS t (a INTEGER) DISTSTYLE BANANA",
        "CREATE TABLE IF NOT EXISTS t (a INTEGER) PARTITION BY RANGE (a)",
        "CREATE TABLE IF NOT EXISTS t ()",
        f"LOCK TABLE {'t' * 128}",
        # MERGE
        MERGE.replace("estoque USING", "estoque e USING"),
        MERGE.replace("WHEN MATCHED", "WHEN MATCHED AND carga.v > estoque.v"),
        MERGE.split(" WHEN NOT", maxsplit=1)[0],
        MERGE.replace("UPDATE SET v", "UPDATE SET estoque.v"),
        MERGE.replace(" WHEN MATCHED THEN UPDATE SET v = carga.v", ""),
        MERGE.replace("(k, v)", "(k)"),
        MERGE + " REMOVE DUPLICATES",
        MERGE.replace("USING carga", "USING (SELECT 1)"),
        MERGE.replace("carga.k WHEN", "outra.k WHEN"),
        MERGE.replace("THEN INSERT", "THEN DO NOTHING INSERT"),
        # PostgreSQL only
        "INSERT INTO t (a) VALUES (%s) ON CONFLICT DO NOTHING",
        "INSERT INTO t (a) VALUES (%s) RETURNING a",
        "INSERT INTO t (a) VALUES (%s::jsonb)",
        "SELECT pg_advisory_xact_lock(1)",
        "CREATE TEMP TABLE c (LIKE t) ON COMMIT DROP",
        "CREATE TEMP TABLE c (LIKE t INCLUDING ALL)",
        "CREATE INDEX i ON t (a)",
        "LOCK TABLE t IN EXCLUSIVE MODE",
        "INSERT INTO t (a, b) SELECT a FROM c",
        "INSERT INTO t (a, b) VALUES (%s)",
        # What no load does
        "DELETE FROM vendas",
        "DELETE FROM vendas WHERE data = %s OR 1 = 1",
        "DROP TABLE vendas CASCADE",
        "DROP TABLE vendas; DROP TABLE cargas",
        "TRUNCATE vendas",
        "UPDATE vendas SET preco = 0",
        "GRANT ALL ON vendas TO PUBLIC",
        "UNLOAD ('SELECT 1') TO 's3://b/k'",
        "SELECT count(*) FROM vendas WHERE 1 = 1",
        "COMMENT ON TABLE t IS NULL",
        "COMMENT ON TABLE t IS 'a\\' or'",
        "",
    ],
)
def test_a_bad_statement_is_refused(statement: str) -> None:
    with pytest.raises(AssertionError):
        assert_redshift_takes(statement)


def test_a_script_is_split_at_semicolons_outside_of_texts() -> None:
    assert split("-- note; no\nLOCK TABLE a; COMMENT ON TABLE a IS 'x; y';") == [
        "LOCK TABLE a",
        "COMMENT ON TABLE a IS 'x; y'",
    ]
