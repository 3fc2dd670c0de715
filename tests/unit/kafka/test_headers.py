"""A record's headers hold any bytes; in a process of their own, because the client for Python ends it on some."""

from multiprocessing import get_context

from acude.kafka.records import headers_of
from tests.raw_records import Raw, taken


def test_a_header_whose_name_is_no_utf8_is_left_out_and_the_others_stay() -> None:
    process = get_context("spawn").Process(target=_read_twice)
    process.start()
    process.join(60)
    assert process.exitcode == 0


def _read_twice() -> None:
    """Twice, as the loop does with the records of a batch that failed."""
    trace, odd = (b"id_rastro", b"t1"), (b"\xff", b"x")
    # Often: what Python knows of a call changes what the client's error does.
    sent = ([trace, (b"", None)], [trace, odd], [odd, trace], [odd, (b"n\xc3\xa9", b""), odd])
    records = taken([Raw(b"v", headers=headers) for headers in sent * 100])
    for _ in range(2):
        found = [headers_of(record) for record in records]
        assert found == [[("id_rastro", b"t1"), ("", b"")], *[[("id_rastro", b"t1")]] * 2, [("né", b"")]] * 100
