"""Joins, UNION, WITH and subqueries: column names and rows as Athena shows them."""

import pytest

from tests.unit.athena.conftest import Ask, Row, shown

CASES: list[tuple[str, str, list[Row]]] = [
    (
        (
            "SELECT id, n, m FROM (VALUES (1,'x'),(2,'z')) a(id,n) FULL JOIN (VALUES (1,'y'),(3,'w')) "
            "b(id,m) USING (id) ORDER BY id"
        ),
        "id, n, m",
        [["1", "x", "y"], ["2", "z", None], ["3", None, "w"]],
    ),
    ("SELECT id FROM § WHERE id IN (SELECT 1 UNION SELECT 3) ORDER BY 1", "id", [["1"], ["3"]]),
    (
        ("SELECT id FROM § WHERE EXISTS (SELECT 1 FROM (VALUES 'BR') v(r) WHERE v.r = t.regiao) ORDER BY id"),
        "id",
        [["1"], ["3"]],
    ),
    (
        "SELECT id, (SELECT max(x) FROM (VALUES 1,2,3) v(x) WHERE x < t.id) FROM § ORDER BY id",
        "id, _col1",
        [["1", None], ["2", "1"], ["3", "2"], ["4", "3"]],
    ),
    (
        "SELECT id FROM § WHERE valor > ALL (SELECT x FROM (VALUES -5,-4) v(x)) ORDER BY id",
        "id",
        [["1"], ["2"], ["3"], ["4"]],
    ),
    ("SELECT id FROM § WHERE valor = (SELECT max(valor) FROM (VALUES DECIMAL '10.50') q(valor))", "id", [["1"]]),
    ("WITH a AS (SELECT 1 x), b AS (SELECT x+1 y FROM a) SELECT * FROM b CROSS JOIN a", "y, x", [["2", "1"]]),
    (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<10) SELECT count(*) FROM n",
        "_col0",
        [["10"]],
    ),
    (
        "SELECT id, e FROM § LEFT JOIN UNNEST(split(regiao,'R')) AS u(e) ON TRUE ORDER BY id, e",
        "id, e",
        [["1", ""], ["1", "B"], ["2", "UK"], ["3", ""], ["3", "B"], ["4", None]],
    ),
    ("SELECT 1 AS a UNION SELECT 2.5 ORDER BY a DESC", "a", [["2.5"], ["1.0"]]),
    ("SELECT (SELECT count(*) FROM §) + 1", "_col0", [["5"]]),
    (
        (
            "SELECT count(*) FROM (SELECT regiao, row_number() OVER (PARTITION BY regiao ORDER BY valor "
            "DESC) rn FROM §) WHERE rn = 1"
        ),
        "_col0",
        [["3"]],
    ),
    ("SELECT regiao FROM § UNION ALL SELECT 'XX' ORDER BY 1 NULLS FIRST LIMIT 2", "regiao", [[None], ["BR"]]),
    ("(SELECT 1 AS x) UNION ALL (SELECT 2) ORDER BY x DESC", "x", [["2"], ["1"]]),
    ("SELECT * FROM (SELECT 1 AS a, 2 AS a) t", "a, a", [["1", "2"]]),
    (
        "WITH v AS (SELECT * FROM §) SELECT v1.id FROM v v1 JOIN v v2 ON v1.id = v2.id + 1 ORDER BY 1",
        "id",
        [["2"], ["3"], ["4"]],
    ),
    (
        (
            "WITH v AS (SELECT * FROM §), w AS (SELECT regiao, max(valor) m FROM v GROUP BY regiao) SELECT "
            "v.id, w.m FROM v LEFT JOIN w USING (regiao) ORDER BY id"
        ),
        "id, m",
        [["1", "10.50"], ["2", "-3.25"], ["3", "10.50"], ["4", None]],
    ),
    ("SELECT a.x FROM (VALUES nan()) a(x) JOIN (VALUES nan()) b(x) ON a.x = b.x", "x", []),
    (
        (
            "SELECT a.id, b.id FROM § CROSS JOIN (VALUES 1) b(id) JOIN (VALUES 1) a(id) ON a.id = b.id ORDER "
            "BY t.id LIMIT 1"
        ),
        "id, id",
        [["1", "1"]],
    ),
    ("SELECT t.id, u.x FROM § , UNNEST(ARRAY[1,2]) u(x) WHERE t.id = 1 ORDER BY 2", "id, x", [["1", "1"], ["1", "2"]]),
    (
        (
            "SELECT id, (SELECT sum(valor) FROM (VALUES (1, DECIMAL '2.00')) z(i, valor) WHERE z.i = t.id) s "
            "FROM § ORDER BY id LIMIT 2"
        ),
        "id, s",
        [["1", "2.00"], ["2", None]],
    ),
    (
        (
            "SELECT regiao, (SELECT count(*) FROM (VALUES 'BR','BR') z(r) WHERE z.r = t.regiao) FROM § GROUP "
            "BY regiao ORDER BY 1"
        ),
        "regiao, _col1",
        [["BR", "2"], ["UK", "0"], [None, "0"]],
    ),
    (
        (
            "SELECT * FROM (SELECT id, row_number() OVER (PARTITION BY regiao ORDER BY em DESC) AS rn FROM "
            "§) x WHERE x.rn = 1 ORDER BY id"
        ),
        "id, rn",
        [["2", "1"], ["3", "1"], ["4", "1"]],
    ),
    ("WITH t AS (SELECT 1 a) SELECT t.a FROM t", "a", [["1"]]),
    ("WITH t(x, y) AS (VALUES (1, 'a'), (2, 'b')) SELECT y FROM t WHERE x = (SELECT max(x) FROM t)", "y", [["b"]]),
    ("SELECT 1 INTERSECT SELECT 1 UNION SELECT 2 ORDER BY 1", "_col0", [["1"], ["2"]]),
    ("SELECT id FROM § WHERE regiao = ANY (SELECT r FROM (VALUES 'UK') v(r))", "id", [["2"]]),
    ("SELECT max(x) FROM (SELECT count(*) x FROM § GROUP BY regiao)", "_col0", [["2"]]),
    (
        "SELECT * FROM (SELECT regiao, count(*) FROM § GROUP BY regiao) q(r, n) ORDER BY n DESC, r",
        "r, n",
        [["BR", "2"], ["UK", "1"], [None, "1"]],
    ),
    ("SELECT count(*) FROM (VALUES 1,2) a(x) LEFT JOIN (VALUES 2,3) b(x) ON a.x = b.x AND b.x > 5", "_col0", [["2"]]),
    (
        "SELECT a.x, b.x FROM (VALUES 1,2) a(x) RIGHT JOIN (VALUES 2,3) b(x) ON a.x = b.x ORDER BY 2",
        "x, x",
        [["2", "2"], [None, "3"]],
    ),
]


@pytest.mark.parametrize(("sql", "columns", "expected"), CASES)
def test_a_query_of_several_relations_gives_trinos_columns_and_rows(
    ask: Ask, sql: str, columns: str, expected: list[Row]
) -> None:
    assert shown(ask, sql) == (columns, expected)
