"""A terminal that copies cards."""

from acude.simulator.payments import fields
from acude.simulator.payments.fields import Terminal
from acude.simulator.payments.normal import usual_cents
from acude.simulator.payments.people import Payer
from acude.simulator.payments.scene import DAY_S, HOUR_S, Act, Scene


def terminal_comprometido(scene: Scene) -> list[Act]:
    """Over days 8 to 15 people pay at one terminal; after that their cards pay elsewhere, on the copier's device.

    The payments at the terminal are honest.
    """
    rng = scene.rng
    terminal = rng.choice(scene.people.terminals)
    victims = [scene.people.person(rng) for _ in range(rng.randint(8, 15))]
    tokens = [rng.choice(victim.cards) for victim in victims]
    copied = scene.moments(scene.at, scene.between(1, 3) * DAY_S, len(victims))
    acts = [
        Act(at, _honest(scene, victim, token, terminal), fraud=False)
        for at, victim, token in zip(copied, victims, tokens, strict=True)
    ]
    spot = scene.new_spot()
    for victim, token in zip(victims, tokens, strict=True):
        at = copied[-1] + scene.between(2, 24) * HOUR_S
        way = fields.card("credito", scene.people.merchant(rng), token, "online", rng.choice((1, 1, 6, 12)))
        acts.append(Act(at, fields.payment(victim.account, spot, way, int(victim.usual_cents * scene.between(2, 7)))))
    return sorted(acts, key=lambda act: act.at)


def _honest(scene: Scene, victim: Payer, token: str, terminal: Terminal) -> dict[str, object]:
    shop, cents = scene.people.merchant(scene.rng), usual_cents(scene.rng, victim)
    return fields.payment(victim.account, terminal.spot, fields.card("debito", shop, token, "chip"), cents)
