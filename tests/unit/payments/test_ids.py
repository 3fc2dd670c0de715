"""Ids have one shape in code and contracts."""

import re

import pytest

from acude.contracts.model import table
from acude.payments.trace_ids import ID


def test_an_id_has_the_shape_that_the_contracts_give_it() -> None:
    patterns = {
        column.pattern
        for name in ("transacoes", "decisoes_risco", "alertas")
        for column in table(f"topics.{name}").columns
        if column.name in {"id_transacao", "id_rastro", "id_cliente", "id_pagador"}
        and (name, column.name) != ("transacoes", "id_transacao")
    }
    assert patterns == {f"^{ID.pattern}$"}


@pytest.mark.parametrize(
    ("text", "fits"), [("t-1", True), ("a.b", True), ("_" * 64, True), (".", False), ("..", False)]
)
def test_a_payments_own_id_has_it_too_and_begins_with_no_dot(text: str, fits: bool) -> None:
    pattern = table("topics.transacoes").column("id_transacao").pattern or ""
    assert bool(re.fullmatch(pattern, text)) == fits
    assert ID.fullmatch(text)
