"""Dates, times, zones and intervals."""

import pytest

from acude.athena.results import texts
from tests.unit.athena.conftest import Ask

CASES: list[tuple[str, str, list[str | None]]] = [
    (
        "SELECT greatest('a','b'), least(DATE '2020-01-01', TIMESTAMP '2019-01-01 00:00:00')",
        "varchar(1), timestamp(0)",
        ["b", "2019-01-01 00:00:00.000"],
    ),
    (
        (
            "SELECT CAST('abcdef' AS VARCHAR(3)), CAST(DATE '2011-01-02' AS VARCHAR), CAST(TIMESTAMP "
            "'2011-01-02 03:04:05.6' AS VARCHAR), CAST(TIMESTAMP '2011-01-02 03:04:05 UTC' AS VARCHAR)"
        ),
        "varchar(3), varchar, varchar, varchar",
        ["abc", "2011-01-02", "2011-01-02 03:04:05.6", "2011-01-02 03:04:05 UTC"],
    ),
    (
        (
            "SELECT date_add('quarter',1,DATE '2011-11-30'), date_add('week',2,DATE '2011-11-30'), "
            "date_add('minute', 90, TIMESTAMP '2011-12-31 23:00:00')"
        ),
        "date, date, timestamp(0)",
        ["2012-02-29", "2011-12-14", "2012-01-01 00:30:00.000"],
    ),
    (
        (
            "SELECT date_diff('month',DATE '2011-01-31',DATE '2011-03-30'), date_diff('month',DATE "
            "'2011-03-31',DATE '2011-02-28'), date_diff('year',DATE '2012-02-29',DATE '2013-02-28'), "
            "date_diff('week',DATE '2011-12-31',DATE '2011-12-01'), date_diff('quarter',DATE "
            "'2011-01-01',DATE '2011-12-31')"
        ),
        "bigint, bigint, bigint, bigint, bigint",
        ["1", "-1", "1", "-4", "3"],
    ),
    (
        (
            "SELECT date_diff('day',TIMESTAMP '2011-12-01 23:00:00',TIMESTAMP '2011-12-02 22:00:00'), "
            "date_diff('day',DATE '2011-12-01',TIMESTAMP '2011-12-02 22:00:00'), "
            "date_diff('second',TIMESTAMP '2011-12-01 00:00:00.9',TIMESTAMP '2011-12-01 00:00:01.1')"
        ),
        "bigint, bigint, bigint",
        ["0", "1", "0"],
    ),
    (
        (
            "SELECT date_trunc('hour',TIMESTAMP '2011-12-09 12:50:07.123'), date_trunc('day',TIMESTAMP "
            "'2011-12-09 01:00:00 UTC' AT TIME ZONE 'America/Sao_Paulo'), date_trunc('year',DATE "
            "'2011-12-09')"
        ),
        "timestamp(3), timestamp(0) with time zone, date",
        ["2011-12-09 12:00:00.000", "2011-12-08 00:00:00.000 America/Sao_Paulo", "2011-01-01"],
    ),
    (
        "SELECT INTERVAL '2' DAY, INTERVAL '14' MONTH, INTERVAL '1' DAY * 3, INTERVAL '-1' DAY",
        "interval day to second, interval year to month, interval day to second, interval day to second",
        ["2 00:00:00.000", "1-2", "3 00:00:00.000", "-1 00:00:00.000"],
    ),
    (
        (
            "SELECT date_parse('2011-12-09 10:20:30','%Y-%m-%d %H:%i:%s'), "
            "date_parse('09/12/2011','%d/%m/%Y'), try(date_parse('x','%Y'))"
        ),
        "timestamp(3), timestamp(3), timestamp(3)",
        ["2011-12-09 10:20:30.000", "2011-12-09 00:00:00.000", None],
    ),
    (
        (
            "SELECT CAST(TIMESTAMP '2011-12-09 10:00:00.1236' AS TIMESTAMP), CAST(TIMESTAMP '1969-12-31 "
            "23:59:59.9996' AS TIMESTAMP)"
        ),
        "timestamp(3), timestamp(3)",
        ["2011-12-09 10:00:00.124", "1970-01-01 00:00:00.000"],
    ),
    (
        (
            "SELECT day_of_week(DATE '2011-12-11'), dow(DATE '2011-12-12'), week(DATE '2011-01-01'), "
            "last_day_of_month(DATE '2012-02-01'), hour(TIMESTAMP '2011-12-09 12:05:07'), extract(YEAR FROM "
            "DATE '2011-12-09')"
        ),
        "bigint, bigint, bigint, date, bigint, bigint",
        ["7", "1", "52", "2012-02-29", "12", "2011"],
    ),
    (
        (
            "SELECT from_unixtime(1.5), to_unixtime(TIMESTAMP '1970-01-01 00:00:01.5'), "
            "from_iso8601_timestamp('2011-12-09T12:50:07-03:00')"
        ),
        "timestamp(3) with time zone, double, timestamp(3) with time zone",
        ["1970-01-01 00:00:01.500 UTC", "1.5", "2011-12-09 12:50:07.000 -03:00"],
    ),
    (
        (
            "SELECT date_format(DATE '2011-12-09','%d/%m/%Y'), date_format(TIMESTAMP '2011-12-09 "
            "00:05:07','%h:%i %p'), format_datetime(TIMESTAMP '2011-12-09 "
            "12:05:07.123','yyyy-MM-dd''T''HH:mm:ss.SSS')"
        ),
        "varchar, varchar, varchar",
        ["09/12/2011", "12:05 AM", "2011-12-09T12:05:07.123"],
    ),
    (
        (
            "SELECT DATE '2011-01-01' > TIMESTAMP '2011-01-01 00:00:00', DATE '2011-01-01' = TIMESTAMP "
            "'2011-01-01 00:00:00 UTC'"
        ),
        "boolean, boolean",
        ["false", "true"],
    ),
    ("SELECT TIMESTAMP '2011-01-01 00:00:00 UTC' = TIMESTAMP '2010-12-31 21:00:00 -03:00'", "boolean", ["true"]),
    (
        (
            "SELECT sequence(DATE '2011-12-30', DATE '2012-01-10', INTERVAL '7' DAY), sequence(DATE "
            "'2011-10-01', DATE '2011-12-31', INTERVAL '1' MONTH)"
        ),
        "array(date), array(date)",
        ["[2011-12-30, 2012-01-06]", "[2011-10-01, 2011-11-01, 2011-12-01]"],
    ),
    (
        (
            "SELECT from_unixtime(1323435007.123), from_unixtime(-1.5), at_timezone(TIMESTAMP '2011-12-09 "
            "12:00:00 UTC', 'America/Sao_Paulo')"
        ),
        "timestamp(3) with time zone, timestamp(3) with time zone, timestamp(0) with time zone",
        ["2011-12-09 12:50:07.123 UTC", "1969-12-31 23:59:58.500 UTC", "2011-12-09 10:00:00.000 America/Sao_Paulo"],
    ),
    (
        (
            "SELECT hour(TIMESTAMP '2011-12-09 12:00:00' AT TIME ZONE 'America/Sao_Paulo'), CAST(TIMESTAMP "
            "'2011-12-09 01:00:00' AT TIME ZONE 'America/Sao_Paulo' AS DATE), date_format(TIMESTAMP "
            "'2011-12-09 01:00:00' AT TIME ZONE 'America/Sao_Paulo', '%d')"
        ),
        "bigint, date, varchar",
        ["10", "2011-12-08", "08"],
    ),
    (
        (
            "SELECT try_cast('2011-02-30' AS DATE), try_cast('x' AS DECIMAL(4,2)), try_cast(DECIMAL '123.45' "
            "AS DECIMAL(4,2)), try_cast('12.345' AS DECIMAL(4,1))"
        ),
        "date, decimal(4, 2), decimal(4, 2), decimal(4, 1)",
        [None, None, None, "12.3"],
    ),
    (
        (
            "SELECT format_datetime(TIMESTAMP '2011-12-09 12:05:07', 'MMM d, yyyy h:mm a'), "
            "format_datetime(TIMESTAMP '2011-12-09 12:05:07 UTC', 'yyyy-MM')"
        ),
        "varchar, varchar",
        ["Dec 9, 2011 12:05 PM", "2011-12"],
    ),
    (
        (
            "SELECT date_format(TIMESTAMP '2011-12-09 12:05:07.123', '%f'), date_format(TIMESTAMP "
            "'2011-01-01 12:05:07', '%x-%v %a %b %c %k %l %r %T')"
        ),
        "varchar, varchar",
        ["123000", "2010-52 Sat Jan 1 12 12 12:05:07 PM 12:05:07"],
    ),
    (
        (
            "SELECT DATE '2012-03-31' - INTERVAL '1' MONTH, DATE '2011-12-31' + INTERVAL '2' MONTH, "
            "TIMESTAMP '2011-12-31 10:00:00' + INTERVAL '1' YEAR, INTERVAL '1' DAY + DATE '2011-01-01'"
        ),
        "date, date, timestamp(0), date",
        ["2012-02-29", "2012-02-29", "2012-12-31 10:00:00.000", "2011-01-02"],
    ),
    (
        (
            "SELECT date_add('month', -1, DATE '2012-03-31'), date_add('year', -4, DATE '2012-02-29'), "
            "date_add('second', -1, TIMESTAMP '2011-01-01 00:00:00')"
        ),
        "date, date, timestamp(0)",
        ["2012-02-29", "2008-02-29", "2010-12-31 23:59:59.000"],
    ),
    (
        (
            "SELECT year_of_week(DATE '2008-12-29'), week(DATE '2008-12-29'), day_of_year(DATE "
            "'2012-12-31'), quarter(DATE '2012-10-01')"
        ),
        "bigint, bigint, bigint, bigint",
        ["2009", "1", "366", "4"],
    ),
    (
        "SELECT INTERVAL '1' DAY = INTERVAL '24' HOUR, INTERVAL '1' DAY > INTERVAL '2' HOUR",
        "boolean, boolean",
        ["true", "true"],
    ),
    (
        (
            "SELECT CAST('2011-12-09 12:00:00.123456' AS TIMESTAMP(6)), CAST(DATE '2011-12-09' AS "
            "TIMESTAMP), CAST(TIMESTAMP '2011-12-09 12:00:00' AS DATE)"
        ),
        "timestamp(6), timestamp(3), date",
        ["2011-12-09 12:00:00.123456", "2011-12-09 00:00:00.000", "2011-12-09"],
    ),
]


@pytest.mark.parametrize(("sql", "types", "expected"), CASES)
def test_times_have_trinos_types_and_values(ask: Ask, sql: str, types: str, expected: list[str | None]) -> None:
    plan, found = ask(sql)
    assert ", ".join(str(out.type) for out in plan.outputs) == types
    assert texts(found[0], plan.outputs) == expected
