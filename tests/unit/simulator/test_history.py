import csv
import gzip
import io
import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pyarrow.parquet as pq

from acude.simulator.history import HEADER, TRUTH, days_before, generate

DAYS = days_before(date(2026, 11, 20), 10)


def rows(path: Path) -> Iterator[tuple[str, ...]]:
    """A file's lines as text, read without any part of the product."""
    if path.suffix == ".parquet":
        for row in pq.read_table(path).to_pylist():
            yield tuple("" if row[name] is None else str(row[name]) for name in HEADER)
        return
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    lines = csv.reader(io.StringIO(content.decode()))
    assert tuple(next(lines)) == HEADER
    yield from (tuple(line) for line in lines)


def test_the_truth_is_what_an_independent_reading_of_the_files_finds(tmp_path: Path) -> None:
    for day, truth in generate(7, DAYS, tmp_path).items():
        lines = list(rows(tmp_path / truth.arquivo))
        revenue, refused, orders = Decimal(0), 0, set()
        for order, _, _, pieces, moment, price, *_ in set(lines):
            try:
                value = int(pieces) * Decimal(price)
            except (ValueError, InvalidOperation):
                refused += 1
                continue
            assert moment.startswith(str(day))
            if Decimal(price) <= 0 or (int(pieces) <= 0 and not order.startswith("C")):
                refused += 1
                continue
            revenue += value
            orders |= set() if order.startswith("C") else {order}
        assert (len(lines), len(lines) - len(set(lines))) == (truth.linhas, truth.duplicatas)
        assert (revenue, refused, len(orders)) == (Decimal(truth.receita), truth.quarentena, truth.pedidos)


def test_every_form_and_every_kind_of_dirt_comes_up(tmp_path: Path) -> None:
    truth = generate(7, DAYS, tmp_path)
    assert {path.name.split(".", 1)[1] for path in tmp_path.glob("vendas-*")} == {"csv", "csv.gz", "parquet"}
    assert all(sum(getattr(day, kind) for day in truth.values()) for kind in ("duplicatas", "quarentena", "devolucoes"))
    lines = [line for path in tmp_path.glob("vendas-*") for line in rows(path)]
    assert any(line[6] == "" for line in lines)
    assert any(line[3] == "doze" for line in lines)


def test_a_day_has_the_same_bytes_whatever_days_are_generated_with_it(tmp_path: Path) -> None:
    generate(7, DAYS, tmp_path / "many")
    for day in DAYS[:5]:
        (truth,) = generate(7, [day], tmp_path / "one").values()
        assert (tmp_path / "one" / truth.arquivo).read_bytes() == (tmp_path / "many" / truth.arquivo).read_bytes()


def test_the_truth_is_written_beside_the_files(tmp_path: Path) -> None:
    truth = generate(7, DAYS, tmp_path)
    written = json.loads((tmp_path / TRUTH).read_text())
    assert {day: known["receita"] for day, known in written.items()} == {str(d): t.receita for d, t in truth.items()}
