"""Windows: column names and rows as Athena shows them."""

import pytest

from tests.unit.athena.conftest import Ask, Row, shown

CASES: list[tuple[str, str, list[Row]]] = [
    (
        "SELECT id%2 AS par, sum(sum(valor)) OVER (ORDER BY id%2) FROM § GROUP BY id%2 ORDER BY 1",
        "par, _col1",
        [["0", "-3.25"], ["1", "14.25"]],
    ),
    (
        (
            "SELECT id, lag(valor) OVER (ORDER BY id), lead(valor,1,0) OVER (ORDER BY id), "
            "first_value(regiao) OVER (ORDER BY id), last_value(id) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED "
            "PRECEDING AND UNBOUNDED FOLLOWING), percent_rank() OVER (ORDER BY id), cume_dist() OVER (ORDER "
            "BY id) FROM § ORDER BY id"
        ),
        "id, _col1, _col2, _col3, _col4, _col5, _col6",
        [
            ["1", None, "-3.25", "BR", "4", "0.0", "0.25"],
            ["2", "10.50", "7.00", "BR", "4", "0.3333333333333333", "0.5"],
            ["3", "-3.25", "0.00", "BR", "4", "0.6666666666666666", "0.75"],
            ["4", "7.00", "0.00", "BR", "4", "1.0", "1.0"],
        ],
    ),
    (
        "SELECT id, sum(id) OVER w FROM § WINDOW w AS (PARTITION BY regiao ORDER BY id) ORDER BY id",
        "id, _col1",
        [["1", "1"], ["2", "2"], ["3", "4"], ["4", "4"]],
    ),
    ("SELECT row_number() OVER () FROM (VALUES 1) t(x)", "_col0", [["1"]]),
    (
        (
            "SELECT id, sum(valor) OVER (ORDER BY em RANGE BETWEEN INTERVAL '1' DAY PRECEDING AND CURRENT "
            "ROW) FROM § ORDER BY id"
        ),
        "id, _col1",
        [["1", "10.50"], ["2", "7.25"], ["3", "14.25"], ["4", "0.00"]],
    ),
    (
        "SELECT regiao, valor, valor / sum(valor) OVER () AS parte FROM § ORDER BY id",
        "regiao, valor, parte",
        [["BR", "10.50", "0.74"], ["UK", "-3.25", "-0.23"], ["BR", "7.00", "0.49"], [None, "0.00", "0.00"]],
    ),
    (
        (
            "SELECT regiao, 100.0 * count(*) / sum(count(*)) OVER () pct FROM § GROUP BY regiao ORDER BY pct "
            "DESC, regiao"
        ),
        "regiao, pct",
        [["BR", "50.0"], ["UK", "25.0"], [None, "25.0"]],
    ),
    (
        (
            "SELECT lag(id, 1) IGNORE NULLS OVER (ORDER BY id), first_value(regiao) IGNORE NULLS OVER (ORDER "
            "BY id DESC) FROM § ORDER BY id"
        ),
        "_col0, _col1",
        [[None, "BR"], ["1", "BR"], ["2", "BR"], ["3", None]],
    ),
    (
        (
            "SELECT ntile(3) OVER (ORDER BY id), nth_value(id,2) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED "
            "PRECEDING AND UNBOUNDED FOLLOWING) FROM § ORDER BY id"
        ),
        "_col0, _col1",
        [["1", "2"], ["1", "2"], ["2", "2"], ["3", "2"]],
    ),
    (
        (
            "SELECT count(*) OVER (ORDER BY regiao), sum(valor) OVER (PARTITION BY regiao ORDER BY id ROWS 1 "
            "PRECEDING) FROM § ORDER BY id"
        ),
        "_col0, _col1",
        [["2", "10.50"], ["3", "-3.25"], ["2", "17.50"], ["4", "0.00"]],
    ),
    (
        (
            "SELECT avg(valor) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW), max(valor) OVER "
            "(ORDER BY id) FROM § ORDER BY id"
        ),
        "_col0, _col1",
        [["10.50", "10.50"], ["3.63", "10.50"], ["4.75", "10.50"], ["1.25", "10.50"]],
    ),
    (
        "SELECT DISTINCT regiao, count(*) OVER (PARTITION BY regiao) FROM § ORDER BY 1",
        "regiao, _col1",
        [["BR", "2"], ["UK", "1"], [None, "1"]],
    ),
    (
        "SELECT row_number() OVER (ORDER BY id) + 1, -rank() OVER (ORDER BY ok) FROM § ORDER BY 1",
        "_col0, _col1",
        [["2", "-2"], ["3", "-1"], ["4", "-2"], ["5", "-4"]],
    ),
    ("SELECT lag(x) OVER (ORDER BY x) IS NULL FROM (VALUES 1) t(x)", "_col0", [["true"]]),
    (
        ("SELECT id, valor, sum(valor) OVER (ORDER BY id) acumulado, avg(valor) OVER () media FROM § ORDER BY id"),
        "id, valor, acumulado, media",
        [
            ["1", "10.50", "10.50", "3.56"],
            ["2", "-3.25", "7.25", "3.56"],
            ["3", "7.00", "14.25", "3.56"],
            ["4", "0.00", "14.25", "3.56"],
        ],
    ),
    (
        (
            "SELECT regiao, id, rank() OVER (PARTITION BY regiao ORDER BY valor DESC) FROM § ORDER BY regiao "
            "NULLS FIRST, id"
        ),
        "regiao, id, _col2",
        [[None, "4", "1"], ["BR", "1", "1"], ["BR", "3", "2"], ["UK", "2", "1"]],
    ),
]


@pytest.mark.parametrize(("sql", "columns", "expected"), CASES)
def test_a_window_gives_trinos_columns_and_rows(ask: Ask, sql: str, columns: str, expected: list[Row]) -> None:
    assert shown(ask, sql) == (columns, expected)
