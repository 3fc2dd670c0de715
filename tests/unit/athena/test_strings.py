"""Strings: lengths of results, positions, patterns."""

import pytest

from acude.athena.results import texts
from tests.unit.athena.conftest import Ask

CASES: list[tuple[str, str, list[str | None]]] = [
    (
        (
            "SELECT substr('hello',-2), substr('hello',2), substr('hello', 3, 100), substr('hello',-10), "
            "substr('hello',1,0), substring('hello' FROM 2 FOR 3), substr(NULL,1)"
        ),
        "varchar(5), varchar(5), varchar(5), varchar(5), varchar(5), varchar(5), varchar(0)",
        ["lo", "ello", "llo", "", "", "ell", None],
    ),
    (
        ("SELECT trim('  a '), ltrim('  a '), rtrim(' a  '), trim(BOTH 'x' FROM 'xxaxx'), trim(LEADING FROM '  b')"),
        "varchar(4), varchar(4), varchar(4), varchar(5), varchar(3)",
        ["a", "a ", " a", "a", "b"],
    ),
    (
        ("SELECT lpad('abc',2,'x'), rpad('a',5,'xy'), replace('abc','b'), strpos('abc',''), position('c' IN 'abc')"),
        "varchar, varchar, varchar(3), bigint, bigint",
        ["ab", "axyxy", "ac", "1", "3"],
    ),
    (
        (
            "SELECT format('%,.2f', 1234567.891), format('%s %s', 1, true), format('%5d|%,d', 42, 1234567), "
            "format('%.2f', 1.005e0)"
        ),
        "varchar, varchar, varchar, varchar",
        ["1,234,567.89", "1 true", "   42|1,234,567", "1.01"],
    ),
    (
        "SELECT x'4142', from_utf8(x'4142'), to_hex(sha512(x'')), crc32(x'4142')",
        "varbinary, varchar, varchar, bigint",
        [
            "41 42",
            "AB",
            "CF83E1357EEFB8BDF1542850D66D8007D620E4050B5715DC83F4A921D36CE9CE47D0D13C5D85F2B0FF8318D2877EEC2F63B931BD47417A81A538327AF927DA3E",
            "812207111",
        ],
    ),
    (
        ("SELECT upper('ação'), lower('AÇÃO'), length('ação'), reverse('ação'), upper('naïve'), length('👍a')"),
        "varchar(4), varchar(4), bigint, varchar(4), varchar(5), bigint",
        ["AÇÃO", "ação", "4", "oãça", "NAÏVE", "2"],
    ),
    (
        ("SELECT split('a,b,c',','), split('a,b,c',',',2), split_part('a,b,c',',',2), split_part('a,b,c',',',5)"),
        "array(varchar(5)), array(varchar(5)), varchar(5), varchar(5)",
        ["[a, b, c]", "[a, b,c]", "b", None],
    ),
    (
        "SELECT 'it''s', 'a\\nb', '%' LIKE '\\%' ESCAPE '\\'",
        "varchar(4), varchar(4), boolean",
        ["it's", "a\\nb", "true"],
    ),
    ("SELECT 'abc' LIKE 'a\\_c' ESCAPE 'x', 'a%c' LIKE 'axx' ESCAPE 'x'", "boolean, boolean", ["false", "false"]),
    (
        (
            "SELECT url_extract_host('http://user@h:8080/p?q=1#f'), url_extract_port('http://h:8080/'), "
            "url_extract_protocol('https://h'), url_extract_query('http://h/p?q=1'), "
            "url_extract_fragment('http://h/#f'), url_encode('á~*'), url_extract_path('http://h')"
        ),
        "varchar(26), bigint, varchar(9), varchar(14), varchar(11), varchar(36), varchar(8)",
        ["h", "8080", "https", "q=1", "f", "%C3%A1%7E*", ""],
    ),
    (
        (
            "SELECT split(CAST(NULL AS varchar), ','), regexp_like(NULL, 'a'), upper(NULL), 1 + CAST(NULL AS "
            "integer), NULL || 'a'"
        ),
        "array(varchar), boolean, varchar(0), integer, array(varchar(1))",
        [None, None, None, None, None],
    ),
    (
        (
            "SELECT translate('abcabc','ac','x'), lpad('x',0,'a'), rpad('',3,'ab'), repeat('ab', 2), "
            "chr(8364), strpos('ação','o')"
        ),
        "varchar, varchar, varchar, array(varchar(2)), varchar(1), bigint",
        ["xbxb", "", "aba", "[ab, ab]", "€", "4"],
    ),
    (
        "SELECT substr('hello', -3, 2), substr('ação', 3, 2), substr('hello', 2, 9223372036854775807)",
        "varchar(5), varchar(4), varchar(5)",
        ["ll", "ão", "ello"],
    ),
    (
        (
            "SELECT url_extract_parameter('http://h/p?a=1&b=2&a=3','b'), "
            "url_extract_parameter('http://h/p?a','a'), url_extract_parameter('http://h/p?a=1','z'), "
            "url_decode('a+b%C3%A1'), url_extract_query('http://h')"
        ),
        "varchar(22), varchar(12), varchar(14), varchar(9), varchar(8)",
        ["2", "", None, "a bá", None],
    ),
    (
        (
            "SELECT regexp_replace('a-b', '\\-', '+'), regexp_extract('2011-12', '(\\d{4})-(\\d{2})', 1), "
            "regexp_like('x', '^x$'), regexp_replace('aXbX', 'X')"
        ),
        "varchar(7), varchar(7), boolean, varchar(4)",
        ["a+b", "2011", "true", "ab"],
    ),
    (
        "SELECT strpos('a{1}', '1'), lower('{0}{F}'), trim('{type}')",
        "bigint, varchar(6), varchar(6)",
        ["3", "{0}{f}", "{type}"],
    ),
]


@pytest.mark.parametrize(("sql", "types", "expected"), CASES)
def test_strings_have_trinos_types_and_values(ask: Ask, sql: str, types: str, expected: list[str | None]) -> None:
    plan, found = ask(sql)
    assert ", ".join(str(out.type) for out in plan.outputs) == types
    assert texts(found[0], plan.outputs) == expected
