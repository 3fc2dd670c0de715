"""What Trino refuses is refused under its name; what this endpoint cannot do exactly is NOT_SUPPORTED."""

import pytest

from tests.unit.athena.conftest import Ask, error_name
from tests.unit.athena.tables import SALES

CASES = [
    ("SELECT 1 + NULL, NULL + NULL", "TYPE_MISMATCH"),
    ("SELECT CAST(-0.5 AS INTEGER), CAST(0.5 AS BIGINT), CAST('  12' AS INTEGER)", "NOT_SUPPORTED"),
    ("SELECT CAST(1.5e0 AS DECIMAL(4,1)), CAST(1e10 AS DECIMAL(4,1))", "INVALID_CAST_ARGUMENT"),
    ("SELECT CAST('1e3' AS DOUBLE), CAST('abc' AS DOUBLE)", "INVALID_CAST_ARGUMENT"),
    (
        (
            "SELECT try_cast('abc' AS DOUBLE), try_cast('1' AS INTEGER), try_cast(300 AS TINYINT), try(1/0), "
            "try(ARRAY[1][3]), coalesce(try(CAST('x' AS INTEGER)), -1)"
        ),
        "NOT_SUPPORTED",
    ),
    ("SELECT CAST(1234 AS VARCHAR(2))", "INVALID_CAST_ARGUMENT"),
    ("SELECT upper('ação'), lower('AÇÃO'), length('ação'), reverse('ação'), upper('straße')", "NOT_SUPPORTED"),
    (
        (
            "SELECT split('a,b,c',','), split('a,b,c',',',2), split_part('a,b,c',',',2), "
            "split_part('a,b,c',',',5), split_part('a',',',0)"
        ),
        "INVALID_FUNCTION_ARGUMENT",
    ),
    (
        (
            "SELECT regexp_extract('abc','(x)?b',1), regexp_extract('abc','z'), regexp_like('a.b','a\\.b'), "
            "regexp_replace('fun stuff.', '([a-z])', '$1-'), regexp_like('ação','\\w+')"
        ),
        "NOT_SUPPORTED",
    ),
    ("SELECT regexp_like('abc','(?=b)'), regexp_split('a,b',',')", "NOT_SUPPORTED"),
    (
        (
            "SELECT date_add('month',1,DATE '2012-01-31'), date_add('day',-1,TIMESTAMP '2012-03-01 "
            "10:00:00'), date_add('hour',1,DATE '2012-01-01')"
        ),
        "INVALID_FUNCTION_ARGUMENT",
    ),
    (
        (
            "SELECT DATE '2012-02-29' + INTERVAL '1' YEAR, DATE '2011-12-09' - INTERVAL '1' DAY, DATE "
            "'2011-12-09' + INTERVAL '1' HOUR, TIMESTAMP '2011-12-09 00:00:00' - TIMESTAMP '2011-12-08 "
            "12:00:00', DATE '2011-12-09' - DATE '2011-12-01'"
        ),
        "INVALID_FUNCTION_ARGUMENT",
    ),
    ("SELECT CAST('2011-12-09' AS DATE), CAST('2011-13-09' AS DATE)", "INVALID_CAST_ARGUMENT"),
    ("SELECT CAST('2011-12-09T10:00' AS TIMESTAMP)", "NOT_SUPPORTED"),
    ("SELECT id % 2, sum(valor) OVER () FROM § GROUP BY id", "EXPRESSION_NOT_AGGREGATE"),
    ("SELECT DISTINCT regiao FROM § ORDER BY id", "EXPRESSION_NOT_IN_DISTINCT"),
    ("SELECT a.id, b.* FROM (VALUES (1,'x')) a(id,n) JOIN (VALUES (1,'y')) b(id,m) USING (id)", "COLUMN_NOT_FOUND"),
    (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<12) SELECT count(*) FROM n",
        "NOT_SUPPORTED",
    ),
    ("SELECT sequence(5,1), sequence(1,5,-1)", "INVALID_FUNCTION_ARGUMENT"),
    ("SELECT 1 UNION ALL SELECT 'a'", "TYPE_MISMATCH"),
    (
        (
            "SELECT date_format(DATE '2011-12-09','%d/%m/%Y'), date_format(TIMESTAMP '2011-12-09 "
            "00:05:07','%h:%i %p'), format_datetime(TIMESTAMP '2011-12-09 12:05:07.123',\"yyyy\")"
        ),
        "COLUMN_NOT_FOUND",
    ),
    ("SELECT id, rank() OVER (PARTITION BY regiao ORDER BY valor DESC) r FROM § WHERE r = 1", "COLUMN_NOT_FOUND"),
    ("SELECT DECIMAL '99999999999999999999999999999999999999' + 1", "NUMERIC_VALUE_OUT_OF_RANGE"),
    ("SELECT 2147483647 + 1", "NUMERIC_VALUE_OUT_OF_RANGE"),
    ("SELECT id FROM § LIMIT 1 OFFSET 1", "SYNTAX_ERROR"),
    ("SELECT CAST(em AS TIME) FROM §", "NOT_SUPPORTED"),
    ("SELECT upper('straße')", "NOT_SUPPORTED"),
    ("SELECT x FROM (VALUES 1,2) a(x), (VALUES 2,3) b(x)", "AMBIGUOUS_NAME"),
    ("SELECT a FROM (SELECT 1 AS a, 2 AS a) t", "AMBIGUOUS_NAME"),
    ("SELECT id FROM § t2 WHERE id NOT IN (SELECT x FROM (VALUES 1,NULL) v(x))", "SYNTAX_ERROR"),
    ("SELECT 1 IN ('a')", "TYPE_MISMATCH"),
    ("SELECT 1 BETWEEN 'a' AND 'b'", "TYPE_MISMATCH"),
    ("SELECT CASE WHEN 1 THEN 2 END", "TYPE_MISMATCH"),
    ("SELECT NOT 1", "TYPE_MISMATCH"),
    ("SELECT 1 AND true", "TYPE_MISMATCH"),
    ("SELECT 'a' + 1", "TYPE_MISMATCH"),
    ("SELECT -'a'", "TYPE_MISMATCH"),
    ("SELECT TRUE > FALSE, TRUE = 'true'", "TYPE_MISMATCH"),
    ("SELECT length(123)", "FUNCTION_NOT_FOUND"),
    ("SELECT sum('a')", "FUNCTION_NOT_FOUND"),
    ("SELECT max(id), id FROM §", "EXPRESSION_NOT_AGGREGATE"),
    ("SELECT * FROM § GROUP BY id", "EXPRESSION_NOT_AGGREGATE"),
    ("SELECT sum(sum(id)) FROM §", "EXPRESSION_NOT_SCALAR"),
    ("SELECT id FROM § WHERE sum(id) > 1", "EXPRESSION_NOT_SCALAR"),
    ("SELECT id FROM § WHERE row_number() OVER () = 1", "EXPRESSION_NOT_SCALAR"),
    ("SELECT id FROM § HAVING id > 1", "EXPRESSION_NOT_AGGREGATE"),
    ("SELECT id i FROM § WHERE i = 1", "COLUMN_NOT_FOUND"),
    ("SELECT id FROM § LIMIT -1", "SYNTAX_ERROR"),
    ("SELECT id FROM § ORDER BY 7", "INVALID_COLUMN_REFERENCE"),
    ("SELECT id FROM § GROUP BY 7", "INVALID_COLUMN_REFERENCE"),
    ("SELECT 1::int", "SYNTAX_ERROR"),
    ("SELECT id FROM § WHERE regiao == 'BR'", "SYNTAX_ERROR"),
    ("SELECT [1,2]", "SYNTAX_ERROR"),
    ("SELECT {'a': 1}", "SYNTAX_ERROR"),
    ("SELECT * FROM range(3)", "SYNTAX_ERROR"),
    ("SELECT * FROM 's3://x/y.parquet'", "SYNTAX_ERROR"),
    ("SELECT * FROM read_csv('x')", "SYNTAX_ERROR"),
    ("SELECT struct_pack(a := 1)", "SYNTAX_ERROR"),
    ("SELECT list_value(1)", "FUNCTION_NOT_FOUND"),
    ("SELECT current_date - 1", "TYPE_MISMATCH"),
    ("SELECT DATE '2011-01-01' + 1", "TYPE_MISMATCH"),
    ("SELECT TIMESTAMP '2011-01-01 00:00:00.000 America/Sao_Paulo'", "NOT_SUPPORTED"),
    ("SELECT CAST('2011-01-01 25:00:00' AS TIMESTAMP)", "INVALID_CAST_ARGUMENT"),
    ("SELECT TIMESTAMP '2011-02-30 00:00:00'", "INVALID_LITERAL"),
    ("SELECT DATE '2011-02-30'", "INVALID_LITERAL"),
    ("SELECT coalesce(regiao, 0) FROM §", "TYPE_MISMATCH"),
    ("SELECT power(2, 0.5), mod(10, 3), 10 % 3, abs(-2147483648)", "NUMERIC_VALUE_OUT_OF_RANGE"),
    ("SELECT 10000000000 * 10000000000, 1", "NUMERIC_VALUE_OUT_OF_RANGE"),
    (
        "SELECT CAST(1 AS SMALLINT) + CAST(1 AS TINYINT), CAST(100 AS TINYINT) + CAST(100 AS TINYINT)",
        "NUMERIC_VALUE_OUT_OF_RANGE",
    ),
    ("SELECT sum(x) FROM (VALUES 9223372036854775807, 1) t(x)", "NUMERIC_VALUE_OUT_OF_RANGE"),
    ("SELECT VALUES 1", "SYNTAX_ERROR"),
    ("TABLE x", "TABLE_NOT_FOUND"),
    ("SELECT 1; SELECT 2", "SYNTAX_ERROR"),
    ("-- comment", "SYNTAX_ERROR"),
    ("SELECT id FROM § AS x WHERE x.id = 1 AND t.id = 1", "SYNTAX_ERROR"),
    (
        (
            "SELECT CASE WHEN true THEN TIMESTAMP '2011-12-09 12:00:00' AT TIME ZONE 'America/Sao_Paulo' "
            "ELSE TIMESTAMP '2011-12-09 12:00:00 UTC' END"
        ),
        "NOT_SUPPORTED",
    ),
    ("SELECT format('%s', 1.5e0), format('%d', 1.5)", "NOT_SUPPORTED"),
    ("SELECT to_iso8601(TIMESTAMP '2011-12-09 12:00:00')", "NOT_SUPPORTED"),
    (
        (
            'SELECT json_extract(\'{"b":1.50,"a":[1e5]}\',\'$\'), json_parse(\'{"b":1.50,"a":1e20}\'), '
            "json_extract_scalar('{\"a\":1} x','$.a')"
        ),
        "NOT_SUPPORTED",
    ),
    ("SELECT url_extract_host('http://a_b/p'), url_extract_path('x y')", "NOT_SUPPORTED"),
    ("SELECT max(x), min(x), sum(x) FROM (VALUES 1e0, nan()) t(x)", "NOT_SUPPORTED"),
    ("SELECT id FROM § WHERE ok IS NOT TRUE", "SYNTAX_ERROR"),
    (
        ("SELECT regiao, (SELECT count(*) FROM (VALUES 1,2) z(r) WHERE z.r = t.id) FROM § GROUP BY regiao ORDER BY 1"),
        "EXPRESSION_NOT_AGGREGATE",
    ),
    (
        (
            "SELECT CAST(DECIMAL '99999.995' AS DECIMAL(7,2)), CAST(DECIMAL '-0.005' AS DECIMAL(3,2)), "
            "CAST(DECIMAL '2.5' AS BIGINT), CAST(DECIMAL '-2.5' AS INTEGER), CAST(1e0/3 AS DECIMAL(5,4))"
        ),
        "INVALID_CAST_ARGUMENT",
    ),
    ("SELECT CAST(0.1e0 AS REAL), CAST(16777217 AS REAL), CAST(1e39 AS REAL)", "NOT_SUPPORTED"),
    ("SELECT MAP(ARRAY['a','a'], ARRAY[1,2])", "INVALID_FUNCTION_ARGUMENT"),
    ("SELECT ARRAY[1,2] = ARRAY[1,2], ARRAY[1,NULL] = ARRAY[1,NULL]", "NOT_SUPPORTED"),
    (
        (
            "SELECT log(2, 8), zip(ARRAY[1,2],ARRAY['a']), map_entries(MAP(ARRAY['a'],ARRAY[1])), "
            "map_from_entries(ARRAY[ROW('a',1)]), strpos('a-b-c','-',2)"
        ),
        "NOT_SUPPORTED",
    ),
    ("SELECT a.id FROM § a", "SYNTAX_ERROR"),
]


@pytest.mark.parametrize(("sql", "name"), CASES)
def test_a_refusal_has_trinos_name(ask: Ask, sql: str, name: str) -> None:
    assert error_name(ask, sql.replace("§", SALES)) == name
