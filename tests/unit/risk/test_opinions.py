"""Opinions on several payments at once."""

from pathlib import Path

from acude.risk.model import Model
from tests.unit.risk.candidates import noise_model
from tests.unit.risk.pasts import DAY, Row, every, past_of


def test_payments_that_are_asked_about_together_get_the_opinions_that_they_get_alone(tmp_path: Path) -> None:
    model = Model.load(noise_model(tmp_path))
    suspicious: list[Row] = [(DAY * day, {"id_pagador": f"p{day}", "valor": "5"}) for day in range(7, 20)]
    pasts = [
        past_of(*suspicious, frauds=[DAY * day for day in range(7, 20)], valor="400"),
        past_of(*every(DAY, 30, valor="90")),
        past_of(id_terminal=None),
        past_of(*every(DAY, 3, valor="1")),
    ]
    assert model.opinions(pasts) == [model.opinion(past) for past in pasts]
    assert model.opinions([]) == []
