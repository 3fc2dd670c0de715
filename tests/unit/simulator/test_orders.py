from datetime import UTC, datetime, timedelta
from functools import cache

from acude.simulator.orders import Order, OrderBook
from acude.simulator.shoppers import Event, events

START = datetime(2026, 11, 20, tzinfo=UTC)


def play() -> tuple[list[Event], list[Order]]:
    book = OrderBook(7)
    followed = list(book.follow(events(7, START, timedelta(days=2), 0.25)))
    return followed, book.take() + book.finish()


played = cache(play)


def test_every_purchase_is_a_line_of_its_order() -> None:
    followed, orders = played()
    bought = sorted((e.id_pedido, e.id_produto, e.quantidade, e.preco) for e in followed if e.tipo_evento == "compra")
    sold = sorted(
        (order.id_pedido, line.id_produto, line.quantidade, line.preco)
        for order in orders
        if not order.id_pedido.startswith("C")
        for line in order.linhas
    )
    assert bought == sold


def test_an_order_is_written_once_with_numbered_lines() -> None:
    _, orders = played()
    assert len({order.id_pedido for order in orders}) == len(orders)
    for order in orders:
        assert [line.linha for line in order.linhas] == list(range(1, len(order.linhas) + 1))
        assert order.moeda == "BRL"


def test_a_return_follows_its_order_and_brings_back_no_more_than_was_bought() -> None:
    _, orders = played()
    sold = {order.id_pedido: order for order in orders}
    returns = [order for order in orders if order.id_pedido.startswith("C")]
    assert returns
    for back in returns:
        original = sold[back.id_pedido.removeprefix("C")]
        bought = {line.id_produto: line for line in original.linhas}
        assert back.momento > original.momento
        for line in back.linhas:
            assert 0 < -line.quantidade <= bought[line.id_produto].quantidade
            assert line.preco == bought[line.id_produto].preco


def test_the_same_seed_gives_the_same_orders_and_returns() -> None:
    assert play()[1] == played()[1]


def test_nothing_comes_back_after_the_end() -> None:
    _, orders = played()
    assert max(order.momento for order in orders) < START + timedelta(days=2)
