"""Rows of payments and decisions, and what has to be counted of them, in plain Python."""

import itertools
import time
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from acude.simulator.payments import payments as simulated
from tests.integration.streams.silver import TODAY
from tests.integration.streams.streamlab import Row

TABLES = ("silver.transacoes", "silver.decisoes_risco", "gold.ao_vivo_pagamentos_por_minuto")
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOON = TODAY - DAY + 12 * HOUR
KEY = ("janela_inicio", "tipo_pagamento", "operacao", "moeda", "uf", "resultado")
_offsets = itertools.count()


def _lineage(at: datetime) -> Row:
    number = next(_offsets)
    return {
        "data": at.date(),
        "atrasado": False,
        "particao": 0,
        "deslocamento": number,
        "carimbo_kafka": at,
        "hash_conteudo": number,
        "ingerido_em": at,
    }


def payment(at: datetime, cents: int = 1000, uf: str | None = "SP", **own: object) -> Row:
    """A row of silver.transacoes."""
    return {
        "id_transacao": f"t{next(_offsets)}",
        "tipo_pagamento": "pix",
        "operacao": "pagamento",
        "valor": Decimal(cents).scaleb(-2),
        "moeda": "BRL",
        "timestamp": at,
        "id_pagador": "u1",
        "documento_pagador": "k1:0",
        "id_recebedor": "r1",
        "uf": uf,
        **_lineage(at),
        **own,
    }


def decision(of: Row, decisao: str, after: timedelta = SECOND) -> Row:
    """A row of silver.decisoes_risco."""
    same = ("id_transacao", "tipo_pagamento", "valor", "moeda", "id_pagador", "operacao", "uf")
    at = of["timestamp"] + after
    return {
        **{name: of[name] for name in same},
        "decisao": decisao,
        "pontuacao": 0,
        "motivos": [],
        "timestamp": at,
        "transacao_em": of["timestamp"],
        "id_rastro": "x",
        "versao_regras": "1",
        "versao_modelo": "nenhum",
        "degradado": False,
        "causas": [],
        "latencia_ms": 1,
        **_lineage(at),
    }


def expected(paid: list[Row], decided: list[Row], size: timedelta) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """The table in plain Python; windows of a minute or an hour."""
    answers: dict[str, str] = {}
    for row in sorted(decided, key=lambda row: row["timestamp"]):
        answers.setdefault(row["id_transacao"], row["decisao"])
    groups: dict[tuple[Any, ...], dict[str, list[Decimal]]] = {}
    for row in paid:
        at = row["timestamp"]
        start = TODAY + (at - TODAY) // size * size
        group = (start, row["tipo_pagamento"], row["operacao"], row["moeda"], row["uf"] or "EX")
        result = answers.get(row["id_transacao"], "sem_decisao")
        groups.setdefault(group, {}).setdefault(result, []).append(row["valor"])
    found: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for group, results in groups.items():
        all_decided = sum(len(values) for result, values in results.items() if result != "sem_decisao")
        refused = len(results.get("negar", ()))
        rate = _rounded(Decimal(refused) / all_decided, "0.000001") if all_decided else None
        for result, values in results.items():
            total = sum(values, Decimal(0))
            found[*group, result] = (len(values), total, _rounded(total / len(values), "0.0001"), rate)
    return found


def _rounded(value: Decimal, digits: str) -> Decimal:
    return value.quantize(Decimal(digits), ROUND_HALF_UP)


def some_payments(number: int) -> list[Row]:
    """Simulated payments around a midnight, as rows of silver."""
    begin = TODAY - timedelta(minutes=10)
    rate = number / timedelta(minutes=20).total_seconds()
    stream = itertools.islice(simulated(time.time_ns(), begin, timedelta(minutes=20), rate, fraud_share=0.1), number)
    return [msgspec.structs.asdict(one.payment) | _lineage(one.payment.timestamp) for one in stream]
