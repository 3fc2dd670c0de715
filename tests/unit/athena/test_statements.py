"""The first words say what a statement is; comments, strings and quotes hide nothing from it."""

import pytest

from acude.athena.errors import ApiError, QueryError
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
