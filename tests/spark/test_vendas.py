"""The shop's rules for a sales line, each as lines in and rows out."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from acude.contracts.model import table
from acude.contracts.spark import schema
from acude.masking import MASK
from jobs.batch.vendas import checked_lines, refused_lines, sale_lines
from tests.spark.conftest import assert_columns

DAY = date(2011, 1, 4)
COLUMNS = (
    "linha bigint, leiaute string, id_pedido string, id_produto string, descricao string, quantidade string, "
    "data string, preco string, id_usuario string, regiao string, moeda string, origem string, arquivo string"
)
LINE: dict[str, Any] = {
    "linha": 2,
    "leiaute": "online_retail",
    "id_pedido": "536365",
    "id_produto": "85123A",
    "descricao": "HEART",
    "quantidade": "6",
    "data": "2011-01-04 08:26:00",
    "preco": "2.55",
    "id_usuario": "17850.0",
    "regiao": "United Kingdom",
    "moeda": "GBP",
    "origem": "online-retail",
    "arquivo": "vendas/online-retail/2011-01-04.csv.gz",
}


def checked(spark: SparkSession, *differences: dict[str, Any]) -> DataFrame:
    """Lines that differ from LINE, numbered from 2 unless they say otherwise."""
    lines = [LINE | {"linha": number} | difference for number, difference in enumerate(differences, start=2)]
    return checked_lines(spark.createDataFrame([tuple(line.values()) for line in lines], COLUMNS), DAY)


def sold(spark: SparkSession, *differences: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of silver.vendas that come of such lines."""
    categories = spark.createDataFrame([("85123A", "decoracao")], "id_produto string, categoria string")
    frame = sale_lines(checked(spark, *differences), categories, DAY)
    assert_columns(frame, "silver.vendas")
    return [row.asDict() for row in frame.orderBy("linha").collect()]


def reasons(spark: SparkSession, *differences: dict[str, Any]) -> list[tuple[int, str]]:
    """Line and reason of each refused line."""
    rows = refused_lines(checked(spark, *differences), DAY).orderBy("linha").collect()
    return [(row["linha"], row["motivo"]) for row in rows]


def test_a_retail_line_becomes_a_typed_sale(spark: SparkSession) -> None:
    assert sold(spark, {}) == [
        {
            "id_pedido": "536365",
            "id_produto": "85123A",
            "descricao": "HEART",
            "quantidade": 6,
            "data": DAY,
            "momento": datetime(2011, 1, 4, 8, 26, tzinfo=UTC).replace(tzinfo=None),
            "preco": Decimal("2.5500"),
            "id_usuario": "17850",
            "regiao": "United Kingdom",
            "tipo": "venda",
            "receita": Decimal("15.3000"),
            "moeda": "GBP",
            "categoria": "decoracao",
            "origem": "online-retail",
            "arquivo": "vendas/online-retail/2011-01-04.csv.gz",
            "linha": 2,
        }
    ]


def test_equal_lines_of_a_file_are_one_line_and_the_rest_are_duplicates(spark: SparkSession) -> None:
    lines: tuple[dict[str, Any], ...] = ({}, {"quantidade": "7"}, {}, {})
    assert [row["linha"] for row in sold(spark, *lines)] == [2, 3]
    assert reasons(spark, *lines) == [(4, "duplicata"), (5, "duplicata")]


def test_equal_lines_of_two_files_are_two_sales(spark: SparkSession) -> None:
    assert len(sold(spark, {}, {"arquivo": "vendas/loja/2011-01-04.csv"})) == 2


def test_lines_that_mean_the_same_but_are_written_otherwise_are_two_sales(spark: SparkSession) -> None:
    assert len(sold(spark, {}, {"preco": "2.550"})) == 2


def test_the_repeat_of_a_refused_line_is_a_duplicate_not_refused_twice(spark: SparkSession) -> None:
    assert reasons(spark, {"preco": "0.0"}, {"preco": "0.0"}) == [(2, "preco_nao_positivo"), (3, "duplicata")]


