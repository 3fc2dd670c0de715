"""The first words say what a statement is; comments, strings and quotes hide nothing from it."""

import pytest

from acude.athena.errors import ApiError, QueryError
from acude.athena.lexer import masked
from acude.athena.show import _matching
from acude.athena.statements import parameter, parse, single

SINGLE = [
    ("SELECT 1", "SELECT 1"),
    ("SELECT ';' AS a;", "SELECT ';' AS a"),
    ("/* ; */ SELECT 1 -- ;\n;;", "/* ; */ SELECT 1"),
    ("SELECT \"a;b\", 'it''s;'", "SELECT \"a;b\", 'it''s;'"),
]
SEVERAL = [
    "SELECT 1; SELECT 2",
    "SELECT 1;; DROP TABLE x",
    "-- a\rSELECT 1; SELECT 2",
    "",
    " ",
    ";",
    "-- nada",
    "/* nada */",
]
SUBS = [
    ("SELECT 1", "SELECT"),
    ("(SELECT 1) UNION (SELECT 2)", "SELECT"),
    ("WITH session AS (SELECT 1) SELECT * FROM session", "SELECT"),
    ("WITH function (a) AS (SELECT 1) SELECT * FROM function", "SELECT"),
    ("SELECT 'FOR VERSION AS OF' AS a", "SELECT"),
    ("explain (type io, format json) table vendas", "EXPLAIN"),
    ("EXPLAIN (SELECT 1)", "EXPLAIN"),
    ("EXPLAIN ANALYZE VERBOSE SELECT 1", "EXPLAIN_ANALYZE"),
    ("SHOW SCHEMAS", "SHOW_DATABASES"),
    ("SHOW TABLES FROM `a` LIKE 'b*'", "SHOW_TABLES"),
    ("DESCRIBE FORMATTED a.b", "DESCRIBE_TABLE"),
    ("CREATE TABLE a.b AS WITH x AS (SELECT 1) SELECT * FROM x", "CREATE_TABLE_AS_SELECT"),
    ("CREATE OR REPLACE VIEW a AS SELECT 1", "CREATE_VIEW"),
    ("DROP VIEW IF EXISTS `a`.`b`", "DROP_VIEW"),
    ("DROP TABLE IF EXISTS a", "DROP_TABLE"),
    ("UNLOAD (SELECT (1)) TO 's3://a/' WITH (format = 'ORC')", "UNLOAD"),
    ("PREPARE a FROM SELECT ?", "PREPARE"),
    ("DEALLOCATE PREPARE a", "DEALLOCATE"),
]
REFUSED = [
    "INSERT INTO a VALUES 1",
    "--\rINSERT INTO a VALUES 1",
    "/**/ /* SELECT */ INSERT INTO a VALUES 1",
    "EXPLAIN ANALYZE INSERT INTO a VALUES 1",
    "EXPLAIN (TYPE IO) CREATE TABLE a AS SELECT 1 AS b",
    "CREATE TABLE a (b int)",
    "CREATE MATERIALIZED VIEW a AS SELECT 1",
    "CREATE FUNCTION f() RETURNS int RETURN 1",
    "DROP SCHEMA a",
    "SHOW SESSION",
    "EXECUTE IMMEDIATE 'DROP TABLE a'",
    "WITH FUNCTION f() RETURNS int RETURN 1 SELECT f()",
    "EXPLAIN WITH SESSION a = 1 SELECT 1",
    "SELECT * FROM a FOR/**/VERSION AS OF 1",
    "UNLOAD (SELECT * FROM a FOR TIMESTAMP AS OF now()) TO 's3://a/' WITH (format = 'ORC')",
    "SELECT $$ ' $$",
    "SHOW TABLES IN a.b c",
    "DROP TABLE a, b",
    "UNLOAD (SELECT 1",
    "CREATE TABLE a WITH (format = 'ORC' AS SELECT 1",
    "DROP TABLE a.b.c.d",
]


