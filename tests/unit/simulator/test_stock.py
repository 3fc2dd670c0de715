from datetime import UTC, datetime, timedelta
from itertools import pairwise

from acude.simulator.stock import EPOCH, WAREHOUSES, Stock

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_an_update_depends_on_seed_warehouse_and_number_alone() -> None:
    assert Stock(7).update("cd-sp", 5_000) == Stock(7).update("cd-sp", 5_000)
    assert Stock(7).update("cd-sp", 5_000) != Stock(8).update("cd-sp", 5_000)
    assert Stock(7).update("cd-sp", 5_000) != Stock(7).update("cd-mg", 5_000)


def test_the_same_id_is_the_same_update_whatever_the_pace() -> None:
    slow, fast = Stock(7, timedelta(seconds=2)), Stock(7, timedelta(seconds=1))
    ids = {update.id_atualizacao: update for update in slow.between(NOON, NOON + timedelta(minutes=5))}
    for update in fast.between(NOON, NOON + timedelta(minutes=5)):
        assert ids.get(update.id_atualizacao, update) == update


def test_updates_are_numbered_without_gaps_and_lie_before_the_moment_asked_for() -> None:
    stock = Stock()
    first = stock.number_at(NOON)
    found = stock.updates("cd-sp", first - 3, NOON, 100)
    assert [update.numero for update in found] == [first - 3, first - 2, first - 1]
    assert all(update.momento < NOON for update in found)
    assert stock.update("cd-sp", first).momento >= NOON
    assert stock.number_at(EPOCH - timedelta(days=1)) == 0


def test_a_round_counts_every_product_once() -> None:
    stock = Stock()
    counted = [stock.update("cd-pe", number).id_produto for number in range(200)]
    assert len(set(counted)) == 200


def test_levels_fall_below_the_reorder_point_and_are_filled_up_again() -> None:
    stock = Stock()
    for warehouse in WAREHOUSES:
        levels = [stock.update(warehouse, round_ * 200) for round_ in range(200)]
        assert {update.id_produto for update in levels} == {levels[0].id_produto}
        assert any(update.nivel_estoque < update.ponto_reposicao for update in levels)
        assert any(after.nivel_estoque > before.nivel_estoque for before, after in pairwise(levels))
        assert all(update.nivel_estoque > 0 for update in levels)