def test_a_line_with_a_card_number_in_a_text_is_refused(spark: SparkSession) -> None:
    lines: list[dict[str, Any]] = [{name: MASK} for name in ("id_pedido", "descricao", "id_usuario")]
    found = reasons(spark, *lines, {"id_usuario": None})
    assert found == [(2, "numero_de_cartao"), (3, "numero_de_cartao"), (4, "numero_de_cartao")]


def test_a_price_of_zero_or_less_is_refused(spark: SparkSession) -> None:
    prices = ["0", "0.0", "-3.10", "-11062.06", "-0"]
    found = reasons(spark, *({"preco": price} for price in prices))
    assert [reason for _, reason in found] == ["preco_nao_positivo"] * len(prices)


def test_pieces_of_zero_or_less_are_refused_outside_a_return(spark: SparkSession) -> None:
    found = reasons(spark, *({"quantidade": pieces} for pieces in ("0", "-1", "-9360")))
    assert [reason for _, reason in found] == ["quantidade_nao_positiva"] * 3


def test_an_invoice_that_begins_with_c_is_a_return_with_its_negative_quantity(spark: SparkSession) -> None:
    rows = sold(spark, {"id_pedido": "C536379", "quantidade": "-1"})
    assert [(row["tipo"], row["quantidade"], row["receita"]) for row in rows] == [("devolucao", -1, Decimal("-2.5500"))]


def test_only_the_capital_c_at_the_beginning_makes_a_return(spark: SparkSession) -> None:
    assert [
        row["tipo"] for row in sold(spark, {"id_pedido": "A563185"}, {"id_pedido": "5C1"}, {"id_pedido": "c1"})
    ] == ["venda"] * 3


def test_a_return_without_a_positive_price_is_refused_too(spark: SparkSession) -> None:
    assert reasons(spark, {"id_pedido": "C1", "quantidade": "-1", "preco": "0"}) == [(2, "preco_nao_positivo")]


def test_a_missing_customer_is_null_and_valid(spark: SparkSession) -> None:
    rows = sold(spark, {"id_usuario": ""}, {"id_usuario": None})
    assert [row["id_usuario"] for row in rows] == [None, None]


def test_our_own_layout_keeps_the_customer_as_it_is(spark: SparkSession) -> None:
    assert [row["id_usuario"] for row in sold(spark, {"leiaute": "acude", "id_usuario": "u12.0"})] == ["u12.0"]


def test_an_unknown_product_is_outros(spark: SparkSession) -> None:
    assert [row["categoria"] for row in sold(spark, {"id_produto": "99999Z"})] == ["outros"]


UNREADABLE = [
    ("quantidade", ""),
    ("quantidade", "six"),
    ("quantidade", "6.0"),
    ("quantidade", " 6"),
    ("quantidade", "1e2"),
    ("quantidade", "2147483648"),
    ("quantidade", None),
    ("preco", ""),
    ("preco", None),
    ("preco", "free"),
    ("preco", "2,55"),
    ("preco", "1e3"),
    ("preco", "NaN"),
    ("preco", "Infinity"),
    ("preco", "2.55001"),
    ("preco", "123456789012345.00"),
    ("preco", "1.234,56"),
    ("preco", "R$ 19.90"),
    ("preco", " 12.5"),
    ("preco", "1_000"),
    ("preco", "0E-999999999"),
    ("preco", "\uff11\uff12"),
    ("data", "<value out of range: 4611686018427387904>"),
    ("data", "2011-02-30 10:00:00"),
    ("data", "2011"),
    ("data", "04/01/2011 10:00"),
    ("data", "2011-01-04 25:00:00"),
    ("data", ""),
    ("id_pedido", ""),
    ("id_pedido", "  "),
    ("id_produto", ""),
    ("regiao", ""),
    ("moeda", "gbp"),
    ("moeda", "GBP\n"),
    ("quantidade", "5\n"),
    ("preco", "1.5\n"),
    ("data", "2011-01-04\n"),
    ("moeda", None),
    ("id_pedido", "C" * 65),
    ("id_produto", "ã" * 65),
    ("regiao", "\U0001f600" * 65),
    ("regiao", "x" * 131_072),
]


