from datetime import timedelta

import pytest

from acude.contracts import docs
from acude.contracts.column import Column
from acude.contracts.model import load
from acude.settings import PROJECT


def test_the_committed_dictionary_is_what_the_contracts_say() -> None:
    committed = (PROJECT / "docs" / "dictionary.md").read_text(encoding="utf-8")

    assert committed == docs.dictionary(), "run: python -m acude.contracts.docs > docs/dictionary.md"


def test_every_contract_and_column_is_in_the_dictionary() -> None:
    page = docs.dictionary()

    for contract in load().values():
        section = page.split(f"### `{contract.full_name}`\n")[1].split("\n### ")[0]
        for column in contract.columns:
            assert f"| `{column.name}` | `{column.type}` |" in section


def test_personal_data_is_marked() -> None:
    section = docs.section(load()["topics.eventos_clientes"])

    assert "| `id_usuario` | `string` | required | Shopper | 1 to 64 characters | pessoal |" in section


def test_a_pipe_in_a_description_stays_in_its_cell() -> None:
    column = Column(name="a", type="int", description="one | two\nthree")

    assert docs._row(column) == "| `a` | `int` |  | one \\| two three |  |  |"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (timedelta(days=7), "7 d"),
        (timedelta(hours=36), "36 h"),
        (timedelta(minutes=90), "90 min"),
        (timedelta(hours=24), "24 h"),
        (timedelta(seconds=45), "45 s"),
    ],
)
def test_a_duration_reads_as_people_say_it(value: timedelta, expected: str) -> None:
    assert docs._duration(value) == expected
