"""The policy: which signals count how much, from which score on a payment is reviewed or refused.

One YAML file with a version; it changes without a deploy. What it says is checked against the signals' own thresholds.
"""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from acude.errors import AcudeError
from acude.risk.signals import Signal, all_signals

Share = Annotated[float, Field(ge=0, le=1)]
Threshold = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)]
_WEIGHT: Final = "peso"
_SIGN: Final = {"na_lista_de_bloqueio": 1, "na_lista_de_permissao": -1}
"""The lists' signals; one list accuses, the other one clears."""

DEFAULT: Final = Path(__file__).with_name("policy.yaml")
"""The policy that comes with the product."""


class PolicyError(AcudeError):
    """A policy file that can't be used; says where and what is expected."""


class Cutoffs(BaseModel):
    """Scores (0 to 1) from which on a payment is reviewed or refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    revisar: Share
    negar: Share

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.revisar > self.negar:
            raise ValueError(f"revisar ({self.revisar}) must not be above negar ({self.negar})")
        return self


class Policy(BaseModel):
    """A version of the rules.

    `sinais` gives for each signal `peso` (the score, 0 to 1, of a payment that shows it alone) and its thresholds; a
    signal that is not named does not count. `modelo` is the weight of the model's score, `lista_externa` that of a
    document on the external list.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    versao: str = Field(min_length=1, max_length=64)
    cortes: Cutoffs
    modelo: Share = 0.0
    lista_externa: Share = 1.0
    sinais: dict[str, dict[str, Threshold]]

    @model_validator(mode="after")
    def _known_signals(self) -> Self:
        for name, given in self.sinais.items():
            signal = all_signals().get(name)
            if signal is None:
                raise ValueError(f"sinais.{name}: no such signal; there are {', '.join(all_signals())}")
            expected = {_WEIGHT, *signal.thresholds}
            if set(given) != expected:
                raise ValueError(f"sinais.{name}: expected {', '.join(sorted(expected))}; found {', '.join(given)}")
            if given[_WEIGHT] > 1:
                raise ValueError(f"sinais.{name}.peso: expected 0 to 1; found {given[_WEIGHT]}")
            for key, kind in signal.thresholds.items():
                if kind is int and not given[key].is_integer():
                    raise ValueError(f"sinais.{name}.{key}: expected a whole number; found {given[key]}")
        return self

    @cached_property
    def rules(self) -> tuple[tuple[Signal, float, dict[str, float]], ...]:
        """Signal, weight and thresholds of each rule that counts; lists are no rules."""
        return tuple(
            (all_signals()[name], given[_WEIGHT], {key: value for key, value in given.items() if key != _WEIGHT})
            for name, given in self.sinais.items()
            if given[_WEIGHT] and name not in _SIGN
        )

    @cached_property
    def lists(self) -> tuple[tuple[Signal, float], ...]:
        """Signal and weight of each list that counts; the allow list's is negative."""
        return tuple(
            (all_signals()[name], sign * self.sinais[name][_WEIGHT])
            for name, sign in _SIGN.items()
            if self.sinais.get(name, {}).get(_WEIGHT)
        )


def read(path: Path = DEFAULT) -> Policy:
    """A policy file.

    Raises:
        PolicyError: it is no YAML, or something in it is missing, unknown or out of range.
    """
    try:
        raw: Any = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a safe loader, and stricter
        return Policy.model_validate(raw)
    except (OSError, UnicodeError, yaml.YAMLError, ValidationError) as problem:
        raise PolicyError(f"{path}: {problem}") from problem


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML would take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping, each key once."""
        found = [self.construct_object(key) for key, _ in node.value]
        for key in found:
            if found.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{key} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)
