"""Groups, orders, conditions and aggregates: column names and rows as Athena shows them."""

import pytest

from tests.unit.athena.conftest import Ask, Row, shown

CASES: list[tuple[str, str, list[Row]]] = [
    (
        "SELECT sum(valor)/count(*), sum(valor)*1.1, avg(valor*id), sum(id)/2 FROM §",
        "_col0, _col1, _col2, _col3",
        [["3.56", "15.675", "6.25", "5"]],
    ),
    ("SELECT regiao, count(*) c FROM § GROUP BY regiao ORDER BY c DESC, regiao LIMIT 1", "regiao, c", [["BR", "2"]]),
    ("SELECT regiao, sum(valor) FROM § GROUP BY 1 HAVING count(*) > 1", "regiao, _col1", [["BR", "17.50"]]),
    (
        "SELECT upper(regiao), count(*) FROM § GROUP BY upper(regiao) ORDER BY upper(regiao)",
        "_col0, _col1",
        [["BR", "2"], ["UK", "1"], [None, "1"]],
    ),
    ("SELECT DISTINCT regiao FROM § ORDER BY regiao NULLS FIRST", "regiao", [[None], ["BR"], ["UK"]]),
    (
        "SELECT * FROM § ORDER BY valor DESC LIMIT 1",
        "id, regiao, valor, em, ok",
        [["1", "BR", "10.50", "2011-12-01 08:26:00.000", "true"]],
    ),
    (
        "SELECT t.* FROM § WHERE t.id = 1",
        "id, regiao, valor, em, ok",
        [["1", "BR", "10.50", "2011-12-01 08:26:00.000", "true"]],
    ),
    (
        (
            "SELECT histogram(x), map_agg(x, 1), approx_percentile(x, 0.5), approx_percentile(x, "
            "ARRAY[0.25,0.75]) FROM (VALUES 1,2,2) t(x)"
        ),
        "_col0, _col1, _col2, _col3",
        [["{1=1, 2=2}", "{1=1, 2=1}", "2", "[1, 2]"]],
    ),
    (
        "SELECT CASE regiao WHEN 'BR' THEN 1 WHEN 'UK' THEN 2.5 END FROM § ORDER BY id",
        "_col0",
        [["1.0"], ["2.5"], ["1.0"], [None]],
    ),
    ("SELECT id FROM § WHERE regiao LIKE '_R' AND NOT ok IS NULL ORDER BY id", "id", [["1"], ["3"]]),
    ("SELECT x FROM (VALUES 0,1,2) t(x) WHERE x <> 0 AND 10/x > 5", "x", [["1"]]),
    ("SELECT id FROM § WHERE valor BETWEEN 0 AND 8 ORDER BY id", "id", [["3"], ["4"]]),
    ("SELECT sum(CASE WHEN ok THEN valor ELSE 0 END) FROM §", "_col0", [["17.50"]]),
    (
        "SELECT avg(id), avg(valor), sum(1.5), avg(1.5) FROM §",
        "_col0, _col1, _col2, _col3",
        [["2.5", "3.56", "6.0", "1.5"]],
    ),
    ("SELECT max(regiao), min(em), max(em) FROM § WHERE id > 100", "_col0, _col1, _col2", [[None, None, None]]),
    ("SELECT count(*) FROM § GROUP BY ()", "_col0", [["4"]]),
    ("SELECT bool_and(x) FROM (VALUES true,NULL) t(x)", "_col0", [["true"]]),
    ("SELECT id FROM § ORDER BY valor * -1", "id", [["1"], ["3"], ["4"], ["2"]]),
    ("SELECT listagg(regiao, ', ') WITHIN GROUP (ORDER BY regiao) FROM §", "_col0", [["BR, BR, UK"]]),
    ("SELECT approx_distinct(regiao), every(ok) FROM §", "_col0, _col1", [["2", "false"]]),
    ('SELECT "id" FROM § WHERE "ID" = 1', "id", [["1"]]),
    ("SELECT count(DISTINCT (id, ok)) FROM §", "_col0", [["4"]]),
    ("SELECT id FROM § ORDER BY id FETCH FIRST ROW ONLY", "id", [["1"]]),
    ("SELECT regiao FROM § GROUP BY ROLLUP(regiao) HAVING grouping(regiao) = 1", "regiao", [[None]]),
    ("SELECT id AS valor FROM § ORDER BY valor", "valor", [["1"], ["2"], ["3"], ["4"]]),
    ("SELECT id, id AS x FROM § ORDER BY x + 1 DESC LIMIT 2", "id, x", [["4", "4"], ["3", "3"]]),
    ("SELECT a.x FROM (VALUES 1,2) a(x), (VALUES 2,3) b(x) WHERE a.x = b.x", "x", [["2"]]),
    (
        (
            "SELECT date_trunc('month', em) AS mes, sum(valor) FROM § WHERE em IS NOT NULL GROUP BY "
            "date_trunc('month', em) ORDER BY mes"
        ),
        "mes, _col1",
        [["2011-12-01 00:00:00.000", "14.25"]],
    ),
    (
        "SELECT date_trunc('month', em) AS mes, sum(valor) FROM § GROUP BY 1 HAVING sum(valor) > 0",
        "mes, _col1",
        [["2011-12-01 00:00:00.000", "14.25"]],
    ),
    ("SELECT max(date(em)) - INTERVAL '1' DAY FROM §", "_col0", [["2011-12-01"]]),
    (
        "SELECT em + INTERVAL '1' DAY, em - INTERVAL '1' MONTH FROM § WHERE id = 1",
        "_col0, _col1",
        [["2011-12-02 08:26:00.000", "2011-11-01 08:26:00.000"]],
    ),
    ("SELECT avg(date_diff('day', DATE '2011-12-01', date(em))) FROM §", "_col0", [["0.3333333333333333"]]),
    (
        ("SELECT CAST(avg(valor) AS DECIMAL(10,4)), CAST(sum(valor) AS DOUBLE) / 3, round(avg(valor), 1) FROM §"),
        "_col0, _col1, _col2",
        [["3.5600", "4.75", "3.60"]],
    ),
    (
        "SELECT stddev(valor), approx_percentile(CAST(valor AS double), 0.5) FROM §",
        "_col0, _col1",
        [["6.299388197806725", "7.0"]],
    ),
    ("SELECT array_agg(valor ORDER BY valor) FILTER (WHERE valor > 0) FROM §", "_col0", [["[7.00, 10.50]"]]),
    ("SELECT count(*) FILTER (WHERE regiao = 'BR') * 1.0 / count(*) FROM §", "_col0", [["0.5"]]),
    ("SELECT sum(DISTINCT valor), avg(DISTINCT id) FROM §", "_col0, _col1", [["14.25", "2.5"]]),
    ("SELECT count(*) FROM § HAVING count(*) > 100", "_col0", []),
    ("SELECT date_format(em, '%Y') FROM § WHERE id=1", "_col0", [["2011"]]),
    (
        "SELECT coalesce(regiao, 'n/a') || '-' || CAST(id AS varchar) FROM § ORDER BY id",
        "_col0",
        [["BR-1"], ["UK-2"], ["BR-3"], ["n/a-4"]],
    ),
    ("SELECT concat_ws(',', regiao, 'x') FROM § ORDER BY id", "_col0", [["BR,x"], ["UK,x"], ["BR,x"], ["x"]]),
    ("SELECT array_join(array_agg(regiao ORDER BY id), ',', '?') FROM §", "_col0", [["BR,UK,BR,?"]]),
    ("SELECT map_agg(id, regiao)[2], element_at(map_agg(regiao, id), 'ZZ') FROM §", "_col0, _col1", [["UK", None]]),
    ("SELECT cardinality(array_agg(DISTINCT regiao)) FROM §", "_col0", [["3"]]),
    ("SELECT avg(x) FROM (VALUES DECIMAL '0.01', DECIMAL '0.02') t(x)", "_col0", [["0.02"]]),
    ("SELECT avg(x) FROM (VALUES DECIMAL '-0.01', DECIMAL '-0.02') t(x)", "_col0", [["-0.02"]]),
    ('SELECT "a""b" FROM (VALUES 1) t("a""b")', 'a"b', [["1"]]),
    ("SELECT t.id, T.ID FROM § WHERE t.ID = 1", "id, ID", [["1", "1"]]),
    (
        "SELECT approx_distinct(regiao, 0.01), geometric_mean(id), numeric_histogram(2, valor) FROM §",
        "_col0, _col1, _col2",
        [["2", "2.213363839400643", "{-1.625=2.0, 8.75=2.0}"]],
    ),
    ("SELECT max_by(regiao, id), arbitrary(ok) FROM § WHERE id = 1", "_col0, _col1", [["BR", "true"]]),
    (
        "SELECT every(x > 1), count_if(x > 1), bool_or(x > 5) FROM (VALUES 1,2,NULL) t(x)",
        "_col0, _col1, _col2",
        [["false", "1", "false"]],
    ),
    ("SELECT DISTINCT 1.0, 1 FROM §", "_col0, _col1", [["1.0", "1"]]),
    ("SELECT transform(ARRAY[1,2], x -> x + id) FROM § WHERE id = 3", "_col0", [["[4, 5]"]]),
    (
        ("SELECT regiao, transform(array_agg(id ORDER BY id), x -> x * count(*)) FROM § GROUP BY regiao ORDER BY 1"),
        "regiao, _col1",
        [["BR", "[2, 6]"], ["UK", "[2]"], [None, "[4]"]],
    ),
    (
        "SELECT day_of_week(em), quarter(em), year(em)*100+month(em) FROM § ORDER BY id",
        "_col0, _col1, _col2",
        [["4", "4", "201112"], ["4", "4", "201112"], ["5", "4", "201112"], [None, None, None]],
    ),
    ("SELECT id, grouping(id) FROM § GROUP BY id ORDER BY 1 LIMIT 1", "id, _col1", [["1", "0"]]),
    (
        "SELECT corr(valor, id), covar_samp(id, valor), regr_slope(id, valor) FROM §",
        "_col0, _col1, _col2",
        [["-0.43549678", "-3.5416667", "-0.08925056"]],
    ),
    ("SELECT histogram(ok) FROM §", "_col0", [["{false=1, true=2}"]]),
    (
        "SELECT x, count(*) FROM (VALUES 0.1e0, 0.1e0, nan(), nan()) t(x) GROUP BY x ORDER BY x",
        "x, _col1",
        [["0.1", "2"], ["NaN", "2"]],
    ),
    ("SELECT id FROM § WHERE regiao IN ('BR', NULL) ORDER BY id", "id", [["1"], ["3"]]),
    ("SELECT id FROM § WHERE NOT (regiao = 'BR') ORDER BY id", "id", [["2"]]),
    ("SELECT id FROM § WHERE ok ORDER BY id", "id", [["1"], ["3"]]),
    (
        (
            "SELECT CASE WHEN regiao IS NULL THEN 'nulo' ELSE regiao END r, count(*) FROM § GROUP BY CASE "
            "WHEN regiao IS NULL THEN 'nulo' ELSE regiao END ORDER BY r"
        ),
        "r, _col1",
        [["BR", "2"], ["UK", "1"], ["nulo", "1"]],
    ),
    ("SELECT coalesce(sum(valor) FILTER (WHERE id > 10), 0) FROM §", "_col0", [["0.00"]]),
    (
        ("SELECT year(em) AS ano, month(em) AS mes, count(*) FROM § GROUP BY year(em), month(em) ORDER BY 1, 2"),
        "ano, mes, _col2",
        [["2011", "12", "3"], [None, None, "1"]],
    ),
    (
        ("SELECT em FROM § WHERE em BETWEEN TIMESTAMP '2011-12-01 00:00:00' AND DATE '2011-12-02' ORDER BY em"),
        "em",
        [["2011-12-01 08:26:00.000"], ["2011-12-01 23:59:59.999"], ["2011-12-02 00:00:00.000"]],
    ),
    ("SELECT id FROM § WHERE date(em) = date('2011-12-01') ORDER BY id", "id", [["1"], ["2"]]),
    ("SELECT id FROM § WHERE em > current_timestamp", "id", []),
    ("SELECT valor FROM § ORDER BY abs(valor) DESC, id LIMIT 2", "valor", [["10.50"], ["7.00"]]),
    (
        "SELECT regiao, max(valor) - min(valor) AS faixa FROM § GROUP BY regiao ORDER BY faixa DESC, 1",
        "regiao, faixa",
        [["BR", "3.50"], ["UK", "0.00"], [None, "0.00"]],
    ),
    ("SELECT sum(valor) AS s FROM § ORDER BY s", "s", [["14.25"]]),
    (
        ("SELECT sum(quantidade * preco) FROM (VALUES (2, DECIMAL '1.25'), (3, DECIMAL '0.10')) v(quantidade, preco)"),
        "_col0",
        [["2.80"]],
    ),
    (
        (
            "SELECT CAST(sum(quantidade * preco) / nullif(sum(quantidade), 0) AS DECIMAL(10,2)) FROM (VALUES "
            "(2, DECIMAL '1.25'), (3, DECIMAL '0.10')) v(quantidade, preco)"
        ),
        "_col0",
        [["0.56"]],
    ),
    ("SELECT array_agg(x) FROM (VALUES 1) t(x) WHERE x > 1", "_col0", [[None]]),
    ("SELECT count(1), count(NULL), count(*) FROM §", "_col0, _col1, _col2", [["4", "0", "4"]]),
    ("SELECT bool_or(id > 3), max(ok), min(ok) FROM §", "_col0, _col1, _col2", [["true", "true", "false"]]),
    ("SELECT stddev(id) FROM § WHERE id = 1", "_col0", [[None]]),
    ("SELECT variance(x), corr(x, x) FROM (VALUES 1e0) t(x)", "_col0, _col1", [[None, None]]),
    ("SELECT listagg(DISTINCT regiao, ',') WITHIN GROUP (ORDER BY regiao) FROM §", "_col0", [["BR,UK"]]),
    ("SELECT approx_percentile(valor, 0.5) FROM §", "_col0", [["7.0"]]),
    ("SELECT map_keys(histogram(regiao)) FROM § WHERE regiao = 'BR'", "_col0", [["[BR]"]]),
    ("SELECT regiao FROM § GROUP BY regiao ORDER BY count(*) DESC, regiao", "regiao", [["BR"], ["UK"], [None]]),
    ("SELECT id FROM § ORDER BY CASE WHEN regiao IS NULL THEN 0 ELSE 1 END, id", "id", [["4"], ["1"], ["2"], ["3"]]),
    ("SELECT sum(id) FROM § HAVING sum(id) > 5", "_col0", [["10"]]),
    (
        "SELECT regiao, sum(id) FROM § WHERE id > 1 GROUP BY regiao HAVING sum(id) > 2 ORDER BY 2",
        "regiao, _col1",
        [["BR", "3"], [None, "4"]],
    ),
    ("SELECT DISTINCT id % 2 FROM § ORDER BY id % 2", "_col0", [["0"], ["1"]]),
    (
        'SELECT "regiao" || \' \' || upper("regiao") FROM § ORDER BY 1',
        "_col0",
        [["BR BR"], ["BR BR"], ["UK UK"], [None]],
    ),
    (
        (
            "SELECT max('{f}{d}{0}'), sum(CASE WHEN '{f}' = '{f}' THEN DECIMAL '1.5' END), listagg('{1}', "
            "'{0}') WITHIN GROUP (ORDER BY 1) FROM (VALUES 1,2) t(x)"
        ),
        "_col0, _col1, _col2",
        [["{f}{d}{0}", "3.0", "{1}{0}{1}"]],
    ),
]


@pytest.mark.parametrize(("sql", "columns", "expected"), CASES)
def test_a_query_gives_trinos_columns_and_rows(ask: Ask, sql: str, columns: str, expected: list[Row]) -> None:
    assert shown(ask, sql) == (columns, expected)
