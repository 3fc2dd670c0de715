"""What `acude quarantine` asks Athena for, and how it shows bytes."""

from datetime import date

import pytest

from acude.commands.records import escaped
from acude.ingestion.quarantine import condition, sent_key
from acude.kafka.record_filter import RecordFilter
from acude.kafka.records import Coordinate


def test_a_filter_without_wishes_means_all() -> None:
    assert condition(RecordFilter()) == "true"


def test_each_wish_narrows_the_filter() -> None:
    wanted = condition(RecordFilter("json_invalido", "eventos_clientes", date(2026, 11, 1), date(2026, 11, 2)))
    assert wanted == (
        "true AND q.motivo = 'json_invalido' AND q.topico = 'eventos_clientes' "
        "AND q.data >= DATE '2026-11-01' AND q.data <= DATE '2026-11-02'"
    )


def test_a_reason_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(ValueError, match="json_invalido"):
        condition(RecordFilter(reason="' OR true --"))


def test_a_topic_that_can_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="topic"):
        condition(RecordFilter(topic="a' OR 'a' = 'a"))


def test_a_coordinate_is_read_as_it_is_written() -> None:
    assert str(Coordinate.parse("eventos_clientes/3/128")) == "eventos_clientes/3/128"


@pytest.mark.parametrize("text", ["eventos_clientes/3", "a/b/c", "/1/2", "a/1/-2", "a'/1/2"])
def test_what_is_no_coordinate_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="eventos_clientes/3/128"):
        Coordinate.parse(text)


def test_the_keys_of_sent_records_sort_by_offset() -> None:
    offsets = [9, 10, 100, 12345678901]
    keys = [sent_key(Coordinate("t", 0, offset)) for offset in offsets]
    assert keys == sorted(keys)


def test_bytes_are_shown_without_control_signs() -> None:
    assert escaped(b"a\x1b[31m\n\xff") == "a\\x1b[31m\\n\\xff"


def test_a_long_payload_is_cut_and_says_how_long_it_is() -> None:
    assert escaped(b"x" * 5000).endswith("… (5000 bytes in all)")


def test_an_empty_record_shows_that_it_has_no_bytes() -> None:
    assert escaped(None) == "(no bytes)"
