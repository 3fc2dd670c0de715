"""The allow-list takes what Redshift takes of our forms, and nothing that it wouldn't."""

import pytest

from acude.contracts import redshift
from acude.settings import PROJECT
from acude.warehouse import statements
from acude.warehouse.allowlist import check
from acude.warehouse.sqlreader import RefusedError, split
from acude.warehouse.target import AUDIT, Target, targets

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
    assert check(statement) == statement


@pytest.mark.parametrize("target", targets().values(), ids=lambda target: target.name)
def test_every_statement_of_every_load_is_allowed(target: Target) -> None:
    for statement in (
        statements.COLUMNS_THERE,
        statements.lock_redshift(AUDIT),
        statements.stage(target),
        statements.copy_redshift(target, MANIFEST, ROLE),
        statements.measure(target),
        *([statements.repeated_keys(target)] if target.contract.keys else []),
        *statements.publish(target),
        statements.unstage(target),
        statements.audit(redshift.warehouse_contracts()[0]),
    ):
        assert check(statement) == statement


@pytest.mark.parametrize(
    "statement",
    [
        COPY,
        COPY + ";",
        COPY.lower().replace(ROLE.lower(), ROLE),
        MERGE,
        "COMMENT ON COLUMN t.\"timestamp\" IS 'it''s; a -- comment'",
        "CREATE TABLE IF NOT EXISTS t (a VARCHAR(65535), b DECIMAL(38, 37) NOT NULL, PRIMARY KEY (a))",
        "CREATE TABLE IF NOT EXISTS t (a DOUBLE PRECISION, b TIMESTAMPTZ) DISTSTYLE ALL SORTKEY (a, b)",
        "DELETE FROM vendas WHERE data = '2011-01-04'",
        f"LOCK TABLE {'t' * 127}",
    ],
)
def test_a_good_statement_passes(statement: str) -> None:
    assert check(statement) == statement


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        # COPY
        (COPY.replace("MANIFEST", "BANANA"), "expected MANIFEST after .* found 'BANANA'"),
        (COPY + " BANANA", "expected the end"),
        (COPY + " DELIMITER ','", "expected the end"),
        (COPY + " CSV", "expected the end"),
        (COPY + " GZIP", "expected the end"),
        (COPY + " IGNOREHEADER 1", "expected the end"),
        (COPY + " MAXERROR 10", "expected the end"),
        (COPY + " REGION 'us-east-1'", "expected the end"),
        (COPY.replace("PARQUET", "CSV"), "expected PARQUET"),
        (COPY.replace("PARQUET", "AVRO"), "expected PARQUET"),
        (COPY.replace(" MANIFEST", ""), "expected MANIFEST"),
        (COPY.replace("IAM_ROLE", "CREDENTIALS"), "expected IAM_ROLE"),
        (COPY.replace(ROLE, "acude"), "the ARN of a role"),
        (COPY.replace(MANIFEST, "s3://acude-lake/folder/"), "manifest"),
        (COPY.replace(MANIFEST, "https://acude-lake/copy.manifest.json"), "manifest"),
        (COPY.replace(f"'{MANIFEST}'", "STDIN"), "manifest"),
        ("COPY vendas FROM STDIN WITH (FORMAT csv)", "manifest"),
        # Types and limits
        ("CREATE TABLE IF NOT EXISTS t (a VARCHAR(70000))", "a whole number from 1 to 65535"),
        ("CREATE TABLE IF NOT EXISTS t (a VARCHAR(0))", "a whole number from 1 to 65535"),
        ("CREATE TABLE IF NOT EXISTS t (a VARCHAR)", r"expected \("),
        ("CREATE TABLE IF NOT EXISTS t (a DECIMAL(39, 2))", "a whole number from 1 to 38"),
        ("CREATE TABLE IF NOT EXISTS t (a DECIMAL(38, 38))", "a whole number from 0 to 37"),
        ("CREATE TABLE IF NOT EXISTS t (a DECIMAL(4, 5))", "a whole number from 0 to 4"),
        ("CREATE TABLE IF NOT EXISTS t (a text)", "column types"),
        ("CREATE TABLE IF NOT EXISTS t (a SERIAL)", "column types"),
        ("CREATE TABLE IF NOT EXISTS t (a BYTEA)", "column types"),
        ("CREATE TABLE IF NOT EXISTS t (a UUID)", "column types"),
        ("CREATE TABLE IF NOT EXISTS t (a JSONB)", "column types"),
        ("CREATE TABLE IF NOT EXISTS t (a INTEGER[])", "begins with a sign"),
        ("CREATE TABLE IF NOT EXISTS t (a INTEGER DEFAULT now())", r"expected \)"),
        ("CREATE TABLE IF NOT EXISTS t (timestamp TIMESTAMP)", "reserved word in double quotes"),
        ("CREATE TABLE IF NOT EXISTS t (a INTEGER, PRIMARY KEY (b))", "one of the columns a"),
        ("CREATE TABLE IF NOT EXISTS t (a INTEGER) SORTKEY (b)", "one of the columns a"),
        ("CREATE TABLE IF NOT EXISTS t (a INTEGER) DISTSTYLE KEY", "expected DISTKEY"),
        ("CREATE TABLE IF NOT EXISTS t (a INTEGER) DISTSTYLE BANANA", "a distribution style"),
        ("CREATE TABLE IF NOT EXISTS t (a INTEGER) PARTITION BY RANGE (a)", "expected the end"),
        ("CREATE TABLE IF NOT EXISTS t ()", "a name"),
        (f"LOCK TABLE {'t' * 128}", "at most 127 bytes"),
        # MERGE
        (MERGE.replace("estoque USING", "estoque e USING"), "expected USING"),
        (MERGE.replace("WHEN MATCHED", "WHEN MATCHED AND carga.v > estoque.v"), "expected THEN"),
        (MERGE.split(" WHEN NOT", maxsplit=1)[0], "expected WHEN"),
        (MERGE.replace("UPDATE SET v", "UPDATE SET estoque.v"), "expected ="),
        (MERGE.replace(" WHEN MATCHED THEN UPDATE SET v = carga.v", ""), "expected MATCHED"),
        (MERGE.replace("(k, v)", "(k)"), "as many values as columns"),
        (MERGE + " REMOVE DUPLICATES", "expected the end"),
        (MERGE.replace("USING carga", "USING (SELECT 1)"), "a name"),
        (MERGE.replace("carga.k WHEN", "outra.k WHEN"), "a column of 'carga'"),
        (MERGE.replace("THEN INSERT", "THEN DO NOTHING INSERT"), "expected INSERT"),
        # PostgreSQL only
        ("INSERT INTO t (a) VALUES (%s) ON CONFLICT DO NOTHING", "expected the end"),
        ("INSERT INTO t (a) VALUES (%s) RETURNING a", "expected the end"),
        ("INSERT INTO t (a) VALUES (%s::jsonb)", "begins with a sign"),
        ("SELECT pg_advisory_xact_lock(1)", "expected count"),
        ("CREATE TEMP TABLE c (LIKE t) ON COMMIT DROP", "expected the end"),
        ("CREATE TEMP TABLE c (LIKE t INCLUDING ALL)", r"expected \)"),
        ("CREATE INDEX i ON t (a)", "no allowed statement begins"),
        ("LOCK TABLE t IN EXCLUSIVE MODE", "expected the end"),
        ("INSERT INTO t (a, b) SELECT a FROM c", "as many values as columns"),
        ("INSERT INTO t (a, b) VALUES (%s)", "as many values as columns"),
        # What no load does
        ("DELETE FROM vendas", "expected WHERE"),
        ("DELETE FROM vendas WHERE data = %s OR 1 = 1", "expected the end"),
        ("DROP TABLE vendas CASCADE", "expected the end"),
        ("DROP TABLE vendas; DROP TABLE cargas", "expected the end"),
        ("TRUNCATE vendas", "no allowed statement begins"),
        ("UPDATE vendas SET preco = 0", "no allowed statement begins"),
        ("GRANT ALL ON vendas TO PUBLIC", "no allowed statement begins"),
        ("UNLOAD ('SELECT 1') TO 's3://b/k'", "no allowed statement begins"),
        ("SELECT count(*) FROM vendas WHERE 1 = 1", "expected the end"),
        ("COMMENT ON TABLE t IS NULL", "the comment's text"),
        ("COMMENT ON TABLE t IS 'a\\' or'", "begins with a sign"),
        ("", "no allowed statement begins"),
    ],
)
def test_a_bad_statement_is_refused_at_its_place(statement: str, found: str) -> None:
    with pytest.raises(RefusedError, match=found):
        check(statement)


def test_a_script_is_split_at_semicolons_outside_of_texts() -> None:
    assert split("-- note; no\nLOCK TABLE a; COMMENT ON TABLE a IS 'x; y';") == [
        "LOCK TABLE a",
        "COMMENT ON TABLE a IS 'x; y'",
    ]
