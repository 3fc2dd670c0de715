"""Rows of silver about payments that were decided long ago, and how they come into the lake."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc

from acude.contracts.arrow import arrow_type
from acude.contracts.model import Contract, table
from acude.lake.commit import BatchWriter, replace_partitions
from acude.lake.data_files import write_rows
from acude.lake.ensure_table import ensure_table
from acude.risk.payment import Payment


def payment_row(payment: Payment) -> dict[str, Any]:
    fields = {name: getattr(payment, name) for name in Payment.__struct_fields__}
    return fields | {"carimbo_kafka": payment.timestamp}


def decision_row(payment: Payment, *, refused: bool) -> dict[str, Any]:
    return {
        **{name: getattr(payment, name) for name in ("id_transacao", "tipo_pagamento", "valor", "moeda", "operacao")},
        "id_pagador": payment.id_pagador,
        "decisao": "negar" if refused else "aprovar",
        "pontuacao": 900 if refused else 100,
        "motivos": ["VALOR_ALTO"] if refused else [],
        "timestamp": payment.timestamp + timedelta(seconds=1),
        "transacao_em": payment.timestamp,
        "id_rastro": "r",
        "versao_regras": "antiga",
        "versao_modelo": "nenhum",
        "degradado": False,
        "causas": [],
        "latencia_ms": 1000,
    }


def dispute_row(payment: Payment) -> dict[str, Any]:
    return {
        "id_contestacao": f"c-{payment.id_transacao}",
        "id_transacao": payment.id_transacao,
        "resultado": "fraude",
        "timestamp": payment.timestamp + timedelta(days=7),
        "origem": "banco",
        "transacao_em": payment.timestamp,
        "id_terminal": payment.id_terminal,
    }


def comparison_row(day: date, live: str, shadow: str, sha256: str) -> dict[str, Any]:
    moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    common = {"pontuacao": 0, "motivos": [], "versao_regras": "1", "versao_modelo": "nenhum"}
    return {
        "id_transacao": uuid4().hex,
        "timestamp": moment,
        "transacao_em": moment,
        "tipo_pagamento": "pix",
        "valor": Decimal("10.00"),
        "moeda": "BRL",
        "decisao": live,
        "decisao_sombra": shadow,
        "sha256_sombra": sha256,
        **common,
        **{f"{name}_sombra": value for name, value in common.items()},
    }


def write(name: str, rows: Sequence[dict[str, Any]]) -> None:
    """Puts rows into a topic's silver table, in the place of what an earlier run has left of their days."""
    contract = table(name)
    whole = pa.Table.from_pylist(
        [_lineage(number, row) | row for number, row in enumerate(rows)], _arrow_schema(contract)
    )
    days = [{"data": str(day)} for day in pc.unique(whole["data"]).to_pylist()]
    replace_partitions(ensure_table(contract), BatchWriter(), write_rows(whole, contract), days)


def _lineage(number: int, row: dict[str, Any]) -> dict[str, Any]:
    taken = {"carimbo_kafka": row["timestamp"], "ingerido_em": row["timestamp"], "data": row["timestamp"].date()}
    return taken | {"atrasado": False, "particao": 0, "deslocamento": number, "hash_conteudo": number}


def _arrow_schema(contract: Contract) -> pa.Schema:
    return pa.schema([(one.name, arrow_type(one)) for one in contract.columns])
