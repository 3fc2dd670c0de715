"""Card testing: which of the stolen cards still work?"""

from acude.simulator.payments import fields
from acude.simulator.payments.scene import MINUTE_S, Act, Scene


def teste_de_cartao(scene: Scene) -> list[Act]:
    """One device tries 12 to 30 strangers' cards at one shop with small amounts within five minutes.

    The tries come from three accounts of the last days.
    """
    rng = scene.rng
    accounts = [scene.newcomer().account for _ in range(3)]
    spot, shop = scene.new_spot(), scene.people.merchant(rng)
    tokens = [rng.choice(victim.cards) for victim in rng.sample(scene.people.payers, rng.randint(12, 30))]
    entrada = rng.choice(("online", "digitada"))
    return [
        Act(at, fields.payment(rng.choice(accounts), spot, fields.card("credito", shop, token, entrada, 1), cents))
        for at, token, cents in zip(
            scene.moments(scene.at, scene.between(2, 5) * MINUTE_S, len(tokens)),
            tokens,
            (rng.randint(100, 990) for _ in tokens),
            strict=True,
        )
    ]
