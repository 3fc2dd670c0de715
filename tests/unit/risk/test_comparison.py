"""What a candidate would have changed, in payments and money, from counted pairs of decisions."""

import weakref
from collections.abc import Iterator
from decimal import Decimal

import pyarrow as pa
import pytest

from acude.risk.comparison import Amount, Cell, Comparison
from acude.risk_history.comparisons import comparison_of


def amount(quantas: int, valor: int) -> Amount:
    return Amount(quantas, Decimal(valor))


def cell(viva: str, candidata: str, conhecida: str, quantas: int, valor: int) -> Cell:
    return Cell(viva, candidata, conhecida, quantas, Decimal(valor))


FOUND = Comparison(
    [
        cell("aprovar", "aprovar", "honesta", 80, 8_000),
        cell("aprovar", "aprovar", "fraude", 1, 300),
        cell("aprovar", "negar", "fraude", 4, 2_000),
        cell("aprovar", "negar", "honesta", 2, 500),
        cell("negar", "revisar", "desconhecida", 3, 900),
        cell("negar", "aprovar", "honesta", 5, 700),
        cell("aprovar", "sem_decisao", "fraude", 9, 9_000),
        cell("sem_decisao", "negar", "desconhecida", 7, 7_000),
    ]
)


def test_payments_on_which_the_candidate_failed_are_told_from_those_that_it_reviews() -> None:
    failed = cell("aprovar", "revisar", "honesta", 9, 900)._replace(defeitos=4)
    found = Comparison([failed, cell("sem_decisao", "revisar", "honesta", 1, 10)._replace(defeitos=1)])
    assert (found.defects, found.as_json()["defeitos"]) == (5, 5)
    # Of a shadow's candidate it is not known.
    assert (FOUND.defects, FOUND.as_json()["defeitos"]) == (None, None)


def test_only_what_both_decided_is_compared() -> None:
    assert FOUND.compared == amount(95, 12_400)
    assert FOUND.differing == amount(14, 4_100)
    assert FOUND.agreement == pytest.approx(81 / 95)


def test_stricter_and_milder_are_told_apart() -> None:
    assert FOUND.moved(stricter=True) == amount(6, 2_500)
    assert FOUND.moved(stricter=False) == amount(8, 1_600)


def test_a_pair_has_one_line_whatever_is_known_of_its_payments_in_the_order_of_strictness() -> None:
    table = FOUND.table()
    assert list(table) == [
        ("aprovar", "aprovar"),
        ("aprovar", "negar"),
        ("aprovar", "sem_decisao"),
        ("negar", "aprovar"),
        ("negar", "revisar"),
        ("sem_decisao", "negar"),
    ]
    assert table["aprovar", "aprovar"] == amount(81, 8_300)


def test_each_sides_errors_are_those_that_the_labels_show() -> None:
    live, candidate = FOUND.side("viva"), FOUND.side("candidata")
    assert live["fraudes_aprovadas"] == amount(5, 2_300)
    assert candidate["fraudes_aprovadas"] == amount(1, 300)
    assert live["honestas_negadas"] == amount(5, 700)
    assert candidate["honestas_negadas"] == amount(2, 500)
    assert candidate["fraudes_negadas"] == amount(4, 2_000)
    assert (live["em_revisao"], candidate["em_revisao"]) == (amount(0, 0), amount(3, 900))


def test_a_side_costs_its_frauds_let_through_and_its_honest_payments_refused() -> None:
    assert [FOUND.cost(side) for side in ("viva", "candidata")] == [3_000, 800]


def test_without_a_known_fraud_nobody_says_what_it_costs() -> None:
    found = Comparison([cell("aprovar", "negar", "desconhecida", 4, 2_000), cell("negar", "negar", "honesta", 1, 1)])
    assert found.cost("viva") is None
    assert found.as_json()["lados"]["viva"]["custo"] is None


def test_nothing_compared_agrees_on_nothing() -> None:
    assert Comparison([]).agreement is None
    assert Comparison([]).as_json()["comparadas"] == {"quantas": 0, "valor": "0.00"}


def piece(*rows: tuple[str, str, str]) -> pa.Table:
    live, shadow, amounts = (list(column) for column in zip(*rows, strict=True))
    values = pa.array(map(Decimal, amounts), pa.decimal128(18, 2))
    return pa.table({"decisao": live, "decisao_sombra": shadow, "valor": values})


def test_rows_of_the_shadow_are_counted_by_pair() -> None:
    pieces = [
        piece(("aprovar", "aprovar", "1.10"), ("aprovar", "negar", "2.20")),
        piece(("aprovar", "negar", "3.30"), ("negar", "negar", "0.01")),
    ]
    assert comparison_of(pieces).table() == {
        ("aprovar", "aprovar"): (1, Decimal("1.10")),
        ("aprovar", "negar"): (2, Decimal("5.50")),
        ("negar", "negar"): (1, Decimal("0.01")),
    }
    assert comparison_of([]).table() == {}


def test_of_the_shadows_rows_a_piece_is_held_at_a_time() -> None:
    alive: list[int] = []
    made: list[weakref.ref[pa.Table]] = []

    def pieces() -> Iterator[pa.Table]:
        for _ in range(5):
            rows = piece(("aprovar", "negar", "1.00"))
            made.append(weakref.ref(rows))
            yield rows
            del rows
            alive.append(sum(one() is not None for one in made))

    assert comparison_of(pieces()).compared == (5, Decimal("5.00"))
    assert max(alive) == 1
