"""Candidates for promotion: policies, and a model of noise."""

from pathlib import Path

import numpy as np

from acude.payments.versions import Versions
from acude.risk import inputs
from acude.risk_history import boosted_trees
from tests.unit.risk.pasts import NOON

POLICY = """
versao: "{name}"
cortes: {{revisar: 0.5, negar: {refuse}}}
modelo: {model}
sinais:
  valor_alto: {{peso: 0.1, valor_brl: 5000}}
"""


def policy(folder: Path, name: str, refuse: float = 0.9, model: float = 0.0) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(POLICY.format(name=name, refuse=refuse, model=model))
    return path


def noise_model(folder: Path) -> Path:
    """A model of noise: for these tests its identity matters, not its answers."""
    matrix = np.random.default_rng(0).normal(size=(300, len(inputs.NAMES))).astype(np.float32)
    trees = boosted_trees.fit(matrix, matrix[:, 0] > 1)
    _, files = boosted_trees.exported(trees, matrix, window=boosted_trees.TrainingSpan(NOON, NOON), metrics={})
    boosted_trees.write(files, folder)
    return folder


def live(versions: Versions) -> str:
    return versions.load(versions.live()).policy.versao


def promote(versions: Versions, candidate: Path) -> None:
    versions.promote(candidate, who="ana", why="teste")
