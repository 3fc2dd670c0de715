"""Every way in which a CSV file can be broken has its own error, with file, line and column."""

import gzip

import pytest

from acude.inbox.errors import InboxError
from tests.whole_files import read_csv

FILE = "vendas/loja/2011-01-04.csv"
RETAIL = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
OWN = "id_pedido,id_produto,descricao,quantidade,data,preco,id_usuario,regiao,moeda\n"
LINE = "536365,85123A,HEART,6,2011-01-04 08:26:00,2.55,17850.0,United Kingdom\n"


def error_of(content: bytes, file: str = FILE) -> tuple[str, int | None, str | None, str]:
    with pytest.raises(InboxError) as caught:
        read_csv(content, file)
    return caught.value.file, caught.value.line, caught.value.column, caught.value.found


def test_a_retail_file_is_read_as_text_under_our_names() -> None:
    lines = read_csv((RETAIL + LINE).encode(), FILE).to_pylist()
    assert lines == [
        {
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
        }
    ]


def test_our_own_layout_names_its_currency() -> None:
    lines = read_csv((OWN + LINE.rstrip("\n") + ",BRL\n").encode(), FILE).to_pylist()
    assert (lines[0]["leiaute"], lines[0]["moeda"]) == ("acude", "BRL")


def test_a_gzip_file_holds_the_same_lines() -> None:
    plain = (RETAIL + LINE).encode()
    assert read_csv(gzip.compress(plain), f"{FILE}.gz").equals(read_csv(plain, FILE))


def test_windows_line_ends_and_a_byte_order_mark_are_no_part_of_a_value() -> None:
    content = ("\ufeff" + RETAIL + LINE).replace("\n", "\r\n").encode()
    assert read_csv(content, FILE).equals(read_csv((RETAIL + LINE).encode(), FILE))


def test_a_quoted_line_break_belongs_to_the_value_and_lines_count_on() -> None:
    content = RETAIL + LINE.replace("HEART", '"HEART\nRED, ""BIG"""') + LINE
    lines = read_csv(content.encode(), FILE)
    assert lines["linha"].to_pylist() == [2, 4]
    assert lines["descricao"].to_pylist() == ['HEART\nRED, "BIG"', "HEART"]


def test_an_empty_file_is_refused() -> None:
    assert error_of(b"") == (FILE, 1, None, "an empty file")
    assert error_of(b"", f"{FILE}.gz") == (f"{FILE}.gz", 1, None, "an empty file")
    assert error_of(gzip.compress(b""), f"{FILE}.gz") == (f"{FILE}.gz", 1, None, "an empty file")


def test_a_header_alone_is_refused() -> None:
    assert error_of(RETAIL.encode()) == (FILE, 2, None, "nothing behind the header")


def test_a_wrong_header_names_the_column() -> None:
    assert error_of((RETAIL.replace("UnitPrice", "Price") + LINE).encode()) == (FILE, 1, "UnitPrice", "'Price'")
    assert error_of((RETAIL.replace(",Country", "") + LINE).encode()) == (FILE, 1, "Country", "nothing")
    assert error_of((OWN.replace("moeda", "moeda,extra") + LINE).encode()) == (FILE, 1, "extra", "one more, 'extra'")
    assert error_of(LINE.encode())[1:3] == (1, "id_pedido")


def test_too_few_fields_name_the_first_that_is_missing() -> None:
    content = RETAIL + LINE + LINE.replace(",United Kingdom", "") + LINE
    assert error_of(content.encode()) == (FILE, 3, "Country", "7")


def test_too_many_fields_are_refused() -> None:
    assert error_of((RETAIL + LINE.replace("\n", ",x\n")).encode()) == (FILE, 2, "Country", "9")


def test_a_blank_line_is_not_a_line_of_sales() -> None:
    assert error_of((RETAIL + LINE + "\n").encode()) == (FILE, 3, "InvoiceNo", "0")


def test_a_file_cut_inside_its_last_line_is_refused_even_where_the_fields_are_complete() -> None:
    assert error_of((RETAIL + LINE + LINE[:-3]).encode()) == (FILE, 3, "Country", "a line that is cut off")


def test_an_open_quote_is_refused_with_the_line_on_which_it_opens() -> None:
    content = RETAIL + LINE + LINE.replace("HEART", '"HEART') + LINE
    assert error_of(content.encode()) == (FILE, 3, None, "an open quote")


def test_a_cut_gzip_file_says_how_far_it_can_be_read() -> None:
    whole = gzip.compress((RETAIL + LINE * 5000).encode(), 0)
    file, line, column, found = error_of(whole[: len(whole) // 2], f"{FILE}.gz")
    assert (file, column, found) == (f"{FILE}.gz", None, "one that is cut off (truncated)")
    assert line is not None
    assert 1000 < line < 5000


def test_a_file_that_is_no_gzip_is_refused() -> None:
    assert error_of((RETAIL + LINE).encode(), f"{FILE}.gz")[3].startswith("damaged bytes")


def test_bytes_that_are_no_utf8_name_line_and_column() -> None:
    content = (RETAIL + LINE + LINE).encode().replace(b"HEART", b"H\xffRT", 2)
    assert error_of(content) == (FILE, 2, "Description", "the byte 0xff")


def test_a_zero_byte_is_no_text() -> None:
    content = (RETAIL + LINE + LINE.replace("85123A", "85\x00A")).encode()
    assert error_of(content) == (FILE, 3, "StockCode", "a zero byte")


def test_the_error_is_a_sentence_that_says_what_to_do() -> None:
    with pytest.raises(
        InboxError, match=r"2011-01-04\.csv, line 1: expected .*, found an empty file.*run the day again"
    ):
        read_csv(b"", FILE)
