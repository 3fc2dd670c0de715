"""Reads broken sales files, each made from a whole one by a few changes that know the format.

`python -m tests.fuzz.inbox files KIND SEED FIRST END STEP` prints how many were read and how many refused. It fails
where the reader raises anything but InboxError. A file depends on kind, seed and number alone.
"""

import gzip
import io
import resource
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from acude.inbox.errors import InboxError
from acude.inbox.layout import FIELDS, LINES, RETAIL
from tests.fuzz.steps import Fuzz
from tests.whole_files import read_csv, read_parquet

MEMORY = 8 * 2**30
"""Bytes of address space: a reader that takes more fails at once, not the machine."""

LONGEST_ERROR = 1_000
"""Characters; an error is told in logs and by webhooks."""

_SALE = ("o-1", "p-1", 'Caneca, "azul"', "2", "2026-11-28T10:00:00", "19.90", "u-1", "São Paulo", "BRL")
_TEXTS = (
    *(b"", b'"', b'""', b'"a', b'a"b', b",", b"\r", b"\n", b"\r\r\n", b"\\", b";", b"\t", b"1e999999999", b"-0"),
    *(b"\0", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xf4\x90\x80\x80", b"\xe2\x80\xa8", b"x,\xff"),
    *(b"x" * 140_000, b'"' + b"\n" * 140_000),
)
_BYTES = (b"\0", b"\x01", b"\x7f", b"\x80", b"\xfe", b"\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\xff" * 8)


def _csv(rnd: Random) -> bytes:
    """Lines in one of the two layouts, some fields of which are anything."""
    names = rnd.choice((FIELDS, RETAIL))
    end = rnd.choice((b"\n", b"\n", b"\r\n"))
    rows = [[name.encode() for name in names]]
    rows += [
        [b'"' + field.replace('"', '""').encode() + b'"' for field in _SALE[: len(names)]]
        for _ in range(rnd.randrange(4))
    ]
    for _ in range(rnd.choice((0, 1, 1, 2))):
        row = rnd.choice(rows)
        place = rnd.randrange(len(row) or 1)
        row[place : place + rnd.choice((0, 1, 1, 1))] = [rnd.choice(_TEXTS) for _ in range(rnd.choice((0, 1, 1, 1)))]
    return rnd.choice((b"", b"", b"\xef\xbb\xbf")) + b"".join(b",".join(row) + end for row in rows)


def _changed(rnd: Random, content: bytes, near_end: int = 0) -> bytes:
    """A few bytes exchanged, taken out, put in or repeated; half of them within so many bytes of the end."""
    found = bytearray(content)
    for _ in range(rnd.choice((0, 0, 1, 1, 4))):
        first = max(0, len(found) - near_end) if near_end and rnd.random() < 0.5 else 0
        at, length = rnd.randrange(first, len(found) + 1), rnd.choice((0, 1, 1, 4, 40))
        source = rnd.randrange(len(found) + 1)
        new = rnd.choice((b"", rnd.choice(_BYTES), rnd.randbytes(length), bytes(found[source : source + length])))
        found[at : at + rnd.choice((0, len(new), length))] = new
    return bytes(found[: rnd.randrange(len(found) + 1)]) if rnd.random() < 0.05 else bytes(found)


def _gzip(rnd: Random) -> bytes:
    """Such lines in one to three members, whose headers have flags, and what the flags promise or not."""
    rest = _csv(rnd)
    members: list[bytes] = []
    while rest or not members:
        place = rnd.randrange(len(rest) + 1) if len(members) < 2 and rnd.random() < 0.3 else len(rest)
        member = bytearray(gzip.compress(rest[:place], rnd.choice((0, 1))))
        if rnd.random() < 0.2:
            member[3] = rnd.choice((1, 2, 4, 8, 16, 32, 0xE0, 0xFF))
            member[10:10] = rnd.choice((b"", b"\0", b"name\0", b"\x02\0ab", b"\xff\xff"))
        members.append(bytes(member))
        rest = rest[place:]
        if len(members) == 3:
            break
    return b"".join(members) + rnd.choice((b"", b"", b"", b"\0\0", b"lixo", b"\x1f\x8b"))


def _column(rnd: Random, name: str, rows: int) -> pa.Array:
    """A column of the layout, now and then of another type or with values at the edge of it."""
    usual = {
        "quantidade": pa.array([rnd.choice((2, -1, None, 2**31)) for _ in range(rows)], pa.int64()),
        "data": pa.array([datetime(2026, 11, 28, 10)] * rows, pa.timestamp("us")),  # noqa: DTZ001 - as files have it
        "preco": pa.array([Decimal("19.90"), None, Decimal(0)][:rows] * 2, pa.decimal128(18, 4))[:rows],
    }
    if rnd.random() < 0.96:
        texts = [rnd.choice(("São Paulo", "", "x" * 300, None, "BRL")) for _ in range(rows)]
        return usual.get(name, pa.array(texts, pa.string()))
    raw = [rnd.choice(_TEXTS) for _ in range(rows)]
    unit = rnd.choice(("ms", "us", "ns"))
    zone = rnd.choice((None, "UTC", "America/Sao_Paulo", "Mars/Olympus", "+99:99"))
    moments = pa.array([rnd.choice((0, -1, 2**62, -(2**63), 253402300800000000)) for _ in range(rows)], pa.int64())
    odd: tuple[Callable[[], pa.Array], ...] = (
        lambda: pa.array(raw, pa.binary()).view(pa.string()),
        lambda: pa.array(raw, pa.binary()),
        lambda: pa.array(raw, pa.large_binary()).view(pa.large_string()),
        lambda: pa.array(["x"] * rows).dictionary_encode(),
        lambda: moments.view(pa.timestamp(unit, zone)),
        lambda: pa.array([rnd.choice((0, -(2**31), 2**31 - 1)) for _ in range(rows)], pa.int32()).view(pa.date32()),
        lambda: pa.array([2**64 - 1] * rows, pa.uint64()),
        lambda: pa.array([Decimal(10) ** 40] * rows, pa.decimal256(76, 35)),
        lambda: pa.array([19.9] * rows),
        lambda: pa.nulls(rows),
        lambda: pa.array([["x"]] * rows),
        lambda: pa.array([{"id": "x"}] * rows),
    )
    return rnd.choice(odd)()


@lru_cache(maxsize=200)
def _whole_parquet(number: int) -> bytes:
    """One of some hundred whole files: written once, for that takes longer than reading."""
    rnd = Random(number)  # noqa: S311 - no secret
    rows = rnd.choice((0, 1, 1, 2, 3, 3))
    names = [*FIELDS, *rnd.choice(((), (), (), (), ("moeda",), ("extra",)))][rnd.choice((0, 0, 0, 0, 0, 1)) :]
    rnd.shuffle(names)
    sink = io.BytesIO()
    how: dict[str, Any] = {
        "compression": rnd.choice(("none", "none", "snappy", "zstd", "gzip", "lz4", "brotli")),
        "use_dictionary": rnd.random() < 0.5,
        "data_page_version": rnd.choice(("1.0", "2.0")),
        "store_schema": rnd.random() < 0.7,
        "write_page_checksum": rnd.random() < 0.2,
        "row_group_size": rnd.choice((1, 2, 1_000)),
        "use_deprecated_int96_timestamps": rnd.random() < 0.2,
    }
    pq.write_table(pa.table([_column(rnd, name, rows) for name in names], names), sink, **how)
    return sink.getvalue()


def flipped(rnd: Random, content: bytes) -> bytes:
    """The same number of bytes, one to three of which are others: what stands behind them is where it was."""
    found = bytearray(content)
    for _ in range(rnd.choice((1, 1, 2, 3))):
        found[rnd.randrange(len(found))] ^= rnd.choice((1 << rnd.randrange(8), rnd.randrange(1, 256)))
    return bytes(found)


def _parquet(rnd: Random) -> bytes:
    whole = _whole_parquet(rnd.randrange(200))
    return flipped(rnd, whole) if rnd.random() < 0.5 else _changed(rnd, whole, near_end=2_500)


KINDS: dict[str, Callable[[Random], bytes]] = {
    "csv": lambda rnd: _changed(rnd, _csv(rnd)),
    "csv.gz": lambda rnd: _changed(rnd, _gzip(rnd)),
    "parquet": _parquet,
}


def drawn(kind: str, seed: int, number: int) -> bytes:
    """The file of that number."""
    return KINDS[kind](Random(f"{seed}/{kind}/{number}"))  # noqa: S311 - no secret


def outcome(kind: str, content: bytes) -> str:
    """Reads a file.

    Returns:
        `read` or `refused`.

    Raises:
        Exception: whatever the reader let through.
    """
    try:
        rows = (read_parquet if kind == "parquet" else read_csv)(content, f"vendas/loja/2026-11-28.{kind}")
    except InboxError as problem:
        if len(str(problem)) > LONGEST_ERROR:
            raise
        return "refused"
    assert rows.schema == LINES
    assert rows.num_rows
    rows.validate(full=True)
    rows.to_pylist()
    return "read"


def main(fuzz: Fuzz) -> None:
    """Reads the files of a kind."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    found: Counter[str] = Counter()
    for files in fuzz.steps(lambda number: drawn(fuzz.of, fuzz.seed, number)):
        found.update(outcome(fuzz.of, content) for content in files)
    print(*(f"{name}:{times}" for name, times in sorted(found.items())))


if __name__ == "__main__":
    main(Fuzz.asked())
