"""Rows of silver that tests of `measure` write themselves, so that the broker's timestamps are theirs to choose."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.integration.streams.steps import measure
from tests.integration.streams.streamlab import Row, StreamLab

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
NOON = TODAY + timedelta(hours=12)


@dataclass
class Silver:
    """Writes events into silver as `ingest` would, with stamps that the test chooses."""

    lab: StreamLab
    offset: int = 0

    def event(
        self, at: datetime, user: str, kind: str = "visualizacao", after: timedelta = timedelta(), **own: object
    ) -> Row:
        """An event.

        Args:
            at: event time.
            user: shopper.
            kind: `tipo_evento`.
            after: how long after its event time the broker took it.
            own: further columns.
        """
        return self._lineage(at, after) | {"id_usuario": user, "tipo_evento": kind, "timestamp": at, **own}

    def update(self, at: datetime, product: str, level: int, point: int | None = None, warehouse: str = "a1") -> Row:
        """A stock update."""
        own = {"id_armazem": warehouse, "id_produto": product, "nivel_estoque": level, "ponto_reposicao": point}
        return self._lineage(at, timedelta()) | own | {"timestamp": at}

    def _lineage(self, at: datetime, after: timedelta) -> Row:
        self.offset += 1
        return {
            "data": at.date(),
            "atrasado": after > timedelta(minutes=10),
            "particao": 0,
            "deslocamento": self.offset,
            "carimbo_kafka": at + after,
            "hash_conteudo": self.offset,
            "ingerido_em": at + after,
        }

    def land(self, *events: Row) -> None:
        """One micro-batch of `ingest`."""
        self.lab.append("silver.eventos_clientes", list(events))

    def advance_the_clock_and_tick(self, to: datetime) -> None:
        """Moves the watermark: a batch's watermark comes from the rows of the batches before it, so that takes two."""
        for seconds in (0, 1):
            self.land(self.event(to + timedelta(seconds=seconds), "relogio", "login"))
            self.lab.do(measure)

    def send_late_and_flush(self, *late: Row) -> None:
        """Lands rows after the clock was advanced, and lets `measure` see them."""
        self.land(*late)
        self.lab.do(measure)


def expected(events: list[Row]) -> dict[str, list[tuple[Any, ...]]]:
    """The live tables in plain Python, for events that all count."""
    views: dict[datetime, dict[str, int]] = {}
    users: dict[datetime, set[str]] = {}
    sales: dict[tuple[datetime, str], tuple[int, Decimal]] = {}
    for event in events:
        start = event["timestamp"].replace(second=0, microsecond=0)
        users.setdefault(start, set()).add(event["id_usuario"])
        if event["tipo_evento"] == "visualizacao":
            seen = views.setdefault(start, {})
            seen[event["id_produto"]] = seen.get(event["id_produto"], 0) + 1
        if event["tipo_evento"] == "compra":
            number, total = sales.get((start, event["moeda"]), (0, Decimal(0)))
            sales[start, event["moeda"]] = (number + 1, total + event["quantidade"] * event["preco"])
    top = []
    for start, seen in views.items():
        best = sorted(seen.items(), key=lambda entry: (-entry[1], entry[0]))[:5]
        top += [(start, place, product, number) for place, (product, number) in enumerate(best, 1)]
    return {
        "top": sorted(top),
        "users": sorted((start, len(found)) for start, found in users.items()),
        "sales": sorted((start, currency, *found) for (start, currency), found in sales.items()),
    }


def live(lab: StreamLab) -> dict[str, list[tuple[Any, ...]]]:
    """The live tables as they are, in the shape of `expected`."""

    def read(name: str, *columns: str) -> list[tuple[Any, ...]]:
        rows = lab.rows(f"gold.ao_vivo_{name}")
        return sorted((row["janela_inicio"], *(row[column] for column in columns)) for row in rows)

    return {
        "top": read("produtos_mais_vistos", "posicao", "id_produto", "visualizacoes"),
        "users": read("usuarios_ativos", "usuarios"),
        "sales": read("vendas_por_minuto", "moeda", "vendas", "receita"),
    }
