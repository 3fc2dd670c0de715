"""Fraud patterns, one per file: a function of a scene that gives one burst of payments."""

from collections.abc import Mapping
from typing import Final

from acude.simulator.payments.patterns.abuso_de_estorno import abuso_de_estorno
from acude.simulator.payments.patterns.conta_laranja import conta_laranja
from acude.simulator.payments.patterns.golpe_pix_noturno import golpe_pix_noturno
from acude.simulator.payments.patterns.terminal_comprometido import terminal_comprometido
from acude.simulator.payments.patterns.teste_de_cartao import teste_de_cartao
from acude.simulator.payments.patterns.tomada_de_conta import tomada_de_conta
from acude.simulator.payments.patterns.viagem_impossivel import viagem_impossivel
from acude.simulator.payments.scene import Pattern

_ALL = (
    abuso_de_estorno,
    conta_laranja,
    golpe_pix_noturno,
    terminal_comprometido,
    teste_de_cartao,
    tomada_de_conta,
    viagem_impossivel,
)
PATTERNS: Final[Mapping[str, Pattern]] = {pattern.__name__: pattern for pattern in _ALL}
"""Every pattern by its name, which is the label of its frauds."""
