"""A payment of each kind, and what is answered, for OpenAPI."""

from typing import Any, Final

from acude.api.problems import EXAMPLE_TRACE

_COMMON: Final[dict[str, Any]] = {
    "operacao": "pagamento",
    "valor": 4999.90,
    "moeda": "BRL",
    "timestamp": "2026-11-22T03:10:00Z",
    "id_pagador": "u1",
    "documento_pagador": "52998224725",
    "id_recebedor": "r9",
    "uf": "SP",
}
_OF_KIND: Final[dict[str, dict[str, Any]]] = {
    "pix": {"chave_pix": "r9@exemplo.com"},
    "credito": {"token_cartao": "tok_4f3a9c1e7b2d8a60", "entrada": "online", "parcelas": 3, "ip": "203.0.113.7"},
    "debito": {"token_cartao": "tok_4f3a9c1e7b2d8a60", "entrada": "chip", "id_terminal": "pos-17"},
    "boleto": {"vencimento": "2026-12-05"},
    "carteira": {"id_carteira": "w-3", "id_dispositivo": "d-81"},
}
PAYMENTS: Final[dict[str, dict[str, Any]]] = {
    kind: {"id_transacao": f"t-{kind}", "tipo_pagamento": kind, **_COMMON, **own} for kind, own in _OF_KIND.items()
}
"""By kind."""

DECISION: Final[dict[str, Any]] = {
    "id_transacao": "t-pix",
    "decisao": "revisar",
    "pontuacao": 623,
    "motivos": ["PIX_NOTURNO_ALTO", "RECEBEDOR_NOVO_VALOR_ALTO"],
    "decidida_em": "2026-11-22T03:10:00.412000Z",
    "transacao_em": "2026-11-22T03:10:00Z",
    "tipo_pagamento": "pix",
    "operacao": "pagamento",
    "valor": 4999.90,
    "moeda": "BRL",
    "versao_regras": "2026-11-22",
    "versao_modelo": "nenhum",
    "degradado": False,
    "causas": [],
    "latencia_ms": 31,
    "id_rastro": EXAMPLE_TRACE,
}
PENDING: Final[dict[str, Any]] = {"id_transacao": "t-pix", "situacao": "em_analise", "id_rastro": EXAMPLE_TRACE}
