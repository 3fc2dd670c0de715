"""A record's headers hold any bytes; in a process of their own, because the client for Python ends it on some."""

from multiprocessing import get_context

from acude.kafka.records import headers_of
from tests.raw_records import Raw, taken


def test_a_header_whose_name_is_no_text_costs_no_more_than_its_records_headers() -> None:
    process = get_context("spawn").Process(target=_read_twice)
    process.start()
    process.join(60)
    assert process.exitcode == 0


def _read_twice() -> None:
    """Twice, as the loop does with the records of a batch that failed."""
    plain, odd = [(b"id_rastro", b"t1"), (b"", None)], [(b"id_rastro", b"t1"), (b"\xff", b"x")]
    records = taken([Raw(b"v", headers=plain), Raw(b"v", headers=odd)])
    for _ in range(2):
        found = [headers_of(record) for record in records]
        assert found == [[("id_rastro", b"t1"), ("", b"")], []]
