"""Sales lines leave the inbox without anybody's number."""

import pyarrow as pa

from acude.contracts.documents import Tokens
from acude.inbox.layout import FIELDS, LINES, TEXTS
from acude.inbox.lines import without_numbers
from acude.masking import MASK

TOKENS = Tokens("k1", b"secret")


def lines(*rows: dict[str, str | None]) -> pa.Table:
    whole = dict.fromkeys(FIELDS, "x")
    found = [{"linha": n, "leiaute": "acude"} | whole | row for n, row in enumerate(rows)]
    return pa.concat_tables([pa.Table.from_pylist([row], LINES) for row in found])


def test_a_document_becomes_a_token_and_a_card_number_is_cut_in_every_text() -> None:
    for name in TEXTS:
        given = lines(
            {name: "52998224725"}, {name: "u529.982.247-25"}, {name: "tok_4111111111111111"}, {name: None}, {}
        )
        found = without_numbers(given, TOKENS)
        assert found.schema == LINES
        assert found[name].to_pylist() == [TOKENS.of("52998224725"), TOKENS.of("u529.982.247-25"), MASK, None, "x"]
        others = [one for one in LINES.names if one != name]
        assert found.select(others) == given.select(others).combine_chunks()


def test_a_return_whose_number_is_a_document_by_chance_is_a_return_still() -> None:
    given = lines({"id_pedido": "CH202301010044"}, {"id_pedido": "C1"}, {"id_pedido": "C 4111111111111111"})
    assert without_numbers(given, TOKENS)["id_pedido"].to_pylist() == [f"C{TOKENS.of('CH202301010044')}", "C1", MASK]


def test_a_file_without_lines_is_none_still() -> None:
    assert without_numbers(LINES.empty_table(), TOKENS).num_rows == 0
