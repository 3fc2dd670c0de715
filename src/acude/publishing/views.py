"""What a suite looks at: a table's rows with the columns that its own expectations compare them with.

Great Expectations compares columns; what a rule says is therefore computed here a second time, in pandas and Decimal,
apart from the Spark code that made the rows.
"""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

import pandas as pd
import pyarrow as pa

_STEPS = ("visualizacao", "clique", "carrinho", "compra")
_SIX_DIGITS = Decimal("0.000001")


def rows_view(rows: pa.Table, table: str) -> pd.DataFrame:
    """The rows in pandas, with the table's derived columns behind its own.

    Args:
        rows: the contract's columns.
        table: the full name.
    """
    frame = rows.to_pandas()
    return _DERIVED[table](frame) if table in _DERIVED else frame


def balance_view(here: dict[str, dict[str, str]], there: dict[str, dict[str, str]]) -> pd.DataFrame:
    """The rows' sums beside those of their source: `moeda`, `medida`, `na_tabela`, `na_fonte`, exact decimals.

    Args:
        here: sums by currency of the rows, as text.
        there: those that their source promises.
    """
    nothing: dict[str, str] = {}
    lines = [
        (currency, measure, _sum(here.get(currency, nothing), measure), _sum(there.get(currency, nothing), measure))
        for currency in sorted(here.keys() | there.keys())
        for measure in ("receita", "quantidade")
    ]
    return pd.DataFrame(lines, columns=["moeda", "medida", "na_tabela", "na_fonte"])


def _sum(sums: dict[str, str], measure: str) -> Decimal:
    return Decimal(sums.get(measure, "0"))


def _sales(frame: pd.DataFrame) -> pd.DataFrame:
    receita = [price * int(pieces) for price, pieces in zip(frame["preco"], frame["quantidade"], strict=True)]
    tipo = ["devolucao" if order.startswith("C") else "venda" for order in frame["id_pedido"]]
    least = [1 if kind == "venda" else -(2**31) for kind in tipo]
    dia = [moment.date() for moment in frame["momento"]]
    return frame.assign(
        receita_esperada=pd.Series(receita, dtype=object),
        tipo_esperado=pd.Series(tipo, dtype=object),
        menor_quantidade=pd.Series(least, dtype="int64"),
        dia_do_momento=pd.Series(dia, dtype=object),
    )


def _best_sellers(frame: pd.DataFrame) -> pd.DataFrame:
    places = zip(frame["quantidade"], frame["receita"], frame["id_produto"], frame["moeda"], frame.index, strict=True)
    ranked = sorted(places, key=lambda place: (-place[0], -place[1], place[2], place[3]))
    expected = pd.Series(0, index=frame.index, dtype="int32")
    for position, (*_, index) in enumerate(ranked, start=1):
        expected.loc[index] = position
    return frame.assign(posicao_esperada=expected)


def _funnel(frame: pd.DataFrame) -> pd.DataFrame:
    order = frame["etapa"].map({step: place for place, step in enumerate(_STEPS)})
    frame = frame.assign(_order=order).sort_values("_order").drop(columns="_order").reset_index(drop=True)
    first = int(frame["usuarios"].iloc[0]) if len(frame) else 0
    taxa = [_share(int(users), first) for users in frame["usuarios"]]
    return frame.assign(
        usuarios_da_etapa_anterior=frame["usuarios"].shift(1),
        # As text: a null is a value here, and Great Expectations would pass over it.
        taxa_escrita=frame["taxa"].map(str),
        taxa_esperada=pd.Series([str(share) for share in taxa], dtype=object),
    )


def _share(users: int, first: int) -> Decimal | None:
    return (Decimal(users) / Decimal(first)).quantize(_SIX_DIGITS, ROUND_HALF_UP) if first else None


_DERIVED: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "silver.vendas": _sales,
    "gold.mais_vendidos": _best_sellers,
    "gold.funil_conversao": _funnel,
}
