"""A sales file as the shop's export writes it."""

import io
from collections.abc import Sequence
from typing import Any

from jobs.batch.exportar_vendas import write_sales


def sales_file(sales: Sequence[tuple[Any, ...]]) -> bytes:
    """A Parquet file with these lines.

    Args:
        sales: values in the order of the layout.
    """
    sink = io.BytesIO()
    write_sales(sink, [sales])
    return sink.getvalue()
