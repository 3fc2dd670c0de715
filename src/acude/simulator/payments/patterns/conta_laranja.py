"""A mule account."""

from acude.simulator.payments import fields, identifiers
from acude.simulator.payments.fields import Receiver
from acude.simulator.payments.scene import HOUR_S, MINUTE_S, Act, Scene


def conta_laranja(scene: Scene) -> list[Act]:
    """Within hours 12 to 30 people send Pix to one new account; then it sends nearly all of it on in 1 to 3 Pix."""
    rng = scene.rng
    mule = scene.newcomer()
    account = Receiver(mule.id, identifiers.pix_key(rng))
    acts, total = [], 0
    for at in scene.moments(scene.at, scene.between(1, 5) * HOUR_S, rng.randint(12, 30)):
        victim = scene.people.person(rng)
        cents = 100 * rng.randint(80, 1_500)
        total += cents
        acts.append(Act(at, fields.payment(victim.account, victim.spots[0], fields.pix(account), cents)))
    begin, parts = acts[-1].at + scene.between(2, 15) * MINUTE_S, rng.randint(1, 3)
    for at in scene.moments(begin, 10 * MINUTE_S, parts):
        cents = int(total * scene.between(0.95, 0.99) / parts)
        acts.append(Act(at, fields.payment(mule.account, mule.spots[0], fields.pix(scene.stranger()), cents)))
    return acts
