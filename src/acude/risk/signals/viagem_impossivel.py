"""A card in two places."""

from acude.risk.velocity import Past


def viagem_impossivel(past: Past, *, velocidade_kmh: float, distancia_km: float) -> bool:
    """The card was used in two places too far apart for the time between.

    `distancia_km` takes out errors of position, which are fast journeys when two payments follow each other closely.
    """
    travel = past.travel("cartao")
    return travel is not None and travel.distance_km >= distancia_km and travel.speed_kmh >= velocidade_kmh
