"""The rows of the live tables: a day's before a batch, and what the batch's counts make of them. No Spark."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

TOP: Final = 5
"""Places of the ranking."""

VIEWS, SHOPPERS, SALES = "visualizacao", "usuario", "venda"


class Count(NamedTuple):
    """What a batch says about one window, measure and key; the totals of the whole window so far."""

    metrica: str
    inicio: datetime
    fim: datetime
    chave: str
    contagem: int
    valor: Decimal
    distintos: int


Row = dict[str, Any]
Rows = dict[tuple[Any, ...], Row]
"""A day's rows of a live table by key; the key begins with the window's start."""

Replace = Callable[[Rows, list[Count]], Rows]
"""A day's rows after a batch, from those before and what the batch changed."""


def ranking(before: Rows, changed: list[Count]) -> Rows:
    """The day's rows of `ao_vivo_produtos_mais_vistos` after a batch.

    A batch names only the products that were viewed in it. That is enough: counts never fall, so whatever isn't named
    and wasn't among a window's first can't be among them now.

    Args:
        before: the day's rows so far.
        changed: the batch's `VIEWS` of that day, at least the `TOP` of each window.
    """
    after = dict(before)
    windows: dict[datetime, dict[str, Count]] = {}
    for count in changed:
        windows.setdefault(count.inicio, {})[count.chave] = count
    for start, counts in windows.items():
        views = {row["id_produto"]: row["visualizacoes"] for key, row in before.items() if key[0] == start}
        views |= {product: count.contagem for product, count in counts.items()}
        best = sorted(views.items(), key=lambda entry: (-entry[1], entry[0]))[:TOP]
        end = next(iter(counts.values())).fim
        for place, (product, seen) in enumerate(best, 1):
            after[start, place] = {**_span(start, end), "posicao": place, "id_produto": product, "visualizacoes": seen}
    return after


def shoppers(before: Rows, changed: list[Count]) -> Rows:
    """The day's rows of `ao_vivo_usuarios_ativos` after a batch."""
    return before | {(c.inicio,): {**_span(c.inicio, c.fim), "usuarios": c.distintos} for c in changed}


def sales(before: Rows, changed: list[Count]) -> Rows:
    """The day's rows of `ao_vivo_vendas_por_minuto` after a batch."""
    return before | {
        (c.inicio, c.chave): {
            **_span(c.inicio, c.fim),
            "moeda": c.chave,
            "vendas": c.contagem,
            "receita": c.valor,
        }
        for c in changed
    }


def _span(start: datetime, end: datetime) -> Row:
    return {"data": start.date(), "janela_inicio": start, "janela_fim": end}
