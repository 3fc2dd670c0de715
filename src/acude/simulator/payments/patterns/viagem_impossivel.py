"""A copied card far away from its owner."""

from acude.risk.velocity import distance_km
from acude.simulator.payments import fields
from acude.simulator.payments.fields import Terminal, terminal
from acude.simulator.payments.people import Payer
from acude.simulator.payments.places import ABROAD, near
from acude.simulator.payments.scene import MINUTE_S, Act, Scene

FAR_KM = 1_500
_ABROAD = 0.4


def viagem_impossivel(scene: Scene) -> list[Act]:
    """Somebody pays by chip near home; within the hour the same card pays more than 1,500 km away, up to 3 times.

    The payment near home is honest.
    """
    rng = scene.rng
    victim = scene.people.person(rng)
    token = rng.choice(victim.cards)
    here, there = rng.choice(victim.terminals), _far_terminal(scene, victim)
    near_home = fields.card("debito", rng.choice(victim.merchants), token, "chip")
    acts = [Act(scene.at, fields.payment(victim.account, here.spot, near_home, int(victim.usual_cents)), fraud=False)]
    first = scene.at + scene.between(10, 40) * MINUTE_S
    for at in scene.moments(first, 20 * MINUTE_S, rng.randint(1, 3)):
        way = fields.card("credito", scene.people.merchant(rng), token, "tarja", 1)
        cents = int(victim.usual_cents * scene.between(2, 6))
        acts.append(Act(at, fields.payment(victim.account, there.spot, way, cents)))
    return acts


def _far_terminal(scene: Scene, victim: Payer) -> Terminal:
    """Abroad, or in a state far enough away; there is one from everywhere."""
    rng = scene.rng
    if rng.random() < _ABROAD:
        return terminal(f"pos{rng.randrange(90_000, 100_000)}", None, near(rng, rng.choice(ABROAD)))
    while True:
        found = rng.choice(scene.people.terminals)
        # A tenth more: the victim pays some kilometres away from home.
        if distance_km(*victim.home, *found.place) > FAR_KM * 1.1:
            return found
