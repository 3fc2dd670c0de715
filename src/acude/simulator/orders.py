"""The shop's orders as its own database (PostgreSQL) knows them: purchases, and returns some time later."""

import heapq
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import psycopg
import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class
from psycopg2.extras import execute_values
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from acude.errors import AcudeError
from acude.migrations.database import SHOP, migrate
from acude.simulator.faults import Kind
from acude.simulator.ledger import EXISTED, Entry, Ledger
from acude.simulator.population import items
from acude.simulator.shoppers import Event

_RETURNED = 0.05
_RETURN_AFTER_S = (600, 36 * 3600)


class Line(NamedTuple):
    """One product of an order; `quantidade` is negative in a return, `preco` is for one piece."""

    linha: int
    id_produto: str
    quantidade: int
    preco: Decimal


class Order(NamedTuple):
    """One order or return (`id_pedido` begins with C); `momento` is UTC."""

    id_pedido: str
    id_usuario: str
    regiao: str
    moeda: str
    momento: datetime
    linhas: tuple[Line, ...]


class OrderBook:
    """Gathers purchases into orders and lets some come back. Pure: it follows the events' clock.

    Args:
        seed: the same seed on the same events gives the same orders and returns.
    """

    def __init__(self, seed: int | str) -> None:
        self._rng = random.Random(f"pedidos:{seed}")  # noqa: S311
        self._growing: dict[str, list[Event]] = {}
        self._done: list[Order] = []
        self._returns: list[tuple[datetime, str, Order]] = []

    def follow(self, events: Iterable[Event]) -> Iterator[Event]:
        """Let the events pass, and note their purchases."""
        for event in events:
            while self._returns and self._returns[0][0] <= event.momento:
                self._done.append(heapq.heappop(self._returns)[2])
            if event.id_pedido is not None:
                self._note(event, event.id_pedido)
            yield event

    def take(self) -> list[Order]:
        """The orders that were finished since the last call."""
        done, self._done = self._done, []
        return done

    def finish(self) -> list[Order]:
        """The orders that are left at the end, complete or not. Later returns never happen."""
        for purchases in self._growing.values():
            self._done.append(_order(purchases))
        self._growing.clear()
        return self.take()

    def _note(self, event: Event, id_pedido: str) -> None:
        purchases = self._growing.setdefault(id_pedido, [])
        purchases.append(event)
        if len(purchases) < event.linhas:
            return
        order = _order(self._growing.pop(id_pedido))
        self._done.append(order)
        if self._rng.random() < _RETURNED:
            # From the last line on, so that nothing comes back before it was bought.
            self._plan_return(order, event.momento)

    def _plan_return(self, order: Order, after: datetime) -> None:
        """Some pieces of one line come back, mostly soon."""
        soonest, latest = _RETURN_AFTER_S
        when = after + timedelta(seconds=int(soonest + (latest - soonest) * self._rng.random() ** 3))
        line = order.linhas[int(self._rng.random() * len(order.linhas))]
        pieces = 1 + int(self._rng.random() * line.quantidade)
        back = order._replace(
            id_pedido=f"C{order.id_pedido}", momento=when, linhas=(line._replace(linha=1, quantidade=-pieces),)
        )
        heapq.heappush(self._returns, (when, back.id_pedido, back))


def _order(purchases: Sequence[Event]) -> Order:
    first = purchases[0]
    lines = tuple(
        Line(event.linha, event.id_produto, event.quantidade, event.preco)
        for event in purchases
        if event.id_produto and event.quantidade and event.preco
    )
    return Order(first.id_pedido or "", first.id_usuario, first.regiao, first.moeda or "", first.momento, lines)


class ShopDatabaseError(AcudeError):
    """The shop's order database doesn't answer."""


class OrderDatabase:
    """Writes orders, each once, and keeps the ledger of them.

    Args:
        dsn: the database (`settings.shop_dsn`); its schema becomes this version's.

    Raises:
        ShopDatabaseError: the database isn't there.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._names = {item.id_produto: item.descricao for item in items()}
        self._connection: Connection | None = None
        try:
            migrate(SHOP, dsn)
        except psycopg.OperationalError as problem:
            raise ShopDatabaseError(
                f"Expected the shop's order database, and it doesn't answer: {str(problem).strip().splitlines()[0]}.",
                "Start the platform with `acude up`, set ACUDE_SHOP_DSN, or leave the orders out with --no-orders.",
            ) from problem

    def write(self, orders: Sequence[Order], ledger: Ledger) -> int:
        """Write orders in one transaction; those that are there already are left alone.

        Args:
            orders: to be written.
            ledger: gets a row per line, `tipo` = `venda`.

        Returns:
            how many were new.
        """
        if not orders:
            return 0
        numbers = iter(ledger.intend([_entry(order, line) for order in orders for line in order.linhas]))
        new, sure = self._insert_stubbornly(orders)
        for order in orders:
            for _ in order.linhas:
                number = next(numbers)
                if order.id_pedido in new:
                    ledger.answer(number, None, None)
                elif sure:
                    ledger.answer(number, None, None, EXISTED)
                else:
                    ledger.give_up(number, "the connection broke around the commit; the order may be this run's")
        ledger.roll()
        return len(new)

    def close(self) -> None:
        """Give the connection back."""
        if self._connection:
            self._connection.close()

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg2.connect(self._dsn, connect_timeout=5)
        return self._connection

    def _insert_stubbornly(self, orders: Sequence[Order]) -> tuple[set[str], bool]:
        """The ids of the orders that were new, and whether the others surely existed before: one attempt was enough."""
        for attempt in Retrying(
            retry=retry_if_exception_type((psycopg2.OperationalError, psycopg2.InterfaceError)),
            wait=wait_exponential_jitter(multiplier=0.2, max=5),
            stop=stop_after_delay(60),
            reraise=True,
        ):
            with attempt:
                return self._insert(orders), attempt.retry_state.attempt_number == 1
        raise AssertionError("tenacity ends with an answer or an exception")

    def _insert(self, orders: Sequence[Order]) -> set[str]:
        heads = [(o.id_pedido, o.id_usuario, o.regiao, o.moeda, o.momento) for o in orders]
        with self._connected() as database, database.cursor() as cursor:
            new = execute_values(
                cursor,
                "INSERT INTO pedidos (id_pedido, id_usuario, regiao, moeda, momento) VALUES %s"
                " ON CONFLICT DO NOTHING RETURNING id_pedido",
                heads,
                page_size=len(heads),
                fetch=True,
            )
            known = {row[0] for row in new}
            lines = [
                (
                    o.id_pedido,
                    line.linha,
                    line.id_produto,
                    self._names.get(line.id_produto),
                    line.quantidade,
                    line.preco,
                )
                for o in orders
                if o.id_pedido in known
                for line in o.linhas
            ]
            if lines:
                execute_values(
                    cursor,
                    "INSERT INTO itens (id_pedido, linha, id_produto, descricao, quantidade, preco) VALUES %s",
                    lines,
                    page_size=1000,
                )
        return known


def _entry(order: Order, line: Line) -> Entry:
    return Entry(
        topico=None,
        tipo=Kind.SALE.value,
        motivo=None,
        id_evento=None,
        id_pedido=order.id_pedido,
        id_produto=line.id_produto,
        atrasado=False,
        dia=order.momento.date(),
        valor=line.quantidade * line.preco,
        moeda=order.moeda,
    )
