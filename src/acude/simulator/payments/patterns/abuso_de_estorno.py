"""Refund abuse."""

from acude.simulator.payments import fields, identifiers
from acude.simulator.payments.scene import HOUR_S, MINUTE_S, Act, Scene


def abuso_de_estorno(scene: Scene) -> list[Act]:
    """Somebody buys 4 to 8 times at one shop and has all of it refunded within hours.

    The refunds are the fraud: goods and money are both kept.
    """
    rng = scene.rng
    payer, shop = scene.people.person(rng), scene.people.merchant(rng)
    acts = []
    for at in scene.moments(scene.at, 2 * HOUR_S, rng.randint(4, 8)):
        way = fields.card("credito", shop, rng.choice(payer.cards), "online", 1)
        cents = int(payer.usual_cents * scene.between(1.5, 4))
        bought = fields.payment(payer.account, payer.spots[0], way, cents) | {"id_pedido": identifiers.order(rng)}
        acts.append(Act(at, bought, fraud=False))
        acts.append(Act(at + scene.between(20, 240) * MINUTE_S, fields.refund(bought, cents)))
    return sorted(acts, key=lambda act: act.at)