def test_an_unreadable_value_is_refused_and_named(spark: SparkSession) -> None:
    lines = checked(spark, *({column: text} for column, text in UNREADABLE))
    rows = refused_lines(lines, DAY).orderBy("linha").collect()
    assert [(row["motivo"], row["detalhe"].split(": expected ")[0]) for row in rows] == [
        ("valor_ilegivel", column) for column, _ in UNREADABLE
    ]


def test_a_text_of_as_many_characters_as_the_warehouse_takes_is_a_sale(spark: SparkSession) -> None:
    longest = "\U0001f600" * 64
    rows = sold(spark, {"id_pedido": longest, "id_produto": longest, "regiao": longest, "descricao": longest * 9})
    assert [row["regiao"] for row in rows] == [longest]


def test_a_long_value_is_told_in_part_and_kept_whole(spark: SparkSession) -> None:
    row = refused_lines(checked(spark, {"regiao": "x" * 131_072}), DAY).collect()[0]
    assert row["detalhe"] == f"regiao: expected at most 64 characters, found '{'x' * 100}'"
    assert json.loads(row["original"])[7] == "x" * 131_072


def test_a_price_is_never_rounded(spark: SparkSession) -> None:
    texts = ["0.001", "38970.0", "2.5500", "2.550000", "99999999999999.9999"]
    rows = sold(spark, *({"preco": text} for text in texts))
    assert [row["preco"] for row in rows] == [Decimal(text) for text in texts]


def test_the_largest_line_still_has_an_exact_revenue(spark: SparkSession) -> None:
    rows = sold(spark, {"quantidade": "2147483647", "preco": "99999999999999.9999"})
    assert rows[0]["receita"] == 2147483647 * Decimal("99999999999999.9999").quantize(Decimal("0.0001"))


def test_a_line_of_another_utc_day_is_refused(spark: SparkSession) -> None:
    moments = ("2011-01-03 23:59:59", "2011-01-05 00:00:00", "2011-01-04 23:30:00-03:00")
    found = reasons(spark, *({"data": moment} for moment in moments))
    assert [reason for _, reason in found] == ["fora_do_dia"] * 3


def test_times_are_read_in_iso_forms_as_utc(spark: SparkSession) -> None:
    moments = {
        "2011-01-04": timedelta(),
        "2011-01-04 00:00": timedelta(),
        "2011-01-04T23:59:59.999999": timedelta(days=1, microseconds=-1),
        "2011-01-04T10:00:00Z": timedelta(hours=10),
        "2011-01-04T07:00:00-03:00": timedelta(hours=10),
    }
    rows = sold(spark, *({"data": moment} for moment in moments))
    midnight = datetime(2011, 1, 4, tzinfo=UTC).replace(tzinfo=None)
    assert [row["momento"] for row in rows] == [midnight + later for later in moments.values()]


def test_a_refused_line_keeps_its_fields_as_they_came(spark: SparkSession) -> None:
    frame = refused_lines(checked(spark, {"preco": "free", "descricao": 'SET "A", 2\nB'}), DAY)
    row = frame.collect()[0]
    assert [field.name for field in frame.schema] == schema(table("silver.quarentena_arquivos")).names
    assert json.loads(row["original"]) == [
        "536365",
        "85123A",
        'SET "A", 2\nB',
        "6",
        "2011-01-04 08:26:00",
        "free",
        "17850.0",
        "United Kingdom",
    ]


def test_our_own_layouts_original_has_the_currency_and_its_nulls(spark: SparkSession) -> None:
    row = refused_lines(checked(spark, {"leiaute": "acude", "preco": "0", "descricao": None}), DAY).collect()[0]
    assert json.loads(row["original"])[2:9:6] == [None, "GBP"]


def test_every_line_is_a_sale_or_refused_never_both(spark: SparkSession) -> None:
    lines: tuple[dict[str, Any], ...] = (
        {},
        {},
        {"preco": "0"},
        {"data": "2011-01-05"},
        {"quantidade": "x"},
        {"id_produto": "P"},
    )
    numbers = [row["linha"] for row in sold(spark, *lines)] + [line for line, _ in reasons(spark, *lines)]
    assert sorted(numbers) == [2, 3, 4, 5, 6, 7]
