"""A Parquet sales file is read with exact types, or refused by name."""

import io
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from acude.inbox.errors import InboxError
from jobs.batch.exportar_vendas import LAYOUT
from tests.sales_file import sales_file
from tests.whole_files import read_parquet

FILE = "vendas/loja/2011-01-04.parquet"
MOMENT = datetime(2011, 1, 4, 8, 26, 0, 5, tzinfo=UTC)
SALE = ("1", "p1", None, 6, MOMENT, Decimal("0.0010"), "u1", "SP", "BRL")


def parquet(rows: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(rows, sink)
    return sink.getvalue()


def refusal(content: bytes) -> tuple[str | None, str]:
    with pytest.raises(InboxError) as caught:
        read_parquet(content, FILE)
    return caught.value.column, caught.value.found


def good() -> pa.Table:
    return pq.read_table(io.BytesIO(sales_file([SALE])))


def test_values_become_the_text_that_a_csv_would_hold() -> None:
    assert read_parquet(sales_file([SALE]), FILE).to_pylist() == [
        {
            "linha": 1,
            "leiaute": "acude",
            "id_pedido": "1",
            "id_produto": "p1",
            "descricao": None,
            "quantidade": "6",
            "data": "2011-01-04 08:26:00.000005",
            "preco": "0.0010",
            "id_usuario": "u1",
            "regiao": "SP",
            "moeda": "BRL",
        }
    ]


def test_a_time_with_a_zone_is_read_as_its_instant_in_utc() -> None:
    zoned = good().set_column(4, "data", pa.array([MOMENT], pa.timestamp("us", tz="America/Sao_Paulo")))
    assert read_parquet(parquet(zoned), FILE)["data"].to_pylist() == ["2011-01-04 08:26:00.000005"]


def test_a_small_price_is_written_plainly() -> None:
    prices = pa.array([Decimal(0), Decimal("0.00000001"), None], pa.decimal128(20, 10))
    rows = pa.concat_tables([good()] * 3).set_column(5, "preco", prices)
    assert read_parquet(parquet(rows), FILE)["preco"].to_pylist() == ["0.0000000000", "0.0000000100", None]


def test_a_missing_column_is_named() -> None:
    assert refusal(parquet(good().drop_columns(["preco"])))[0] == "preco"


def test_an_unknown_column_is_named() -> None:
    assert refusal(parquet(good().append_column("cupom", pa.array(["x"])))) == ("cupom", "one more, 'cupom'")


def test_money_as_a_float_is_refused() -> None:
    floats = good().set_column(5, "preco", pa.array([2.55], pa.float64()))
    assert refusal(parquet(floats)) == ("preco", "double")


def test_a_quantity_as_text_is_refused() -> None:
    assert refusal(parquet(good().set_column(3, "quantidade", pa.array(["6"])))) == ("quantidade", "string")


def test_damaged_and_empty_files_are_refused() -> None:
    whole = sales_file([SALE])
    assert refusal(b"") == (None, "an empty file")
    assert refusal(whole[: len(whole) // 2])[1].startswith("a damaged one")
    assert refusal(parquet(LAYOUT.empty_table())) == (None, "no row")


def test_the_same_sales_make_the_same_bytes() -> None:
    assert sales_file([SALE, SALE]) == sales_file([SALE, SALE])
    assert sales_file([SALE]) != sales_file([SALE, SALE])
