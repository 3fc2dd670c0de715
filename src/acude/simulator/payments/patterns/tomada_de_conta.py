"""Account takeover."""

from acude.simulator.payments import fields
from acude.simulator.payments.people import Payer
from acude.simulator.payments.scene import HOUR_S, MINUTE_S, Act, Scene
from acude.simulator.payments.serde import moment


def tomada_de_conta(scene: Scene) -> list[Act]:
    """The password is changed; minutes later a new device pays strangers 5 to 20 times the usual, 3 to 6 times."""
    victim = scene.people.person(scene.rng)
    changed = scene.at - scene.between(1, 20) * MINUTE_S
    # An account is never changed before it was opened, however young it is.
    account = {
        **victim.account,
        "credencial_alterada_em": max(moment(changed), victim.account["conta_criada_em"]),
    }
    spot = scene.new_spot()
    times = scene.moments(scene.at, scene.between(0.2, 1) * HOUR_S, scene.rng.randint(3, 6))
    return [Act(at, fields.payment(account, spot, _way(scene, victim), _cents(scene, victim))) for at in times]


def _way(scene: Scene, victim: Payer) -> fields.Fields:
    stranger = scene.stranger()
    if scene.rng.random() < 0.7:  # noqa: PLR2004
        return fields.pix(stranger)
    return fields.card("credito", stranger, scene.rng.choice(victim.cards), "online", 1)


def _cents(scene: Scene, victim: Payer) -> int:
    return int(victim.usual_cents * scene.between(5, 20))
