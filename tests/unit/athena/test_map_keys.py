"""A map's keys as Athena shows them, made of the text that Java makes of a key."""

import json
from typing import Any

import pytest

from acude.athena.errors import QueryError
from acude.athena.results import rows
from acude.athena.trino import _object

Json = dict[str, Any]


def kind(name: str, *numbers: int) -> Json:
    return {"rawType": name, "arguments": [{"kind": "LONG", "value": one} for one in numbers]}


def array(item: Json) -> Json:
    return {"rawType": "array", "arguments": [{"kind": "TYPE", "value": item}]}


def map_of(key: Json, value: Json) -> Json:
    return {"rawType": "map", "arguments": [{"kind": "TYPE", "value": one} for one in (key, value)]}


def row(*fields: Json, **named: Json) -> Json:
    found: list[Json] = [{"typeSignature": one} for one in fields]
    found += [{"fieldName": {"name": name}, "typeSignature": one} for name, one in named.items()]
    return {"rawType": "row", "arguments": [{"kind": "NAMED_TYPE", "value": one} for one in found]}


INT, TEXT, BYTES, BOOL, REAL = (kind(name) for name in ("integer", "varchar", "varbinary", "boolean", "real"))
SECOND, MICRO, ZONED = kind("timestamp", 0), kind("timestamp", 6), kind("timestamp with time zone", 0)


def shown(key: Json, *texts: str) -> str | None:
    """A map from keys to 1, as Athena shows what Trino sends."""
    sent = "{" + ", ".join(f"{json.dumps(text)}: 1" for text in texts) + "}"
    column = {"typeSignature": map_of(key, INT)}
    [[found]] = rows([column], [[json.loads(sent, object_pairs_hook=_object)]])
    return found


@pytest.mark.parametrize(
    ("key", "sent", "athenas"),
    [
        (INT, "1", "1"),
        (BOOL, "false", "false"),
        (TEXT, "a, b=c}", "a, b=c}"),
        (SECOND, "2026-01-01 10:00:00", "2026-01-01 10:00:00.000"),
        (BYTES, "AP8=", "00 ff"),
        (BYTES, "", ""),
        (BYTES, "null", "9e e9 65"),
        (array(INT), "[1, 2]", "[1, 2]"),
        (array(INT), "[]", "[]"),
        (array(array(INT)), "[[null, 1], null]", "[[null, 1], null]"),
        (array(TEXT), "[a, null, b, c=]]", "[a, null, b, c=]]"),
        (array(MICRO), "[2026-01-01 10:00:00.123456]", "[2026-01-01 10:00:00.123456]"),
        (array(SECOND), "[2026-01-01 10:00:00, null]", "[2026-01-01 10:00:00.000, null]"),
        (array(ZONED), "[2026-01-01 10:00:00 UTC]", "[2026-01-01 10:00:00.000 UTC]"),
        (array(BYTES), "[AP8=, , AAEC]", "[00 ff, , 00 01 02]"),
        (array(BYTES), "[, ]", "[, ]"),
        (row(INT, INT), "[1, 2]", "{field0=1, field1=2}"),
        (row(uf=TEXT, decisao=TEXT), "[SP, null]", "{uf=SP, decisao=null}"),
        (row(uf=TEXT, decisao=TEXT), "[, ]", "{uf=, decisao=}"),
        (row(TEXT), "[a, b]", "{field0=a, b}"),
        (row(BOOL, REAL, BYTES), "[false, 1.0E10, ]", "{field0=false, field1=1.0E10, field2=}"),
        (row(INT, row(INT, array(INT)), row(INT)), "[1, [2, [3, 4]], null]",
         "{field0=1, field1={field0=2, field1=[3, 4]}, field2=null}"),
        (array(row(INT, x=SECOND)), "[[1, 2026-01-01 10:00:00], null]",
         "[{field0=1, x=2026-01-01 10:00:00.000}, null]"),
        (map_of(TEXT, INT), "{b=1, a=null}", "{b=1, a=null}"),
        (map_of(row(INT, INT), array(INT)), "{[1, 2]=[3, null]}", "{{field0=1, field1=2}=[3, null]}"),
        (map_of(BYTES, BYTES), "{AP8==AP8=, =null2222}", "{00 ff=00 ff, =9e e9 65 db 6d b6}"),
    ],
)  # fmt: skip
def test_a_key_is_shown_as_any_value_of_its_type(key: Json, sent: str, athenas: str) -> None:
    assert shown(key, sent) == f"{{{athenas}=1}}"


@pytest.mark.parametrize(
    ("key", "sent"),
    [
        (row(TEXT, TEXT), "[a, b, c]"),
        (row(TEXT, INT), "[a, b, 1]"),
        (array(row(TEXT, TEXT)), "[[a, b]]"),
        (row(array(TEXT), INT), "[[a, b], 1]"),
        (map_of(TEXT, SECOND), "{a=2026-01-01 10:00:00}"),
        (row(kind("json"), INT), '[{"a": 1, "b": 2}, 1]'),
        (row(array(kind("Geometry")), INT), "[[POINT (1 2)], 1]"),
        (array(BYTES), "[null]"),
        (row(BYTES, INT), "[null, 1]"),
    ],
)
def test_a_key_that_can_be_read_in_two_ways_is_refused_with_a_way_out(key: Json, sent: str) -> None:
    with pytest.raises(QueryError, match=r"NOT_SUPPORTED: .*map_entries\(map\)"):
        shown(key, sent)


def test_a_map_without_keys_of_such_a_type_is_shown() -> None:
    assert shown(array(row(TEXT, TEXT))) == "{}"


def test_different_keys_with_the_same_text_are_all_shown() -> None:
    assert shown(array(TEXT), "[a, b]", "[a, b]") == "{[a, b]=1, [a, b]=1}"
