"""Old sales files as the inbox receives them, with the dirt of real ones, and the truth about them.

A file per day, in CSV, CSV.gz or Parquet. In CSV `data` is "YYYY-MM-DD HH:MM:SS" (UTC); Parquet columns are typed.
"""

import csv
import gzip
import io
import json
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from acude.simulator.population import Population
from acude.simulator.shoppers import MOEDA

TRUTH = "verdade.json"

_ORDERS = (60, 140)
_MOST_LINES = 4
_WITHOUT_CUSTOMER = 0.25
_RETURN = 0.03
_ZERO_PRICE = 0.01
_NEGATIVE = 0.008
_UNREADABLE = 0.004
_TWICE = 0.012

_PARQUET = pa.schema(
    [
        ("id_pedido", pa.string()),
        ("id_produto", pa.string()),
        ("descricao", pa.string()),
        ("quantidade", pa.int32()),
        ("data", pa.timestamp("us", tz="UTC")),
        ("preco", pa.decimal128(18, 4)),
        ("id_usuario", pa.string()),
        ("regiao", pa.string()),
        ("moeda", pa.string()),
    ]
)
HEADER = tuple(_PARQUET.names)
"""Columns of a sales file in this shop's own layout."""


@dataclass(frozen=True)
class SalesLine:
    """One line of a file; `texto` replaces the quantity's text where a clerk wrote something unreadable."""

    id_pedido: str
    id_produto: str
    descricao: str
    quantidade: int
    data: datetime
    preco: Decimal
    id_usuario: str | None
    regiao: str
    moeda: str = MOEDA
    texto: str | None = None

    @property
    def refusal(self) -> str | None:
        """The reason of its quarantine, by the rules for the inbox's files; None for a valid line."""
        if self.texto is not None:
            return "valor_ilegivel"
        if self.preco <= 0:
            return "preco_nao_positivo"
        if self.quantidade <= 0 and not self.id_pedido.startswith("C"):
            return "quantidade_nao_positiva"
        return None


@dataclass(frozen=True)
class DayTruth:
    """The expected content of a day's file; `receita` is the exact sum, net of returns."""

    arquivo: str
    linhas: int
    duplicatas: int
    quarentena: int
    vendas: int
    devolucoes: int
    pedidos: int
    quantidade: int
    receita: str
    moeda: str = MOEDA


def generate(seed: int, days: Sequence[date], folder: Path) -> dict[date, DayTruth]:
    """Write a file per day, and the truth about all of them as `verdade.json`.

    Args:
        seed: the same seed gives the same files, byte for byte, whatever other days are asked for.
        days: which days.
        folder: where to; made where it is missing.

    Returns:
        the truth by day.
    """
    folder.mkdir(parents=True, exist_ok=True)
    population = Population(seed)
    truth: dict[date, DayTruth] = {}
    for day in days:
        suffix, write = _form(day)
        path = folder / f"vendas-{day}.{suffix}"
        lines = _lines(seed, day, population, readable=suffix == "parquet")
        write(lines, path)
        truth[day] = _truth(path.name, lines)
    content = {str(day): asdict(known) for day, known in truth.items()}
    (folder / TRUTH).write_text(json.dumps(content, indent=2), encoding="utf-8")
    return truth


def days_before(end: date, count: int) -> list[date]:
    """The `count` days that end with `end`."""
    return [end - timedelta(days=back) for back in reversed(range(count))]


def _lines(seed: int, day: date, population: Population, *, readable: bool) -> list[SalesLine]:
    """A day's lines in the order of their time, dirt included."""
    rng = random.Random(f"historico:{seed}:{day}")  # noqa: S311
    least, most = _ORDERS
    lines: list[SalesLine] = []
    for number in range(least + int(rng.random() * (most - least))):
        lines += _order(rng, day, number, population, readable=readable)
    lines += [line for line in lines if rng.random() < _TWICE]
    # Stable: both copies of a repeated line stay where their order stands.
    return sorted(lines, key=lambda line: line.data)


def _order(rng: random.Random, day: date, number: int, population: Population, *, readable: bool) -> list[SalesLine]:
    shopper = population.shopper(rng)
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=int(rng.random() * 86_400))
    chosen = [population.item(rng, shopper) for _ in range(1 + int(rng.random() * _MOST_LINES))]
    customer = None if rng.random() < _WITHOUT_CUSTOMER else shopper.id_usuario
    returned = rng.random() < _RETURN
    order = f"{'C' if returned else ''}H{day:%Y%m%d}{number:04d}"
    lines = []
    for item in {item.id_produto: item for item in chosen}.values():
        pieces = 1 + int(rng.random() * 6)
        line = SalesLine(
            order,
            item.id_produto,
            item.descricao,
            -pieces if returned else pieces,
            moment,
            item.preco,
            customer,
            shopper.regiao,
        )
        lines.append(_soiled(rng, line, readable=readable))
    return lines


def _soiled(rng: random.Random, line: SalesLine, *, readable: bool) -> SalesLine:
    """The line, or a version of it with a fault as real files have them."""
    chance = rng.random()
    if chance < _ZERO_PRICE:
        return replace(line, preco=Decimal("0.00"))
    if chance < _ZERO_PRICE + _NEGATIVE and not line.id_pedido.startswith("C"):
        return replace(line, quantidade=-line.quantidade)
    if chance > 1 - _UNREADABLE and not readable:
        return replace(line, texto="doze")
    return line


def _truth(name: str, lines: Sequence[SalesLine]) -> DayTruth:
    distinct = list(dict.fromkeys(lines))
    good = [line for line in distinct if line.refusal is None]
    sales = [line for line in good if not line.id_pedido.startswith("C")]
    return DayTruth(
        arquivo=name,
        linhas=len(lines),
        duplicatas=len(lines) - len(distinct),
        quarentena=len(distinct) - len(good),
        vendas=len(sales),
        devolucoes=len(good) - len(sales),
        pedidos=len({line.id_pedido for line in sales}),
        quantidade=sum(line.quantidade for line in good),
        receita=str(sum((line.quantidade * line.preco for line in good), Decimal(0))),
    )


def _form(day: date) -> tuple[str, Callable[[Sequence[SalesLine], Path], None]]:
    """All three forms come up, decided by the day alone."""
    turn = day.toordinal() % 5
    if turn == 0:
        return "parquet", _write_parquet
    return ("csv", _write_csv) if turn % 2 else ("csv.gz", _write_gzip)


def _csv(lines: Iterable[SalesLine]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for line in lines:
        writer.writerow(
            (
                line.id_pedido,
                line.id_produto,
                line.descricao,
                line.texto or line.quantidade,
                f"{line.data:%Y-%m-%d %H:%M:%S}",
                line.preco,
                line.id_usuario or "",
                line.regiao,
                line.moeda,
            )
        )
    return text.getvalue().encode()


def _write_csv(lines: Sequence[SalesLine], path: Path) -> None:
    path.write_bytes(_csv(lines))


def _write_gzip(lines: Sequence[SalesLine], path: Path) -> None:
    # Without the time of writing: the same lines give the same bytes.
    path.write_bytes(gzip.compress(_csv(lines), mtime=0))


def _write_parquet(lines: Sequence[SalesLine], path: Path) -> None:
    columns = [pa.array([getattr(line, field.name) for line in lines], field.type) for field in _PARQUET]
    pq.write_table(pa.table(columns, schema=_PARQUET), path)
