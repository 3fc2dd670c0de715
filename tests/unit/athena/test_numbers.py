"""Numbers: result types, rounding, division, overflow."""

import pytest

from acude.athena.results import texts
from tests.unit.athena.conftest import Ask

CASES: list[tuple[str, str, list[str | None]]] = [
    (
        (
            "SELECT -DECIMAL '10.55'/3, DECIMAL '1'/DECIMAL '3', 1/3.0, DECIMAL '-0.05'/DECIMAL '0.1', "
            "CAST(7 AS DECIMAL(38,0))/2"
        ),
        "decimal(4, 2), decimal(1, 0), decimal(12, 1), decimal(3, 2), decimal(38, 0)",
        ["-3.52", "0", "0.3", "-0.50", "4"],
    ),
    (
        "SELECT 5 % 3.5, -5.5 % 2, mod(-7,3), 5e0 % 2e0, 1e0/3",
        "decimal(2, 1), decimal(2, 1), integer, double, double",
        ["1.5", "-1.5", "-1", "1.0", "0.3333333333333333"],
    ),
    (
        (
            "SELECT round(DECIMAL '2.345',2), round(-2.345,2), round(2.5e0), round(-0.5e0), "
            "round(1234.567,-2), round(9.99,1)"
        ),
        "decimal(5, 3), decimal(5, 3), double, double, decimal(8, 3), decimal(4, 2)",
        ["2.350", "-2.350", "3.0", "-1.0", "1200.000", "10.00"],
    ),
    (
        (
            "SELECT truncate(12.987), truncate(-12.987, 2), floor(-2.5e0), ceil(2.1), ceiling(DECIMAL "
            "'-0.5'), sign(-2.5), abs(DECIMAL '-1.5')"
        ),
        ("decimal(2, 0), decimal(5, 3), double, decimal(2, 0), decimal(1, 0), decimal(1, 0), decimal(2, 1)"),
        ["12", "-12.980", "-3.0", "3", "0", "-1", "1.5"],
    ),
    (
        (
            "SELECT CAST(0.1e0 AS VARCHAR), CAST(123456.789e0 AS VARCHAR), CAST(1e-7 AS VARCHAR), "
            "CAST(-1.5e300 AS VARCHAR), CAST(REAL '3.14' AS VARCHAR), CAST(0e0 AS VARCHAR)"
        ),
        "varchar, varchar, varchar, varchar, varchar, varchar",
        ["1.0E-1", "1.23456789E5", "1.0E-7", "-1.5E300", "3.14E0", "0.0E0"],
    ),
    (
        "SELECT 1e7, 0.001e0, 12345678.9e0, 1e-5, REAL '1.1', nan()",
        "double, double, double, double, real, double",
        ["1.0E7", "0.001", "1.23456789E7", "1.0E-5", "1.1", "NaN"],
    ),
    ("SELECT 1 WHERE 1 <> 0 AND 1/1 = 1", "integer", ["1"]),
    (
        "SELECT NULLIF('a','b'), IF(true, 1), coalesce(NULL, NULL, 'x')",
        "varchar(1), integer, varchar(1)",
        ["a", "1", "x"],
    ),
    (
        "SELECT pow(2,10), sqrt(-1), ln(0), log10(100), exp(0), cbrt(27)",
        "double, double, double, double, double, double",
        ["1024.0", "NaN", "-Infinity", "2.0", "1.0", "3.0000000000000004"],
    ),
    (
        "SELECT DECIMAL '1.00' = 1, DECIMAL '0.1' = 0.10, 1.0 = 1e0",
        "boolean, boolean, boolean",
        ["true", "true", "true"],
    ),
    (
        "SELECT CAST(round(14.255, 2) AS DECIMAL(10,2)), round(14.255e0, 2)",
        "decimal(10, 2), double",
        ["14.26", "14.26"],
    ),
    ("SELECT EXISTS(SELECT 1), NOT EXISTS(SELECT 1 WHERE false)", "boolean, boolean", ["true", "true"]),
    (
        "SELECT 0.1 + 1e0, 1.1 * 2, REAL '1.5' + 1, 1e0 = 1",
        "double, decimal(12, 1), real, boolean",
        ["1.1", "2.2", "2.5", "true"],
    ),
    ("SELECT 123456789012345678901234567890.12 * 1.1", "decimal(34, 3)", ["135802467913580246791358024679.132"]),
    (
        "SELECT DECIMAL '1' / 3 * 3, 2.0 / 3, 10 / 4.0, 1.000 / 3",
        "decimal(11, 0), decimal(2, 1), decimal(12, 1), decimal(4, 3)",
        ["0", "0.7", "2.5", "0.333"],
    ),
    (
        "SELECT bitwise_and(5, 3), bitwise_or(5, 2), bitwise_xor(5, 1), bitwise_not(0)",
        "bigint, bigint, bigint, bigint",
        ["1", "7", "4", "-1"],
    ),
    ("SELECT 1;", "integer", ["1"]),
    ("SELECT /* c */ 1 -- end", "integer", ["1"]),
    (
        (
            "SELECT CAST('+5' AS INTEGER), CAST('5.' AS DOUBLE), CAST('.5' AS DOUBLE), CAST('5.' AS "
            "DECIMAL(4,1)), CAST('.5' AS DECIMAL(4,1)), CAST('-.5' AS DOUBLE)"
        ),
        "integer, double, double, decimal(4, 1), decimal(4, 1), double",
        ["5", "5.0", "0.5", "5.0", "0.5", "-0.5"],
    ),
    (
        "SELECT try_cast('1e400' AS DOUBLE), CAST('-Infinity' AS DOUBLE), CAST('NaN' AS REAL)",
        "double, double, real",
        ["Infinity", "-Infinity", "NaN"],
    ),
    ("SELECT REAL '0.1' = 0.1e0, REAL '0.1' + 0.2e0", "boolean, double", ["false", "0.30000000149011613"]),
    (
        (
            "SELECT DECIMAL '12345678901234567890.12' / 7, DECIMAL '1.5' * 2.25, -DECIMAL '0.5', DECIMAL '5' "
            "% DECIMAL '0.3'"
        ),
        "decimal(22, 2), decimal(5, 3), decimal(1, 1), decimal(1, 1)",
        ["1763668414462081127.16", "3.375", "-0.5", "0.2"],
    ),
    ("SELECT 1 + (SELECT 2), (SELECT 1 WHERE false)", "integer, integer", ["3", None]),
]


@pytest.mark.parametrize(("sql", "types", "expected"), CASES)
def test_numbers_have_trinos_types_and_values(ask: Ask, sql: str, types: str, expected: list[str | None]) -> None:
    plan, found = ask(sql)
    assert ", ".join(str(out.type) for out in plan.outputs) == types
    assert texts(found[0], plan.outputs) == expected
