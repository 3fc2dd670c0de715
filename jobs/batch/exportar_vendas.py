"""The day's sales out of the shop's own order database, as a Parquet file in the inbox.

The same rows give the same bytes, and a file that is there already is not written again: exporting a day twice
changes nothing, so that nothing runs again because of it.
"""

import io
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from acude.aws import is_missing, s3
from acude.days import require_days
from acude.errors import AcudeError
from acude.inbox.files import FOLDER, SHOP
from acude.inbox.layout import FIELDS
from acude.publishing.submit import DAY_ALONE, submit
from acude.settings import settings

_TYPES = {"quantidade": pa.int32(), "data": pa.timestamp("us", tz="UTC"), "preco": pa.decimal128(18, 4)}

LAYOUT = pa.schema([(name, _TYPES.get(name, pa.string())) for name in FIELDS])
"""Our own layout's columns with their types."""

_QUERY = Path(__file__).with_suffix(".sql")


class ExportError(AcudeError):
    """The shop's sales can't be exported; says what to do."""

    retryable = True


def sales_file(sales: Sequence[tuple[Any, ...]]) -> bytes:
    """A Parquet file with these lines, byte for byte the same for the same lines.

    Args:
        sales: values in the order of `FIELDS`.
    """
    columns = list(zip(*sales, strict=True)) or [()] * len(FIELDS)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, LAYOUT, strict=True)]
    rows = pa.table(arrays, schema=LAYOUT)
    sink = io.BytesIO()
    pq.write_table(rows, sink, compression="zstd")
    return sink.getvalue()


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
    sales = _sales_of(day)
    key = f"{FOLDER}{SHOP}/{day}.parquet"
    there = _content(key)
    if not sales:
        if there:
            raise ExportError(
                f"The shop's database has no sales of {day}, but the inbox has {key}; "
                f"delete that file if the day was really empty, or restore the database"
            )
        return {"file": None, "rows": 0, "written": False, "warnings": [f"the shop sold nothing on {day}: no file"]}
    content = sales_file(sales)
    unchanged = there == content
    if not unchanged:
        s3().put_object(Bucket=settings().inbox_bucket, Key=key, Body=content)
    return {"file": key, "rows": len(sales), "written": not unchanged, "warnings": []}


def _sales_of(day: date) -> list[tuple[Any, ...]]:
    begin = datetime.combine(day, time(), UTC)
    try:
        with closing(psycopg2.connect(settings().shop_dsn.get_secret_value())) as shop, shop.cursor() as cursor:
            cursor.execute("SELECT to_regclass('vendas') IS NOT NULL, EXISTS (SELECT FROM pg_stat_user_tables)")
            there, any_table = cursor.fetchone() or (False, False)
            if any_table and not there:
                raise ExportError(
                    "The shop's order database has tables, but not `vendas`: it is another database, or its schema is "
                    "damaged; correct ACUDE_SHOP_DSN or restore it, and export the day again"
                )
            if not there:
                # The shop makes its tables with its first order.
                return []
            cursor.execute(_QUERY.read_text(encoding="utf-8"), {"inicio": begin, "fim": begin + timedelta(days=1)})
            return cursor.fetchall()
    except psycopg2.OperationalError as problem:
        raise ExportError(
            f"The shop's order database doesn't answer ({str(problem).strip()}); "
            f"start it (`acude up`) or correct ACUDE_SHOP_DSN, and export the day again"
        ) from problem


def _content(key: str) -> bytes | None:
    """The file that is there; its ETag would not do: under a KMS key it is no hash of the content."""
    try:
        return s3().get_object(Bucket=settings().inbox_bucket, Key=key)["Body"].read()
    except ClientError as problem:
        if is_missing(problem):
            return None
        raise


if __name__ == "__main__":
    submit("exportar_vendas", __doc__, run, takes=DAY_ALONE, driver=False)
