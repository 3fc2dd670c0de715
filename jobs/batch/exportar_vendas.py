"""The day's sales out of the shop's own order database, as a Parquet file in the inbox.

The same rows give the same bytes, and a file that is there already is not written again: exporting a day twice
changes nothing, so that nothing runs again because of it. A day may have any number of lines: a piece of them is in
memory at a time, and the file lies in the temporary folder until it is sent.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import date, timedelta
from hashlib import file_digest, sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, Final

import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import ClientError
from psycopg2.extensions import connection

from acude.aws import is_missing, s3
from acude.days import midnight, require_days
from acude.errors import AcudeError
from acude.inbox.files import FOLDER, SHOP
from acude.inbox.layout import FIELDS
from acude.publishing.submit import DAY_ALONE, submit
from acude.settings import settings

_TYPES = {"quantidade": pa.int32(), "data": pa.timestamp("us", tz="UTC"), "preco": pa.decimal128(18, 4)}

LAYOUT = pa.schema([(name, _TYPES.get(name, pa.string())) for name in FIELDS])
"""Our own layout's columns with their types."""

PIECE_ROWS: Final = 100_000
"""Lines that are in memory at a time, and those of a row group."""

_QUERY = Path(__file__).with_suffix(".sql")
_READ_BYTES: Final = 2**20


class ExportError(AcudeError):
    """The shop's sales can't be exported; says what to do."""

    retryable = True


def write_sales(where: Path | BinaryIO, pieces: Iterable[Sequence[tuple[Any, ...]]]) -> int:
    """Writes a Parquet file with these lines, byte for byte the same for the same pieces.

    Args:
        where: the file.
        pieces: some lines each, as values in the order of `FIELDS`; each becomes a row group.

    Returns:
        The number of lines.
    """
    with pq.ParquetWriter(where, LAYOUT, compression="zstd") as writer:
        number = 0
        for lines in pieces:
            columns = zip(*lines, strict=True)
            arrays = [pa.array(values, field.type) for values, field in zip(columns, LAYOUT, strict=True)]
            writer.write_table(pa.table(arrays, schema=LAYOUT))
            number += len(lines)
    return number


def run(day: date) -> dict[str, Any]:
    """Writes `vendas/loja/<day>.parquet` where the shop sold anything that day.

    Args:
        day: UTC day.

    Returns:
        `file` (None where nothing was sold), `rows`, `written` (False where the file was there already), `warnings`.

    Raises:
        ExportError: the database can't be read, or it has no sales of a day whose file is there already.
        DayError: the day has not begun.
    """
    require_days(day)
    key = f"{FOLDER}{SHOP}/{day}.parquet"
    with TemporaryDirectory(prefix="acude-vendas-") as folder:
        file = Path(folder) / f"{day}.parquet"
        number = write_sales(file, _sales_of(day))
        if number:
            return {"file": key, "rows": number, "written": _sent(file, key), "warnings": []}
    if _digest(key):
        raise ExportError(
            f"The shop's database has no sales of {day}, but the inbox has {key}; "
            f"delete that file if the day was really empty, or restore the database"
        )
    return {"file": None, "rows": 0, "written": False, "warnings": [f"the shop sold nothing on {day}: no file"]}


def _sent(file: Path, key: str) -> bool:
    """Sends a file to the inbox, unless the same is there; returns whether it was sent."""
    with file.open("rb") as content:
        if file_digest(content, "sha256").hexdigest() == _digest(key):
            return False
        content.seek(0)
        s3().upload_fileobj(content, settings().inbox_bucket, key)
    return True


def _sales_of(day: date) -> Iterator[list[tuple[Any, ...]]]:
    """The day's lines, in pieces of at most `PIECE_ROWS`."""
    begin = midnight(day)
    try:
        with closing(psycopg2.connect(settings().shop_dsn.get_secret_value())) as shop:
            # The shop makes its tables with its first order.
            if not _has_sales(shop):
                return
            # The server's cursor: the client's own would hold all lines before it hands out the first.
            with shop.cursor("vendas_do_dia") as cursor:
                cursor.execute(_QUERY.read_text(encoding="utf-8"), {"inicio": begin, "fim": begin + timedelta(days=1)})
                while lines := cursor.fetchmany(PIECE_ROWS):
                    yield lines
    except psycopg2.OperationalError as problem:
        raise ExportError(
            f"The shop's order database doesn't answer ({str(problem).strip()}); "
            f"start it (`acude up`) or correct ACUDE_SHOP_DSN, and export the day again"
        ) from problem


def _has_sales(shop: connection) -> bool:
    """Whether the database has the view `vendas`; one that has other tables is refused."""
    with shop.cursor() as cursor:
        cursor.execute("SELECT to_regclass('vendas') IS NOT NULL, EXISTS (SELECT FROM pg_stat_user_tables)")
        there, any_table = cursor.fetchone() or (False, False)
    if any_table and not there:
        raise ExportError(
            "The shop's order database has tables, but not `vendas`: it is another database, or its schema is "
            "damaged; correct ACUDE_SHOP_DSN or restore it, and export the day again"
        )
    return bool(there)


def _digest(key: str) -> str | None:
    """SHA-256 of the file that is there; its ETag would not do: under a KMS key it is no hash of the content."""
    try:
        content = s3().get_object(Bucket=settings().inbox_bucket, Key=key)["Body"]
    except ClientError as problem:
        if is_missing(problem):
            return None
        raise
    found = sha256()
    for piece in content.iter_chunks(_READ_BYTES):
        found.update(piece)
    return found.hexdigest()


if __name__ == "__main__":
    submit("exportar_vendas", __doc__, run, takes=DAY_ALONE, driver=False)
