"""Ids have one shape in code and contracts."""

from acude.contracts.model import table
from acude.payments.trace_ids import ID


def test_an_id_has_the_shape_that_the_contracts_give_it() -> None:
    patterns = {
        column.pattern
        for name in ("transacoes", "decisoes_risco", "alertas")
        for column in table(f"topics.{name}").columns
        if column.name in {"id_transacao", "id_rastro", "id_cliente", "id_pagador"}
    }
    assert patterns == {f"^{ID.pattern}$"}
