"""Arrays, maps, rows, lambdas and JSON."""

import pytest

from acude.athena.results import texts
from tests.unit.athena.conftest import Ask

CASES: list[tuple[str, str, list[str | None]]] = [
    (
        ("SELECT 'a' || 'b' || CAST(1 AS varchar), concat('a','b','c'), concat(ARRAY[1],ARRAY[2]), ARRAY[1] || 2"),
        "varchar, varchar, array(integer), array(integer)",
        ["ab1", "abc", "[1, 2]", "[1, 2]"],
    ),
    (
        (
            "SELECT transform(ARRAY[1,2,3], x -> x * 2), filter(ARRAY[1,NULL,3], x -> x > 1), "
            "reduce(ARRAY[1,2,3], 0, (s,x) -> s + x, s -> s), any_match(ARRAY[1,NULL], x -> x > 5), "
            "zip_with(ARRAY[1,2],ARRAY['a','b'],(x,y) -> y)"
        ),
        "array(integer), array(integer), integer, boolean, array(varchar(1))",
        ["[2, 4, 6]", "[3]", "6", None, "[a, b]"],
    ),
    (
        (
            "SELECT map_filter(MAP(ARRAY['a','b'],ARRAY[1,2]), (k,v) -> v > 1), "
            "transform_values(MAP(ARRAY['a'],ARRAY[1]), (k,v) -> v + 1)"
        ),
        "map(varchar(1), integer), map(varchar(1), integer)",
        ["{b=2}", "{a=2}"],
    ),
    (
        (
            "SELECT array_distinct(ARRAY[1,NULL,1,NULL,2]), array_union(ARRAY[1,NULL],ARRAY[NULL,2]), "
            "contains(ARRAY[1,NULL],5), array_max(ARRAY[1,NULL]), array_position(ARRAY[1,2],9), "
            "slice(ARRAY[1,2,3],-2,2), element_at(ARRAY[1,2],-2), array_remove(ARRAY[1,2,1],1), "
            "cardinality(MAP(ARRAY['a'],ARRAY[1]))"
        ),
        ("array(integer), array(integer), boolean, integer, bigint, array(integer), integer, array(integer), bigint"),
        ["[1, null, 2]", "[1, null, 2]", None, None, "0", "[2, 3]", "1", "[2]", "1"],
    ),
    (
        (
            'SELECT json_extract_scalar(\'{"a":1.50,"b":"x"}\',\'$.a\'), json_extract(\'{"b":1,"a":[1, '
            "2]}','$'), json_parse('{\"b\":1,\"a\":2}'), json_array_length('[]'), "
            "json_extract_scalar('{\"a\":[1]}','$.a')"
        ),
        "varchar(18), json, json, bigint, varchar(9)",
        ["1.50", '{"b":1,"a":[1,2]}', '{"a":2,"b":1}', "0", None],
    ),
    (
        (
            "SELECT CAST(json_parse('{\"a\":1}') AS MAP(VARCHAR,INTEGER)), CAST(JSON '\"x\"' AS VARCHAR), "
            "json_format(JSON '[1, 2]')"
        ),
        "map(varchar, integer), varchar, varchar",
        ["{a=1}", "x", "[1,2]"],
    ),
    ("SELECT k, v FROM UNNEST(MAP(ARRAY['a','b'],ARRAY[1,2])) AS t(k,v) ORDER BY k", "varchar(1), integer", ["a", "1"]),
    ("SELECT a, b FROM UNNEST(ARRAY[ROW(1,'x'),ROW(2,'y')]) AS t(a,b)", "integer, varchar(1)", ["1", "x"]),
    ("SELECT x, y FROM UNNEST(ARRAY[1,2,3],ARRAY['a']) AS t(x,y) ORDER BY x", "integer, varchar(1)", ["1", "a"]),
    (
        "SELECT typeof(1.5), typeof('abc'), typeof(ARRAY[1])",
        "varchar, varchar, varchar",
        ["decimal(2,1)", "varchar(3)", "array(integer)"],
    ),
    (
        "SELECT ROW(1,'a'), CAST(ROW(1,2) AS ROW(x BIGINT, y DOUBLE)).x",
        "row(integer, varchar(1)), bigint",
        ["{field0=1, field1=a}", "1"],
    ),
    (
        (
            "SELECT json_value('{\"a\":{\"b\":2}}', 'lax $.a.b'), json_exists('{\"a\":1}', 'lax $.b'), "
            "json_query('{\"a\":[1,2]}','lax $.a[0]'), json_value('{\"a\":[1]}', 'lax $.a')"
        ),
        "varchar, boolean, varchar, varchar",
        ["2", "false", "1", None],
    ),
    (
        (
            "SELECT CAST(JSON '{\"a\":[1,2]}' AS MAP(VARCHAR, ARRAY(BIGINT))), "
            "CAST(MAP(ARRAY['b','a'],ARRAY[1,2]) AS JSON), CAST(ARRAY['x',NULL] AS JSON)"
        ),
        "map(varchar, array(bigint)), json, json",
        ["{a=[1, 2]}", '{"a":2,"b":1}', '["x",null]'],
    ),
    (
        (
            "SELECT filter(ARRAY['a','b'], x -> x <> 'a'), reduce(ARRAY[DECIMAL '1.10', DECIMAL '2.20'], "
            "CAST(0 AS DECIMAL(38,2)), (s, x) -> CAST(s + x AS DECIMAL(38,2)), s -> s)"
        ),
        "array(varchar(1)), decimal(38, 2)",
        ["[b]", "3.30"],
    ),
    (
        (
            "SELECT json_extract_scalar('not json','$.a'), json_extract_scalar('','$.a'), "
            'json_extract_scalar(\'{"a":"x\\"y"}\', \'$.a\'), json_extract_scalar(\'{"a b":1}\', \'$["a '
            "b\"]'), json_extract_scalar('[1,2]', '$[1]')"
        ),
        "varchar(8), varchar(0), varchar(12), varchar(9), varchar(5)",
        [None, None, 'x"y', "1", "2"],
    ),
    (
        (
            "SELECT array_sort(ARRAY['b','A','a']), array_max(ARRAY[1.5, 2]), ARRAY[1, 2.5], "
            "ARRAY[ARRAY[1],ARRAY[]], cardinality(ARRAY[])"
        ),
        "array(varchar(1)), decimal(11, 1), array(decimal(11, 1)), array(array(integer)), bigint",
        ["[A, a, b]", "2.0", "[1.0, 2.5]", "[[1], []]", "0"],
    ),
    ("SELECT (1, 2) = (1, 2), ROW(1,2) IN (ROW(1,2))", "boolean, boolean", ["true", "true"]),
    (
        (
            "SELECT log(2, 8), zip(ARRAY[1,2],ARRAY['a']), map_entries(MAP(ARRAY['a'],ARRAY[1])), "
            "map_from_entries(ARRAY[ROW('a',1)])"
        ),
        ("double, array(row(integer, varchar(1))), array(row(varchar(1), integer)), map(varchar(1), integer)"),
        ["3.0", "[{field0=1, field1=a}, {field0=2, field1=null}]", "[{field0=a, field1=1}]", "{a=1}"],
    ),
]


@pytest.mark.parametrize(("sql", "types", "expected"), CASES)
def test_collections_have_trinos_types_and_values(ask: Ask, sql: str, types: str, expected: list[str | None]) -> None:
    plan, found = ask(sql)
    assert ", ".join(str(out.type) for out in plan.outputs) == types
    assert texts(found[0], plan.outputs) == expected
