"""What lies on `cartas_mortas` and is no dead letter hides no letter."""

from datetime import UTC, datetime

import pytest

from acude.kafka.reader import Found
from acude.kafka.records import Coordinate
from acude.payments.deadletters import ORIGINAL, SILENT, Letter, letters_among

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
AT_MS = int(AT.timestamp() * 1000)
LETTER = Letter(Coordinate("alertas", 3, 17), SILENT, "503", 9, "t1", AT, b"k", b"{}", (("origem", b"x"),))
JUNK = [b"", b"x", b"null", b"[]", b"{}", b"\xff", LETTER.payload().replace(b"2026-", b"9999-"), b"[" * 60_000]


def found(value: bytes, offset: int = 0) -> Found:
    headers = tuple((name, value if isinstance(value, bytes) else b"") for name, value in LETTER.with_original())
    return Found(Coordinate("cartas_mortas", 0, offset), AT_MS, LETTER.key, value, headers)


@pytest.mark.parametrize("junk", JUNK)
def test_a_record_that_is_no_letter_is_left_out(junk: bytes, caplog: pytest.LogCaptureFixture) -> None:
    records = [found(junk, 0), found(LETTER.payload(), 1), found(junk, 2)]
    assert letters_among(records) == [LETTER]
    assert [record.__dict__["record"] for record in caplog.records] == ["cartas_mortas/0/0", "cartas_mortas/0/2"]


def test_a_letter_that_was_written_twice_is_one() -> None:
    assert letters_among([found(LETTER.payload(), 1), found(LETTER.payload(), 2)]) == [LETTER]
    assert dict(LETTER.with_original())[ORIGINAL] == LETTER.value
