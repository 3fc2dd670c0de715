"""The payment's place beside the payer's places."""

import numpy as np

from acude.risk.velocity import Past, distance_km


def distante_do_habitual(past: Past, *, distancia_km: float, transacoes: int) -> bool:
    """The payer is far from every place of the last 30 days.

    Every place, not their middle: a payer with two homes is at home in both. It needs `transacoes` places.
    """
    payment, rows = past.payment, past.within("pagador", "30d")
    known = rows[~np.isnan(rows["latitude"])]
    if payment.latitude is None or payment.longitude is None or len(known) < max(transacoes, 1):
        return False
    # The latest first: most payers are near it, and the rest need not be looked at.
    places = zip(known["latitude"][::-1].tolist(), known["longitude"][::-1].tolist(), strict=True)
    return all(distance_km(*place, payment.latitude, payment.longitude) >= distancia_km for place in places)