@pytest.mark.parametrize(("text", "statement"), SINGLE)
def test_one_statement_is_found_in_a_text(text: str, statement: str) -> None:
    assert single(text) == statement


@pytest.mark.parametrize("text", SEVERAL)
def test_a_text_without_exactly_one_statement_is_none(text: str) -> None:
    with pytest.raises(ApiError):
        single(text)


@pytest.mark.parametrize(("sql", "sub"), SUBS)
def test_a_statement_is_known_by_its_first_words(sql: str, sub: str) -> None:
    assert parse(sql, None).sub == sub


def test_ctas_falls_into_its_parts() -> None:
    head = 'IF NOT EXISTS `gold`."A b" (x, y) COMMENT \'as "with" (`)\''
    how = "WITH (format='ORC', /* , */ partitioned_by = ARRAY['x', 'y'],\nbucket_count = 4)"
    found = parse(f"CREATE TABLE {head} {how} AS SELECT 1 AS x -- fim", None)
    assert (found.schema, found.table) == ("gold", "a b")
    assert found.head == head.replace("`gold`", '"gold"')
    assert found.properties == {"format": "'ORC'", "partitioned_by": "ARRAY['x', 'y']", "bucket_count": "4"}
    assert found.query.strip() == "SELECT 1 AS x"


def test_unload_falls_into_its_parts() -> None:
    found = parse("UNLOAD (SELECT ') TO ''x''' AS a, (1)) TO 's3://a/it''s' WITH (format = 'ORC')", "gold")
    assert (found.query, found.to, found.text("format")) == ("SELECT ') TO ''x''' AS a, (1)", "s3://a/it's", "ORC")


@pytest.mark.parametrize(
    ("sql", "schema", "table"),
    [
        ("DESCRIBE vendas", "gold", "vendas"),
        ("DESCRIBE Silver.`Vendas`", "silver", "vendas"),
        ('SHOW PARTITIONS "awsdatacatalog" . "silver" . "vendas"', "silver", "vendas"),
        ("SHOW COLUMNS FROM vendas IN silver", "silver", "vendas"),
        ("SHOW TABLES IN awsdatacatalog.silver", "silver", ""),
        ("SHOW TABLES 'v*'", "gold", ""),
    ],
)
def test_a_statement_names_a_database_and_a_table(sql: str, schema: str, table: str) -> None:
    found = parse(sql, "gold")
    assert (found.schema, found.table) == (schema, table)


def test_a_table_of_another_catalog_is_not_found() -> None:
    with pytest.raises(QueryError, match="CATALOG_NOT_FOUND: Catalog 'outro' not found"):
        parse("DROP TABLE outro.gold.vendas", None)


@pytest.mark.parametrize("sql", REFUSED)
def test_everything_else_is_refused(sql: str) -> None:
    with pytest.raises(QueryError):
        parse(sql, None)


@pytest.mark.parametrize("text", ["1", "'a, b; c'", "ARRAY[1, 2]", "f(1, 2)", "DATE '2026-01-01' -- ,", "-1"])
def test_a_parameter_is_one_expression(text: str) -> None:
    assert parameter(text)


@pytest.mark.parametrize("text", ["", "1, 2", "1) + (1", "(1", "1;", "-- 1", "1 /*"])
def test_other_parameters_are_refused(text: str) -> None:
    with pytest.raises(QueryError):
        parameter(text)


def test_a_comment_that_never_ends_stays_as_it_is_however_long() -> None:
    text = "SELECT 1 " + "/* " * 100_000
    assert masked(text) == text


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("vendas_*|b", ["Vendas_por_regiao", "b"]),
        ("*A*a*a*a*a*a*a*a*a*a*a*a*c", []),
        ("[ab]", []),
        ("?", []),
        (None, ["Vendas_por_regiao", "a" * 40, "b"]),
    ],
)
def test_hives_patterns_know_stars_and_bars_only(pattern: str | None, found: list[str]) -> None:
    assert _matching([{"Name": name} for name in ("b", "a" * 40, "Vendas_por_regiao")], pattern) == found
