"""The payer's pace in an hour."""

from acude.risk.velocity import Past


def muitas_transacoes_do_pagador_1h(past: Past, *, transacoes: int) -> bool:
    """The payer makes unusually many transactions in an hour."""
    return past.count("pagador", "1h") >= transacoes
