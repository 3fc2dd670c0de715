"""A payer in two places."""

from acude.risk.velocity import Past


def viagem_impossivel_do_pagador(past: Past, *, velocidade_kmh: float, distancia_km: float) -> bool:
    """The account was used in two places too far apart for the time between.

    `distancia_km` takes out errors of position, which are fast journeys when two payments follow each other closely.
    """
    travel = past.travel("pagador")
    return travel is not None and travel.distance_km >= distancia_km and travel.speed_kmh >= velocidade_kmh
