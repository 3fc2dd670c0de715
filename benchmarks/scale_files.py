"""Sales files of millions of lines, made of the simulated shop's."""

import csv
import gzip
from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from itertools import count, islice
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv as arrow_csv

from acude.simulator import history
from jobs.batch.exportar_vendas import LAYOUT

SEED = 7
_PATTERN_DAYS = [date(2023, 1, 1) + timedelta(days=number) for number in range(120)]
_GROUP = 200_000
_READ = LAYOUT.set(LAYOUT.get_field_index("data"), pa.field("data", pa.timestamp("us")))


class Form(StrEnum):
    """Forms of a sales file."""

    CSV = "csv"
    GZIP = "csv.gz"
    PARQUET = "parquet"


def write_day(lines: int, day: date, form: Form, parts: int, folder: Path) -> list[Path]:
    """Writes a day's files, the same for the same arguments.

    Args:
        lines: of all files together; no order is in two files, some lines are repeats.
        day: of each line.
        form: of the files.
        parts: how many files.
        folder: where they go, as `part-<number>.<form>`.
    """
    source = _lines(day, folder / "pattern", readable=form is Form.PARQUET)
    paths = [folder / f"part-{number:05}.{form}" for number in range(parts)]
    for number, path in enumerate(paths):
        share = lines // parts + (number < lines % parts)
        _WRITE[form](islice(source, share), path)
    return paths


def _lines(day: date, folder: Path, *, readable: bool) -> Iterator[str]:
    """Lines without end: the pattern's, with an order number of their own in each round."""
    history.generate(SEED, _PATTERN_DAYS, folder)
    pattern = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as content:
            pattern += [row for row in islice(csv.reader(content), 1, None) if not readable or row[3] != "doze"]
    halves = [(row[0], _joined([*row[1:4], f"{day}{row[4][10:]}", *row[5:]])) for row in pattern]
    for turn in count():
        for order, rest in halves:
            yield f"{order}-{turn:x},{rest}\n"


def _joined(values: list[str]) -> str:
    return ",".join(f'"{one}"' if "," in one or '"' in one else one for one in values)


def _write_text(lines: Iterator[str], sink: IO[Any]) -> None:
    sink.write(",".join(history.HEADER) + "\n")
    sink.writelines(lines)


def _write_csv(lines: Iterator[str], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as sink:
        _write_text(lines, sink)


def _write_gzip(lines: Iterator[str], path: Path) -> None:
    with gzip.open(path, "wt", 1, encoding="utf-8", newline="") as sink:
        _write_text(lines, sink)


def _write_parquet(lines: Iterator[str], path: Path) -> None:
    with pq.ParquetWriter(path, LAYOUT, compression="zstd") as writer:
        while text := "".join(islice(lines, _GROUP)):
            rows = arrow_csv.read_csv(
                pa.py_buffer(text.encode()),
                arrow_csv.ReadOptions(column_names=LAYOUT.names),
                convert_options=arrow_csv.ConvertOptions(column_types=_READ, strings_can_be_null=True),
            )
            writer.write_table(rows.cast(LAYOUT))


_WRITE = {Form.CSV: _write_csv, Form.GZIP: _write_gzip, Form.PARQUET: _write_parquet}
