"""The comparison of answers with Trino's takes what Athena writes, and nothing else."""

from typing import Any

import pytest

from tests.integration.athena.test_trinos_answers import CASES, assert_same_text, assert_same_value, base, text

VALUES = [
    (value, kind)
    for case in CASES
    for row in case.get("rows", [])
    for value, kind in zip(row, case["types"], strict=True)
    if base(kind) not in {"double", "real"}
]


def compare(found: str | None, value: Any, kind: str) -> None:  # noqa: ANN401
    assert_same_text(found, value, kind)
    assert_same_value(found, value, {"Type": base(kind)}, kind)


def test_every_kept_answer_equals_itself_as_text_and_as_pyathenas_value() -> None:
    for value, kind in VALUES:
        compare(text(value, kind), value, kind)


@pytest.mark.parametrize(
    ("found", "value", "kind"),
    [
        ("{a=1, b=x}", [1, "x"], "row(a integer, b varchar(1))"),
        ("[, null]", ["", None], "array(varchar)"),
        ("{field0=1, field1=null}", [1, None], "row(integer, varchar(1))"),
        ("{b=[1, 2], a=[3]}", {"a": [3], "b": [1, 2]}, "map(varchar(1), array(integer))"),
        (
            "2018-11-04 01:30:00.000 America/Sao_Paulo",
            "2018-11-04 01:30:00 America/Sao_Paulo",
            "timestamp(0) with time zone",
        ),
    ],
)
def test_what_athena_writes_is_the_same(found: str, value: Any, kind: str) -> None:  # noqa: ANN401
    assert_same_text(found, value, kind)


@pytest.mark.parametrize(
    ("found", "value", "kind"),
    [
        ("{a=2, b=1}", [1, 2], "row(a integer, b integer)"),
        ("{b=1, a=2}", [1, 2], "row(a integer, b integer)"),
        ("{1, 2}", [1, 2], "row(a integer, b integer)"),
        ("{b=1, a=2}", {"a": 1, "b": 2}, "map(varchar(1), integer)"),
        ("[2, 1]", [1, 2], "array(integer)"),
        (None, [1], "array(integer)"),
    ],
)
def test_another_order_or_name_is_not_the_same(found: str | None, value: Any, kind: str) -> None:  # noqa: ANN401
    with pytest.raises(AssertionError):
        assert_same_text(found, value, kind)


@pytest.mark.parametrize(
    ("found", "value", "kind"),
    [
        ("[1, x]", [1, 2], "array(integer)"),
        ("[2026-01-31]", ["2026-02-01"], "array(date)"),
        ("{a=1}", {"a": 2}, "map(varchar(1), integer)"),
        ("{a=1, b=2}", [2, 1], "row(a integer, b integer)"),
        ("2026-11-28 09:00:00.000 -03:00", "2026-11-28 09:00:00 -02:00", "timestamp(0) with time zone"),
    ],
)
def test_another_value_of_pyathenas_is_not_the_same(found: str, value: Any, kind: str) -> None:  # noqa: ANN401
    with pytest.raises((AssertionError, ValueError)):
        assert_same_value(found, value, {"Type": base(kind)}, kind)
