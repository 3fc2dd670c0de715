"""The payer's pace in a minute."""

from acude.risk.velocity import Past


def muitas_transacoes_do_pagador_1min(past: Past, *, transacoes: int) -> bool:
    """The payer makes more transactions in a minute than a person does by hand."""
    return past.count("pagador", "1min") >= transacoes
