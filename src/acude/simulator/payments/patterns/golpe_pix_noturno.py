"""A Pix scam at night: the victim pays with their own telephone, under pressure."""

from acude.simulator.payments import fields
from acude.simulator.payments.scene import DAY_S, HOUR_S, MINUTE_S, Act, Scene

_FROM_S, _UNTIL_S = 5 * HOUR_S, 8 * HOUR_S
"""UTC; everywhere in Brazil it is night then: 2 to 5 in Brasília, 0 to 3 in Acre."""


def golpe_pix_noturno(scene: Scene) -> list[Act]:
    """1 to 4 Pix to one new account, 4 to 12 times the usual, in the coming night; none if the play ends before."""
    begin = _at_night(scene)
    if begin is None:
        return []
    rng = scene.rng
    victim, robber = scene.people.person(rng), scene.stranger()
    # Never left to be compressed as a whole: that would draw it out of the night.
    times = scene.moments(begin, min(15 * MINUTE_S, scene.end - begin), rng.randint(1, 4))
    return [
        Act(at, fields.payment(victim.account, victim.spots[0], fields.pix(robber), _cents(scene, victim.usual_cents)))
        for at in times
    ]


def _cents(scene: Scene, usual_cents: float) -> int:
    """Whole tens of reais, as fraudsters ask for them."""
    return max(1, round(usual_cents * scene.between(4, 12) / 1_000)) * 1_000


def _at_night(scene: Scene) -> float | None:
    """A moment of this night's rest, or of the next night, before the play's end."""
    midnight = scene.at - scene.at % DAY_S
    if scene.at >= midnight + _UNTIL_S - 15 * MINUTE_S:
        midnight += DAY_S
    first = max(scene.at, midnight + _FROM_S)
    last = min(scene.end, midnight + _UNTIL_S - 15 * MINUTE_S)
    return scene.between(first, last) if last > first else None
